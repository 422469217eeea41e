/* cli/cmd_files.c - ls, cat: an image read without unpacking it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/byte_sink.h"
#include "cli/cli.h"
#include "cli/records.h"

#define OWNER_MAX 48

static const struct cprov_layout layout = {
    .style = CPROV_TABLE_FIXED,
    .columns = { { "Mode", NULL, 0 },
                 { "Owner", NULL, 0 },
                 { "Size", NULL, 0 },
                 { "Modified", NULL, 0 },
                 { "Path", NULL, 0 } },
};

static const struct {
    char type, letter; /* of the library, and of ls(1) */
    const char *word;
} types[] = {
    { 'f', '-', "file" },     { 'd', 'd', "folder" }, { 'l', 'l', "symlink" },
    { 'h', '-', "hardlink" }, { 'c', 'c', "device" }, { 'b', 'b', "device" },
    { 'p', 'p', "pipe" },
};

/* "drwxr-sr-t". */
static void mode_text(char letter, unsigned mode, char out[11])
{
    static const char bits[] = "rwxrwxrwx";

    out[0] = letter;
    for (unsigned i = 0; i < 9; i++)
        out[1 + i] = mode >> (8 - i) & 1 ? bits[i] : '-';
    if (mode & 04000)
        out[3] = mode & 0100 ? 's' : 'S';
    if (mode & 02000)
        out[6] = mode & 0010 ? 's' : 'S';
    if (mode & 01000)
        out[9] = mode & 0001 ? 't' : 'T';
    out[10] = '\0';
}

static size_t type_of(char type)
{
    size_t i = 0;

    while (i + 1 < CPROV_COUNT(types) && types[i].type != type)
        i++;
    return i;
}

static void on_file(void *arg, const struct cprov_file_item *item)
{
    struct cprov_cli *cli = arg;
    size_t type = type_of(item->type);
    char mode[11], permissions[8], owner[OWNER_MAX], time[CPROV_TIME_TEXT_MAX];

    mode_text(types[type].letter, item->mode, mode);
    snprintf(permissions, sizeof(permissions), "%04o", item->mode & 07777);
    snprintf(owner, sizeof(owner), "%llu:%llu", (unsigned long long)item->uid,
             (unsigned long long)item->gid);
    cprov_out_row(cli->out,
                  &(struct cprov_file_row){ .mode = mode,
                                            .owner = owner,
                                            .path = item->path,
                                            .link = item->link,
                                            .type = types[type].word,
                                            .modified = cprov_time_format(item->mtime, time),
                                            .permissions = permissions,
                                            .bytes = item->bytes,
                                            .uid = item->uid,
                                            .gid = item->gid,
                                            .layer = item->layer });
}

static struct cprov_files_options from_settings(const struct cprov_settings *s)
{
    struct cprov_files_options o = CPROV_INIT(struct cprov_files_options);

    o.name = s->names.items[0];
    o.path = s->names.count > 1 ? s->names.items[1] : "/";
    o.version = &s->version;
    o.recursive = s->recursive;
    o.max_entries = s->max_entries;
    o.max_bytes = s->max_bytes;
    o.max_ratio = s->max_ratio;
    return o;
}

int cprov_cmd_ls(struct cprov_cli *cli)
{
    struct cprov_files_options options = from_settings(&cli->settings);
    int r = cprov_cli_rows(cli, &cprov_file_record, &layout);

    if (r == 0)
        r = cprov_cli_session(cli);
    return r < 0 ? r : cprov_files(cli->session, &options, on_file, &cli->callbacks);
}

int cprov_cmd_cat(struct cprov_cli *cli)
{
    struct cprov_files_options options = from_settings(&cli->settings);
    struct cprov_byte_sink *sink = cprov_byte_sink_new(cli);

    if (!sink)
        return CPROV_FAILED;
    cli->rows = sink;
    int r = cprov_cli_session(cli);
    if (r == 0)
        r = cprov_file_read(cli->session, &options, cprov_byte_sink_write, &cli->callbacks);
    (void)!cprov_byte_sink_flush(sink); /* stdout tells itself */
    cli->rows = NULL;
    free(sink);
    return r;
}
