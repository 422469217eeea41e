/* serve/html_private.h - HTML with texts from outside in it; the one place that escapes. */
#ifndef CPROV_SERVE_HTML_PRIVATE_H
#define CPROV_SERVE_HTML_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

/*
 * The text as it may stand between tags and in a quoted attribute: & < > " ' are escaped, blanks of
 * any kind are ' ', and control characters, bidirectional overrides and bytes that are not UTF-8
 * are U+FFFD. Sticky through out.
 */
void cprov_html_text(struct cprov_buf *out, struct cprov_span text);
/* The same; what is longer than max bytes is cut between characters and ends in an ellipsis. */
void cprov_html_cut(struct cprov_buf *out, const char *text, size_t max);

/* The same for a path: a line may end after a '/'. */
void cprov_html_path(struct cprov_buf *out, const char *text);

/* Appends markup in which each '$' is the next of the texts, escaped. A missing one is nothing. */
void cprov_html_fill(struct cprov_buf *out, const char *markup, const char *const *texts,
                     size_t count);
#define CPROV_HTML(out, markup, ...)                                                               \
    cprov_html_fill(out, markup, (const char *const[]){ __VA_ARGS__ },                             \
                    sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

#define CPROV_UI_NUMBER_MAX 32
/* "1,234,567"; buf is returned, as below. */
const char *cprov_ui_count(uint64_t n, char buf[CPROV_UI_NUMBER_MAX]);
/* "2016-09-22" of RFC 3339; "" when it is none. */
const char *cprov_ui_date(const char *text, char buf[CPROV_UI_NUMBER_MAX]);

#endif
