/* archive/tar_index_private.h - the files in a tar file, and where in it their content is. */
#ifndef CPROV_ARCHIVE_TAR_INDEX_PRIVATE_H
#define CPROV_ARCHIVE_TAR_INDEX_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/fs.h"

struct cprov_error;

struct cprov_tar_member {
    const char *path; /* without "./" in front */
    const char *link; /* another member, where this one only points at it; or NULL */
    uint64_t offset, size;
    size_t order;
};

/* Sorted by path; of two members of one path the last counts. {0} is empty. */
struct cprov_tar_index {
    struct cprov_arena arena;
    struct cprov_tar_member *list;
    size_t count, room;
};

/*
 * Reads the headers of a plain tar file; content is skipped, not read. Sparse members, folders and
 * devices are left out. CPROV_EVERIFY: damaged or cut off; CPROV_ELIMIT: more than
 * CPROV_MEMBERS_MAX members. cancel may be NULL.
 */
CPROV_MUST_CHECK
int cprov_tar_index_read(int fd, const struct cprov_cancel *cancel, struct cprov_tar_index *out,
                         struct cprov_error *err);
void cprov_tar_index_clear(struct cprov_tar_index *index);
#define auto_tar_index CPROV_CLEANUP(cprov_tar_index_clear)

/* The member that has the content: links are followed. NULL when there is none. */
const struct cprov_tar_member *cprov_tar_index_find(const struct cprov_tar_index *index,
                                                    const char *path);

#endif
