/* A scripted registry, a client for it, and the callbacks that note what came. */
#ifndef CPROV_TESTS_CLIENT_WORLD_H
#define CPROV_TESTS_CLIENT_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "registry/client.h"
#include "registry/manifest_fetch.h"
#include "tests/support/script_server.h"

struct world {
    struct script_server *server;
    struct cprov_client *client;
    struct cprov_reference ref; /* 127.0.0.1:PORT/a/b:t */
    /* the login, when username is set */
    const char *username, *password, *identity_token;
    size_t logins_asked;
    bool cancelled;
    /* what came */
    int calls;
    int code;
    struct cprov_error err;
    struct cprov_manifest *manifest;
    struct cprov_descriptor descriptor;
    char media_type[128];
    char names[4096]; /* "a b c " */
    size_t names_count, names_wanted, dropped;
    char warnings[1024];
};

/* options may be NULL; credentials, warnings and cancel are set here. */
void world_open(struct world *w, script_fn *answer, void *arg,
                const struct cprov_client_options *options);
void world_close(struct world *w);
void world_run(struct world *w);

void world_on_manifest(void *arg, int code, struct cprov_manifest_answer *answer,
                       const struct cprov_error *err);
void world_on_done(void *arg, int code, const struct cprov_error *err);
bool world_on_name(void *arg, const char *name);
void world_on_list(void *arg, int code, size_t dropped, const struct cprov_error *err);

/* Asks, runs, asserts that there was one call back, returns its code. */
int world_get(struct world *w);
int world_head(struct world *w);
int world_tags(struct world *w);
int world_ping(struct world *w, bool need_login);

/* Takes a blob apart and puts it together. */
struct sink {
    char *bytes;
    uint8_t *seen; /* times that each byte was written since the last restart */
    size_t size;
    int restarts;
    char etag[64];
    int fail_at; /* write number that fails, 0: none */
    int writes;
    int calls;
    int code;
    struct cprov_error err;
};
void sink_open(struct sink *s, size_t size);
void sink_close(struct sink *s);
/* Whether it holds the bytes from `from` on, each written once. */
bool sink_holds(const struct sink *s, const char *bytes, size_t from);
int world_fetch(struct world *w, struct sink *s, const struct cprov_descriptor *d, uint64_t have,
                const char *etag);
/* Starts without running. */
void world_start_fetch(struct world *w, struct sink *s, const struct cprov_descriptor *d);

/* A blob without a pattern; world_fill_blob() makes it. */
/* Large enough that a third of it makes faults forgotten: PROGRESS_MIN of exchange_answer.c. */
#define WORLD_BLOB_SIZE 3000000
#define WORLD_BLOB_ETAG "ETag: \"one\"\r\n"
extern char world_bytes[WORLD_BLOB_SIZE];
void world_fill_blob(void);
/* What a request asks for; everything without a Range. */
void world_asked_range(struct script_call *call, size_t *first, size_t *last);
/* Answers with bytes first..last, `sent` of them (SIZE_MAX: all), 206 when a range was asked for.
 */
void world_reply_part(struct script_call *call, const char *headers, size_t first, size_t last,
                      size_t sent);

/* A manifest of one config and no layer, and its digest. */
extern const char world_manifest[];
struct cprov_digest world_digest(const void *bytes, size_t len);
struct cprov_descriptor world_blob(const void *bytes, size_t len);

#endif
