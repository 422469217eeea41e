/* catalog/source/gitlab.c - GitLab: repositories of a group or project from its API, tags from
 * what its registry has beside the distribution spec. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "catalog/source/vendor.h"
#include "catalog/source/vendors_private.h"
#include "net/url.h"

#define PORT ":5050" /* where GitLab puts its registry when it has no name of its own */

/* Never a guess: a token goes there. */
static void api(const char *registry, char buf[CPROV_NAME_MAX + 1])
{
    struct cprov_span host = cprov_span_of(registry);

    if (cprov_span_is(host, "registry.gitlab.com"))
        memcpy(buf, "gitlab.com", sizeof("gitlab.com"));
    else if (cprov_span_ends_with(host, PORT))
        buf[host.len - strlen(PORT)] = '\0';
}

static void repositories_path(const struct cprov_vendor_question *q, unsigned n,
                              struct cprov_buf *out)
{
    static const char *const ways[] = { "groups", "projects" };

    if (n >= CPROV_COUNT(ways) || !*q->name)
        return;
    cprov_buf_addf(out, "/api/v4/%s/", ways[n]);
    cprov_url_escape(out, cprov_span_of(q->name), false);
    cprov_buf_add_text(out, "/registry/repositories?per_page=100");
}

static int read_repository(struct cprov_vendor_page *page, const struct cprov_json *row,
                           struct cprov_error *err)
{
    return cprov_vendor_repository(page, cprov_json_get_text(row, "path"), err);
}

static int read_repositories(struct cprov_vendor_page *page, const struct cprov_json *doc,
                             struct cprov_error *err)
{
    return cprov_vendor_rows(page, doc, NULL, read_repository, err);
}

static void versions_path(const struct cprov_vendor_question *q, unsigned n, struct cprov_buf *out)
{
    if (n == 0)
        cprov_buf_addf(out, "/gitlab/v1/repositories/%s/tags/list/?n=100", q->name);
}

static int read_tag(struct cprov_vendor_page *page, const struct cprov_json *row,
                    struct cprov_error *err)
{
    const char *updated = cprov_json_get_text(row, "published_at");
    struct cprov_digest digest;

    if (!updated)
        updated = cprov_json_get_text(row, "updated_at");
    const struct cprov_entry entry = {
        .version = cprov_json_get_text(row, "name"),
        .digest = cprov_vendor_digest(cprov_json_get_text(row, "digest"), &digest),
        .bytes = cprov_vendor_number(cprov_json_get(row, "size_bytes")),
        .created = updated ? updated : cprov_json_get_text(row, "created_at"),
        .media_type = cprov_json_get_text(row, "media_type"),
        .image_id = cprov_json_get_text(row, "config_digest"),
    };
    return cprov_vendor_version(page, &entry, err);
}

static int read_versions(struct cprov_vendor_page *page, const struct cprov_json *doc,
                         struct cprov_error *err)
{
    return cprov_vendor_rows(page, doc, NULL, read_tag, err);
}

static const struct cprov_vendor gitlab = {
    .versions = { .path = versions_path, .read = read_versions, .actions = "pull" },
    .repositories = { .path = repositories_path,
                      .read = read_repositories,
                      .api = api,
                      .login = cprov_vendor_bearer },
};

const struct cprov_source_kind cprov_source_gitlab = {
    .type = "gitlab",
    .scan = cprov_vendor_scan,
    .versions = cprov_vendor_versions,
    .details = cprov_vendor_details,
    .can_scan = cprov_vendor_can_scan,
    .has_digests = true,
    .vendor = &gitlab,
};
