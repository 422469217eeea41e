/* cli/cmd_version.c - version. */
#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/text.h"

struct version_row {
    const char *name, *version;
    uint64_t abi;
};

static const struct cprov_column columns[] = {
    { "Name", CPROV_COLUMN_TEXT, offsetof(struct version_row, name), 0 },
    { "Version", CPROV_COLUMN_TEXT, offsetof(struct version_row, version), 0 },
    { "Abi", CPROV_COLUMN_COUNT, offsetof(struct version_row, abi), 0 },
};
static const struct cprov_record record = { columns, CPROV_COUNT(columns) };
static const struct cprov_layout layout = {
    .style = CPROV_TABLE_FITTED,
    .columns = { { "Name", NULL, 0 }, { "Version", NULL, 0 } },
};

/* The name of the file itself says the version: libz.so.1.2.13. */
static int print_library(struct dl_phdr_info *info, size_t size, void *arg)
{
    char path[PATH_MAX];

    (void)size;
    if (info->dlpi_name && strchr(info->dlpi_name, '/') && realpath(info->dlpi_name, path))
        cprov_cli_print_line(arg, "  %s", strrchr(path, '/') + 1);
    return 0;
}

int cprov_cmd_version(struct cprov_cli *cli)
{
    struct version_row row = { "cprov", cprov_version_text(), CPROV_ABI };
    int r = cprov_cli_rows(cli, &record, &layout);

    if (r < 0)
        return r;
    if (!cprov_out_is_table(cli->out)) {
        cprov_out_row(cli->out, &row);
        return 0;
    }
    cprov_cli_print_line(cli, "cprov %s", row.version);
    if (cli->settings.verbose) {
        cprov_cli_print_line(cli, "abi %d, libraries:", CPROV_ABI);
        (void)dl_iterate_phdr(print_library, cli);
    }
    return 0;
}
