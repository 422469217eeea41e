#include "tests/support/script_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256
#define LOG_MAX         512
#define REQUEST_MAX     (8u << 20)
#define TLS_HANDSHAKE   0x16

struct connection {
    struct script_server *server;
    pthread_t thread;
    int fd;
};

struct script_server {
    script_fn *answer;
    void *arg;
    int fd, port;
    pthread_t thread;
    pthread_mutex_t lock;
    struct connection connections[CONNECTIONS_MAX];
    unsigned count;
    char *log[LOG_MAX]; /* "GET /v2/" */
    size_t logged;
    size_t cut_after; /* 0: not */
    int refusal;
};

void script_send(struct script_call *call, const void *data, size_t len)
{
    const char *p = data;

    while (len > 0) {
        ssize_t n = send(call->fd, p, len, MSG_NOSIGNAL);

        if (n <= 0) {
            call->close = true;
            return;
        }
        p += n;
        len -= (size_t)n;
    }
}

void script_sleep_ms(int ms)
{
    poll(NULL, 0, ms);
}

const char *script_header(struct script_call *call, const char *name)
{
    static _Thread_local char value[SCRIPT_TEXT_MAX];
    size_t len = strlen(name);

    for (const char *line = call->head; *line; line = strstr(line, "\r\n") + 2) {
        const char *end = strstr(line, "\r\n");

        if (!end)
            break;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            const char *from = line + len + 1 + strspn(line + len + 1, " ");

            snprintf(value, sizeof(value), "%.*s", (int)(end - from), from);
            return value;
        }
    }
    return "";
}

bool script_is(const struct script_call *call, const char *method, const char *target)
{
    return strcmp(call->method, method) == 0 && strcmp(call->target, target) == 0;
}

static void send_head(struct script_call *call, int status, const char *headers, size_t len)
{
    char head[2 * SCRIPT_TEXT_MAX];
    int n = snprintf(head, sizeof(head), "HTTP/1.1 %d X\r\n%sContent-Length: %zu\r\n\r\n", status,
                     headers, len);

    script_send(call, head, (size_t)n);
}

void script_reply_cut(struct script_call *call, int status, const char *headers, const void *body,
                      size_t len, size_t sent)
{
    send_head(call, status, headers, len);
    if (strcmp(call->method, "HEAD") != 0)
        script_send(call, body, sent);
    if (sent < len)
        call->close = true;
}

void script_reply_bytes(struct script_call *call, int status, const char *headers, const void *body,
                        size_t len)
{
    script_reply_cut(call, status, headers, body, len, len);
}

void script_reply(struct script_call *call, int status, const char *headers, const char *body)
{
    script_reply_bytes(call, status, headers, body, strlen(body));
}

bool script_reply_range(struct script_call *call, const char *headers, const void *body, size_t len)
{
    char all[SCRIPT_TEXT_MAX];
    const char *range = script_header(call, "Range");
    char *end;

    if (strncmp(range, "bytes=", 6) != 0)
        return false;
    size_t first = strtoul(range + 6, &end, 10), last = strtoul(end + 1, NULL, 10);
    if (first >= len || last >= len || last < first)
        return false;
    snprintf(all, sizeof(all), "%sContent-Range: bytes %zu-%zu/%zu\r\n", headers, first, last, len);
    script_reply_bytes(call, 206, all, (const char *)body + first, last - first + 1);
    return true;
}

static bool read_line(struct script_call *call, const char *line)
{
    size_t method = strcspn(line, " ");

    if (!line[method])
        return false;
    snprintf(call->method, sizeof(call->method), "%.*s", (int)method, line);
    line += method + 1;
    snprintf(call->target, sizeof(call->target), "%.*s", (int)strcspn(line, " "), line);
    return true;
}

