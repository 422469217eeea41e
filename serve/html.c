/* serve/html.c - HTML with texts from outside in it. */
#include "serve/html_private.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define REPLACEMENT "\xef\xbf\xbd"
#define ELLIPSIS    "\xe2\x80\xa6"

static const char *entity_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    }
    return NULL;
}

static void add_ascii(struct cprov_buf *out, char c)
{
    const char *entity = entity_of(c);

    if (entity)
        cprov_buf_add_text(out, entity);
    else if (c == '\t' || c == '\n' || c == '\r')
        cprov_buf_add_char(out, ' ');
    else if (c < ' ' || c == 0x7f)
        cprov_buf_add_text(out, REPLACEMENT);
    else
        cprov_buf_add_char(out, c);
}

/* Most of a text is itself. */
static size_t plain_length(struct cprov_span text)
{
    size_t len = 0;

    while (len < text.len && text.ptr[len] >= ' ' && text.ptr[len] < 0x7f &&
           !entity_of(text.ptr[len]))
        len++;
    return len;
}

void cprov_html_text(struct cprov_buf *out, struct cprov_span text)
{
    while (text.len > 0) {
        size_t plain = plain_length(text);

        cprov_buf_add(out, text.ptr, plain);
        text = cprov_span_from(text, plain);
        if (text.len == 0)
            break;
        size_t len = 1;
        uint32_t c = cprov_text_char(text, &len);
        struct cprov_span one = cprov_span_make(text.ptr, len);

        if ((c >= 0x7f && cprov_text_is_control(c)) || (c == 0xfffd && len == 1))
            cprov_buf_add_text(out, REPLACEMENT);
        else if (len == 1)
            add_ascii(out, *text.ptr);
        else
            cprov_buf_add_span(out, one);
        text = cprov_span_from(text, one.len);
    }
}

void cprov_html_cut(struct cprov_buf *out, const char *text, size_t max)
{
    struct cprov_span s = cprov_span_of(text);

    if (s.len <= max) {
        cprov_html_text(out, s);
        return;
    }
    while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
        max--;
    cprov_html_text(out, cprov_span_make(text, max));
    cprov_buf_add_text(out, ELLIPSIS);
}

void cprov_html_path(struct cprov_buf *out, const char *text)
{
    struct cprov_span rest = cprov_span_of(text);

    for (size_t i = 1; i + 1 < rest.len; i++) {
        if (rest.ptr[i] != '/' || !cprov_is_alnum(rest.ptr[i - 1]) ||
            !cprov_is_alnum(rest.ptr[i + 1]))
            continue;
        cprov_html_text(out, cprov_span_make(rest.ptr, i + 1));
        cprov_buf_add_text(out, "<wbr>");
        rest = cprov_span_from(rest, i + 1);
        i = 0;
    }
    cprov_html_text(out, rest);
}

void cprov_html_fill(struct cprov_buf *out, const char *markup, const char *const *texts,
                     size_t count)
{
    for (size_t i = 0; *markup; i++) {
        size_t plain = strcspn(markup, "$");

        cprov_buf_add(out, markup, plain);
        markup += plain;
        if (!*markup)
            break;
        markup++;
        if (i < count)
            cprov_html_text(out, cprov_span_of(texts[i]));
    }
}

const char *cprov_ui_count(uint64_t n, char buf[CPROV_UI_NUMBER_MAX])
{
    char digits[CPROV_UI_NUMBER_MAX];
    int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
    size_t out = 0;

    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            buf[out++] = ',';
        buf[out++] = digits[i];
    }
    buf[out] = '\0';
    return buf;
}

const char *cprov_ui_date(const char *text, char buf[CPROV_UI_NUMBER_MAX])
{
    int64_t t;

    buf[0] = '\0';
    if (cprov_time_parse(cprov_span_of(text), &t))
        snprintf(buf, CPROV_UI_NUMBER_MAX, "%.10s", text);
    return buf;
}
