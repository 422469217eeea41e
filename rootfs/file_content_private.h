/* rootfs/file_content_private.h - the bytes of a member as the file has them: holes are zeroes. */
#ifndef CPROV_ROOTFS_FILE_CONTENT_PRIVATE_H
#define CPROV_ROOTFS_FILE_CONTENT_PRIVATE_H

#include "archive/tar_reader.h"
#include "rootfs/files.h"

/* Embedded. Begin sets it up for a member, whose entry is borrowed until the end. */
struct cprov_file_content {
    cprov_content_fn *write;
    void *arg;
    const struct cprov_tar_entry *entry;
    size_t extent; /* the one that the next stored byte is of */
    uint64_t at;   /* bytes written */

    struct cprov_unpack_limits limits;
    struct cprov_unpack_count count;
    uint64_t packed, of_layer; /* bytes of the layer, and what was written of it */
};

void cprov_file_content_init(struct cprov_file_content *c, const struct cprov_unpack_limits *limits,
                             cprov_content_fn *write, void *arg);
/* Members of another layer follow, of so many packed bytes. */
void cprov_file_content_layer(struct cprov_file_content *c, uint64_t packed);
/* CPROV_ELIMIT: with this file, whose holes are written too, it is past the caps. */
CPROV_MUST_CHECK
int cprov_file_content_begin(struct cprov_file_content *c, const struct cprov_tar_entry *entry,
                             struct cprov_error *err);
/* Stored bytes. CPROV_ECANCELLED: the caller's function takes no more. */
CPROV_MUST_CHECK
int cprov_file_content_data(struct cprov_file_content *c, const void *data, size_t len,
                            struct cprov_error *err);
/* The hole at the end. */
CPROV_MUST_CHECK
int cprov_file_content_end(struct cprov_file_content *c, struct cprov_error *err);

/* Calls write, which may be NULL, and says what it means when it takes no more. */
CPROV_MUST_CHECK
int cprov_content_write(cprov_content_fn *write, void *arg, const void *data, size_t len,
                        struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_content_zeroes(cprov_content_fn *write, void *arg, uint64_t len, struct cprov_error *err);

#endif
