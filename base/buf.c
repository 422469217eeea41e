/* base/buf.c - a growing byte buffer that cannot be made without a cap. */
#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"

#define FIRST_ALLOCATION 64

void cprov_buf_init(struct cprov_buf *b, size_t max)
{
    *b = (struct cprov_buf){ .max = max };
}

void cprov_buf_clear(struct cprov_buf *b)
{
    free(b->ptr);
    cprov_buf_init(b, b->max);
}

void cprov_buf_reset(struct cprov_buf *b)
{
    b->len = 0;
    b->failed = 0;
    if (b->ptr)
        b->ptr[0] = '\0';
}

/* Makes room for len more bytes and the NUL. */
static bool reserve(struct cprov_buf *b, size_t len)
{
    if (b->failed)
        return false;
    if (len > b->max - b->len || len >= SIZE_MAX - b->len) {
        b->failed = CPROV_ELIMIT;
        return false;
    }
    size_t need = b->len + len + 1;
    if (need <= b->cap)
        return true;

    size_t cap = b->cap ? b->cap : FIRST_ALLOCATION;
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : 2 * cap;
    if (cap - 1 > b->max)
        cap = b->max + 1;

    char *grown = realloc(b->ptr, cap);
    if (!grown) {
        b->failed = CPROV_ENOMEM;
        return false;
    }
    b->ptr = grown;
    b->cap = cap;
    b->ptr[b->len] = '\0';
    return true;
}

void cprov_buf_add(struct cprov_buf *b, const void *data, size_t len)
{
    if (len == 0 || !reserve(b, len))
        return;
    memcpy(b->ptr + b->len, data, len);
    b->len += len;
    b->ptr[b->len] = '\0';
}

void cprov_buf_add_text(struct cprov_buf *b, const char *text)
{
    cprov_buf_add(b, text, strlen(text));
}

void cprov_buf_add_span(struct cprov_buf *b, struct cprov_span s)
{
    cprov_buf_add(b, s.ptr, s.len);
}

void cprov_buf_add_char(struct cprov_buf *b, char c)
{
    cprov_buf_add(b, &c, 1);
}

void cprov_buf_addf(struct cprov_buf *b, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    cprov_buf_vaddf(b, format, args);
    va_end(args);
}

void cprov_buf_vaddf(struct cprov_buf *b, const char *format, va_list args)
{
    va_list again;

    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    if (len < 0)
        b->failed = b->failed ? b->failed : CPROV_ENOMEM;
    else if (len > 0 && reserve(b, (size_t)len))
        b->len += (size_t)vsnprintf(b->ptr + b->len, (size_t)len + 1, format, again);
    va_end(again);
}

const char *cprov_buf_text(const struct cprov_buf *b)
{
    return b->ptr ? b->ptr : "";
}

int cprov_buf_check(const struct cprov_buf *b, const char *what, struct cprov_error *err)
{
    if (b->failed == CPROV_ELIMIT)
        return cprov_fail(err, CPROV_ELIMIT, "%s is larger than %zu bytes", what, b->max);
    return b->failed ? cprov_fail_memory(err) : 0;
}

int cprov_buf_take(struct cprov_buf *b, const char *what, char **out, struct cprov_error *err)
{
    reserve(b, 0); /* an empty text is a text too */
    int code = cprov_buf_check(b, what, err);
    if (code < 0)
        return code;

    *out = b->ptr;
    cprov_buf_init(b, b->max);
    return 0;
}
