/* base/json_stream.c - JSON documents of any size, a record at a time. */
#include "base/json_stream.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"

/*
 * What stands outside the records is checked here: brackets, commas, colons. Of a record only its
 * two ends are looked for, then cprov_json_parse_piece() gets it whole. So a record that is no JSON
 * may end at a wrong place, but never passes.
 */
enum stream_state {
    AT_DOCUMENT, /* nothing but blanks so far */
    AT_FIRST,    /* an item, or the end of what has just begun */
    AT_ITEM,     /* after a comma */
    IN_KEY,
    AT_COLON,
    AT_VALUE,
    IN_VALUE,
    AFTER_ITEM,
    AT_END,
};

/* The key or value that is being read. */
struct token {
    uint64_t at; /* its first byte */
    size_t depth;
    bool word; /* a number, true, false, null: ends where something else begins */
    bool quoted;
    bool escaped;
};

struct cprov_json_stream {
    struct cprov_json_stream_options options;
    enum stream_state state;
    bool objects[2]; /* whether the document, and the member that is open in it, are objects */
    size_t depth;    /* how many of the two are open */
    uint64_t offset; /* of the piece being read */
    struct token token;
    struct cprov_buf held; /* what earlier pieces had of the token */

    struct cprov_arena arena; /* of one record */
    struct cprov_span key;    /* of the record that comes, in it */
    uint64_t record_at;

    struct cprov_arena names; /* of the top object's members */
    struct cprov_span members[CPROV_JSON_MEMBERS_MAX];
    size_t members_count;
    int failed;
};

/* --- characters --- */

enum { BLANK = 1, BREAKS_STRING = 2, BREAKS_NESTED = 4, BREAKS_WORD = 8 };

static const uint8_t classes[256] = {
    [' '] = BLANK | BREAKS_WORD,
    ['\t'] = BLANK | BREAKS_WORD,
    ['\r'] = BLANK | BREAKS_WORD,
    ['\n'] = BLANK | BREAKS_WORD,
    ['\\'] = BREAKS_STRING,
    ['"'] = BREAKS_STRING | BREAKS_NESTED | BREAKS_WORD,
    ['['] = BREAKS_NESTED | BREAKS_WORD,
    [']'] = BREAKS_NESTED | BREAKS_WORD,
    ['{'] = BREAKS_NESTED | BREAKS_WORD,
    ['}'] = BREAKS_NESTED | BREAKS_WORD,
    [','] = BREAKS_WORD,
    [':'] = BREAKS_WORD,
};

/* How many bytes from `from` on are of no class in `stop`. */
static size_t run(struct cprov_span s, size_t from, unsigned stop)
{
    size_t i = from;

    while (i < s.len && !(classes[(unsigned char)s.ptr[i]] & stop))
        i++;
    return i - from;
}

/* --- one token --- */

/* s.ptr[i] is in a string; returns where to go on. */
static size_t step_quoted(struct token *t, struct cprov_span s, size_t i)
{
    if (t->escaped) {
        t->escaped = false;
        return i + 1;
    }
    i += run(s, i, BREAKS_STRING);
    if (i == s.len)
        return i;
    t->escaped = s.ptr[i] == '\\';
    t->quoted = t->escaped;
    return i + 1;
}

static size_t step_nested(struct token *t, struct cprov_span s, size_t i)
{
    i += run(s, i, BREAKS_NESTED);
    if (i == s.len)
        return i;
    if (s.ptr[i] == '"')
        t->quoted = true;
    else if (s.ptr[i] == '[' || s.ptr[i] == '{')
        t->depth++;
    else
        t->depth--;
    return i + 1;
}

/* How many bytes of s belong to the token; *whole when it ends there. */
static size_t token_length(struct token *t, struct cprov_span s, bool *whole)
{
    size_t i = 0;

    *whole = false;
    if (t->word) {
        i = run(s, 0, BREAKS_WORD);
        *whole = i < s.len;
        return i;
    }
    while (i < s.len && !*whole) {
        i = t->quoted ? step_quoted(t, s, i) : step_nested(t, s, i);
        *whole = t->depth == 0 && !t->quoted && i > 0;
    }
    return i;
}

/* --- failures --- */

static CPROV_PRINTF(4, 5) int fail_at(struct cprov_error *err, uint64_t at, int code,
                                      const char *format, ...)
{
    char text[sizeof(err->msg)];
    va_list args;

    va_start(args, format);
    cprov_text_vformat(text, sizeof(text), format, args);
    va_end(args);
    return cprov_fail(err, code, "byte %" PRIu64 ": %s", at, text);
}

