/* manifest/config_edit.c - one config out of another. */
#include "manifest/config_edit.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"

enum shape { TEXT, WORDS, PAIRS, MAP, SET };

static const struct config_field {
    const char *key, *name;
    enum shape shape;
} fields[] = {
    { "entrypoint", "Entrypoint", WORDS }, { "cmd", "Cmd", WORDS },
    { "user", "User", TEXT },              { "expose", "ExposedPorts", SET },
    { "env", "Env", PAIRS },               { "volume", "Volumes", SET },
    { "workdir", "WorkingDir", TEXT },     { "label", "Labels", MAP },
    { "stop-signal", "StopSignal", TEXT },
}, *const entrypoint = &fields[0], *const cmd = &fields[1];

/* A change that was read: name is what it is told apart by among those of its field. */
struct change {
    const struct config_field *field;
    struct cprov_span name, value;
};

struct config_making {
    const struct cprov_config_edit *edit;
    struct cprov_arena arena;
    struct cprov_json *base;
    struct change *changes;
    struct cprov_json_writer w;
};

static void making_clear(struct config_making *m)
{
    cprov_arena_clear(&m->arena);
}

/* --- changes --- */

static int check_words(struct config_making *m, struct cprov_span text, struct cprov_error *err)
{
    struct cprov_json *list = NULL;

    if (cprov_json_parse(text, &m->arena, &list, err) < 0)
        return cprov_wrap_as(err, CPROV_EINVAL, "a list of words");
    if (list->type != CPROV_JSON_ARRAY)
        return cprov_fail(err, CPROV_EINVAL, "a list of words is a JSON array");
    for (const struct cprov_json *word = list->child; word; word = word->next)
        if (word->type != CPROV_JSON_STRING)
            return cprov_fail(err, CPROV_EINVAL, "a list of words has something else");
    return 0;
}

/* "80" is "80/tcp"; a range is "8000-8010/udp". */
static int read_port(struct config_making *m, struct change *c, struct cprov_error *err)
{
    struct cprov_span number, protocol, first, last;
    uint64_t from, to;

    if (!cprov_span_cut(c->value, '/', &number, &protocol)) {
        number = c->value;
        protocol = CPROV_SPAN_LITERAL("tcp");
    }
    if (!cprov_span_cut(number, '-', &first, &last))
        first = last = number;
    if (!cprov_span_u64(first, &from) || !cprov_span_u64(last, &to) || from == 0 || to < from ||
        to > 65535 ||
        !(cprov_span_is(protocol, "tcp") || cprov_span_is(protocol, "udp") ||
          cprov_span_is(protocol, "sctp")))
        return cprov_fail(err, CPROV_EINVAL, "'%" CPROV_SPAN_FMT "' is no port, such as 80/tcp",
                          CPROV_SPAN_ARG(c->value));
    c->name = cprov_span_of(cprov_arena_textf(&m->arena, "%" CPROV_SPAN_FMT "/%" CPROV_SPAN_FMT,
                                              CPROV_SPAN_ARG(number), CPROV_SPAN_ARG(protocol)));
    return cprov_arena_check(&m->arena, err);
}

static int read_change(struct config_making *m, const struct cprov_annotation *given,
                       struct change *c, struct cprov_error *err)
{
    struct cprov_span rest;

    for (size_t i = 0; i < CPROV_COUNT(fields); i++)
        if (strcmp(fields[i].key, given->key) == 0)
            c->field = &fields[i];
    if (!c->field)
        return cprov_fail(err, CPROV_EINVAL, "'%s' is nothing that an image's config says",
                          given->key);
    c->name = c->value = cprov_span_of(given->value);
    if (!cprov_span_is_utf8(c->value))
        return cprov_fail(err, CPROV_EINVAL, "the text for %s is not UTF-8", given->key);
    switch (c->field->shape) {
    case WORDS:
        return check_words(m, c->value, err);
    case PAIRS:
    case MAP:
        if (!cprov_span_cut(c->value, '=', &c->name, &rest) || c->name.len == 0)
            return cprov_fail(err, CPROV_EINVAL, "'%s' is not KEY=VALUE", given->value);
        if (c->field->shape == MAP)
            c->value = rest;
        return 0;
    case SET:
        if (strcmp(given->key, "expose") == 0)
            return read_port(m, c, err);
        if (c->value.len == 0)
            return cprov_fail(err, CPROV_EINVAL, "a %s needs a name", given->key);
        return 0;
    case TEXT:
        return 0;
    }
    return 0;
}

