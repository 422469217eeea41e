/* catalog/source/vendor_read.c - values of vendors' pages, each with suspicion. */
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "catalog/source/vendor.h"
#include "conf/secret.h"
#include "manifest/platform.h"

#define SECONDS_MAX 253402300799u /* the last of the year 9999 */

int cprov_vendor_list(const struct cprov_json *doc, const char *member,
                      const struct cprov_json **first, struct cprov_error *err)
{
    const struct cprov_json *list = member ? cprov_json_get(doc, member) : doc;

    if (member && doc->type != CPROV_JSON_OBJECT)
        return cprov_fail(err, CPROV_EVERIFY, "the answer is not an object");
    *first = NULL;
    if (!list || list->type == CPROV_JSON_NULL)
        return 0;
    if (list->type != CPROV_JSON_ARRAY)
        return member ? cprov_fail(err, CPROV_EVERIFY, "\"%s\" is not a list", member)
                      : cprov_fail(err, CPROV_EVERIFY, "the answer is not a list");
    *first = list->child;
    return 0;
}

int cprov_vendor_rows(struct cprov_vendor_page *page, const struct cprov_json *doc,
                      const char *member, cprov_vendor_row_fn *read, struct cprov_error *err)
{
    const struct cprov_json *row = NULL;
    int code = cprov_vendor_list(doc, member, &row, err);

    for (; code == 0 && row; row = row->next)
        code = read(page, row, err);
    return code;
}

int cprov_vendor_tags(struct cprov_vendor_page *page, const struct cprov_json *tags,
                      struct cprov_entry *entry, struct cprov_error *err)
{
    for (const struct cprov_json *t = tags ? tags->child : NULL; t; t = t->next) {
        entry->version = t->type == CPROV_JSON_STRING ? t->text.ptr : NULL;
        if (cprov_vendor_version(page, entry, err) < 0)
            return err->code;
    }
    return 0;
}

const struct cprov_digest *cprov_vendor_digest(const char *text, struct cprov_digest *out)
{
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (!text || cprov_digest_parse(cprov_span_of(text), out, &ignored) < 0)
        return NULL;
    return out;
}

uint64_t cprov_vendor_number(const struct cprov_json *value)
{
    uint64_t n = 0;

    if (value && value->type == CPROV_JSON_STRING)
        return cprov_span_u64(value->text, &n) ? n : 0;
    if (!value || value->type != CPROV_JSON_NUMBER)
        return 0;
    if (!cprov_json_u64(value, &n)) /* 1700000000.5 */
        (void)cprov_span_u64(cprov_span_make(value->text.ptr, cprov_span_find(value->text, '.')),
                             &n);
    return n;
}

const char *cprov_vendor_time(struct cprov_arena *arena, uint64_t seconds)
{
    char text[CPROV_TIME_TEXT_MAX];

    if (seconds == 0 || seconds > SECONDS_MAX)
        return NULL;
    return cprov_arena_text(arena, cprov_span_of(cprov_time_format((int64_t)seconds, text)));
}

/* A word such as "amd64": what vendors write for "several" and "unknown" is none. */
static const char *word(const struct cprov_json *object, const char *member)
{
    const char *text = cprov_json_get_text(object, member);

    if (!text || strcmp(text, "unknown") == 0 || strlen(text) > CPROV_TAG_MAX)
        return "";
    for (const char *p = text; *p; p++)
        if (!cprov_is_alnum(*p) && !strchr("._-", *p))
            return "";
    return text;
}

void cprov_vendor_platform(const struct cprov_json *object, const char *os_version,
                           struct cprov_buf *out)
{
    struct cprov_platform p = { .os = word(object, "os"),
                                .architecture = word(object, "architecture"),
                                .variant = word(object, "variant"),
                                .os_version = word(object, os_version) };

    if (!*p.os)
        p.os = word(object, "operatingSystem");
    if (!*p.os || !*p.architecture)
        return;
    if (out->len > 0)
        cprov_buf_add_text(out, ", ");
    cprov_platform_format(&p, out);
}

void cprov_vendor_basic(const struct cprov_credentials *login, struct cprov_buf *authorization)
{
    auto_buf struct cprov_buf pair = { 0 };

    if (!login->username || !login->password)
        return;
    cprov_buf_init(&pair, CPROV_TOKEN_LENGTH_MAX);
    cprov_buf_addf(&pair, "%s:%s", login->username, login->password);
    cprov_buf_add_text(authorization, "Basic ");
    cprov_base64_encode(authorization, cprov_buf_span(&pair));
    cprov_secret_buf_clear(&pair);
}

void cprov_vendor_bearer(const struct cprov_credentials *login, struct cprov_buf *authorization)
{
    if (login->password && *login->password)
        cprov_buf_addf(authorization, "Bearer %s", login->password);
}
