/* cli/cmd_export.c - export: one flattened tar, on stdout or as a file that is there whole. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/outfile.h"
#include "cli/byte_sink.h"
#include "cli/cli.h"
#include "cli/done.h"

/* The file is opened with the first byte: a dry run has none. */
struct output {
    struct cprov_byte_sink sink; /* first: cprov_byte_sink_write() finds it */
    struct cprov_outfile file;
    const char *path; /* NULL: stdout */
    uint64_t written;
};

static int write_bytes(void *arg, const void *data, size_t len)
{
    struct cprov_cli *cli = arg;
    struct output *o = cli->rows;

    if (o->path && o->file.fd < 0 && o->sink.code == 0) {
        o->sink.code = cprov_outfile_open(o->path, cli->settings.force, &o->file, &o->sink.err);
        o->sink.fd = o->file.fd;
    }
    o->written += len;
    int code = o->sink.code < 0 ? o->sink.code : cprov_byte_sink_write(arg, data, len);
    cli->output_failed = o->sink.code < 0; /* which is told, and not that the rest is left out */
    return code;
}

static int export(struct cprov_cli *cli, const char *const *names, size_t count)
{
    struct cprov_files_options options = CPROV_INIT(struct cprov_files_options);
    struct output *o = cli->rows;

    (void)count;
    options.name = names[0];
    options.version = &cli->settings.version;
    options.max_entries = cli->settings.max_entries;
    options.max_bytes = cli->settings.max_bytes;
    options.max_ratio = cli->settings.max_ratio;
    options.target = o->path;
    int r = cprov_export(cli->session, &options, write_bytes, &cli->callbacks);
    if (cprov_byte_sink_flush(&o->sink) == 0 && r == 0 && o->file.fd >= 0)
        o->sink.code = cprov_outfile_keep(&o->file, &o->sink.err);
    if (o->sink.code < 0)
        return cprov_cli_fail(cli, o->path, &o->sink.err);
    if (r == 0 && o->path && o->written)
        cprov_done_export(cli, names[0], o->path, o->written);
    return r;
}

int cprov_cmd_export(struct cprov_cli *cli)
{
    const char *path = cli->settings.names.items[1];
    bool standard = !strcmp(path, "-");
    struct cprov_error err = CPROV_ERROR_INIT;

    if (standard && isatty(STDOUT_FILENO))
        return cprov_cli_usage(cli, "refusing to write an archive to a terminal; name a file");
    if (!standard && cprov_outfile_check(path, cli->settings.force, &err) < 0)
        return cprov_cli_fail(cli, path, &err);
    struct output *o = calloc(1, sizeof(*o));
    if (!o) {
        cprov_fail_memory(&err);
        return cprov_cli_fail(cli, "", &err);
    }
    cprov_byte_sink_init(&o->sink, cli);
    o->file = (struct cprov_outfile)CPROV_OUTFILE_INIT;
    o->path = standard ? NULL : path;
    cli->rows = o;
    cli->settings.names.count = 1; /* the image is what is asked about */
    int r = cprov_cli_change(cli, export);
    cli->rows = NULL;
    cprov_outfile_drop(&o->file);
    free(o);
    return r;
}
