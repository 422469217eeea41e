/* base/buf.h - a growing byte buffer that cannot be made without a cap. */
#ifndef CPROV_BASE_BUF_H
#define CPROV_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/span.h"

struct cprov_error;

/*
 * Sticky: after an append that failed (memory, cap) every later append does nothing; look once at
 * the end, with cprov_buf_check() or cprov_buf_take(). ptr is NUL-terminated whenever it is not
 * NULL. Read the fields freely, change them through the functions only.
 */
struct cprov_buf {
    char *ptr;
    size_t len;
    size_t cap; /* allocated */
    size_t max; /* the named limit; len never exceeds it */
    int failed; /* 0, CPROV_ENOMEM or CPROV_ELIMIT */
};

#define auto_buf CPROV_CLEANUP(cprov_buf_clear)

void cprov_buf_init(struct cprov_buf *b, size_t max);
void cprov_buf_clear(struct cprov_buf *b); /* frees; the buffer is empty and usable again */
void cprov_buf_reset(struct cprov_buf *b); /* empties, keeps the memory, forgets a failure */

void cprov_buf_add(struct cprov_buf *b, const void *data, size_t len);
void cprov_buf_add_text(struct cprov_buf *b, const char *text);
void cprov_buf_add_span(struct cprov_buf *b, struct cprov_span s);
void cprov_buf_add_char(struct cprov_buf *b, char c);
void cprov_buf_addf(struct cprov_buf *b, const char *format, ...) CPROV_PRINTF(2, 3);
void cprov_buf_vaddf(struct cprov_buf *b, const char *format, va_list args) CPROV_PRINTF(2, 0);

static inline struct cprov_span cprov_buf_span(const struct cprov_buf *b)
{
    return (struct cprov_span){ b->ptr, b->len };
}
/* The text, "" when nothing was added. Borrowed until the next append. */
const char *cprov_buf_text(const struct cprov_buf *b);

/* 0, or CPROV_ENOMEM / CPROV_ELIMIT with a message that names `what`. */
CPROV_MUST_CHECK
int cprov_buf_check(const struct cprov_buf *b, const char *what, struct cprov_error *err);

/* cprov_buf_check(), then moves the NUL-terminated text out: free() it. */
CPROV_MUST_CHECK
int cprov_buf_take(struct cprov_buf *b, const char *what, char **out, struct cprov_error *err);

#endif
