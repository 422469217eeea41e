/* conf/yaml_value.c - one YAML document as the values that JSON would have; the home of libyaml. */
#include "conf/yaml_value.h"

#include <stdlib.h>
#include <yaml.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"

struct yaml_node {
    struct cprov_json value; /* the first member: a pointer to it is one to the node */
    struct cprov_yaml_source source;
};

/* The mapping or sequence that is open. */
struct level {
    struct cprov_json *value;
    struct cprov_json **link; /* where the next child goes */
    struct cprov_span key;    /* of it, when has_key */
    struct cprov_yaml_place key_at;
    bool has_key;
};

struct yaml_reader {
    yaml_parser_t parser;
    yaml_event_t event;
    struct cprov_arena *arena;
    struct cprov_error *err;
    struct cprov_yaml_place fault;
    struct cprov_json *root;
    size_t values;
    size_t depth;
    struct level levels[CPROV_JSON_DEPTH_MAX];
};

static void reader_clear(struct yaml_reader *r)
{
    yaml_event_delete(&r->event);
    yaml_parser_delete(&r->parser);
}

#define auto_reader CPROV_CLEANUP(reader_clear)

/* What YAML can do beyond plain data is refused: nobody needs it here, and each piece is a way to
 * say something else than one seems to say. NULL: nothing of it. */
static const char *beyond_data(const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;

    if (event->type == YAML_ALIAS_EVENT)
        return "aliases";
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    if (anchor)
        return "anchors";
    return tag ? "tags" : NULL;
}

const struct cprov_yaml_source *cprov_yaml_source(const struct cprov_json *v)
{
    return &((const struct yaml_node *)(const void *)v)->source;
}

static struct cprov_yaml_place place_of(yaml_mark_t mark)
{
    return (struct cprov_yaml_place){ (uint32_t)mark.line + 1, (uint32_t)mark.column + 1 };
}

static CPROV_PRINTF(3, 4) int fail(struct yaml_reader *r, yaml_mark_t mark, const char *format, ...)
{
    char text[sizeof(r->err->msg)];
    va_list args;

    va_start(args, format);
    cprov_text_vformat(text, sizeof(text), format, args);
    va_end(args);
    r->fault = place_of(mark);
    return cprov_fail(r->err, CPROV_EVERIFY, "%s", text);
}

static int next(struct yaml_reader *r)
{
    yaml_event_delete(&r->event);
    if (!yaml_parser_parse(&r->parser, &r->event)) {
        const char *problem = r->parser.problem ? r->parser.problem : "is not YAML";

        memset(&r->event, 0, sizeof(r->event));
        if (r->parser.error == YAML_MEMORY_ERROR)
            return cprov_fail_memory(r->err);
        return fail(r,
                    r->parser.error == YAML_READER_ERROR ? r->parser.mark : r->parser.problem_mark,
                    "%s", problem);
    }
    const char *beyond = beyond_data(&r->event);
    return beyond ? fail(r, r->event.start_mark, "%s of YAML are not supported", beyond) : 0;
}

/* --- scalars --- */

static size_t digits(struct cprov_span s, size_t from)
{
    size_t i = from;

    while (i < s.len && cprov_is_digit(s.ptr[i]))
        i++;
    return i - from;
}

static bool is_at(struct cprov_span s, size_t i, const char *set)
{
    return i < s.len && s.ptr[i] != '\0' && strchr(set, s.ptr[i]);
}

/* A number of JSON: 007 and 1. are texts, as versions should be. */
static bool is_number(struct cprov_span s)
{
    size_t i = is_at(s, 0, "-") ? 1 : 0;
    size_t whole = digits(s, i);

    if (whole == 0 || (whole > 1 && s.ptr[i] == '0'))
        return false;
    i += whole;
    if (is_at(s, i, ".")) {
        size_t fraction = digits(s, i + 1);
        if (fraction == 0)
            return false;
        i += 1 + fraction;
    }
    if (is_at(s, i, "eE")) {
        i += is_at(s, i + 1, "+-") ? 2 : 1;
        size_t exponent = digits(s, i);
        if (exponent == 0)
            return false;
        i += exponent;
    }
    return i == s.len;
}

