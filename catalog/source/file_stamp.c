/* catalog/source/file_stamp.c - whether files are still what they were, without reading them. */
#include "catalog/source/file_stamp_private.h"

#include <string.h>

#include "base/error.h"

int cprov_file_stamp_add(struct cprov_file_stamp *stamp, const char *path, const struct stat *st,
                         struct cprov_error *err)
{
    int64_t numbers[] = { (int64_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec, (int64_t)st->st_size,
                          (int64_t)st->st_ino };

    if (!stamp->hasher && cprov_digest_hasher(CPROV_SHA256, &stamp->hasher, err) < 0)
        return err->code;
    if (cprov_hasher_update(stamp->hasher, path, strlen(path) + 1, err) < 0)
        return err->code;
    return cprov_hasher_update(stamp->hasher, numbers, sizeof(numbers), err);
}

int cprov_file_stamp_take(struct cprov_file_stamp *stamp, char out[CPROV_DIGEST_TEXT_MAX],
                          struct cprov_error *err)
{
    struct cprov_digest digest;

    if (!stamp->hasher && cprov_digest_hasher(CPROV_SHA256, &stamp->hasher, err) < 0)
        return err->code;
    if (cprov_digest_finish(stamp->hasher, CPROV_SHA256, &digest, err) < 0)
        return err->code;
    cprov_digest_hex(&digest, out);
    cprov_file_stamp_clear(stamp);
    return 0;
}

void cprov_file_stamp_clear(struct cprov_file_stamp *stamp)
{
    cprov_hasher_free(stamp->hasher);
    stamp->hasher = NULL;
}