/* The last change of the field, of one name when there is one; -1: none. */
static int last_change(const struct config_making *m, const struct config_field *f,
                       const struct cprov_span *name)
{
    for (size_t i = m->edit->changes_count; i-- > 0;)
        if (m->changes[i].field == f && (!name || cprov_span_equal(m->changes[i].name, *name)))
            return (int)i;
    return -1;
}

/* --- the members of "config" --- */

static struct cprov_span name_of(const struct config_field *f, const struct cprov_json *item)
{
    struct cprov_span name, rest;

    if (f->shape != PAIRS)
        return item->key;
    return cprov_span_cut(item->text, '=', &name, &rest) ? name : item->text;
}

static void write_item(struct config_making *m, const struct change *c)
{
    if (c->field->shape != PAIRS)
        cprov_json_key(&m->w, cprov_arena_text(&m->arena, c->name));
    if (c->field->shape == SET) {
        cprov_json_begin_object(&m->w);
        cprov_json_end_object(&m->w);
    } else {
        cprov_json_span(&m->w, c->value);
    }
}

/* What was there, each in its place with its last change, then what is new. */
static void write_items(struct config_making *m, const struct config_field *f,
                        const struct cprov_json *there)
{
    const struct cprov_json *first = there ? there->child : NULL;

    for (const struct cprov_json *item = first; item; item = item->next) {
        struct cprov_span name = name_of(f, item);
        int last = last_change(m, f, &name);

        if (last >= 0) {
            write_item(m, &m->changes[last]);
            continue;
        }
        if (f->shape != PAIRS)
            cprov_json_key(&m->w, item->key.ptr);
        cprov_json_value(&m->w, item);
    }
    for (size_t i = 0; i < m->edit->changes_count; i++) {
        bool old = m->changes[i].field != f || last_change(m, f, &m->changes[i].name) != (int)i;

        for (const struct cprov_json *item = first; item && !old; item = item->next)
            old = cprov_span_equal(name_of(f, item), m->changes[i].name);
        if (!old)
            write_item(m, &m->changes[i]);
    }
}

static int write_field(struct config_making *m, const struct config_field *f,
                       const struct cprov_json *there, struct cprov_error *err)
{
    int last = last_change(m, f, NULL);
    struct cprov_json *words = NULL;

    cprov_json_key(&m->w, f->name);
    switch (f->shape) {
    case TEXT:
        cprov_json_span(&m->w, m->changes[last].value);
        break;
    case WORDS:
        if (cprov_json_parse(m->changes[last].value, &m->arena, &words, err) < 0)
            return err->code;
        cprov_json_value(&m->w, words);
        break;
    case PAIRS:
        cprov_json_begin_array(&m->w);
        write_items(m, f, there);
        cprov_json_end_array(&m->w);
        break;
    case MAP:
    case SET:
        cprov_json_begin_object(&m->w);
        write_items(m, f, there);
        cprov_json_end_object(&m->w);
        break;
    }
    return 0;
}

/* A command that was meant for another entrypoint goes with it. */
static bool is_dropped(const struct config_making *m, struct cprov_span key)
{
    return cprov_span_is(key, "Cmd") && last_change(m, entrypoint, NULL) >= 0 &&
           last_change(m, cmd, NULL) < 0;
}

static int write_config(struct config_making *m, struct cprov_error *err)
{
    const struct cprov_json *there = cprov_json_get(m->base, "config");

    cprov_json_key(&m->w, "config");
    cprov_json_begin_object(&m->w);
    for (const struct cprov_json *v = there ? there->child : NULL; v; v = v->next) {
        bool changed = is_dropped(m, v->key);

        for (size_t i = 0; i < CPROV_COUNT(fields); i++)
            changed = changed || (cprov_span_is(v->key, fields[i].name) &&
                                  last_change(m, &fields[i], NULL) >= 0);
        if (changed)
            continue;
        cprov_json_key(&m->w, v->key.ptr);
        cprov_json_value(&m->w, v);
    }
    for (size_t i = 0; i < CPROV_COUNT(fields); i++)
        if (last_change(m, &fields[i], NULL) >= 0 &&
            write_field(m, &fields[i], cprov_json_get(there, fields[i].name), err) < 0)
            return err->code;
    cprov_json_end_object(&m->w);
    return 0;
}

