/* cli/cmd_export.c - export: one flattened tar, on stdout or as a file that is there whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fs.h"
#include "cli/byte_sink.h"
#include "cli/cli.h"

/* The file that is written, beside the one it will be. */
struct output {
    const char *path;
    char *temporary;
    bool replace;
};

static int open_output(struct cprov_cli *cli, struct output *o, int *fd, struct cprov_error *err)
{
    o->temporary = cprov_arena_textf(&cli->settings.arena, "%s.XXXXXX", o->path);
    if (!o->temporary)
        return cprov_fail_memory(err);
    if (!o->replace && faccessat(AT_FDCWD, o->path, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        cprov_fail(err, CPROV_EEXISTS, "the file is there already");
        cprov_hint(err, "--force replaces it");
        return CPROV_EEXISTS;
    }
    *fd = mkostemp(o->temporary, O_CLOEXEC);
    return *fd < 0 ? cprov_fail_os(err, errno, "cannot make it") : 0;
}

/* What is named is whole. Only a file that nobody has made meanwhile gets the name. */
static int keep_output(const struct output *o, int fd, struct cprov_error *err)
{
    mode_t mask = umask(0);

    umask(mask);
    if (fchmod(fd, 0666 & ~mask) < 0 || fsync(fd) < 0)
        return cprov_fail_os(err, errno, "cannot write");
    if (o->replace ? rename(o->temporary, o->path) < 0 : link(o->temporary, o->path) < 0)
        return errno == EEXIST ? cprov_fail(err, CPROV_EEXISTS, "the file is there already")
                               : cprov_fail_os(err, errno, "cannot rename");
    return 0;
}

static int run(struct cprov_cli *cli, struct cprov_byte_sink *sink)
{
    struct cprov_files_options options = CPROV_INIT(struct cprov_files_options);

    options.name = cli->settings.names.items[0];
    options.version = cli->settings.version;
    cli->rows = sink;
    int r = cprov_cli_session(cli);
    if (r == 0)
        r = cprov_export(cli->session, &options, cprov_byte_sink_write, &cli->callbacks);
    (void)!cprov_byte_sink_flush(sink);
    cli->rows = NULL;
    return r;
}

static int to_file(struct cprov_cli *cli, struct cprov_byte_sink *sink, const char *path)
{
    struct output o = { .path = path, .replace = cli->settings.force };
    struct cprov_error err = CPROV_ERROR_INIT;
    auto_fd int fd = -1;

    if (open_output(cli, &o, &fd, &err) < 0)
        return cprov_cli_fail(cli, path, &err);
    sink->fd = fd;
    int r = run(cli, sink);
    if (sink->code < 0)
        r = cprov_cli_fail(cli, path, &sink->err);
    else if (r == 0 && keep_output(&o, fd, &err) < 0)
        r = cprov_cli_fail(cli, path, &err);
    if (r < 0 || !o.replace)
        unlink(o.temporary);
    return r;
}

int cprov_cmd_export(struct cprov_cli *cli)
{
    const char *path = cli->settings.names.items[1];
    bool standard = !strcmp(path, "-");

    if (standard && isatty(STDOUT_FILENO))
        return cprov_cli_usage(cli, "an archive is nothing for a terminal: name a file");
    struct cprov_byte_sink *sink = cprov_byte_sink_new(cli);
    if (!sink)
        return CPROV_FAILED;
    int r = standard ? run(cli, sink) : to_file(cli, sink, path);
    free(sink);
    return r;
}
