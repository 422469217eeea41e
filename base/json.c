/* base/json.c - strict JSON in; the home of yajl. */
#include "base/json.h"

#include <stdalign.h>
#include <stdlib.h>
#include <yajl/yajl_parse.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"

/*
 * yajl checks no allocation, and its answer to "no memory" is a crash. So it gets one block that
 * is large enough for all it may ask for, and freeing happens at once at the end.
 */
struct pool {
    char *base;
    size_t used;
    size_t size;
};

struct pool_header {
    alignas(max_align_t) size_t size;
};

static void pool_clear(struct pool *pool)
{
    free(pool->base);
}

#define auto_pool CPROV_CLEANUP(pool_clear)

/* Everything but the two buffers that grow with a token: handle, lexer, stack, error text. */
#define POOL_FIXED (32 * CPROV_KIB)

/* A yajl buffer doubles, and here each of its lives stays: less than four times the token. */
static int pool_init(struct pool *pool, size_t longest_token, struct cprov_error *err)
{
    if (longest_token > SIZE_MAX / 16)
        return cprov_fail_memory(err);
    pool->used = 0;
    pool->size = POOL_FIXED + 8 * longest_token;
    pool->base = malloc(pool->size);
    return pool->base ? 0 : cprov_fail_memory(err);
}

static void *pool_alloc(void *arg, size_t size)
{
    struct pool *pool = arg;
    size_t step = alignof(max_align_t);
    size_t whole = sizeof(struct pool_header) + (size + step - 1) / step * step;

    if (whole < size || whole > pool->size - pool->used)
        return NULL;
    struct pool_header *header = (struct pool_header *)(void *)(pool->base + pool->used);
    pool->used += whole;
    header->size = size;
    return header + 1;
}

static void *pool_realloc(void *arg, void *old, size_t size)
{
    void *fresh = pool_alloc(arg, size);

    if (fresh && old) {
        size_t had = ((struct pool_header *)old - 1)->size;
        memcpy(fresh, old, had < size ? had : size);
    }
    return fresh;
}

static void pool_free(void *arg, void *p)
{
    (void)arg;
    (void)p;
}

/*
 * What yajl lets pass or does wrong is refused before it sees the text: it takes overlong
 * UTF-8, form feeds between tokens, half surrogate pairs (losing a character after them).
 */
struct json_scan {
    struct cprov_span in;
    size_t at;
    size_t longest; /* token that yajl will copy */
    const char *problem;
};

