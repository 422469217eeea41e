/* registry/warning.c - Warning headers: read, told once. */
#include "registry/warning_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"

#define WARNINGS_MAX 64
#define WARNING_TEXT 240

bool cprov_warning_parse(struct cprov_span value, struct cprov_buf *out)
{
    static const char prefix[] = "299 - \"";

    value = cprov_span_trim(value);
    if (!cprov_span_starts_with(value, prefix))
        return false;
    for (size_t i = sizeof(prefix) - 1; i < value.len; i++) {
        if (value.ptr[i] == '"')
            return out->len > 0;
        if (value.ptr[i] == '\\' && ++i == value.len)
            return false;
        cprov_buf_add_char(out, value.ptr[i]);
    }
    return false;
}

/* Notes it as the last; false when it was told, or cannot be noted. */
static bool is_new(struct cprov_warning **told, const char *host, const char *text)
{
    size_t count = 0;

    for (; *told; told = &(*told)->next, count++)
        if (strcmp((*told)->host, host) == 0 && strcmp((*told)->text, text) == 0)
            return false;
    if (count >= WARNINGS_MAX || !(*told = calloc(1, sizeof(**told))))
        return false;
    (*told)->host = strdup(host);
    (*told)->text = strdup(text);
    if ((*told)->host && (*told)->text)
        return true;
    cprov_warnings_free(told);
    return false;
}

void cprov_warnings_tell(struct cprov_warning **told, const char *host,
                         const struct cprov_http_head *head, const struct cprov_secrets *secrets,
                         void (*tell)(void *arg, const char *host, const char *text), void *arg)
{
    for (size_t i = 0; i < head->warnings_count; i++) {
        auto_buf struct cprov_buf raw = { 0 };
        struct cprov_error clean = CPROV_ERROR_INIT;

        cprov_buf_init(&raw, CPROV_HEADER_BYTES_MAX);
        if (!cprov_warning_parse(head->warnings[i], &raw))
            continue;
        cprov_secrets_hide(secrets, raw.ptr);
        (void)cprov_fail(&clean, CPROV_EFAIL, "%.*s", WARNING_TEXT, cprov_buf_text(&raw));
        if (is_new(told, host, clean.msg))
            tell(arg, host, clean.msg);
    }
}

void cprov_warnings_free(struct cprov_warning **told)
{
    while (*told) {
        struct cprov_warning *w = *told;

        *told = w->next;
        free(w->host);
        free(w->text);
        free(w);
    }
}
