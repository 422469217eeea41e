/* catalog/source/github.c - GitHub's registry ghcr.io: the packages of api.github.com. */
#include <string.h>

#include "base/error.h"
#include "catalog/source/vendor.h"
#include "catalog/source/vendors_private.h"
#include "net/url.h"

static void api(const char *registry, char buf[CPROV_NAME_MAX + 1])
{
    if (strcmp(registry, "ghcr.io") == 0)
        memcpy(buf, "api.github.com", sizeof("api.github.com"));
}

/* Who owns the packages is an organisation or a person. */
static const char *const owners[] = { "orgs", "users" };

static void repositories_path(const struct cprov_vendor_question *q, unsigned n,
                              struct cprov_buf *out)
{
    struct cprov_span owner = cprov_span_of(q->name);

    owner.len = cprov_span_find(owner, '/');
    if (n < CPROV_COUNT(owners) && owner.len > 0)
        cprov_buf_addf(out, "/%s/%" CPROV_SPAN_FMT "/packages?package_type=container&per_page=100",
                       owners[n], CPROV_SPAN_ARG(owner));
}

static int read_repositories(struct cprov_vendor_page *page, const struct cprov_json *doc,
                             struct cprov_error *err)
{
    struct cprov_span owner = cprov_span_of(cprov_vendor_asked(page)->name);
    const struct cprov_json *row;

    owner.len = cprov_span_find(owner, '/');
    if (cprov_vendor_list(doc, NULL, &row, err) < 0)
        return err->code;
    for (; row; row = row->next) {
        const char *name = cprov_json_get_text(row, "name");

        if (cprov_vendor_repository(page,
                                    cprov_arena_textf(cprov_vendor_arena(page),
                                                      "%" CPROV_SPAN_FMT "/%s",
                                                      CPROV_SPAN_ARG(owner), name ? name : ""),
                                    err) < 0)
            return err->code;
    }
    return 0;
}

static void versions_path(const struct cprov_vendor_question *q, unsigned n, struct cprov_buf *out)
{
    struct cprov_span owner, name;

    if (n >= CPROV_COUNT(owners) || !cprov_span_cut(cprov_span_of(q->name), '/', &owner, &name))
        return;
    cprov_buf_addf(out, "/%s/%" CPROV_SPAN_FMT "/packages/container/", owners[n],
                   CPROV_SPAN_ARG(owner));
    cprov_url_escape(out, name, false);
    cprov_buf_add_text(out, "/versions?per_page=100");
}

/* A version is a manifest; the tags are beside it. */
static int read_version(struct cprov_vendor_page *page, const struct cprov_json *row,
                        struct cprov_error *err)
{
    const struct cprov_json *container =
        cprov_json_get(cprov_json_get(row, "metadata"), "container");
    const struct cprov_json *tags = cprov_json_get(container, "tags");
    struct cprov_digest digest;
    struct cprov_entry entry = {
        .digest = cprov_vendor_digest(cprov_json_get_text(row, "name"), &digest),
        .created = cprov_json_get_text(row, "created_at"),
    };

    return cprov_vendor_tags(page, tags, &entry, err);
}

static int read_versions(struct cprov_vendor_page *page, const struct cprov_json *doc,
                         struct cprov_error *err)
{
    return cprov_vendor_rows(page, doc, NULL, read_version, err);
}

#define ACCEPT "application/vnd.github+json"

static const struct cprov_vendor github = {
    .versions = { .path = versions_path,
                  .read = read_versions,
                  .api = api,
                  .login = cprov_vendor_bearer,
                  .needs_login = true,
                  .accept = ACCEPT },
    .repositories = { .path = repositories_path,
                      .read = read_repositories,
                      .api = api,
                      .login = cprov_vendor_bearer,
                      .needs_login = true,
                      .accept = ACCEPT },
};

const struct cprov_source_kind cprov_source_github = {
    .type = "github",
    .scan = cprov_vendor_scan,
    .versions = cprov_vendor_versions,
    .details = cprov_vendor_details,
    .can_scan = cprov_vendor_can_scan,
    .has_digests = true,
    .vendor = &github,
};