/* The value of the four hex digits at in[at], or -1. */
static int hex4(struct cprov_span in, size_t at)
{
    int value = 0;

    if (in.len < 4 || at > in.len - 4)
        return -1;
    for (size_t i = at; i < at + 4; i++) {
        int digit = cprov_hex_value(cprov_lower(in.ptr[i]));
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static bool is_low_surrogate(int unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* s->at is at the character after a backslash; leaves it at the last one of the escape. */
static bool scan_escape(struct json_scan *s)
{
    if (s->at >= s->in.len || s->in.ptr[s->at] != 'u')
        return true;

    int unit = hex4(s->in, s->at + 1);
    if (unit < 0xd800 || unit > 0xdfff)
        return true; /* also what is not hexadecimal: yajl's to refuse */

    struct cprov_span low = cprov_span_from(s->in, s->at + 5);
    if (is_low_surrogate(unit) || !cprov_span_starts_with(low, "\\u") ||
        !is_low_surrogate(hex4(low, 2))) {
        s->problem = "incomplete surrogate pair";
        return false;
    }
    s->at += 10;
    return true;
}

/* s->at is at the opening quote; leaves it at the closing one. */
static bool scan_string(struct json_scan *s)
{
    size_t start = s->at;
    bool escaped = false;

    for (s->at++; s->at < s->in.len && s->in.ptr[s->at] != '"'; s->at++) {
        if (s->in.ptr[s->at] != '\\')
            continue;
        escaped = true;
        s->at++;
        if (!scan_escape(s))
            return false;
    }
    if (s->at >= s->in.len) {
        s->problem = "a string is not closed";
        return false;
    }
    if (escaped && s->at - start > s->longest)
        s->longest = s->at - start;
    return true;
}

static bool scan_one(struct json_scan *s)
{
    char c = s->in.ptr[s->at];

    if (c == '"')
        return scan_string(s);
    if (c == '\f' || c == '\v') {
        s->problem = "a control character";
        return false;
    }
    return true;
}

/* No one place: what is wrong has been told without it. */
#define NOWHERE SIZE_MAX

static int scan(struct cprov_span in, size_t *longest_token, size_t *at, struct cprov_error *err)
{
    struct json_scan s = { .in = in };

    if (cprov_span_starts_with(in, "\xef\xbb\xbf"))
        return cprov_fail(err, CPROV_EVERIFY, "JSON begins with a byte order mark");
    if (cprov_span_find(in, '\0') < in.len)
        return cprov_fail(err, CPROV_EVERIFY, "JSON with a NUL byte");
    if (!cprov_span_is_utf8(in))
        return cprov_fail(err, CPROV_EVERIFY, "JSON that is not UTF-8");
    for (; s.at < in.len; s.at++)
        if (!scan_one(&s)) {
            *at = s.at;
            return cprov_fail(err, CPROV_EVERIFY, "%s", s.problem);
        }

    /* A number or word that ends with the text waits in yajl's own buffer for what may follow. */
    size_t tail = 0;
    while (tail < in.len && !strchr(" \t\r\n\"[]{}:,", in.ptr[in.len - 1 - tail]))
        tail++;
    *longest_token = s.longest > tail ? s.longest : tail;
    return 0;
}

/* One object or array that is not closed yet. */
struct open {
    struct cprov_json *value;
    struct cprov_json **link; /* where the next child goes */
};

struct build {
    struct cprov_arena *arena;
    struct cprov_error *err;
    int code; /* of err, when a callback has stopped yajl */
    struct cprov_json *root;
    struct cprov_span key;
    size_t values, values_max;
    size_t depth;
    struct open stack[CPROV_JSON_DEPTH_MAX];
    const struct cprov_json_field *known; /* members of the top object that count; NULL: all */
    size_t known_count;
    bool skips;     /* within a member that does not count, */
    size_t skipped; /* so many levels deep */
};

enum { STOP = 0, GO_ON = 1 }; /* what yajl wants from a callback */

static struct cprov_json *add(struct build *b, enum cprov_json_type type)
{
    if (++b->values > b->values_max) {
        b->code = cprov_fail(b->err, CPROV_ELIMIT, "JSON of more than %zu values", b->values_max);
        return NULL;
    }
    struct cprov_json *v = cprov_arena_alloc(b->arena, 1, sizeof(*v));
    if (!v) {
        b->code = cprov_fail_memory(b->err);
        return NULL;
    }
    v->type = type;
    v->key = b->key;
    b->key = cprov_span_make(NULL, 0);
    if (b->depth == 0) {
        b->root = v;
        return v;
    }
    struct open *parent = &b->stack[b->depth - 1];
    *parent->link = v;
    parent->link = &v->next;
    parent->value->count++;
    return v;
}

static bool copy(struct build *b, const unsigned char *text, size_t len, struct cprov_span *out)
{
    struct cprov_span s = cprov_span_make((const char *)text, len);
    char *copied = cprov_arena_text(b->arena, s);

    if (!copied) {
        b->code = cprov_fail_memory(b->err);
        return false;
    }
    *out = cprov_span_make(copied, len);
    return true;
}

/* A member that does not count leaves its name, for others with that name. */
static int skip_value(struct build *b)
{
    if (b->skipped > 0)
        return GO_ON;
    b->skips = false;
    return add(b, CPROV_JSON_NULL) ? GO_ON : STOP;
}

static int add_text(struct build *b, enum cprov_json_type type, const unsigned char *text,
                    size_t len)
{
    if (b->skips)
        return skip_value(b);
    struct cprov_json *v = add(b, type);

    return v && copy(b, text, len, &v->text) ? GO_ON : STOP;
}

static int on_null(void *arg)
{
    struct build *b = arg;

    if (b->skips)
        return skip_value(b);
    return add(b, CPROV_JSON_NULL) ? GO_ON : STOP;
}

static int on_boolean(void *arg, int boolean)
{
    struct build *b = arg;

    if (b->skips)
        return skip_value(b);
    struct cprov_json *v = add(b, CPROV_JSON_BOOL);

    if (!v)
        return STOP;
    v->boolean = boolean != 0;
    return GO_ON;
}

static int on_number(void *arg, const char *text, size_t len)
{
    return add_text(arg, CPROV_JSON_NUMBER, (const unsigned char *)text, len);
}

static int on_string(void *arg, const unsigned char *text, size_t len)
{
    bool usable = len == 0 || !memchr(text, 0, len);

    return add_text(arg, usable ? CPROV_JSON_STRING : CPROV_JSON_UNUSABLE, text, len);
}

/* In any letter case: one that differs in that alone is refused later. */
static bool counts(const struct build *b)
{
    for (size_t i = 0; i < b->known_count; i++)
        if (cprov_span_is_nocase(b->key, b->known[i].name))
            return true;
    return false;
}

static int on_key(void *arg, const unsigned char *text, size_t len)
{
    struct build *b = arg;

    if (b->skips)
        return GO_ON;
    if (len > 0 && memchr(text, 0, len)) {
        b->code = cprov_fail(b->err, CPROV_EVERIFY, "JSON: NUL in a key");
        return STOP;
    }
    if (!copy(b, text, len, &b->key))
        return STOP;
    b->skips = b->known && b->depth == 1 && !counts(b);
    return GO_ON;
}

static int begin(struct build *b, enum cprov_json_type type)
{
    if (b->depth + b->skipped == CPROV_JSON_DEPTH_MAX) {
        b->code = cprov_fail(b->err, CPROV_EVERIFY, "JSON nested more than %d levels deep",
                             CPROV_JSON_DEPTH_MAX);
        return STOP;
    }
    if (b->skips) {
        b->skipped++;
        return GO_ON;
    }
    struct cprov_json *v = add(b, type);
    if (!v)
        return STOP;
    b->stack[b->depth++] = (struct open){ v, &v->child };
    return GO_ON;
}

static int on_begin_object(void *arg)
{
    return begin(arg, CPROV_JSON_OBJECT);
}

static int on_begin_array(void *arg)
{
    return begin(arg, CPROV_JSON_ARRAY);
}

static int skip_end(struct build *b)
{
    b->skipped--;
    return skip_value(b);
}

static int on_end_array(void *arg)
{
    struct build *b = arg;

    if (b->skips)
        return skip_end(b);
    b->depth--;
    return GO_ON;
}

/* By length first: most keys are told apart without a look at their bytes. */
static int compare_keys(const void *a, const void *b)
{
    const struct cprov_span *x = a;
    const struct cprov_span *y = b;

    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    return x->len ? memcmp(x->ptr, y->ptr, x->len) : 0;
}

static int fail_duplicate(struct cprov_span key, struct cprov_error *err)
{
    return cprov_fail(err, CPROV_EVERIFY, "JSON: duplicate key \"%.*s\"",
                      (int)(key.len < 64 ? key.len : 64), key.ptr);
}

#define FEW_KEYS 16 /* comparing each with each is quicker than sorting */

static int check_few_keys(const struct cprov_json *object, struct cprov_error *err)
{
    for (const struct cprov_json *m = object->child; m; m = m->next)
        for (const struct cprov_json *n = m->next; n; n = n->next)
            if (cprov_span_equal(m->key, n->key))
                return fail_duplicate(n->key, err);
    return 0;
}

/* Sorted, since the keys are a stranger's: a hash table could be made to degenerate. */
static int check_many_keys(const struct cprov_json *object, struct cprov_error *err)
{
    struct cprov_span *keys = calloc(object->count, sizeof(*keys));
    size_t count = 0;
    int code = 0;

    if (!keys)
        return cprov_fail_memory(err);
    for (const struct cprov_json *m = object->child; m; m = m->next)
        keys[count++] = m->key;
    qsort(keys, count, sizeof(*keys), compare_keys);
    for (size_t i = 1; i < count && code == 0; i++)
        if (cprov_span_equal(keys[i - 1], keys[i]))
            code = fail_duplicate(keys[i], err);
    free(keys);
    return code;
}

static int on_end_object(void *arg)
{
    struct build *b = arg;

    if (b->skips)
        return skip_end(b);
    const struct cprov_json *object = b->stack[--b->depth].value;

    b->code = object->count <= FEW_KEYS ? check_few_keys(object, b->err)
                                        : check_many_keys(object, b->err);
    return b->code == 0 ? GO_ON : STOP;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_begin_object,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end_object,
    .yajl_start_array = on_begin_array,
    .yajl_end_array = on_end_array,
};

/* yajl's text is a constant of its own, without a part of the input. */
static int fail_syntax(yajl_handle yajl, struct cprov_span in, size_t *at, struct cprov_error *err)
{
    unsigned char *raw = yajl_get_error(yajl, 0, (const unsigned char *)in.ptr, in.len);
    struct cprov_span why = cprov_span_trim(cprov_span_of((const char *)raw));

    if (why.len && why.ptr[why.len - 1] == '.')
        why.len--;
    *at = yajl_get_bytes_consumed(yajl);
    return cprov_fail(err, CPROV_EVERIFY, "%" CPROV_SPAN_FMT, CPROV_SPAN_ARG(why));
}

static int run(struct build *b, struct pool *pool, struct cprov_span in, size_t *at)
{
    yajl_alloc_funcs functions = { pool_alloc, pool_realloc, pool_free, pool };
    yajl_handle yajl = yajl_alloc(&callbacks, &functions, b);

    if (!yajl)
        return cprov_fail_memory(b->err);
    yajl_config(yajl, yajl_dont_validate_strings, 1); /* the whole text is known to be UTF-8 */

    yajl_status status = yajl_parse(yajl, (const unsigned char *)in.ptr, in.len);
    if (status == yajl_status_ok)
        status = yajl_complete_parse(yajl);
    if (b->code < 0)
        return b->code;
    return status == yajl_status_ok ? 0 : fail_syntax(yajl, in, at, b->err);
}

/* b has what bounds the tree, and gets it. */
static int parse(struct cprov_span input, struct build *b, size_t *at)
{
    auto_pool struct pool pool = { NULL, 0, 0 };
    size_t longest_token = 0;

    int code = scan(input, &longest_token, at, b->err);
    if (code == 0)
        code = pool_init(&pool, longest_token, b->err);
    return code < 0 ? code : run(b, &pool, input, at);
}

static int parse_whole(struct cprov_span input, struct build *b, struct cprov_json **out)
{
    size_t at = NOWHERE;
    int code = parse(input, b, &at);

    if (code < 0) {
        if (at != NOWHERE)
            (void)cprov_wrap(b->err, "JSON, byte %zu", at);
        return code;
    }
    *out = b->root;
    return 0;
}

int cprov_json_parse(struct cprov_span input, struct cprov_arena *arena, struct cprov_json **out,
                     struct cprov_error *err)
{
    struct build b = { .arena = arena, .err = err, .values_max = CPROV_JSON_VALUES_MAX };

    return parse_whole(input, &b, out);
}

int cprov_json_parse_own(struct cprov_span input, struct cprov_arena *arena,
                         struct cprov_json **out, struct cprov_error *err)
{
    struct build b = { .arena = arena, .err = err, .values_max = CPROV_JSON_OWN_VALUES_MAX };

    return parse_whole(input, &b, out);
}

int cprov_json_parse_known(struct cprov_span input, const struct cprov_json_field *fields,
                           size_t count, struct cprov_arena *arena, struct cprov_json **out,
                           struct cprov_error *err)
{
    struct build b = { .arena = arena,
                       .err = err,
                       .values_max = CPROV_JSON_VALUES_MAX,
                       .known = fields,
                       .known_count = count };

    return parse_whole(input, &b, out);
}

/* "latest", quotes and all: what lists have most of needs no parser. */
static bool is_plain_string(struct cprov_span s)
{
    if (s.len < 2 || s.ptr[0] != '"' || s.ptr[s.len - 1] != '"')
        return false;
    for (size_t i = 1; i + 1 < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || (unsigned char)s.ptr[i] >= 0x7f || s.ptr[i] == '\\' ||
            s.ptr[i] == '"')
            return false;
    return true;
}

int cprov_json_parse_piece(struct cprov_span input, struct cprov_arena *arena,
                           struct cprov_json **out, size_t *at, struct cprov_error *err)
{
    struct build b = { .arena = arena, .err = err, .values_max = CPROV_JSON_VALUES_MAX };
    size_t found = NOWHERE;

    if (is_plain_string(input)) {
        bool added = add_text(&b, CPROV_JSON_STRING, (const unsigned char *)input.ptr + 1,
                              input.len - 2) == GO_ON;

        if (added)
            *out = b.root;
        return added ? 0 : b.code;
    }
    int code = parse(input, &b, &found);

    if (code < 0)
        *at = found == NOWHERE ? 0 : found;
    else
        *out = b.root;
    return code;
}

const struct cprov_json *cprov_json_get(const struct cprov_json *obj, const char *name)
{
    if (!obj || obj->type != CPROV_JSON_OBJECT)
        return NULL;
    for (const struct cprov_json *m = obj->child; m; m = m->next)
        if (cprov_span_is(m->key, name))
            return m;
    return NULL;
}

const char *cprov_json_get_text(const struct cprov_json *obj, const char *name)
{
    const struct cprov_json *v = cprov_json_get(obj, name);

    return v && v->type == CPROV_JSON_STRING ? v->text.ptr : NULL;
}

bool cprov_json_u64(const struct cprov_json *v, uint64_t *out)
{
    return v && v->type == CPROV_JSON_NUMBER && cprov_span_u64(v->text, out);
}

/* What the value is not, or NULL. */
static const char *mismatch(const struct cprov_json *v, enum cprov_json_field_type type)
{
    uint64_t number;

    switch (type) {
    case CPROV_FIELD_TEXT:
        return v->type == CPROV_JSON_STRING ? NULL : "a string";
    case CPROV_FIELD_U64:
        return cprov_json_u64(v, &number) ? NULL : "a whole number of 64 bits";
    case CPROV_FIELD_BOOL:
        return v->type == CPROV_JSON_BOOL ? NULL : "true or false";
    case CPROV_FIELD_OBJECT:
        return v->type == CPROV_JSON_OBJECT ? NULL : "an object";
    case CPROV_FIELD_ARRAY:
        return v->type == CPROV_JSON_ARRAY ? NULL : "an array";
    case CPROV_FIELD_VALUE:
        break;
    }
    return NULL;
}

static const struct cprov_json *present(const struct cprov_json *obj, const char *name)
{
    const struct cprov_json *v = cprov_json_get(obj, name);

    return v && v->type != CPROV_JSON_NULL ? v : NULL;
}

static void store(const struct cprov_json *v, enum cprov_json_field_type type, void *slot)
{
    uint64_t number = 0;

    switch (type) {
    case CPROV_FIELD_TEXT:
        memcpy(slot, &v->text.ptr, sizeof(v->text.ptr));
        return;
    case CPROV_FIELD_U64:
        if (cprov_json_u64(v, &number))
            memcpy(slot, &number, sizeof(number));
        return;
    case CPROV_FIELD_BOOL:
        memcpy(slot, &v->boolean, sizeof(v->boolean));
        return;
    case CPROV_FIELD_VALUE:
    case CPROV_FIELD_OBJECT:
    case CPROV_FIELD_ARRAY:
        memcpy(slot, &v, sizeof(v));
        return;
    }
}

static int check_spelling(const struct cprov_json *obj, const struct cprov_json_field *fields,
                          size_t count, struct cprov_error *err)
{
    for (const struct cprov_json *v = obj->child; v; v = v->next)
        for (size_t i = 0; i < count; i++)
            if (cprov_json_is_misspelled(v->key, fields[i].name))
                return cprov_fail(err, CPROV_EVERIFY, "ambiguous: \"%s\" is spelled as %s",
                                  fields[i].name, v->key.ptr);
    return 0;
}

int cprov_json_decode(const struct cprov_json *obj, const struct cprov_json_field *fields,
                      size_t count, void *out, struct cprov_error *err)
{
    if (!obj || obj->type != CPROV_JSON_OBJECT)
        return cprov_fail(err, CPROV_EVERIFY, "not a JSON object");
    if (check_spelling(obj, fields, count, err) < 0)
        return err->code;

    for (size_t i = 0; i < count; i++) {
        const struct cprov_json *v = present(obj, fields[i].name);
        const char *wanted = v ? mismatch(v, fields[i].type) : NULL;
        if (wanted)
            return cprov_fail(err, CPROV_EVERIFY, "%s: not %s", fields[i].name, wanted);
        if (!v && fields[i].required)
            return cprov_fail(err, CPROV_EVERIFY, "%s: missing", fields[i].name);
    }
    for (size_t i = 0; i < count; i++) {
        const struct cprov_json *v = present(obj, fields[i].name);
        if (v)
            store(v, fields[i].type, (char *)out + fields[i].offset);
    }
    return 0;
}