/* --- the rest --- */

static void write_platform(struct config_making *m)
{
    static const char *const ours[] = {
        "created",   "author",           "config", "rootfs", "history", /* written here */
        "container", "container_config", "id",     "parent", "parent_id", "throwaway",
    };
    const struct cprov_platform *p = &m->edit->platform;

    if (!m->base) {
        cprov_json_member(&m->w, "architecture", p->architecture);
        if (p->variant && *p->variant)
            cprov_json_member(&m->w, "variant", p->variant);
        cprov_json_member(&m->w, "os", p->os);
        return;
    }
    for (const struct cprov_json *v = m->base->child; v; v = v->next) {
        bool own = false;

        for (size_t i = 0; i < CPROV_COUNT(ours); i++)
            own = own || cprov_span_is(v->key, ours[i]);
        if (own)
            continue;
        cprov_json_key(&m->w, v->key.ptr);
        cprov_json_value(&m->w, v);
    }
}

static void write_layers(struct config_making *m)
{
    const struct cprov_config_edit *e = m->edit;
    const struct cprov_json *ids = cprov_json_get(cprov_json_get(m->base, "rootfs"), "diff_ids");
    const struct cprov_json *history = cprov_json_get(m->base, "history");
    char digest[CPROV_DIGEST_TEXT_MAX];

    cprov_json_key(&m->w, "rootfs");
    cprov_json_begin_object(&m->w);
    cprov_json_member(&m->w, "type", "layers");
    cprov_json_key(&m->w, "diff_ids");
    cprov_json_begin_array(&m->w);
    for (const struct cprov_json *v = ids ? ids->child : NULL; v; v = v->next)
        cprov_json_value(&m->w, v);
    cprov_json_text(&m->w, cprov_digest_format(e->diff_id, digest));
    cprov_json_end_array(&m->w);
    cprov_json_end_object(&m->w);
    cprov_json_key(&m->w, "history");
    cprov_json_begin_array(&m->w);
    for (const struct cprov_json *v = history ? history->child : NULL; v; v = v->next)
        cprov_json_value(&m->w, v);
    cprov_json_begin_object(&m->w);
    cprov_json_member(&m->w, "created", e->created);
    cprov_json_member(&m->w, "created_by", e->created_by);
    cprov_json_member(&m->w, "author", e->author);
    cprov_json_member(&m->w, "comment", e->comment);
    cprov_json_end_object(&m->w);
    cprov_json_end_array(&m->w);
}

int cprov_config_edit(const struct cprov_config_edit *edit, struct cprov_buf *out,
                      struct cprov_error *err)
{
    CPROV_CLEANUP(making_clear) struct config_making m = { .edit = edit };

    if (edit->base.len > 0 && cprov_json_parse(edit->base, &m.arena, &m.base, err) < 0)
        return cprov_wrap(err, "image config");
    m.changes = cprov_arena_alloc(&m.arena, edit->changes_count, sizeof(*m.changes));
    if (!m.changes)
        return cprov_fail_memory(err);
    for (size_t i = 0; i < edit->changes_count; i++)
        if (read_change(&m, &edit->changes[i], &m.changes[i], err) < 0)
            return err->code;
    cprov_json_writer_init(&m.w, out, 0);
    cprov_json_begin_object(&m.w);
    cprov_json_member(&m.w, "created", edit->created);
    cprov_json_member(&m.w, "author",
                      edit->author ? edit->author : cprov_json_get_text(m.base, "author"));
    write_platform(&m);
    if (write_config(&m, err) < 0)
        return err->code;
    write_layers(&m);
    cprov_json_end_object(&m.w);
    return cprov_arena_check(&m.arena, err) < 0 ? err->code
                                                : cprov_buf_check(out, "the image config", err);
}
