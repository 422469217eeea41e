#include "folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/fs.h"

static char folder[64];

void folder_open(void)
{
    snprintf(folder, sizeof(folder), "/tmp/cprov-registry-XXXXXX");
    assert_non_null(mkdtemp(folder));
}

void folder_close(void)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    assert_int_equal(cprov_fs_remove_tree(AT_FDCWD, folder, &err), 0);
}

const char *folder_path(const char *name)
{
    static char paths[4][128];
    static size_t turn;
    char *path = paths[turn++ % CPROV_COUNT(paths)];

    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

void folder_put(const char *name, const char *text)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    assert_int_equal(cprov_fs_replace(AT_FDCWD, folder_path(name), cprov_span_of(text), 0644, &err),
                     0);
}

void folder_run(const char *line)
{
    pid_t pid = fork();
    int status = -1;

    assert_true(pid >= 0);
    if (pid == 0) {
        if (chdir(folder) == 0)
            execl("/bin/sh", "sh", "-ec", line, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

void folder_make_keys(void)
{
    folder_run("for k in key other; do\n"
               "  openssl ecparam -name prime256v1 -genkey -noout -out $k.pem\n"
               "  openssl pkey -in $k.pem -pubout -out $k.pub\n"
               "done 2>/dev/null");
}