/* The request has announced a body and waits whether it is wanted. */
static bool answer_expectation(struct script_call *call, const char *head)
{
    pthread_mutex_lock(&call->server->lock);
    int refusal = call->server->refusal;
    pthread_mutex_unlock(&call->server->lock);
    if (!strcasestr(head, "\r\nExpect: 100-continue"))
        return true;
    if (refusal) {
        script_reply(call, refusal, "Connection: close\r\n", "");
        return false;
    }
    script_send(call, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    return true;
}

static bool is_cut(struct script_server *s, const char *buf, size_t have)
{
    pthread_mutex_lock(&s->lock);
    bool cut = s->cut_after > 0 && have >= s->cut_after && strncmp(buf, "P", 1) == 0;
    if (cut)
        s->cut_after = 0;
    pthread_mutex_unlock(&s->lock);
    return cut;
}

/* Reads one request; what follows it stays in buf. */
static bool receive(struct script_call *call, char *buf, size_t *have)
{
    bool asked = false;

    *have -= call->bytes_len; /* the last body was left for the one who answered */
    memmove(buf, buf + call->bytes_len, *have + 1);
    call->bytes_len = 0;
    for (;;) {
        char *end = *have ? strstr(buf, "\r\n\r\n") : NULL;
        size_t body = 0, total;

        if (end) {
            const char *length = strcasestr(buf, "\r\nContent-Length:");

            if (length && length < end)
                body = strtoul(length + 17, NULL, 10);
            total = (size_t)(end + 4 - buf) + body;
            if (*have < total && !asked && !answer_expectation(call, buf))
                return false;
            asked = true;
            if (*have >= total) {
                char *line_end = strstr(buf, "\r\n");

                *line_end = '\0';
                if (!read_line(call, buf))
                    return false;
                snprintf(call->head, sizeof(call->head), "%.*s", (int)(end + 2 - (line_end + 2)),
                         line_end + 2);
                snprintf(call->body, sizeof(call->body), "%.*s", (int)body, end + 4);
                *have -= total - body;
                memmove(buf, buf + total - body, *have + 1);
                call->bytes = buf;
                call->bytes_len = body;
                return true;
            }
        }
        if (*have >= REQUEST_MAX - 1 || is_cut(call->server, buf, *have))
            return false;
        ssize_t n = recv(call->fd, buf + *have, REQUEST_MAX - 1 - *have, 0);
        if (n <= 0)
            return false;
        *have += (size_t)n;
        buf[*have] = '\0';
        if (buf[0] == TLS_HANDSHAKE)
            return false;
    }
}

static size_t count_locked(const struct script_server *s, const char *text, bool whole)
{
    size_t n = 0;

    for (size_t i = 0; i < s->logged; i++)
        if (whole ? strcmp(s->log[i], text) == 0 : strncmp(s->log[i], text, strlen(text)) == 0)
            n++;
    return n;
}

static void note(struct script_server *s, struct script_call *call)
{
    char line[SCRIPT_TEXT_MAX + 32];

    snprintf(line, sizeof(line), "%s %s", call->method, call->target);
    pthread_mutex_lock(&s->lock);
    call->number = count_locked(s, line, true);
    if (s->logged < LOG_MAX)
        s->log[s->logged++] = strdup(line);
    pthread_mutex_unlock(&s->lock);
}

static void *serve(void *arg)
{
    struct connection *c = arg;
    struct script_server *s = c->server;
    struct script_call call = { .server = s, .fd = c->fd };
    char *buf = calloc(1, REQUEST_MAX);
    size_t have = 0;

    while (buf && !call.close && receive(&call, buf, &have)) {
        note(s, &call);
        s->answer(&call, s->arg);
    }
    free(buf);
    pthread_mutex_lock(&s->lock);
    close(c->fd);
    c->fd = -1;
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void *accept_all(void *arg)
{
    struct script_server *s = arg;
    int fd;

    while ((fd = accept(s->fd, NULL, NULL)) >= 0 && s->count < CONNECTIONS_MAX) {
        struct connection *c = &s->connections[s->count];

        pthread_mutex_lock(&s->lock);
        c->server = s;
        c->fd = fd;
        if (pthread_create(&c->thread, NULL, serve, c) != 0)
            abort();
        s->count++;
        pthread_mutex_unlock(&s->lock);
    }
    return NULL;
}

struct script_server *script_server_start(script_fn *answer, void *arg)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    struct script_server *s = calloc(1, sizeof(*s));

    if (!s)
        abort();
    s->answer = answer;
    s->arg = arg;
    pthread_mutex_init(&s->lock, NULL);
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&address, len) < 0 || listen(s->fd, 64) < 0 ||
        getsockname(s->fd, (struct sockaddr *)&address, &len) < 0)
        abort();
    s->port = ntohs(address.sin_port);
    if (pthread_create(&s->thread, NULL, accept_all, s) != 0)
        abort();
    return s;
}

void script_server_stop(struct script_server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    pthread_mutex_lock(&s->lock);
    for (unsigned i = 0; i < s->count; i++)
        if (s->connections[i].fd >= 0)
            shutdown(s->connections[i].fd, SHUT_RDWR);
    pthread_mutex_unlock(&s->lock);
    for (unsigned i = 0; i < s->count; i++)
        pthread_join(s->connections[i].thread, NULL);
    for (size_t i = 0; i < s->logged; i++)
        free(s->log[i]);
    close(s->fd);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

int script_server_port(const struct script_server *s)
{
    return s->port;
}

void script_server_cut(struct script_server *s, size_t after)
{
    pthread_mutex_lock(&s->lock);
    s->cut_after = after;
    pthread_mutex_unlock(&s->lock);
}

void script_server_refuse(struct script_server *s, int status)
{
    pthread_mutex_lock(&s->lock);
    s->refusal = status;
    pthread_mutex_unlock(&s->lock);
}

size_t script_server_count(struct script_server *s, const char *prefix)
{
    pthread_mutex_lock(&s->lock);
    size_t n = count_locked(s, prefix, false);
    pthread_mutex_unlock(&s->lock);
    return n;
}
