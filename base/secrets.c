/* base/secrets.c - secrets in all their forms, and texts without them. */
#include "base/secrets.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"

static const char mask[] = "***";

/* A ring: the newest takes the oldest's place. */
struct cprov_secrets {
    struct {
        char *ptr;
        size_t len;
    } forms[CPROV_SECRETS_MAX];
    size_t next, used;
    bool begins[256]; /* some form begins with this byte */
};

struct cprov_secrets *cprov_secrets_new(void)
{
    return calloc(1, sizeof(struct cprov_secrets));
}

static void forget(char *ptr, size_t len)
{
    if (ptr)
        explicit_bzero(ptr, len);
    free(ptr);
}

void cprov_secrets_free(struct cprov_secrets *s)
{
    for (size_t i = 0; s && i < CPROV_COUNT(s->forms); i++)
        forget(s->forms[i].ptr, s->forms[i].len);
    free(s);
}

static bool is_known(const struct cprov_secrets *s, struct cprov_span form)
{
    for (size_t i = 0; i < s->used; i++)
        if (cprov_span_equal(form, cprov_span_make(s->forms[i].ptr, s->forms[i].len)))
            return true;
    return false;
}

static void add_form(struct cprov_secrets *s, struct cprov_span form)
{
    if (form.len < CPROV_SECRET_MIN || is_known(s, form))
        return;
    char *copy = malloc(form.len);
    if (!copy)
        return;
    memcpy(copy, form.ptr, form.len);
    forget(s->forms[s->next].ptr, s->forms[s->next].len);
    s->forms[s->next].ptr = copy;
    s->forms[s->next].len = form.len;
    s->next = (s->next + 1) % CPROV_COUNT(s->forms);
    s->used += s->used < CPROV_COUNT(s->forms);
    s->begins[(unsigned char)copy[0]] = true;
}

static void add_buf(struct cprov_secrets *s, struct cprov_buf *form)
{
    struct cprov_span text = cprov_buf_span(form);

    while (text.len > 0 && text.ptr[text.len - 1] == '=') /* padding may be cut off */
        text.len--;
    if (!form->failed)
        add_form(s, text);
    if (form->ptr)
        explicit_bzero(form->ptr, form->cap);
    cprov_buf_clear(form);
}

static void add_percent(struct cprov_secrets *s, struct cprov_span secret, const char *digits)
{
    struct cprov_buf form;

    cprov_buf_init(&form, 3 * CPROV_TOKEN_LENGTH_MAX + 1);
    for (size_t i = 0; i < secret.len; i++) {
        unsigned char c = (unsigned char)secret.ptr[i];

        if (cprov_is_alnum((char)c) || strchr("-._~", c)) {
            cprov_buf_add_char(&form, (char)c);
        } else {
            cprov_buf_add_char(&form, '%');
            cprov_buf_add_char(&form, digits[c >> 4]);
            cprov_buf_add_char(&form, digits[c & 15]);
        }
    }
    add_buf(s, &form);
}

static void add_base64(struct cprov_secrets *s, struct cprov_span secret)
{
    struct cprov_buf form;

    cprov_buf_init(&form, 2 * CPROV_TOKEN_LENGTH_MAX);
    cprov_base64_encode(&form, secret);
    add_buf(s, &form);
    cprov_buf_init(&form, 2 * CPROV_TOKEN_LENGTH_MAX);
    cprov_base64url_encode(&form, secret);
    add_buf(s, &form);
}

void cprov_secrets_add(struct cprov_secrets *s, struct cprov_span secret)
{
    if (!s || secret.len < CPROV_SECRET_MIN || secret.len > CPROV_TOKEN_LENGTH_MAX ||
        is_known(s, secret))
        return;
    add_form(s, secret);
    add_percent(s, secret, "0123456789ABCDEF");
    add_percent(s, secret, "0123456789abcdef");
    add_base64(s, secret);
}

static void add_login(struct cprov_secrets *s, struct cprov_span user, struct cprov_span password)
{
    struct cprov_buf both;

    cprov_buf_init(&both, CPROV_TOKEN_LENGTH_MAX);
    cprov_buf_add_span(&both, user);
    cprov_buf_add_char(&both, ':');
    cprov_buf_add_span(&both, password);
    if (!both.failed)
        add_base64(s, cprov_buf_span(&both));
    if (both.ptr)
        explicit_bzero(both.ptr, both.cap);
    cprov_buf_clear(&both);
    cprov_secrets_add(s, password);
}

