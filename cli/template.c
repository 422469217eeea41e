/* cli/template.c - parsed once, run for every row. */
#include "cli/template.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "cli/text.h"

#define TEMPLATE_MAX (64 * CPROV_KIB)

struct template_part {
    struct cprov_span text; /* as it is, or the path of a field */
    bool field, json;
};

struct cprov_template {
    struct cprov_arena arena;
    struct template_part *parts;
    size_t count;
};

void cprov_template_free(struct cprov_template *t)
{
    if (!t)
        return;
    cprov_arena_clear(&t->arena);
    free(t);
}

/* "a\tb" with a real tab. */
static struct cprov_span unescape(struct cprov_arena *arena, struct cprov_span s)
{
    static const char letters[] = "n\nt\tr\r\\\\\"\"";
    char *text = cprov_arena_text(arena, s);
    size_t len = 0;

    for (size_t i = 0; text && i < s.len; i++) {
        char c = s.ptr[i];

        for (size_t k = 0; c == '\\' && i + 1 < s.len && letters[k]; k += 2) {
            if (letters[k] == s.ptr[i + 1]) {
                c = letters[k + 1];
                i++;
                break;
            }
        }
        text[len++] = c;
    }
    return cprov_span_make(text, text ? len : 0);
}

static bool is_path(struct cprov_span path)
{
    for (size_t i = 0; i < path.len; i++) {
        char c = path.ptr[i];

        if (!cprov_is_alnum(c) && c != '_' && c != '-' &&
            !(c == '.' && i && path.ptr[i - 1] != '.'))
            return false;
    }
    return !path.len || path.ptr[path.len - 1] != '.';
}

/* What stands between the braces. */
static int parse_field(struct cprov_template *t, struct cprov_span inner, struct template_part *out,
                       struct cprov_error *err)
{
    struct cprov_span s = cprov_span_trim(inner), word, rest;
    bool json = false;

    if (cprov_span_cut(s, ' ', &word, &rest) && cprov_span_is(word, "json")) {
        json = true;
        s = cprov_span_trim(rest);
    }
    if (!s.len || s.ptr[0] != '.' || !is_path(cprov_span_from(s, 1))) {
        cprov_fail(err, CPROV_EINVAL, "template: '{{%" CPROV_SPAN_FMT "}}' is not a field",
                   CPROV_SPAN_ARG(inner));
        cprov_hint_words(err, "fields are written {{.Name}} or {{json .Name}}");
        return CPROV_EINVAL;
    }
    s = cprov_span_from(s, 1);
    *out = (struct template_part){ cprov_span_make(cprov_arena_text(&t->arena, s), s.len), true,
                                   json };
    return 0;
}

static int parse_parts(struct cprov_template *t, struct cprov_span rest, struct cprov_error *err)
{
    while (rest.len) {
        const char *open = memmem(rest.ptr, rest.len, "{{", 2);
        size_t before = open ? (size_t)(open - rest.ptr) : rest.len;

        if (before)
            t->parts[t->count++].text = unescape(&t->arena, cprov_span_make(rest.ptr, before));
        rest = cprov_span_from(rest, before);
        if (!rest.len)
            break;

        const char *close = memmem(rest.ptr, rest.len, "}}", 2);
        if (!close)
            return cprov_fail(err, CPROV_EINVAL, "template: '{{' without '}}'");
        struct cprov_span inner = cprov_span_make(rest.ptr + 2, (size_t)(close - rest.ptr - 2));
        if (parse_field(t, inner, &t->parts[t->count], err) < 0)
            return CPROV_EINVAL;
        t->count++;
        rest = cprov_span_from(rest, (size_t)(close - rest.ptr) + 2);
    }
    return cprov_arena_check(&t->arena, err);
}

int cprov_template_parse(const char *text, struct cprov_template **out, struct cprov_error *err)
{
    struct cprov_span whole = cprov_span_of(text);

    if (whole.len > TEMPLATE_MAX)
        return cprov_fail(err, CPROV_EINVAL, "template is longer than %zu bytes", TEMPLATE_MAX);
    auto_template struct cprov_template *t = calloc(1, sizeof(*t));
    if (!t)
        return cprov_fail_memory(err);
    /* Every field takes five bytes or more, and has at most one text before it. */
    t->parts = cprov_arena_alloc(&t->arena, whole.len / 2 + 2, sizeof(*t->parts));
    if (!t->parts)
        return cprov_fail_memory(err);
    int r = parse_parts(t, whole, err);
    if (r < 0)
        return r;
    *out = cprov_steal(&t);
    return 0;
}

void cprov_template_run(const struct cprov_template *t, cprov_template_fn *field, void *arg,
                        struct cprov_buf *out)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->parts[i].field)
            field(arg, t->parts[i].text, t->parts[i].json, out);
        else
            cprov_buf_add_span(out, t->parts[i].text);
    }
}

struct cprov_span cprov_template_unknown(const struct cprov_template *t,
                                         bool (*known)(void *arg, struct cprov_span path),
                                         void *arg)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->parts[i].field && t->parts[i].text.len && !known(arg, t->parts[i].text))
            return t->parts[i].text;
    return (struct cprov_span){ NULL, 0 };
}

static const struct cprov_json *member(const struct cprov_json *object, struct cprov_span name)
{
    if (!object || object->type != CPROV_JSON_OBJECT)
        return NULL;
    for (const struct cprov_json *m = object->child; m; m = m->next)
        if (cprov_span_equal(m->key, name))
            return m;
    return NULL;
}

void cprov_template_json_field(void *arg, struct cprov_span path, bool json, struct cprov_buf *out)
{
    const struct cprov_json *value = arg;
    struct cprov_span rest = path, name;
    struct cprov_json_writer w;

    while (value && cprov_text_next(&rest, '.', &name))
        value = member(value, name);
    cprov_json_writer_init(&w, out, 0);
    if (!value || value->type == CPROV_JSON_NULL)
        cprov_buf_add_text(out, json ? "null" : "");
    else if (!json && (value->type == CPROV_JSON_STRING || value->type == CPROV_JSON_NUMBER))
        cprov_text_add_clean(out, value->text);
    else
        cprov_json_value(&w, value);
}
