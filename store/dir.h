/* store/dir.h - the names in a directory. */
#ifndef CPROV_STORE_DIR_H
#define CPROV_STORE_DIR_H

#include <dirent.h>

#include "base/compiler.h"

struct cprov_error;

/* Opens `path` below the directory fd `at` for listing; closed by auto_dir. CPROV_ENOTFOUND. */
CPROV_MUST_CHECK
int cprov_dir_open(int at, const char *path, DIR **out, struct cprov_error *err);
/* The next name but "." and ".."; NULL at the end. Borrowed until the next call. */
const char *cprov_dir_next(DIR *dir);

void cprov_dir_close(DIR *dir); /* NULL-safe; keeps errno */
CPROV_DEFINE_CLEANUP(DIR, cprov_dir, cprov_dir_close)
#define auto_dir CPROV_CLEANUP(cprov_dir_cleanup)

#endif
