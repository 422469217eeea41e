/* serve/routes_private.h - what a path of the distribution API asks for; pure, no I/O. */
#ifndef CPROV_SERVE_ROUTES_PRIVATE_H
#define CPROV_SERVE_ROUTES_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/limits.h"
#include "base/span.h"
#include "manifest/digest.h"

enum cprov_route_kind {
    CPROV_ROUTE_NONE,     /* no path of the API */
    CPROV_ROUTE_BAD_NAME, /* one, but its repository is none */
    CPROV_ROUTE_BAD_DIGEST,
    CPROV_ROUTE_ABSENT,    /* a tag or algorithm that nothing can have here */
    CPROV_ROUTE_BASE,      /* /v2/ */
    CPROV_ROUTE_CATALOG,   /* /v2/_catalog */
    CPROV_ROUTE_TAGS,      /* /v2/<name>/tags/list */
    CPROV_ROUTE_MANIFEST,  /* /v2/<name>/manifests/<tag or digest> */
    CPROV_ROUTE_BLOB,      /* /v2/<name>/blobs/<digest> */
    CPROV_ROUTE_REFERRERS, /* /v2/<name>/referrers/<digest> */
    CPROV_ROUTE_SERVED,    /* the catalog document of what is served */
};

#define CPROV_ROUTE_PATH_MAX 1536 /* bytes as sent: the longest legal path, every byte escaped */

/* A value without pointers. */
struct cprov_route {
    enum cprov_route_kind kind;
    enum cprov_route_kind wanted; /* what it would have been, for BAD_* and ABSENT */
    char repository[CPROV_NAME_MAX + 1];
    char tag[CPROV_TAG_MAX + 1]; /* "" when the digest says it */
    struct cprov_digest digest;
    bool has_digest;
};

/*
 * Reads the path of a request as it was sent, escapes and all, without the query; the absolute form
 * ("http://host/v2/") is taken too. The path is matched from the right, since a repository may have
 * components called "manifests" or "tags". An escaped '/' separates nothing. Cannot fail: what
 * fits nothing is CPROV_ROUTE_NONE. Spec: distribution-spec v1.1, "Endpoints".
 */
void cprov_route_parse(struct cprov_span path, struct cprov_route *out);

/* The path without origin and escapes; false for what no path of ours can be. */
bool cprov_route_decode(struct cprov_span path, char out[CPROV_ROUTE_PATH_MAX + 1]);

/*
 * Decodes %HH into out, which has room for size bytes with the NUL. False for a bad escape, an
 * escaped control character or too long a text; *out is "" then.
 */
bool cprov_percent_decode(struct cprov_span text, char *out, size_t size);

#endif
