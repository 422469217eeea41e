/* cli/cmd_inspect.c - inspect. */
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/template.h"

#define INDENT 2

/* How documents are printed. */
struct inspection {
    struct cprov_template *tmpl; /* NULL: as JSON */
    int indent;
};

static void print_pretty(struct cprov_cli *cli, const struct inspection *in,
                         const struct cprov_json *document)
{
    auto_buf struct cprov_buf text = { 0 };
    struct cprov_json_writer w;
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_buf_init(&text, CPROV_INDEX_FILE_MAX);
    if (in->tmpl) {
        union {
            const struct cprov_json *borrowed;
            void *arg;
        } root = { .borrowed = document };

        cprov_template_run(in->tmpl, cprov_template_json_field, root.arg, &text);
    } else {
        cprov_json_writer_init(&w, &text, in->indent);
        cprov_json_value(&w, document);
    }
    cprov_buf_add_char(&text, '\n');
    if (cprov_buf_check(&text, "the document", &err) < 0)
        (void)cprov_cli_fail(cli, "", &err);
    else
        cprov_cli_print(cli, cprov_buf_span(&text));
}

static void on_json(void *arg, const char *text, size_t length)
{
    struct cprov_cli *cli = arg;
    struct cprov_arena arena = { 0 };
    struct cprov_json *document;
    struct cprov_error ignored;
    struct cprov_span span = cprov_span_make(text, length);

    /* Bytes that a digest is about stay bytes. */
    if (cli->settings.raw || cli->settings.image_config)
        cprov_cli_print(cli, span);
    else if (cprov_json_parse(span, &arena, &document, &ignored) < 0)
        cprov_cli_print_line(cli, "%.*s", (int)length, text);
    else
        print_pretty(cli, cli->rows, document);
    cprov_arena_clear(&arena);
}

static int choose(struct inspection *in, const char *format, struct cprov_error *err)
{
    const char *name = format ? format : "json";

    if (!strncmp(name, "template=", strlen("template=")))
        return cprov_template_parse(name + strlen("template="), &in->tmpl, err);
    if (strstr(name, "{{"))
        return cprov_template_parse(name, &in->tmpl, err);
    if (!strcmp(name, "jsonl"))
        in->indent = 0;
    else if (strcmp(name, "json") != 0 && strcmp(name, "table") != 0 && strcmp(name, "list") != 0)
        return cprov_fail(err, CPROV_EINVAL, "inspect prints json, jsonl or template=...");
    return 0;
}

int cprov_cmd_inspect(struct cprov_cli *cli)
{
    const struct cprov_settings *s = &cli->settings;
    struct cprov_inspect_options options = CPROV_INIT(struct cprov_inspect_options);
    struct inspection in = { .indent = INDENT };
    struct cprov_words names = cprov_cli_names(cli);
    struct cprov_results results = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;

    if (s->raw && s->image_config)
        return cprov_cli_usage(cli, "--raw and --config exclude each other");
    if (choose(&in, s->format, &err) < 0)
        return cprov_cli_fail(cli, "", &err);
    int r = cprov_cli_session(cli);
    cli->rows = &in;
    for (size_t i = 0; r == 0 && i < names.count && !results.cancelled; i++) {
        options.name = names.items[i];
        options.version = &s->version;
        options.raw = s->raw;
        options.config = s->image_config;
        cprov_results_add(&results,
                          cprov_inspect(cli->session, &options, on_json, &cli->callbacks));
    }
    cli->rows = NULL;
    cprov_template_free(in.tmpl);
    return r < 0 ? r : cprov_results_sum(&results);
}
