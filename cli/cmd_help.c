/* cli/cmd_help.c - help. */
#include <string.h>

#include "cli/cli.h"
#include "cli/help.h"
#include "cli/verb_named.h"

int cprov_cmd_help(struct cprov_cli *cli)
{
    const struct cprov_settings *s = &cli->settings;
    const char *topic = s->names.count ? s->names.items[0] : NULL;
    const struct cprov_verb *verb = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;
    auto_buf struct cprov_buf text = { 0 };
    bool powershell;

    cprov_buf_init(&text, CPROV_HELP_MAX);
    if (topic && strcmp(topic, "options") != 0) {
        verb = cprov_verb_named(topic, &powershell);
        if (!verb)
            return cprov_cli_usage(cli, "unknown verb '%s'", topic);
    }
    if (s->man)
        cprov_man_page(verb, cprov_version_text(), &text);
    else if (verb)
        cprov_help_full(verb, &text);
    else if (topic)
        cprov_help_common(&text);
    else
        cprov_help_overview(&text);
    if (cprov_buf_check(&text, "help", &err) < 0)
        return cprov_cli_fail(cli, "", &err);
    cprov_cli_print(cli, cprov_buf_span(&text));
    return 0;
}
