/* serve/response.c - an answer as a response of libmicrohttpd. */
#include "serve/response_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/proofs_private.h"
#include "serve/served_catalog_private.h"

#define PIECE ((size_t)64 * CPROV_KIB) /* of a body that is made while it is sent */

/* A page has nothing but what is ours, whatever a text of an image might smuggle in. */
#define PAGE_POLICY                                                                                \
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "              \
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/* --- headers --- */

/* False when the value cannot stand in a header. */
static bool add_header(struct MHD_Response *r, const char *name, const char *value)
{
    return !value || !*value || cprov_mhd.add_response_header(r, name, value) == MHD_YES;
}

static bool add_headers(struct MHD_Response *r, const struct cprov_serve_answer *a)
{
    char etag[CPROV_DIGEST_TEXT_MAX + 2] = "";

    if (a->etag[0])
        snprintf(etag, sizeof(etag), "\"%s\"", a->etag);
    return add_header(r, "Docker-Distribution-Api-Version", "registry/2.0") &&
           add_header(r, "X-Content-Type-Options", "nosniff") &&
           add_header(r, "Content-Security-Policy", a->page ? PAGE_POLICY : NULL) &&
           add_header(r, "Referrer-Policy", a->page ? "no-referrer" : NULL) &&
           add_header(r, "Content-Type", a->content_type) &&
           add_header(r, "Cache-Control", a->cache_control) &&
           add_header(r, "OCI-Filters-Applied", a->filters) &&
           add_header(r, "Content-Range", a->content_range) &&
           add_header(r, "Link", cprov_buf_text(&a->link)) &&
           add_header(r, "Accept-Ranges", a->ranges ? "bytes" : NULL) &&
           add_header(r, "Docker-Content-Digest", a->digest) && add_header(r, "ETag", etag) &&
           add_header(r, "Allow", a->allow) &&
           add_header(r, "Retry-After", a->status == 503 ? "1" : NULL) &&
           add_header(r, "Connection", a->close ? "close" : NULL);
}

/* --- bodies --- */

static ssize_t read_stream(void *cls, uint64_t at, char *out, size_t len)
{
    ssize_t got = cprov_proof_stream_read(cls, out, len);

    (void)at; /* one byte after the other */
    return got > 0    ? got
           : got == 0 ? MHD_CONTENT_READER_END_OF_STREAM
                      : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void free_stream(void *cls)
{
    cprov_proof_stream_free(cls);
}

static struct MHD_Response *from_stream(struct cprov_serve_answer *a, struct cprov_proofs *proofs)
{
    struct cprov_proof_stream *stream;

    if (cprov_proof_stream_new(proofs, &a->proof, a->fd, a->length, &stream, NULL) < 0)
        return NULL;
    a->fd = -1;
    struct MHD_Response *r =
        cprov_mhd.create_response_from_callback(a->length, PIECE, read_stream, stream, free_stream);
    if (!r)
        cprov_proof_stream_free(stream);
    return r;
}

/* The catalog as one client sees it. */
struct body_reading {
    struct cprov_served_catalog *catalog;
    uint64_t offset;
    char host[CPROV_NAME_MAX + 1];
};

static ssize_t read_catalog(void *cls, uint64_t at, char *out, size_t len)
{
    struct body_reading *r = cls;
    ssize_t got = cprov_served_catalog_read(r->catalog, r->host, r->offset + at, out, len);

    return got > 0 ? got : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void free_reading(void *cls)
{
    struct body_reading *r = cls;

    cprov_served_catalog_release(r->catalog);
    free(r);
}

static struct MHD_Response *from_catalog(struct cprov_serve_answer *a)
{
    struct body_reading *reading = calloc(1, sizeof(*reading));

    if (!reading)
        return NULL;
    reading->catalog = a->catalog;
    a->catalog = NULL;
    reading->offset = a->offset;
    memcpy(reading->host, a->host, sizeof(reading->host));
    struct MHD_Response *r = cprov_mhd.create_response_from_callback(a->length, PIECE, read_catalog,
                                                                     reading, free_reading);
    if (!r)
        free_reading(reading);
    return r;
}

static struct MHD_Response *from_file(struct cprov_serve_answer *a)
{
    struct MHD_Response *r =
        cprov_mhd.create_response_from_fd_at_offset64(a->length, a->fd, a->offset);

    if (r)
        a->fd = -1;
    return r;
}

static struct MHD_Response *from_body(struct cprov_serve_answer *a)
{
    size_t len = a->body.len;
    char *body = NULL;

    if (len > 0 && cprov_buf_take(&a->body, "answer", &body, NULL) < 0)
        return NULL;
    struct MHD_Response *r = cprov_mhd.create_response_from_buffer(
        len, body, body ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (!r)
        free(body);
    return r;
}

struct MHD_Response *cprov_response_new(struct cprov_serve_answer *a, struct cprov_proofs *proofs)
{
    struct MHD_Response *r = a->fd >= 0 && a->length > 0
                                 ? (a->unproven ? from_stream(a, proofs) : from_file(a))
                             : a->catalog ? from_catalog(a)
                                          : from_body(a);

    if (r && !add_headers(r, a)) {
        cprov_mhd.destroy_response(r);
        r = NULL;
    }
    return r;
}