static enum cprov_json_type plain_type(struct cprov_span s)
{
    if (s.len == 0 || cprov_span_is(s, "~") || cprov_span_is(s, "null"))
        return CPROV_JSON_NULL;
    if (cprov_span_is(s, "true") || cprov_span_is(s, "false"))
        return CPROV_JSON_BOOL;
    return is_number(s) ? CPROV_JSON_NUMBER : CPROV_JSON_STRING;
}

static int copy_scalar(struct yaml_reader *r, struct cprov_span *out)
{
    struct cprov_span s =
        cprov_span_make((const char *)r->event.data.scalar.value, r->event.data.scalar.length);
    if (cprov_span_find(s, '\0') < s.len)
        return fail(r, r->event.start_mark, "NUL in a text");

    const char *copied = cprov_arena_text(r->arena, s);
    if (!copied)
        return cprov_fail_memory(r->err);
    *out = cprov_span_make(copied, s.len);
    return 0;
}

/* --- the tree --- */

static int add(struct yaml_reader *r, enum cprov_json_type type, struct cprov_json **out)
{
    if (++r->values > CPROV_JSON_VALUES_MAX)
        return cprov_fail(r->err, CPROV_ELIMIT, "YAML of more than %d values",
                          CPROV_JSON_VALUES_MAX);
    struct yaml_node *node = cprov_arena_alloc(r->arena, 1, sizeof(*node));
    if (!node)
        return cprov_fail_memory(r->err);
    struct cprov_json *v = &node->value;
    v->type = type;
    node->source.at = place_of(r->event.start_mark);
    *out = v;
    if (r->depth == 0) {
        r->root = v;
        return 0;
    }
    struct level *parent = &r->levels[r->depth - 1];
    v->key = parent->key;
    node->source.key_at = parent->key_at;
    parent->has_key = false;
    parent->key = (struct cprov_span){ 0 };
    *parent->link = v;
    parent->link = &v->next;
    parent->value->count++;
    return 0;
}

static int add_scalar(struct yaml_reader *r)
{
    struct cprov_span text = { 0 };
    struct cprov_json *v = NULL;
    int code = copy_scalar(r, &text);

    if (code < 0)
        return code;
    bool plain = r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    code = add(r, plain ? plain_type(text) : CPROV_JSON_STRING, &v);
    if (code < 0)
        return code;
    v->boolean = v->type == CPROV_JSON_BOOL && cprov_span_is(text, "true");
    ((struct yaml_node *)(void *)v)->source.plain = plain;
    if (v->type != CPROV_JSON_NULL)
        v->text = text;
    return 0;
}

static int begin(struct yaml_reader *r, enum cprov_json_type type)
{
    struct cprov_json *v = NULL;

    if (r->depth == CPROV_JSON_DEPTH_MAX)
        return fail(r, r->event.start_mark, "nested more than %d levels deep",
                    CPROV_JSON_DEPTH_MAX);
    int code = add(r, type, &v);
    if (code == 0)
        r->levels[r->depth++] = (struct level){ .value = v, .link = &v->child };
    return code;
}

static bool is_before(const struct cprov_json *a, const struct cprov_json *b)
{
    struct cprov_yaml_place x = cprov_yaml_source(a)->key_at, y = cprov_yaml_source(b)->key_at;

    return x.line < y.line || (x.line == y.line && x.column < y.column);
}

/* By key, then in the order of the document. */
static int compare_members(const void *left, const void *right)
{
    const struct cprov_json *a = *(const struct cprov_json *const *)left;
    const struct cprov_json *b = *(const struct cprov_json *const *)right;
    int order = cprov_span_compare(a->key, b->key);

    return order ? order : is_before(a, b) ? -1 : is_before(b, a);
}