/* --- what tokens are --- */

static int parse(struct cprov_json_stream *s, struct cprov_span text, struct cprov_json **out,
                 struct cprov_error *err)
{
    size_t at = 0;
    int code = cprov_json_parse_piece(text, &s->arena, out, &at, err);

    return code < 0 ? cprov_wrap(err, "byte %" PRIu64, s->token.at + at) : 0;
}

static int add_member(struct cprov_json_stream *s, struct cprov_span name, struct cprov_error *err)
{
    if (name.len > CPROV_NAME_MAX)
        return fail_at(err, s->token.at, CPROV_ELIMIT, "a name of more than %d bytes",
                       CPROV_NAME_MAX);
    if (s->members_count == CPROV_JSON_MEMBERS_MAX)
        return fail_at(err, s->token.at, CPROV_ELIMIT, "more than %d members",
                       CPROV_JSON_MEMBERS_MAX);
    for (size_t i = 0; i < s->members_count; i++)
        if (cprov_span_equal(s->members[i], name))
            return fail_at(err, s->token.at, CPROV_EVERIFY, "duplicate key \"%.64s\"", name.ptr);
    char *kept = cprov_arena_text(&s->names, name);
    if (!kept)
        return cprov_fail_memory(err);
    s->members[s->members_count++] = cprov_span_make(kept, name.len);
    return 0;
}

static int take_key(struct cprov_json_stream *s, struct cprov_span text, struct cprov_error *err)
{
    struct cprov_json *v = NULL;

    if (parse(s, text, &v, err) < 0)
        return err->code;
    if (v->type != CPROV_JSON_STRING)
        return fail_at(err, s->token.at, CPROV_EVERIFY, "NUL in a key");
    s->key = v->text;
    s->record_at = s->token.at;
    s->state = AT_COLON;
    if (s->depth > 1)
        return 0;
    int code = add_member(s, v->text, err);
    if (code == 0)
        s->key = s->members[s->members_count - 1];
    return code;
}

static const char *member_name(const struct cprov_json_stream *s)
{
    return s->depth > 1 ? s->members[s->members_count - 1].ptr : NULL;
}

static int take_value(struct cprov_json_stream *s, struct cprov_span text, struct cprov_error *err)
{
    struct cprov_json *v = NULL;

    if (parse(s, text, &v, err) < 0)
        return err->code;
    v->key = s->key;
    s->state = AFTER_ITEM;
    int code = s->options.record(s->options.arg, member_name(s), v, err);
    s->key = (struct cprov_span){ 0 };
    cprov_arena_clear(&s->arena);
    return code;
}

/* --- what stands between them --- */

static void begin_token(struct cprov_json_stream *s, uint64_t at, char first)
{
    s->token = (struct token){ .at = at, .word = !(classes[(unsigned char)first] & BREAKS_NESTED) };
    cprov_buf_reset(&s->held);
    s->state = s->state == AT_VALUE || !s->objects[s->depth - 1] ? IN_VALUE : IN_KEY;
    if (s->state == IN_VALUE && s->key.ptr == NULL)
        s->record_at = at;
}

static int open_level(struct cprov_json_stream *s, char c, struct cprov_error *err)
{
    bool object = c == '{';

    s->objects[s->depth++] = object;
    s->state = AT_FIRST;
    s->key = (struct cprov_span){ 0 };
    if (s->depth == 1 || !s->options.begin)
        return 0;
    cprov_arena_clear(&s->arena);
    return s->options.begin(s->options.arg, member_name(s), object, err);
}

static bool closes(const struct cprov_json_stream *s, char c)
{
    return c == (s->objects[s->depth - 1] ? '}' : ']');
}

static void close_level(struct cprov_json_stream *s)
{
    s->depth--;
    s->state = s->depth == 0 ? AT_END : AFTER_ITEM;
}

static bool begins_value(char c)
{
    return c == '"' || c == '[' || c == '{' || !classes[(unsigned char)c];
}

/* c is the byte at offset `at`, and no blank. *taken: it is done with; else it begins a token. */
static int step(struct cprov_json_stream *s, char c, uint64_t at, bool *taken,
                struct cprov_error *err)
{
    const char *wanted = "the end";

