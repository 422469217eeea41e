/* registry/range_read.h - a few bytes out of the middle of a file on a web server. */
#ifndef CPROV_REGISTRY_RANGE_READ_H
#define CPROV_REGISTRY_RANGE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/span.h"
#include "manifest/reference.h"

struct cprov_client;
struct cprov_error;

struct cprov_range_answer {
    bool ranges;             /* the server can give parts of it; else bytes are empty */
    struct cprov_span bytes; /* fewer than asked for only at the end of the file */
    uint64_t total;          /* size of the file; 0: the server does not say */
};
typedef void cprov_range_fn(void *arg, int code, const struct cprov_range_answer *answer,
                            const struct cprov_error *err);

/*
 * Asks for len bytes (at most CPROV_RANGE_MAX) from an offset. A server that gives the whole file
 * instead is not listened to. No login is sent; redirects are followed as for layers. The URL's
 * query is in no message. Borrowed until done has returned: nothing.
 */
CPROV_MUST_CHECK
int cprov_client_read_range(struct cprov_client *c, const char *url, uint64_t offset, size_t len,
                            cprov_range_fn *done, void *arg, struct cprov_error *err);

/* "host:port" of a URL, as settings know it, for a reference without repository: then
 * cprov_client_fetch_blob() gets the file at the descriptor's urls. CPROV_EINVAL. */
CPROV_MUST_CHECK
int cprov_file_reference(const char *url, struct cprov_reference *out, struct cprov_error *err);

/* "file host/path": what messages call the file at a URL. */
void cprov_file_what(const char *url, struct cprov_buf *out);

#endif
