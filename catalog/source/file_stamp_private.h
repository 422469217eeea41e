/* catalog/source/file_stamp_private.h - whether files are still what they were, without reading
 * them. */
#ifndef CPROV_CATALOG_SOURCE_FILE_STAMP_PRIVATE_H
#define CPROV_CATALOG_SOURCE_FILE_STAMP_PRIVATE_H

#include <sys/stat.h>

#include "base/compiler.h"
#include "manifest/digest.h"

struct cprov_error;

/* Path, time of the last change, size and inode of some files, in their order. {0} is empty. */
struct cprov_file_stamp {
    struct cprov_hasher *hasher;
};

CPROV_MUST_CHECK
int cprov_file_stamp_add(struct cprov_file_stamp *stamp, const char *path, const struct stat *st,
                         struct cprov_error *err);
/* The stamp as text; what was added is forgotten. */
CPROV_MUST_CHECK
int cprov_file_stamp_take(struct cprov_file_stamp *stamp, char out[CPROV_DIGEST_TEXT_MAX],
                          struct cprov_error *err);
void cprov_file_stamp_clear(struct cprov_file_stamp *stamp);
#define auto_file_stamp CPROV_CLEANUP(cprov_file_stamp_clear)

#endif
