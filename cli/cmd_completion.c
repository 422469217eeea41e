/* cli/cmd_completion.c - completion, and the hidden verb that its scripts ask. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/completion.h"
#include "cli/help.h"

#define CANDIDATES_MAX ((size_t)8 << 20) /* bytes */
#define NAMES_MAX      250               /* more help nobody */

int cprov_cmd_completion(struct cprov_cli *cli)
{
    auto_buf struct cprov_buf script = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_buf_init(&script, CPROV_HELP_MAX);
    if (!cprov_completion_script(cli->settings.names.items[0], &script))
        return cprov_cli_usage(cli, "no completion for '%s': use one of %s",
                               cli->settings.names.items[0], cli->verb->arguments);
    if (cprov_buf_check(&script, "the script", &err) < 0)
        return cprov_cli_fail(cli, "", &err);
    cprov_cli_print(cli, cprov_buf_span(&script));
    return 0;
}

struct asking {
    struct cprov_completion wanted;
    struct cprov_arena *arena;
    const char *root; /* "/" when paths are typed with it */
    struct cprov_buf lines;
};

/* A name may be typed from its last component on: that is a name, too. */
static void offer_name(struct asking *a, const struct cprov_item *item)
{
    const char *slash = strrchr(item->name, '/');

    cprov_completion_offer(&a->wanted, item->name, item->publisher, &a->lines);
    if (slash && *a->wanted.prefix)
        cprov_completion_offer(&a->wanted, slash + 1, item->name, &a->lines);
}

static void on_item(void *arg, const struct cprov_item *item)
{
    struct asking *a = arg;

    if (a->wanted.want == CPROV_COMPLETE_VERSIONS)
        cprov_completion_offer(&a->wanted, item->version, item->name, &a->lines);
    else
        offer_name(a, item);
}

static void on_source(void *arg, const struct cprov_source_item *item)
{
    struct asking *a = arg;

    if (a->wanted.want == CPROV_COMPLETE_SOURCES) {
        cprov_completion_offer(&a->wanted, item->name, item->location, &a->lines);
        return;
    }
    const char *scheme = strstr(item->location, "://");
    struct cprov_span place = cprov_span_of(scheme ? scheme + 3 : item->location), host, rest;
    if (!cprov_span_cut(place, '/', &host, &rest))
        host = place;
    const char *text = cprov_arena_text(a->arena, host);
    if (text && *text)
        cprov_completion_offer(&a->wanted, text, item->name, &a->lines);
}

/* A folder is offered with a '/', so that what is in it may follow. */
static void on_file(void *arg, const struct cprov_file_item *item)
{
    struct asking *a = arg;
    const char *path =
        cprov_arena_textf(a->arena, "%s%s%s", a->root, item->path, item->type == 'd' ? "/" : "");

    if (path)
        cprov_completion_offer(&a->wanted, path, NULL, &a->lines);
}

/* What is in the folder that is typed so far. */
static void ask_paths(struct cprov_cli *cli, struct asking *a,
                      const struct cprov_callbacks *callbacks)
{
    struct cprov_files_options files = CPROV_INIT(struct cprov_files_options);
    struct cprov_span folder, rest;

    a->root = a->wanted.prefix[0] == '/' ? "/" : "";
    files.name = a->wanted.name;
    files.path = "/";
    if (cprov_span_cut_last(cprov_span_of(a->wanted.prefix), '/', &folder, &rest) && folder.len)
        files.path = cprov_arena_text(a->arena, folder);
    (void)cprov_files(cli->session, &files, on_file, callbacks);
}

/* What is installed, then what a cache holds: never the network. Failures are nobody's business. */
static void ask_images(struct cprov_cli *cli, struct asking *a,
                       const struct cprov_callbacks *callbacks)
{
    struct cprov_list_options list = CPROV_INIT(struct cprov_list_options);
    struct cprov_find_options find = CPROV_INIT(struct cprov_find_options);
    struct cprov_version_options version = CPROV_INIT(struct cprov_version_options);

    list.names = find.names = a->wanted.name ? &a->wanted.name : NULL;
    list.names_count = find.names_count = a->wanted.name ? 1 : 0;
    if (a->wanted.want == CPROV_COMPLETE_NAMES) {
        list.names_count = find.names_count = 0;
        find.prefix = a->wanted.prefix;
        find.limit = NAMES_MAX;
    }
    find.version = &version;
    version.all = a->wanted.want == CPROV_COMPLETE_VERSIONS;
    (void)cprov_list(cli->session, &list, callbacks);
    if (a->wanted.verb->group == CPROV_GROUP_GET)
        (void)cprov_find(cli->session, &find, callbacks);
}

static void ask(struct cprov_cli *cli, struct asking *a)
{
    struct cprov_source_options sources = CPROV_INIT(struct cprov_source_options);
    struct cprov_callbacks callbacks = {
        .size = sizeof(callbacks),
        .arg = a,
        .item = on_item,
    };

    cli->settings.session.offline = true;
    if (cprov_session_open(&cli->settings.session, &callbacks, &cli->session) < 0)
        return;
    if (a->wanted.want == CPROV_COMPLETE_PATHS)
        ask_paths(cli, a, &callbacks);
    else if (a->wanted.want == CPROV_COMPLETE_SOURCES || a->wanted.want == CPROV_COMPLETE_HOSTS)
        (void)cprov_sources(cli->session, &sources, on_source, &callbacks);
    else
        ask_images(cli, a, &callbacks);
}

static int compare_lines(const void *a, const void *b)
{
    const struct cprov_span *one = a, *other = b;

    return cprov_span_compare(*one, *other);
}

/* What the provider said, sorted and each word once. */
static int print_sorted(struct cprov_cli *cli, struct cprov_span text)
{
    struct cprov_span *lines = calloc(text.len / 2 + 1, sizeof(*lines)), line, before = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;
    size_t count = 0;

    if (!lines) {
        cprov_fail_memory(&err);
        return cprov_cli_fail(cli, "", &err);
    }
    while (text.len && cprov_span_next(&text, '\n', &line))
        lines[count++] = line;
    qsort(lines, count, sizeof(*lines), compare_lines);
    for (size_t i = 0; i < count; i++) {
        struct cprov_span word = cprov_span_make(lines[i].ptr, cprov_span_find(lines[i], '\t'));

        if (!cprov_span_equal(word, before))
            cprov_cli_print(cli, cprov_span_make(lines[i].ptr, lines[i].len + 1));
        before = word;
    }
    free(lines);
    return 0;
}

int cprov_cmd_complete(struct cprov_cli *cli)
{
    struct cprov_settings *s = &cli->settings;
    auto_buf struct cprov_buf known = { 0 };
    struct asking a = { .wanted = { 0 }, .arena = &s->arena };
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_buf_init(&known, CANDIDATES_MAX);
    cprov_buf_init(&a.lines, CANDIDATES_MAX);
    cprov_completion_words(s->names.items, s->names.count, &s->arena, &a.wanted, &known);
    if (cprov_buf_check(&known, "the words", &err) < 0)
        return cprov_cli_fail(cli, "", &err);
    cprov_cli_print(cli, cprov_buf_span(&known));
    if (a.wanted.want != CPROV_COMPLETE_NOTHING)
        ask(cli, &a);
    int r = a.lines.failed ? 0 : print_sorted(cli, cprov_buf_span(&a.lines));
    cprov_buf_clear(&a.lines);
    return r;
}