    *taken = true;
    if ((s->state == AT_FIRST || s->state == AFTER_ITEM) && closes(s, c)) {
        close_level(s);
        return 0;
    }
    switch (s->state) {
    case AT_DOCUMENT:
        if (c == '[' || c == '{')
            return open_level(s, c, err);
        wanted = "'[' or '{'";
        break;
    case AT_FIRST:
    case AT_ITEM:
        wanted = s->objects[s->depth - 1] ? "a key" : "a value";
        *taken = s->objects[s->depth - 1] ? c != '"' : !begins_value(c);
        break;
    case AT_COLON:
        wanted = "':'";
        if (c == ':') {
            s->state = AT_VALUE;
            return 0;
        }
        break;
    case AT_VALUE:
        if (s->depth == 1 && (c == '[' || c == '{'))
            return open_level(s, c, err);
        wanted = "a value";
        *taken = !begins_value(c);
        break;
    case AFTER_ITEM:
        wanted = s->objects[s->depth - 1] ? "',' or '}'" : "',' or ']'";
        if (c == ',') {
            s->state = AT_ITEM;
            return 0;
        }
        break;
    case AT_END:
    case IN_KEY:
    case IN_VALUE:
        break;
    }
    if (*taken)
        return fail_at(err, at, CPROV_EVERIFY, "%s is missing", wanted);
    begin_token(s, at, c);
    return 0;
}

/* --- pieces --- */

/* Takes what `piece` has of the token; *used is how much. */
static int feed_token(struct cprov_json_stream *s, struct cprov_span piece, size_t *used,
                      struct cprov_error *err)
{
    bool whole;
    struct cprov_span text = piece;

    text.len = *used = token_length(&s->token, piece, &whole);
    if (text.len > s->options.record_max - s->held.len)
        return fail_at(err, s->token.at, CPROV_ELIMIT, "a record of more than %zu bytes",
                       s->options.record_max);
    if (!whole || s->held.len > 0) {
        cprov_buf_add_span(&s->held, text);
        int code = cprov_buf_check(&s->held, "record", err);
        if (code < 0 || !whole)
            return code;
        text = cprov_buf_span(&s->held);
    }
    return s->state == IN_KEY ? take_key(s, text, err) : take_value(s, text, err);
}

static int feed(struct cprov_json_stream *s, struct cprov_span piece, struct cprov_error *err)
{
    size_t i = 0;
    int code = 0;

    while (code == 0 && i < piece.len) {
        bool taken = false;
        size_t used = 0;

        if (s->state == IN_KEY || s->state == IN_VALUE) {
            code = feed_token(s, cprov_span_from(piece, i), &used, err);
            i += used;
        } else if (classes[(unsigned char)piece.ptr[i]] & BLANK) {
            i++;
        } else {
            code = step(s, piece.ptr[i], s->offset + i, &taken, err);
            i += taken;
        }
    }
    s->offset += piece.len;
    return code;
}

/* --- public --- */

int cprov_json_stream_new(const struct cprov_json_stream_options *options,
                          struct cprov_json_stream **out, struct cprov_error *err)
{
    struct cprov_json_stream *s = calloc(1, sizeof(*s));

    if (!s)
        return cprov_fail_memory(err);
    s->options = *options;
    s->offset = options->offset;
    cprov_buf_init(&s->held, options->record_max);
    *out = s;
    return 0;
}

void cprov_json_stream_free(struct cprov_json_stream *s)
{
    if (!s)
        return;
    cprov_buf_clear(&s->held);
    cprov_arena_clear(&s->arena);
    cprov_arena_clear(&s->names);
    free(s);
}

int cprov_json_stream_feed(struct cprov_json_stream *s, const void *data, size_t len,
                           struct cprov_error *err)
{
    if (s->failed)
        return cprov_fail(err, s->failed, "internal error: the document was read after a failure");
    s->failed = feed(s, cprov_span_make(data, len), err);
    return s->failed;
}

int cprov_json_stream_finish(struct cprov_json_stream *s, struct cprov_error *err)
{
    if (s->failed)
        return cprov_fail(err, s->failed, "internal error: the document was read after a failure");
    if (s->state == AT_END)
        return 0;
    s->failed = fail_at(err, s->offset, CPROV_EVERIFY, "the document ends too early");
    return s->failed;
}

uint64_t cprov_json_stream_offset(const struct cprov_json_stream *s)
{
    return s->record_at;
}
