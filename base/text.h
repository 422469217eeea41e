/* base/text.h - text from outside, made harmless before it is shown: the one place that knows how.
 */
#ifndef CPROV_BASE_TEXT_H
#define CPROV_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

/* The code point of the first character, its bytes in *length; 0xFFFD and 1 for a bad byte.
 * text.len > 0. */
uint32_t cprov_text_char(struct cprov_span text, size_t *length);

/* Whether a terminal may act on the character instead of showing it: C0, DEL, C1, line and
 * paragraph separators, marks and overrides of direction, tags. JSON (base/json.h) escapes them. */
bool cprov_text_is_control(uint32_t character);

/*
 * Appends text from outside so that it can do nothing to a terminal: tabs and line ends become ' ';
 * other controls and bytes that are not UTF-8 become '?'.
 */
void cprov_text_add_clean(struct cprov_buf *b, struct cprov_span text);
/* The same in place; the text never grows. */
void cprov_text_clean(char *text);

/* Puts "***" in the place of the password in "user:password@host" and "https://user:password@host",
 * and of the query in "host/path?name=value", which people write and nobody takes. "name@sha256:.."
 * and "host:5000/name:tag@.." are none. */
void cprov_text_hide_login(char *text);

#define CPROV_SIZE_TEXT_MAX 24

/* Base 1000, four significant digits: "44.88 MB", "0 B"; never "1000 kB". buf is returned. */
const char *cprov_text_size(uint64_t bytes, char buf[CPROV_SIZE_TEXT_MAX]);

#endif
