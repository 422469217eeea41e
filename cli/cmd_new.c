/* cli/cmd_new.c - new-image, commit. */
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/records.h"

/* In the order in which they are said, those of one option together. */
struct change_list {
    struct cprov_arena *arena;
    struct cprov_image_change *items;
    size_t count;
};

static void add(struct change_list *l, const char *key, const char *value)
{
    l->items[l->count++] = (struct cprov_image_change){ key, value };
}

/* ["a","b"]; words that begin so are it already. */
static const char *as_list(struct change_list *l, const char *const *words, size_t count)
{
    auto_buf struct cprov_buf text = { 0 };
    struct cprov_json_writer w;

    if (count == 1 && words[0][0] == '[')
        return words[0];
    cprov_buf_init(&text, CPROV_CONFIG_MAX);
    cprov_json_writer_init(&w, &text, 0);
    cprov_json_begin_array(&w);
    for (size_t i = 0; i < count && (count > 1 || *words[i]); i++)
        cprov_json_text(&w, words[i]);
    cprov_json_end_array(&w);
    if (text.failed)
        l->arena->failed = text.failed;
    return cprov_arena_text(l->arena, cprov_buf_span(&text));
}

/* An instruction of a Dockerfile: "CMD [...]", "CMD text" for a shell, "ENV A=1", "LABEL a=b". */
static int add_instruction(struct change_list *l, const char *text, struct cprov_error *err)
{
    static const char *const known[] = { "CMD",  "ENTRYPOINT", "ENV",     "EXPOSE",    "LABEL",
                                         "USER", "VOLUME",     "WORKDIR", "STOPSIGNAL" };
    struct cprov_span word, rest;
    size_t i = 0;

    if (!cprov_span_cut(cprov_span_trim(cprov_span_of(text)), ' ', &word, &rest))
        return cprov_fail(err, CPROV_EINVAL, "'%s' is no instruction, such as \"ENV KEY=VALUE\"",
                          text);
    while (i < CPROV_COUNT(known) && !cprov_span_is_nocase(word, known[i]))
        i++;
    if (i == CPROV_COUNT(known))
        return cprov_fail(err, CPROV_EINVAL,
                          "'%" CPROV_SPAN_FMT "' cannot be changed: CMD, ENTRYPOINT, ENV, EXPOSE, "
                          "LABEL, USER, VOLUME, WORKDIR or STOPSIGNAL can",
                          CPROV_SPAN_ARG(word));
    const char *value = cprov_arena_text(l->arena, cprov_span_trim(rest));
    if (!value)
        return cprov_fail_memory(err);
    if (i <= 1 && *value != '[')
        value = as_list(l, (const char *const[]){ "/bin/sh", "-c", value }, 3);
    add(l, i == 8 ? "stop-signal" : cprov_arena_lower(l->arena, cprov_span_of(known[i])), value);
    return cprov_arena_check(l->arena, err);
}

static int collect(struct cprov_cli *cli, struct change_list *l, struct cprov_error *err)
{
    struct cprov_settings *s = &cli->settings;
    const struct {
        const char *key;
        const struct cprov_words *words;
    } lists[] = { { "env", &s->env },
                  { "label", &s->labels },
                  { "expose", &s->expose },
                  { "volume", &s->volumes },
                  { "annotation", &s->annotations } };
    size_t most = 5 + s->changes.count;

    for (size_t i = 0; i < CPROV_COUNT(lists); i++)
        most += lists[i].words->count;
    l->arena = &s->arena;
    l->items = cprov_arena_alloc(&s->arena, most, sizeof(*l->items));
    if (!l->items)
        return cprov_fail_memory(err);
    if (s->cmd.count)
        add(l, "cmd", as_list(l, s->cmd.items, s->cmd.count));
    if (s->entrypoint.count)
        add(l, "entrypoint", as_list(l, s->entrypoint.items, s->entrypoint.count));
    if (s->user)
        add(l, "user", s->user);
    if (s->workdir)
        add(l, "workdir", s->workdir);
    if (s->stop_signal)
        add(l, "stop-signal", s->stop_signal);
    for (size_t i = 0; i < CPROV_COUNT(lists); i++)
        for (size_t k = 0; k < lists[i].words->count; k++)
            add(l, lists[i].key, lists[i].words->items[k]);
    for (size_t i = 0; i < s->changes.count; i++)
        if (add_instruction(l, s->changes.items[i], err) < 0)
            return err->code;
    return cprov_arena_check(&s->arena, err);
}

static int make(struct cprov_cli *cli, const char *const *names, size_t count)
{
    struct cprov_new_image_options options = CPROV_INIT(struct cprov_new_image_options);
    const struct cprov_settings *s = &cli->settings;
    struct cprov_error err = CPROV_ERROR_INIT;
    struct change_list changes = { 0 };

    (void)names;
    (void)count;
    if (collect(cli, &changes, &err) < 0)
        return cprov_cli_fail(cli, "", &err);
    options.path = s->path;
    options.container = s->container;
    options.base = s->image;
    options.name = s->new_name;
    options.version = s->version.required;
    options.publisher = s->publisher;
    options.author = s->author;
    options.message = s->message;
    options.changes = changes.items;
    options.changes_count = changes.count;
    options.replace = cli->verb->id == CPROV_VERB_COMMIT;
    return cprov_new_image(cli->session, &options, &cli->callbacks);
}

int cprov_cmd_new_image(struct cprov_cli *cli)
{
    struct cprov_settings *s = &cli->settings;
    int r = cprov_cli_rows(cli, &cprov_image_record, &cprov_get_layout);

    if (r < 0)
        return r;
    if (!s->container && s->refs.count == 1) /* a row of get-container */
        s->container = s->refs.items[0];
    s->new_name = s->names.count == 1 ? s->names.items[0] : NULL;
    if (!s->new_name || !s->version.required || !s->publisher)
        return cprov_cli_usage(cli, "--publisher, --name and --version are needed, each once");
    if (!s->path == !s->container)
        return cprov_cli_usage(cli, "either --path or --container is needed");
    cli->callbacks.item = cprov_print_item;
    return cprov_cli_change(cli, make);
}

/* As Docker says it: the id alone. */
static void on_committed(void *arg, const struct cprov_item *item)
{
    struct cprov_span algorithm, hex = cprov_span_of(item->image_id);

    (void)cprov_span_cut(hex, ':', &algorithm, &hex);
    cprov_cli_print_line(arg, "%" CPROV_SPAN_FMT, CPROV_SPAN_ARG(hex));
}

int cprov_cmd_commit(struct cprov_cli *cli)
{
    struct cprov_settings *s = &cli->settings;
    struct cprov_span name, version;

    s->container = s->names.items[0];
    name = cprov_span_of(s->names.items[s->names.count - 1]);
    s->new_name = s->names.items[s->names.count - 1];
    s->version.required = "latest";
    if (cprov_span_cut_last(name, ':', &name, &version) &&
        cprov_span_find(version, '/') == version.len) {
        s->new_name = cprov_arena_text(&s->arena, name);
        s->version.required = cprov_arena_text(&s->arena, version);
    }
    cli->callbacks.item = on_committed;
    return cprov_cli_change(cli, make);
}
