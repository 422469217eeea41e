/* store/layout.c - where a layout keeps a blob. */
#include "store/layout.h"

#include <stdio.h>

const char *cprov_layout_blob_path(const struct cprov_digest *d, char buf[CPROV_BLOB_PATH_MAX])
{
    char hex[CPROV_DIGEST_TEXT_MAX];

    snprintf(buf, CPROV_BLOB_PATH_MAX, CPROV_STORE_BLOBS "/%s/%s", cprov_digest_algo_name(d->algo),
             cprov_digest_hex(d, hex));
    return buf;
}
