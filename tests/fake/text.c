/* Memory, lists and words for the scripted registry: a test program may die of what is wrong. */
#include "fake.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fake_die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fprintf(stderr, "fake registry: ");
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    fflush(stderr);
    _exit(1); /* no leak report: what was built is not freed, by design */
}

void *fake_alloc(size_t len)
{
    void *p = calloc(1, len ? len : 1);

    if (!p)
        fake_die("out of memory");
    return p;
}

char *fake_copy(const char *text)
{
    return fake_format("%s", text);
}

char *fake_format(const char *format, ...)
{
    va_list args;
    char *text = NULL;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        fake_die("out of memory");
    va_end(args);
    return text;
}

char *fake_replace(const char *text, const char *name, const char *with)
{
    char *now = fake_copy(text);

    for (char *hit = strstr(now, name); hit; hit = strstr(now, name)) {
        char *next = fake_format("%.*s%s%s", (int)(hit - now), now, with, hit + strlen(name));

        free(now);
        now = next;
    }
    return now;
}

void fake_list_add(struct fake_list *l, void *item)
{
    void **grown = realloc(l->item, (l->count + 1) * sizeof(*grown));

    if (!grown)
        fake_die("out of memory");
    l->item = grown;
    l->item[l->count++] = item;
}

const char *fake_word(struct fake_words *w, size_t i, const char *what)
{
    if (i >= w->list.count)
        fake_die("line %zu: %s is missing", w->line, what);
    w->used[i] = true;
    return w->list.item[i];
}

const char *fake_each(struct fake_words *w, const char *key, size_t *i)
{
    size_t len = strlen(key);

    while (*i < w->list.count) {
        const char *word = w->list.item[*i];
        size_t at = (*i)++;

        if (strncmp(word, key, len) != 0 || (word[len] != '=' && word[len] != '\0'))
            continue;
        w->used[at] = true;
        return word[len] ? word + len + 1 : "";
    }
    return NULL;
}

const char *fake_option(struct fake_words *w, const char *key)
{
    size_t i = 1; /* the first word is what the line is about */

    return fake_each(w, key, &i);
}

bool fake_flag(struct fake_words *w, const char *key)
{
    return fake_option(w, key) != NULL;
}

uint64_t fake_bytes_of(const char *text)
{
    struct cprov_span s = cprov_span_of(text);
    uint64_t unit = 1, n;

    if (cprov_span_ends_with(s, "k"))
        unit = 1u << 10;
    else if (cprov_span_ends_with(s, "M"))
        unit = 1u << 20;
    else if (cprov_span_ends_with(s, "G"))
        unit = 1u << 30;
    if (unit > 1)
        s.len--;
    if (!cprov_span_u64(s, &n))
        fake_die("'%s' is no number", text);
    return n * unit;
}

uint64_t fake_number(struct fake_words *w, const char *key, uint64_t otherwise)
{
    const char *text = fake_option(w, key);

    return text ? fake_bytes_of(text) : otherwise;
}

uint64_t fake_millis(struct fake_words *w, const char *key)
{
    const char *text = fake_option(w, key);
    struct cprov_span whole, part = { NULL, 0 };
    uint64_t seconds, tenths = 0;

    if (!text)
        return 0;
    if (!cprov_span_cut(cprov_span_of(text), '.', &whole, &part))
        whole = cprov_span_of(text);
    if (!cprov_span_u64(whole, &seconds) || part.len > 1 ||
        (part.len && !cprov_span_u64(part, &tenths)))
        fake_die("line %zu: %s wants seconds like 2 or 0.5", w->line, key);
    return seconds * 1000 + tenths * 100;
}

bool fake_glob(const char *pattern, const char *text)
{
    return fnmatch(pattern, text, 0) == 0;
}
