/* serve/answer_private.h - a request of the distribution API and its answer, apart from HTTP
 * itself. */
#ifndef CPROV_SERVE_ANSWER_PRIVATE_H
#define CPROV_SERVE_ANSWER_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "manifest/digest.h"
#include "serve/proofs_private.h"
#include "serve/service_private.h"

/* Everything as the client sent it, escapes and all; NULL when absent. */
struct cprov_serve_request {
    bool head;
    const char *path;
    const char *host, *accept;              /* headers */
    const char *n, *last, *artifact_type;   /* query */
    const char *q, *page, *platform, *sort; /* query of the pages for people */
    const char *range, *if_range, *if_match, *if_none_match;
    bool hasty;                 /* what takes long is not to be waited for: see enum cprov_delay */
    enum cprov_verdict verdict; /* on the file that was to be checked */
};

/* Why there is no answer yet: what is to be done before the question is asked again. */
enum cprov_delay {
    CPROV_DELAY_NONE,
    CPROV_DELAY_PROOF, /* fd is to be checked against `proof`; the question then has the verdict */
    CPROV_DELAY_PART,  /* `part` of the view is to be prepared */
    CPROV_DELAY_CATCHUP, /* index.json is to be read again */
};

/*
 * The body is `length` bytes from `offset` of fd when that is not negative, of the catalog when
 * there is one, else it is `body`. With `unproven` the file is to be hashed while it is sent (it is
 * sent whole).
 */
struct cprov_serve_answer {
    struct cprov_view *view; /* keeps the texts */
    unsigned status;
    const char *content_type;           /* or NULL */
    const char *cache_control;          /* or NULL */
    const char *filters;                /* OCI-Filters-Applied, or NULL */
    char digest[CPROV_DIGEST_TEXT_MAX]; /* Docker-Content-Digest, or "" */
    char etag[CPROV_DIGEST_TEXT_MAX];   /* ETag without its quotes, or "" */
    bool page;                          /* HTML: nothing from elsewhere may run or be fetched */
    char content_range[80];             /* or "" */
    const char *allow;                  /* Allow, or NULL */
    bool ranges;                        /* Accept-Ranges: bytes */
    bool close;                         /* end the connection */
    struct cprov_buf link;              /* Link, or empty */
    struct cprov_buf body;
    int fd;
    struct cprov_served_catalog *catalog;
    char host[CPROV_NAME_MAX + 1]; /* as whom the client knows us */
    uint64_t offset, length;
    struct cprov_digest proof;
    bool unproven;
    enum cprov_delay delay;
    enum cprov_view_part part;
};

/* Answers GET or HEAD; whatever goes wrong is an answer too. Reads files; any thread. */
void cprov_answer_make(const struct cprov_service *service, const struct cprov_serve_request *q,
                       struct cprov_serve_answer *out);
void cprov_answer_clear(struct cprov_serve_answer *a);
#define auto_answer CPROV_CLEANUP(cprov_answer_clear)

#endif
