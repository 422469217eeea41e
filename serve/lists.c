/* serve/lists.c - the JSON bodies of the distribution API. */
#include "serve/lists_private.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "manifest/manifest.h"
#include "manifest/media_type.h"
#include "serve/routes_private.h"
#include "serve/served_private.h"

#define REFERRERS_BODY (1 * CPROV_MIB) /* bytes after which a page of referrers ends */

int cprov_page_parse(const char *n, const char *last, struct cprov_page *out,
                     struct cprov_error *err)
{
    struct cprov_page page = { .count = CPROV_LIST_PAGE_SIZE };
    struct cprov_span digits = cprov_span_of(n);
    uint64_t count = 0;

    for (size_t i = 0; i < digits.len; i++)
        if (!cprov_is_digit(digits.ptr[i]))
            digits.len = 0;
    if (n && digits.len == 0)
        return cprov_fail(err, CPROV_EINVAL, "n is not a number");
    if (n && cprov_span_u64(digits, &count) && count < page.count)
        page.count = (size_t)count;
    if (last && !cprov_percent_decode(cprov_span_of(last), page.last, sizeof(page.last)))
        return cprov_fail(err, CPROV_EINVAL, "last is not a name");
    *out = page;
    return 0;
}

void cprov_names_write(struct cprov_buf *body, struct cprov_buf *link, const char *repository,
                       const char *const *list, size_t count, const struct cprov_page *page)
{
    size_t begin = cprov_names_after(list, count, cprov_span_of(page->last));
    size_t shown = count - begin < page->count ? count - begin : page->count;
    struct cprov_json_writer w;

    cprov_json_writer_init(&w, body, 0);
    cprov_json_begin_object(&w);
    cprov_json_member(&w, "name", repository);
    cprov_json_key(&w, repository ? "tags" : "repositories");
    cprov_json_begin_array(&w);
    for (size_t i = begin; i < begin + shown; i++)
        cprov_json_text(&w, list[i]);
    cprov_json_end_array(&w);
    cprov_json_end_object(&w);
    if (shown == 0 || begin + shown == count)
        return;
    cprov_buf_add_text(link, "</v2/");
    if (repository)
        cprov_buf_addf(link, "%s/tags/list", repository);
    else
        cprov_buf_add_text(link, "_catalog");
    /* Names and tags have no byte that would need an escape in a query. */
    cprov_buf_addf(link, "?n=%zu&last=%s>; rel=\"next\"", page->count, list[begin + shown - 1]);
}

static void add_escaped(struct cprov_buf *out, const char *text)
{
    for (; *text; text++)
        if (cprov_is_alnum(*text) || strchr("-._~", *text))
            cprov_buf_add_char(out, *text);
        else
            cprov_buf_addf(out, "%%%02X", (unsigned)(unsigned char)*text);
}

static void write_referrers_link(struct cprov_buf *link, const struct cprov_referrers *wanted,
                                 const struct cprov_digest *last)
{
    char subject[CPROV_DIGEST_TEXT_MAX], text[CPROV_DIGEST_TEXT_MAX];

    cprov_buf_addf(link, "</v2/%s/referrers/%s?", wanted->repository,
                   cprov_digest_format(&wanted->subject, subject));
    if (wanted->artifact_type[0]) {
        cprov_buf_add_text(link, "artifactType=");
        add_escaped(link, wanted->artifact_type);
        cprov_buf_add_char(link, '&');
    }
    cprov_buf_addf(link, "last=%s>; rel=\"next\"", cprov_digest_format(last, text));
}

/* "the value of artifactType MUST be set to the config descriptor mediaType value" */
static const char *type_of(const struct cprov_manifest *m)
{
    if (m->artifact_type && *m->artifact_type)
        return m->artifact_type;
    return m->kind == CPROV_DOC_MANIFEST ? m->config.media_type : NULL;
}

static int write_referrer(struct cprov_json_writer *w, struct cprov_store *store,
                          const struct cprov_served_item *item, const char *wanted,
                          struct cprov_error *err)
{
    auto_manifest struct cprov_manifest *m = NULL;

    int code = cprov_served_manifest(store, &item->digest, &m, err);
    if (code < 0 || !m)
        return code;
    const char *type = type_of(m);
    if (wanted[0] && (!type || strcmp(type, wanted) != 0))
        return 0;
    struct cprov_descriptor d = { .media_type = item->media_type,
                                  .digest = item->digest,
                                  .size = m->raw.len,
                                  .artifact_type = type,
                                  .annotations = m->annotations,
                                  .annotations_count = m->annotations_count };
    cprov_descriptor_write(w, &d);
    return 0;
}

/* *item: where to begin after; false when the digest is none of this repository. */
static bool find_last(const struct cprov_content *content, const char *last,
                      const struct cprov_served_item **item)
{
    struct cprov_digest digest;

    *item = NULL;
    if (!*last)
        return true;
    if (cprov_digest_parse(cprov_span_of(last), &digest, NULL) == 0)
        *item = cprov_content_find(content, &digest);
    return *item != NULL;
}

static int write_all(struct cprov_json_writer *w, struct cprov_buf *link, struct cprov_store *store,
                     const struct cprov_content *content, const struct cprov_referrers *wanted,
                     struct cprov_error *err)
{
    const struct cprov_served_item *item, *done;
    int code = 0;

    if (!content || !find_last(content, wanted->last, &item))
        return 0;
    done = item;
    while (code == 0 && (item = cprov_content_referrer(content, &wanted->subject, done))) {
        if (w->out->len > REFERRERS_BODY) {
            write_referrers_link(link, wanted, &done->digest);
            break;
        }
        code = write_referrer(w, store, item, wanted->artifact_type, err);
        done = item;
    }
    return code;
}

int cprov_referrers_write(struct cprov_buf *body, struct cprov_buf *link, struct cprov_store *store,
                          const struct cprov_content *content, const struct cprov_referrers *wanted,
                          struct cprov_error *err)
{
    struct cprov_json_writer w;

    cprov_json_writer_init(&w, body, 0);
    cprov_manifest_begin(&w, CPROV_MT_OCI_INDEX);
    cprov_json_key(&w, "manifests");
    cprov_json_begin_array(&w);
    int code = write_all(&w, link, store, content, wanted, err);
    cprov_json_end_array(&w);
    cprov_json_end_object(&w);
    if (code == 0)
        code = cprov_buf_check(body, "list of referrers", err);
    return code;
}

void cprov_problem_write(struct cprov_buf *body, const char *code, const char *message)
{
    struct cprov_json_writer w;

    cprov_json_writer_init(&w, body, 0);
    cprov_json_begin_object(&w);
    cprov_json_key(&w, "errors");
    cprov_json_begin_array(&w);
    cprov_json_begin_object(&w);
    cprov_json_member(&w, "code", code);
    cprov_json_member(&w, "message", message);
    cprov_json_end_object(&w);
    cprov_json_end_array(&w);
    cprov_json_end_object(&w);
}
