/* mirror/served_catalog.h - the catalog of what is served, as a file without a name. */
#ifndef CPROV_MIRROR_SERVED_CATALOG_H
#define CPROV_MIRROR_SERVED_CATALOG_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/limits.h"
#include "manifest/digest.h"

struct cprov_cards;
struct cprov_error;

struct cprov_served_catalog {
    char host[CPROV_NAME_MAX + 1]; /* in its references */
    int fd;                        /* -1: none */
    uint64_t size;
    char etag[CPROV_DIGEST_TEXT_MAX]; /* the digest of its bytes */
};

/* Writes the document; memory does not grow with it. *out is yours. */
CPROV_MUST_CHECK
int cprov_served_catalog_write(const struct cprov_cards *cards, const char *host,
                               struct cprov_served_catalog *out, struct cprov_error *err);
/* Another descriptor for the same bytes. */
CPROV_MUST_CHECK
int cprov_served_catalog_dup(const struct cprov_served_catalog *file,
                             struct cprov_served_catalog *out, struct cprov_error *err);
void cprov_served_catalog_close(struct cprov_served_catalog *file);
#define auto_served_catalog CPROV_CLEANUP(cprov_served_catalog_close)

#endif
