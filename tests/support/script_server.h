/* A loopback server in a thread: a function of the test answers each request. */
#ifndef CPROV_TESTS_SCRIPT_SERVER_H
#define CPROV_TESTS_SCRIPT_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#define SCRIPT_TEXT_MAX 4096

/* One request, as the answering function sees it. */
struct script_call {
    struct script_server *server;
    int fd;
    bool close; /* after this answer */
    char method[16];
    char target[SCRIPT_TEXT_MAX]; /* "/v2/x?n=1000" */
    char head[SCRIPT_TEXT_MAX];   /* header lines as they came */
    char body[SCRIPT_TEXT_MAX];   /* its first part */
    const char *bytes;            /* all of it */
    size_t bytes_len;
    size_t number; /* 0 for the first request to this target */
};

typedef void script_fn(struct script_call *call, void *arg);

struct script_server;

/* answer runs in the connection's thread: several may run at once. */
struct script_server *script_server_start(script_fn *answer, void *arg);
void script_server_stop(struct script_server *s);
int script_server_port(const struct script_server *s);
/* The next body is cut: its connection is closed when `after` bytes of the request have come. */
void script_server_cut(struct script_server *s, size_t after);
/* A request that asks first ("Expect: 100-continue") gets this status in place of its body; 0: 100.
 */
void script_server_refuse(struct script_server *s, int status);
/* Requests whose "METHOD target" begins with prefix; "" counts all. */
size_t script_server_count(struct script_server *s, const char *prefix);

/* The value of a header of the request, or ""; borrowed until the next call. */
const char *script_header(struct script_call *call, const char *name);
bool script_is(const struct script_call *call, const char *method, const char *target);

/* "HTTP/1.1 STATUS" with these header lines (each with \r\n at its end), Content-Length, body. */
void script_reply(struct script_call *call, int status, const char *headers, const char *body);
void script_reply_bytes(struct script_call *call, int status, const char *headers, const void *body,
                        size_t len);
/* Announces len bytes, sends `sent` of them and closes. */
void script_reply_cut(struct script_call *call, int status, const char *headers, const void *body,
                      size_t len, size_t sent);
/* Answers a GET with Range as servers do; false when the request has no usable one. */
bool script_reply_range(struct script_call *call, const char *headers, const void *body,
                        size_t len);
void script_send(struct script_call *call, const void *data, size_t len);
void script_sleep_ms(int ms);

#endif