void cprov_secrets_add_login(struct cprov_secrets *s, const char *user, const char *password)
{
    if (s && password)
        add_login(s, cprov_span_of(user), cprov_span_of(password));
}

void cprov_secrets_add_authorization(struct cprov_secrets *s, struct cprov_span value)
{
    struct cprov_span scheme, secret, user, password;
    struct cprov_buf plain;

    if (!s || !cprov_span_cut(value, ' ', &scheme, &secret) || is_known(s, secret))
        return;
    cprov_secrets_add(s, secret);
    if (!cprov_span_is_nocase(scheme, "Basic"))
        return;
    cprov_buf_init(&plain, CPROV_TOKEN_LENGTH_MAX);
    if (cprov_base64_decode(secret, &plain, CPROV_IGNORED) == 0 &&
        cprov_span_cut(cprov_buf_span(&plain), ':', &user, &password))
        add_login(s, user, password);
    if (plain.ptr)
        explicit_bzero(plain.ptr, plain.cap);
    cprov_buf_clear(&plain);
}

/* What our own questions say, and what lists name as the next page. */
static bool is_harmless(struct cprov_span name)
{
    static const char *const names[] = { "n",       "last",     "next",    "page",      "page_size",
                                         "size",    "per_page", "digest",  "mount",     "from",
                                         "service", "scope",    "account", "client_id", "ordering",
                                         "name",    "namespace" };

    for (size_t i = 0; i < CPROV_COUNT(names); i++)
        if (cprov_span_is_nocase(name, names[i]))
            return true;
    return cprov_span_is_nocase(name, "artifactType");
}

/* The value as the one who made the URL knows it. */
static void add_decoded(struct cprov_secrets *s, struct cprov_span value)
{
    struct cprov_buf text;

    cprov_buf_init(&text, CPROV_URL_MAX);
    for (size_t i = 0; i < value.len; i++) {
        int high = i + 2 < value.len ? cprov_hex_value(cprov_lower(value.ptr[i + 1])) : -1;
        int low = i + 2 < value.len ? cprov_hex_value(cprov_lower(value.ptr[i + 2])) : -1;

        if (value.ptr[i] != '%' || high < 0 || low < 0) {
            cprov_buf_add_char(&text, value.ptr[i]);
            continue;
        }
        cprov_buf_add_char(&text, (char)(high << 4 | low));
        i += 2;
    }
    if (!text.failed)
        cprov_secrets_add(s, cprov_buf_span(&text));
    cprov_buf_clear(&text);
}

void cprov_secrets_add_query(struct cprov_secrets *s, struct cprov_span query)
{
    struct cprov_span item, name, value;

    while (s && cprov_span_next(&query, '&', &item)) {
        if (!cprov_span_cut(item, '=', &name, &value) || is_harmless(name))
            continue;
        cprov_secrets_add(s, value);
        add_decoded(s, value);
    }
}

/* Bytes of the longest secret that the text begins with. */
static size_t begins_with_secret(const struct cprov_secrets *s, struct cprov_span text)
{
    size_t longest = 0;

    for (size_t i = 0; i < s->used; i++) {
        size_t len = s->forms[i].len;

        if (len > longest && len <= text.len && memcmp(text.ptr, s->forms[i].ptr, len) == 0)
            longest = len;
    }
    return longest;
}

void cprov_secrets_hide(const struct cprov_secrets *s, char *text)
{
    struct cprov_span rest = cprov_span_of(text);
    char *out = text;

    while (s && rest.len > 0) {
        size_t len = s->begins[(unsigned char)rest.ptr[0]] ? begins_with_secret(s, rest) : 0;

        if (len > 0) {
            memcpy(out, mask, strlen(mask));
            out += strlen(mask);
        } else {
            *out++ = rest.ptr[0];
        }
        rest = cprov_span_from(rest, len > 0 ? len : 1);
    }
    if (s)
        *out = '\0';
}
