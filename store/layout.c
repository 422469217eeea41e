/* store/layout.c - where a layout keeps a blob, and the way back. */
#include "store/layout.h"

#include <stdio.h>

#include "base/error.h"

const enum cprov_digest_algo cprov_layout_algos[CPROV_LAYOUT_ALGOS] = { CPROV_SHA256,
                                                                        CPROV_SHA512 };

const char *cprov_layout_blob_path(const struct cprov_digest *d, char buf[CPROV_BLOB_PATH_MAX])
{
    char hex[CPROV_DIGEST_TEXT_MAX];

    snprintf(buf, CPROV_BLOB_PATH_MAX, CPROV_STORE_BLOBS "/%s/%s", cprov_digest_algo_name(d->algo),
             cprov_digest_hex(d, hex));
    return buf;
}

const char *cprov_layout_blob_folder(enum cprov_digest_algo algo, char buf[CPROV_BLOB_PATH_MAX])
{
    snprintf(buf, CPROV_BLOB_PATH_MAX, CPROV_STORE_BLOBS "/%s", cprov_digest_algo_name(algo));
    return buf;
}

bool cprov_layout_blob_digest(const char *algo, const char *name, struct cprov_digest *out)
{
    char text[CPROV_DIGEST_TEXT_MAX];

    return (size_t)snprintf(text, sizeof(text), "%s:%s", algo, name) < sizeof(text) &&
           cprov_digest_parse(cprov_span_of(text), out, CPROV_IGNORED) == 0;
}
