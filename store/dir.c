/* store/dir.c - the names in a directory. */
#include "store/dir.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"

int cprov_dir_open(int at, const char *path, DIR **out, struct cprov_error *err)
{
    auto_fd int fd = -1;

    if (cprov_fs_open_dir(at, path, &fd, err) < 0)
        return err->code;
    DIR *dir = fdopendir(fd);
    if (!dir)
        return cprov_fail_os(err, errno, "%s", path);
    fd = -1; /* the stream's now */
    *out = dir;
    return 0;
}

const char *cprov_dir_next(DIR *dir)
{
    for (;;) {
        const struct dirent *entry = readdir(dir);

        if (!entry)
            return NULL;
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            return entry->d_name;
    }
}

void cprov_dir_close(DIR *dir)
{
    int kept = errno;

    if (dir)
        closedir(dir);
    errno = kept;
}
