/* catalog/document/row_private.h - one record of a document that lists images, and the entry it
 * makes. */
#ifndef CPROV_CATALOG_DOCUMENT_ROW_PRIVATE_H
#define CPROV_CATALOG_DOCUMENT_ROW_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/json.h"
#include "catalog/document/entry.h"
#include "manifest/digest.h"

struct cprov_arena;
struct cprov_error;

/* What a record says, borrowed from it; NULL, 0, false: nothing. */
struct cprov_catalog_row {
    const char *name;
    const char *repository;
    const char *version;
    const char *description;
    const char *publisher;
    const char *title;
    const char *reference;
    const char *url;
    const char *sha256;
    const char *digest;
    const char *created;
    const char *os_version;
    const char *media_type;
    const char *image_id;
    const char *notes;
    const char *needs; /* versions of the host, of Nano Server */
    uint64_t bytes;
    bool is_os;
    const struct cprov_json *platforms;
    const struct cprov_json *dependencies;
    const struct cprov_json *cultures;
    const struct cprov_json *editions;
    const struct cprov_json *channels;
    const struct cprov_json *versions;
};

/* Whose member names: our own, exactly; or Microsoft's in any case. */
enum cprov_catalog_dialect { CPROV_CATALOG_OURS = 1, CPROV_CATALOG_MICROSOFT = 2 };

/* Writes over what the row says already, so that a version inherits from its image. CPROV_EVERIFY
 * with the member's name; also when a member is there twice, under two names or spellings. */
CPROV_MUST_CHECK
int cprov_catalog_row_read(const struct cprov_json *record, enum cprov_catalog_dialect dialect,
                           struct cprov_catalog_row *row, struct cprov_error *err);

/* The lists of a row, each as one text; NULL: none. */
struct cprov_catalog_lists {
    const char *platforms, *dependencies, *cultures;
    const char *url; /* the row's, resolved, or that of the culture "base" */
    const char *notes;
};
/* base as in catalog_reader.h. CPROV_EVERIFY. */
CPROV_MUST_CHECK
int cprov_catalog_row_lists(const struct cprov_catalog_row *row, const char *base,
                            struct cprov_arena *arena, struct cprov_catalog_lists *out,
                            struct cprov_error *err);

/* What versions have of their image without saying so: its row, and its lists, read once. */
struct cprov_catalog_image {
    const struct cprov_catalog_row *row;
    struct cprov_catalog_lists lists;
};

/*
 * The entry of a row, checked: texts in the arena or borrowed from the row or its image (NULL: it
 * has none), *digest is what entry->digest points to. base as in catalog_reader.h. CPROV_EVERIFY.
 */
CPROV_MUST_CHECK
int cprov_catalog_row_entry(const struct cprov_catalog_row *row,
                            const struct cprov_catalog_image *image, const char *base,
                            struct cprov_arena *arena, struct cprov_digest *digest,
                            struct cprov_entry *entry, struct cprov_error *err);

/* What may be an image's name, a version or channel; CPROV_EVERIFY. */
CPROV_MUST_CHECK
int cprov_catalog_check_name(const char *name, struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_catalog_check_version(const char *version, struct cprov_error *err);

#endif
