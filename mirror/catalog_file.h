/* mirror/catalog_file.h - the catalog of what is served, as a file without a name. */
#ifndef CPROV_MIRROR_CATALOG_FILE_H
#define CPROV_MIRROR_CATALOG_FILE_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/limits.h"
#include "manifest/digest.h"

struct cprov_cards;
struct cprov_error;

/* Where it is served. */
#define CPROV_CATALOG_PATH "/_cprov/catalog.json"

struct cprov_catalog_file {
    char host[CPROV_NAME_MAX + 1]; /* in its references */
    int fd;                        /* -1: none */
    uint64_t size;
    char etag[CPROV_DIGEST_TEXT_MAX]; /* the digest of its bytes */
};

/* Writes the document; memory does not grow with it. *out is yours. */
CPROV_MUST_CHECK
int cprov_catalog_file_write(const struct cprov_cards *cards, const char *host,
                             struct cprov_catalog_file *out, struct cprov_error *err);
/* Another descriptor for the same bytes. */
CPROV_MUST_CHECK
int cprov_catalog_file_dup(const struct cprov_catalog_file *file, struct cprov_catalog_file *out,
                           struct cprov_error *err);
void cprov_catalog_file_close(struct cprov_catalog_file *file);
#define auto_catalog_file CPROV_CLEANUP(cprov_catalog_file_close)

#endif
