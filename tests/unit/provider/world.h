/* tests/unit/provider/world.h - a home of its own, a session whose words are noted, a registry. */
#ifndef CPROV_TESTS_UNIT_PROVIDER_WORLD_H
#define CPROV_TESTS_UNIT_PROVIDER_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/error.h"
#include "provider/provider.h"

#define HEARD_MAX 64

/* What a session told through its callbacks. */
struct heard {
    size_t items;
    char item[HEARD_MAX][192]; /* "NanoServer 10.0.1 from cat" */
    enum cprov_item_state state[HEARD_MAX];
    char ref[2048]; /* of the last item */
    size_t failures;
    int result;          /* of the last failure */
    char failure[1024];  /* "target: message" of the last one */
    char messages[8192]; /* results and warnings, a line each */
    char changes[1024];  /* "KIND name version place", a line each */
    size_t progress;     /* calls */
    uint64_t done;       /* the most that the whole call had */
    size_t questions;
    char question[512];
    /* what the caller does */
    enum cprov_answer answer;
    uint64_t cancel_at; /* bytes of the whole call; 0: never */
    bool cancelled;
    void (*on_progress)(const struct cprov_progress *p);
};

struct world {
    char dir[64]; /* home/, etc/ and store/ are in it */
    char root[128];
    struct cprov_session *session;
    struct cprov_callbacks callbacks; /* note in `heard` */
    struct heard heard;
    pid_t registry; /* 0: none */
    char host[64];  /* "127.0.0.1:PORT" */
};

int world_setup(void **state);
int world_teardown(void **state);
#define WORLD_TEST(function) cmocka_unit_test_setup_teardown(function, world_setup, world_teardown)

/* Callbacks that note in *heard. */
struct cprov_callbacks heard_callbacks(struct heard *heard);

/* Replaces the configuration; "$REG" in the text becomes the registry's address. */
void world_configure(struct world *w, const char *yaml);
/* Starts the scripted registry, and configures it as the trusted source "cat". */
void world_serve(struct world *w, const char *script);
/* Opens w->session (again); o may be NULL. The root is w->root unless given. */
int world_open(struct world *w, const struct cprov_session_options *o);
void world_session(struct world *w);
/* Begins a call of the session by hand; callbacks may be NULL. */
void world_begin(struct world *w, const struct cprov_callbacks *callbacks);
/* Forgets what was told. */
void world_forget(struct world *w);

/* Lines of the registry's log that begin with the text, e.g. "GET /v2/app/blobs/". */
size_t world_requests(const struct world *w, const char *begins);
/* The whole log: free() it. */
char *world_log(const struct world *w);
/* The digest of "REPO TAG layer1" as the registry has it, "sha256:...". */
void world_digest(const struct world *w, const char *what, char out[136]);
/* Whether a file is there below w->dir. */
bool world_has(const struct world *w, const char *name);
/* Its size, -1 when it is not there. */
int64_t world_size(const struct world *w, const char *name);

/* Short forms of the public calls, on w->session. */
int world_install(struct world *w, const char *name);
/* Both forget what was told before. */
int world_list(struct world *w);
int world_test(struct world *w);

#endif
