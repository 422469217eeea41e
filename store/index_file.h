/* store/index_file.h - index.json: its text, its entries, and what an entry says of an image. */
#ifndef CPROV_STORE_INDEX_FILE_H
#define CPROV_STORE_INDEX_FILE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "base/json.h"
#include "store/images.h"

struct cprov_error;

/* The parsed file, in an arena. root is NULL for a file that is empty or missing. */
struct cprov_index_file {
    const struct cprov_json *root;
    const struct cprov_json *manifests; /* or NULL */
    size_t count;                       /* of manifests */
};

/* CPROV_EVERIFY when damaged. */
CPROV_MUST_CHECK
int cprov_index_read(struct cprov_store *s, struct cprov_arena *arena, struct cprov_index_file *out,
                     struct cprov_error *err);

/* The same of a text. */
CPROV_MUST_CHECK
int cprov_index_parse(struct cprov_span text, struct cprov_arena *arena,
                      struct cprov_index_file *out, struct cprov_error *err);
/* Every entry, file->count of them, in their order, named as store/image_name.h says; place is the
 * path of the layout or archive. */
CPROV_MUST_CHECK
int cprov_index_decode_all(const struct cprov_index_file *file, const char *place,
                           struct cprov_arena *arena, struct cprov_image **list,
                           struct cprov_error *err);

/* What an entry says; texts live in the arena. */
CPROV_MUST_CHECK
int cprov_index_decode(const struct cprov_json *entry, struct cprov_arena *arena,
                       struct cprov_image *out, struct cprov_error *err);

/* How much of an image its entry tells. */
enum cprov_index_detail {
    CPROV_ENTRY_FULL,     /* in our store */
    CPROV_ENTRY_PORTABLE, /* in an archive: nothing about this machine or this installation */
};

/* Writes the entry of an image; sticky through out. */
CPROV_MUST_CHECK
int cprov_index_write_entry(struct cprov_buf *out, const struct cprov_image *image,
                            enum cprov_index_detail detail, struct cprov_error *err);

/* Completes an image that has a descriptor: a name as cprov_image_name() gives it, and "" for the
 * texts that are not set. */
void cprov_image_make(struct cprov_image *image, struct cprov_arena *arena, const char *reference);

/* "name:version", or the name alone. */
void cprov_image_ref_name(const struct cprov_image *image, struct cprov_buf *out);

/* The file around its entries, a line for each entry so that two versions can be compared: `head`,
 * then `separator` before every entry, then `tail`. Other members of root (may be NULL) are kept.
 */
void cprov_index_write_head(struct cprov_buf *out, const struct cprov_json *root);
void cprov_index_write_separator(struct cprov_buf *out, bool first);
void cprov_index_write_tail(struct cprov_buf *out);

#endif
