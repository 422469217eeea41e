/* base/json_write.c - deterministic JSON out. */
#include "base/json.h"

#include <inttypes.h>

#include "base/text.h"

void cprov_json_writer_init(struct cprov_json_writer *w, struct cprov_buf *out, int indent)
{
    *w = (struct cprov_json_writer){ .out = out, .indent = indent, .first = true };
}

static void new_line(struct cprov_json_writer *w)
{
    if (w->indent <= 0)
        return;
    cprov_buf_add_char(w->out, '\n');
    for (int i = 0; i < w->indent * w->depth; i++)
        cprov_buf_add_char(w->out, ' ');
}

/* Whatever stands before a value or a key. */
static void separate(struct cprov_json_writer *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (!w->first)
        cprov_buf_add_char(w->out, ',');
    w->first = false;
    if (w->depth)
        new_line(w);
}

static void begin_level(struct cprov_json_writer *w, char bracket)
{
    separate(w);
    cprov_buf_add_char(w->out, bracket);
    w->depth++;
    w->first = true;
}

static void end_level(struct cprov_json_writer *w, char bracket)
{
    w->depth--;
    if (!w->first)
        new_line(w);
    w->first = false;
    cprov_buf_add_char(w->out, bracket);
}

void cprov_json_begin_object(struct cprov_json_writer *w)
{
    begin_level(w, '{');
}

void cprov_json_end_object(struct cprov_json_writer *w)
{
    end_level(w, '}');
}

void cprov_json_begin_array(struct cprov_json_writer *w)
{
    begin_level(w, '[');
}

void cprov_json_end_array(struct cprov_json_writer *w)
{
    end_level(w, ']');
}

static void write_control(struct cprov_buf *out, char c)
{
    static const char letters[] = "\bb\ff\nn\rr\tt";

    for (size_t i = 0; i + 1 < sizeof(letters); i += 2) {
        if (letters[i] == c) {
            cprov_buf_add_char(out, '\\');
            cprov_buf_add_char(out, letters[i + 1]);
            return;
        }
    }
    cprov_buf_addf(out, "\\u%04x", (unsigned int)c);
}

/* What a terminal acts on is written as JSON permits: documents stay what they are. */
static void write_escape(struct cprov_buf *out, uint32_t c)
{
    if (c < 0x10000)
        cprov_buf_addf(out, "\\u%04" PRIx32, c);
    else
        cprov_buf_addf(out, "\\u%04" PRIx32 "\\u%04" PRIx32, 0xd7c0 + (c >> 10),
                       0xdc00 + (c & 0x3ff));
}

/* Bytes at the start of s that go out as they are. */
static size_t plain_run(struct cprov_span s)
{
    size_t i = 0, len;

    while (i < s.len) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f)
            break;
        if (c < 0x80) {
            i++;
            continue;
        }
        uint32_t wide = cprov_text_char(cprov_span_from(s, i), &len);
        if (len == 1 || cprov_text_is_control(wide))
            break;
        i += len;
    }
    return i;
}

static void write_string(struct cprov_buf *out, struct cprov_span s)
{
    size_t len;

    cprov_buf_add_char(out, '"');
    while (s.len) {
        size_t run = plain_run(s);
        cprov_buf_add(out, s.ptr, run);
        if (run == s.len)
            break;
        s = cprov_span_from(s, run);
        uint32_t c = cprov_text_char(s, &len);
        if (c == '"' || c == '\\') {
            cprov_buf_add_char(out, '\\');
            cprov_buf_add_char(out, s.ptr[0]);
        } else if (c < 0x20) {
            write_control(out, s.ptr[0]);
        } else if (cprov_text_is_control(c)) {
            write_escape(out, c);
        } else {
            cprov_buf_add_text(out, "\xef\xbf\xbd"); /* U+FFFD */
        }
        s = cprov_span_from(s, len);
    }
    cprov_buf_add_char(out, '"');
}

void cprov_json_key(struct cprov_json_writer *w, const char *name)
{
    separate(w);
    write_string(w->out, cprov_span_of(name));
    cprov_buf_add_text(w->out, w->indent > 0 ? ": " : ":");
    w->after_key = true;
}

void cprov_json_text(struct cprov_json_writer *w, const char *text)
{
    if (text)
        cprov_json_span(w, cprov_span_of(text));
    else
        cprov_json_null(w);
}

void cprov_json_span(struct cprov_json_writer *w, struct cprov_span text)
{
    separate(w);
    write_string(w->out, text);
}

void cprov_json_number(struct cprov_json_writer *w, uint64_t n)
{
    separate(w);
    cprov_buf_addf(w->out, "%" PRIu64, n);
}

void cprov_json_bool(struct cprov_json_writer *w, bool b)
{
    separate(w);
    cprov_buf_add_text(w->out, b ? "true" : "false");
}

void cprov_json_null(struct cprov_json_writer *w)
{
    separate(w);
    cprov_buf_add_text(w->out, "null");
}

static void write_children(struct cprov_json_writer *w, const struct cprov_json *v)
{
    for (const struct cprov_json *c = v->child; c; c = c->next) {
        if (v->type == CPROV_JSON_OBJECT)
            cprov_json_key(w, c->key.ptr);
        cprov_json_value(w, c);
    }
}

void cprov_json_value(struct cprov_json_writer *w, const struct cprov_json *v)
{
    switch (v->type) {
    case CPROV_JSON_NULL:
        cprov_json_null(w);
        return;
    case CPROV_JSON_BOOL:
        cprov_json_bool(w, v->boolean);
        return;
    case CPROV_JSON_NUMBER:
        separate(w);
        cprov_buf_add_span(w->out, v->text);
        return;
    case CPROV_JSON_STRING:
    case CPROV_JSON_UNUSABLE:
        cprov_json_span(w, v->text);
        return;
    case CPROV_JSON_ARRAY:
        cprov_json_begin_array(w);
        write_children(w, v);
        cprov_json_end_array(w);
        return;
    case CPROV_JSON_OBJECT:
        cprov_json_begin_object(w);
        write_children(w, v);
        cprov_json_end_object(w);
        return;
    }
}

void cprov_json_member(struct cprov_json_writer *w, const char *name, const char *text)
{
    if (!text)
        return;
    cprov_json_key(w, name);
    cprov_json_text(w, text);
}
