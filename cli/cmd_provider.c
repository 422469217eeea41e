/* cli/cmd_provider.c - get-provider: what a package manager may expect of us. */
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "cli/cli.h"

struct provider_row {
    const char *name, *version, *options, *features, *schemes, *extensions, *types;
};

#define ROW(key, field, width)                                                                     \
    {                                                                                              \
        key, CPROV_COLUMN_TEXT, offsetof(struct provider_row, field), width                        \
    }

static const struct cprov_column columns[] = {
    ROW("Name", name, 24),
    ROW("Version", version, 16),
    ROW("DynamicOptions", options, 0),
    ROW("Features", features, 0),
    ROW("UriSchemes", schemes, 0),
    ROW("FileExtensions", extensions, 0),
    ROW("SourceTypes", types, 0),
};
static const struct cprov_record record = { columns, CPROV_COUNT(columns) };
static const struct cprov_layout oneget = {
    .style = CPROV_TABLE_FIXED,
    .columns = { { "Name", NULL, 0 }, { "Version", NULL, 0 }, { "DynamicOptions", NULL, 0 } },
};
static const struct cprov_layout layout = {
    .style = CPROV_TABLE_FITTED,
    .columns = { { "Name", NULL, 0 }, { "Version", NULL, 0 }, { "DynamicOptions", NULL, 0 } },
    .oneget = &oneget,
};

/* "os-version" → "OsVersion" */
static void add_powershell_name(struct cprov_buf *out, const char *name)
{
    bool upper = true;

    for (; *name; name++) {
        if (*name == '-')
            upper = true;
        else
            cprov_buf_add_char(out, upper && cprov_is_lower(*name) ? (char)(*name - 32) : *name);
        upper = *name == '-';
    }
}

/* What find and install take beyond the parameters that every provider has. */
static void add_options(struct cprov_buf *out)
{
    for (size_t i = 0; i < cprov_options_count; i++) {
        const struct cprov_option *o = &cprov_options[i];

        if (!o->help || !(o->sets & (CPROV_SET_FIND | CPROV_SET_HOST | CPROV_SET_INSTALL)))
            continue;
        cprov_buf_add_text(out, out->len ? ", " : "");
        add_powershell_name(out, o->name);
    }
}

static const char *types(void)
{
    for (size_t i = 0; i < cprov_options_count; i++)
        if (!strcmp(cprov_options[i].name, "type") && cprov_options[i].sets & CPROV_SET_SOURCE)
            return cprov_options[i].value;
    return "";
}

static void add_types(struct cprov_buf *out)
{
    for (const char *c = types(); *c; c++)
        cprov_buf_add_text(out, *c == '|' ? ", " : (const char[]){ *c, '\0' });
}

int cprov_cmd_provider(struct cprov_cli *cli)
{
    auto_buf struct cprov_buf options = { 0 }, kinds = { 0 };
    struct provider_row row = {
        .name = "container-provider",
        .version = cprov_version_text(),
        .features = "supports-wildcard-search, supports-regex-search, supports-substring-search",
        .schemes = "docker, oci, http, https, file",
        .extensions = "wim, tar, json, yaml",
    };
    struct cprov_error err = CPROV_ERROR_INIT;
    int r = cprov_cli_rows(cli, &record, &layout);

    if (r < 0)
        return r;
    cprov_buf_init(&options, CPROV_URL_MAX);
    cprov_buf_init(&kinds, CPROV_URL_MAX);
    add_options(&options);
    add_types(&kinds);
    if (cprov_buf_check(&options, "the options", &err) < 0 ||
        cprov_buf_check(&kinds, "the types", &err) < 0)
        return cprov_cli_fail(cli, "", &err);
    row.options = cprov_buf_text(&options);
    row.types = cprov_buf_text(&kinds);
    cprov_out_row(cli->out, &row);
    return 0;
}
