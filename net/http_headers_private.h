/* net/http_headers_private.h - collects the header lines of an answer into a cprov_http_head. */
#ifndef CPROV_NET_HTTP_HEADERS_PRIVATE_H
#define CPROV_NET_HTTP_HEADERS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "base/span.h"
#include "net/http.h"

struct cprov_error;

/* Private to http.c and http_transfer.c. */
struct cprov_http_headers {
    struct cprov_buf text; /* "name: value" lines, each after a '\n' */
    struct cprov_arena arena;
    size_t lines;
    size_t interim;  /* answers 1xx so far */
    size_t trailers; /* bytes after the body */
    int status;      /* 0: no status line yet */
    bool complete;   /* head is filled */
    struct cprov_http_head head;
};

void cprov_http_headers_init(struct cprov_http_headers *h);
void cprov_http_headers_clear(struct cprov_http_headers *h);

/*
 * Takes one line, its line end included. A status line forgets what came before it; the empty line
 * after a final status (not 1xx) completes the head; what follows that (trailers) is dropped.
 * CPROV_ENETWORK: past CPROV_HEADER_LINES_MAX or CPROV_HEADER_BYTES_MAX, in trailers too, or past
 * CPROV_INTERIM_MAX answers 1xx, a Content-Length that is
 * no number or contradicts another; CPROV_ENOMEM.
 */
CPROV_MUST_CHECK
int cprov_http_headers_add(struct cprov_http_headers *h, struct cprov_span line,
                           struct cprov_error *err);

#endif
