/* archive/tar_private.h - the parts of the tar reader, for each other. */
#ifndef CPROV_ARCHIVE_TAR_PRIVATE_H
#define CPROV_ARCHIVE_TAR_PRIVATE_H

#include "archive/tar_reader.h"
#include "base/arena.h"
#include "base/buf.h"

#define CPROV_TAR_BLOCK_SIZE 512

/*
 * The map of a sparse file, from whichever of the five forms it is written in. Kept from member to
 * member for its memory.
 */
struct cprov_tar_map {
    struct cprov_tar_extent *list;
    size_t count, room;
    bool half;       /* the last extent waits for its length */
    uint64_t number; /* PAX 1.0: the digits read so far */
    unsigned digits;
    uint64_t expect; /* PAX 1.0: numbers that are to come; UINT64_MAX before the first */
};

void cprov_tar_map_clear(struct cprov_tar_map *m);
void cprov_tar_map_reset(struct cprov_tar_map *m);
/* An offset, then a length, and so on. */
CPROV_MUST_CHECK
int cprov_tar_map_number(struct cprov_tar_map *m, uint64_t n, struct cprov_error *err);
/* "offset,length,offset,length" (PAX 0.1). */
CPROV_MUST_CHECK
int cprov_tar_map_list(struct cprov_tar_map *m, struct cprov_span text, struct cprov_error *err);
/* The extents of an old GNU header (4 of them) or of a block after it (21). */
CPROV_MUST_CHECK
int cprov_tar_map_old(struct cprov_tar_map *m, const uint8_t *extents, size_t count,
                      struct cprov_error *err);
/* One block of the map that stands before the data (PAX 1.0); *done when it was the last. */
CPROV_MUST_CHECK
int cprov_tar_map_block(struct cprov_tar_map *m, const uint8_t block[CPROV_TAR_BLOCK_SIZE],
                        bool *done, struct cprov_error *err);
/* Ascending, apart, within size, and `stored` bytes together. */
CPROV_MUST_CHECK
int cprov_tar_map_check(const struct cprov_tar_map *m, uint64_t size, uint64_t stored,
                        struct cprov_error *err);

/* What the PAX header before a member says of it. */
struct cprov_tar_pax {
    struct cprov_buf text; /* the records as they came */
    bool present;
    struct cprov_arena arena; /* of the pairs */
    bool sparse;              /* any GNU.sparse.* record */
    bool map_in_data;         /* GNU.sparse.major is 1 */
    bool has_map;             /* a map of form 0.0 or 0.1 */
    struct cprov_span name;   /* GNU.sparse.name */
    bool has_size;
    uint64_t size; /* GNU.sparse.size or .realsize */
};

void cprov_tar_pax_init(struct cprov_tar_pax *p);
void cprov_tar_pax_clear(struct cprov_tar_pax *p);
void cprov_tar_pax_reset(struct cprov_tar_pax *p);
/* Whether every record is well formed: CPROV_EVERIFY. */
CPROV_MUST_CHECK
int cprov_tar_pax_check(struct cprov_span text, struct cprov_error *err);
/*
 * Puts the records over what the member's own header says; path and link become spans of p->text.
 * PAX 0.0 and 0.1 maps go to `map`.
 */
CPROV_MUST_CHECK
int cprov_tar_pax_apply(struct cprov_tar_pax *p, struct cprov_tar_entry *e,
                        struct cprov_tar_map *map, struct cprov_error *err);

/* A number of a header: octal digits, or base 256. False when it does not fit. */
bool cprov_tar_number(const uint8_t *field, size_t len, int64_t *out);

#endif