static int check_keys(struct yaml_reader *r, const struct cprov_json *object)
{
    const struct cprov_json *again = NULL;
    size_t count = 0;

    if (object->count < 2)
        return 0;
    const struct cprov_json **members = calloc(object->count, sizeof(*members));
    if (!members)
        return cprov_fail_memory(r->err);
    for (const struct cprov_json *m = object->child; m; m = m->next)
        members[count++] = m;
    qsort(members, count, sizeof(*members), compare_members);
    for (size_t i = 1; i < count; i++)
        if (cprov_span_equal(members[i - 1]->key, members[i]->key) &&
            (!again || is_before(members[i], again)))
            again = members[i];
    free(members);
    if (!again)
        return 0;
    r->fault = cprov_yaml_source(again)->key_at;
    return cprov_fail(r->err, CPROV_EVERIFY, "duplicate key '%.64s'", again->key.ptr);
}

static bool wants_key(const struct yaml_reader *r)
{
    const struct level *top = r->depth > 0 ? &r->levels[r->depth - 1] : NULL;

    return top && top->value->type == CPROV_JSON_OBJECT && !top->has_key;
}

static int take_key(struct yaml_reader *r)
{
    struct level *top = &r->levels[r->depth - 1];

    if (r->event.type != YAML_SCALAR_EVENT)
        return fail(r, r->event.start_mark, "a key must be a text");
    top->has_key = true;
    top->key_at = place_of(r->event.start_mark);
    return copy_scalar(r, &top->key);
}

static int take_event(struct yaml_reader *r)
{
    yaml_event_type_t type = r->event.type;

    if (type == YAML_MAPPING_END_EVENT)
        return check_keys(r, r->levels[--r->depth].value);
    if (type == YAML_SEQUENCE_END_EVENT) {
        r->depth--;
        return 0;
    }
    if (wants_key(r))
        return take_key(r);
    if (type == YAML_MAPPING_START_EVENT)
        return begin(r, CPROV_JSON_OBJECT);
    if (type == YAML_SEQUENCE_START_EVENT)
        return begin(r, CPROV_JSON_ARRAY);
    return add_scalar(r);
}

static int read_document(struct yaml_reader *r)
{
    for (;;) {
        int code = next(r);

        if (code < 0 || r->event.type == YAML_DOCUMENT_END_EVENT)
            return code;
        code = take_event(r);
        if (code < 0)
            return code;
    }
}

/* Stream start, at most one document, stream end. */
static int read_stream(struct yaml_reader *r)
{
    struct cprov_json *nothing = NULL;

    if (next(r) < 0 || next(r) < 0)
        return r->err->code;
    if (r->event.type == YAML_STREAM_END_EVENT)
        return add(r, CPROV_JSON_NULL, &nothing);
    if (read_document(r) < 0 || next(r) < 0)
        return r->err->code;
    if (r->event.type != YAML_STREAM_END_EVENT)
        return fail(r, r->event.start_mark, "more than one document");
    return 0;
}

int cprov_yaml_read(struct cprov_span text, struct cprov_arena *arena, struct cprov_json **out,
                    struct cprov_yaml_place *fault, struct cprov_error *err)
{
    auto_reader struct yaml_reader r = { .arena = arena, .err = err };

    *fault = r.fault;
    if (!yaml_parser_initialize(&r.parser))
        return cprov_fail_memory(err);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.ptr ? text.ptr : ""),
                                 text.len);
    int code = read_stream(&r);
    *fault = r.fault;
    if (code == 0)
        *out = r.root;
    return code;
}

int cprov_yaml_value(struct cprov_span text, struct cprov_arena *arena, struct cprov_json **out,
                     struct cprov_error *err)
{
    struct cprov_yaml_place fault;

    if (cprov_yaml_read(text, arena, out, &fault, err) == 0)
        return 0;
    return fault.line ? cprov_wrap(err, "line %u, column %u", fault.line, fault.column) : err->code;
}
