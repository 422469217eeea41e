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

/* What a record says, borrowed from it; NULL, 0, false: nothing. Of a text that is written as a
 * list or a mapping there is the value. */
struct cprov_catalog_row {
    struct cprov_entry entry;
    const char *sha256, *digest;
    const char *needs; /* versions of the host, of Nano Server */
    const struct cprov_json *values[CPROV_TEXTS];
    const struct cprov_json *editions, *channels, *versions;
};

/* Whose member names: our own, exactly; or Microsoft's in any case. */
enum cprov_catalog_dialect { CPROV_CATALOG_OURS = 1, CPROV_CATALOG_MICROSOFT = 2 };

/* Writes over what the row says already, so that a version inherits from its image. CPROV_EVERIFY
 * with the member's name; also when a member is there twice, under two names or spellings. */
CPROV_MUST_CHECK
int cprov_catalog_row_read(const struct cprov_json *record, enum cprov_catalog_dialect dialect,
                           struct cprov_catalog_row *row, struct cprov_error *err);

/* What a row says, its values made texts and its url a whole one. base as in
 * catalog/document/reader.h. CPROV_EVERIFY. */
CPROV_MUST_CHECK
int cprov_catalog_row_lists(const struct cprov_catalog_row *row, const char *base,
                            struct cprov_arena *arena, struct cprov_entry *out,
                            struct cprov_error *err);

/* What versions have of their image without saying so: its row as it is written, and as it is
 * meant, read once. */
struct cprov_catalog_image {
    const struct cprov_catalog_row *row;
    struct cprov_entry entry;
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

/* An entry with the names of a row alone. */
void cprov_catalog_row_names(const struct cprov_catalog_row *row, struct cprov_entry *out);

/* What may be an image's name, a version or channel; CPROV_EVERIFY. */
CPROV_MUST_CHECK
int cprov_catalog_check_name(const char *name, struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_catalog_check_version(const char *version, struct cprov_error *err);

#endif
