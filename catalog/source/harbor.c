/* catalog/source/harbor.c - Harbor: projects, repositories and artifacts of its API. */
#include <string.h>

#include "base/error.h"
#include "catalog/source/vendor.h"
#include "catalog/source/vendors_private.h"
#include "net/url.h"

/* Without a path everything that the login may see; else the project that the path begins with. */
static void repositories_path(const struct cprov_vendor_question *q, unsigned n,
                              struct cprov_buf *out)
{
    struct cprov_span project = cprov_span_of(q->name);

    project.len = cprov_span_find(project, '/');
    if (n == 0 && project.len == 0)
        cprov_buf_add_text(out, "/api/v2.0/repositories?page_size=100");
    else if (n == 0)
        cprov_buf_addf(out, "/api/v2.0/projects/%" CPROV_SPAN_FMT "/repositories?page_size=100",
                       CPROV_SPAN_ARG(project));
}

static int read_repository(struct cprov_vendor_page *page, const struct cprov_json *row,
                           struct cprov_error *err)
{
    return cprov_vendor_repository(page, cprov_json_get_text(row, "name"), err);
}

static int read_repositories(struct cprov_vendor_page *page, const struct cprov_json *doc,
                             struct cprov_error *err)
{
    return cprov_vendor_rows(page, doc, NULL, read_repository, err);
}

/* A '/' in a repository's name is escaped twice. */
static void versions_path(const struct cprov_vendor_question *q, unsigned n, struct cprov_buf *out)
{
    auto_buf struct cprov_buf once = { 0 };
    struct cprov_span project, name;

    if (n > 0 || !cprov_span_cut(cprov_span_of(q->name), '/', &project, &name))
        return;
    cprov_buf_init(&once, CPROV_KIB);
    cprov_url_escape(&once, name, false);
    cprov_buf_addf(out, "/api/v2.0/projects/%" CPROV_SPAN_FMT "/repositories/",
                   CPROV_SPAN_ARG(project));
    cprov_url_escape(out, cprov_buf_span(&once), false);
    cprov_buf_add_text(out, "/artifacts?with_tag=true&q=tags%3D*&page_size=100");
}

/* Of an index its children; else the image itself. */
static int read_platforms(const struct cprov_json *row, struct cprov_buf *out,
                          struct cprov_error *err)
{
    const struct cprov_json *children = cprov_json_get(row, "references");

    if (!children || !children->child)
        cprov_vendor_platform(cprov_json_get(row, "extra_attrs"), "os.version", out);
    for (const struct cprov_json *c = children ? children->child : NULL; c; c = c->next)
        cprov_vendor_platform(cprov_json_get(c, "platform"), "os.version", out);
    return cprov_buf_check(out, "platforms", err);
}

/* What the manifest's annotations or the config's labels say. */
static const char *told(const struct cprov_json *row, const char *key)
{
    const struct cprov_json *config = cprov_json_get(cprov_json_get(row, "extra_attrs"), "config");
    const char *text = cprov_json_get_text(cprov_json_get(row, "annotations"), key);

    return text ? text : cprov_json_get_text(cprov_json_get(config, "Labels"), key);
}

static int read_artifact(struct cprov_vendor_page *page, const struct cprov_json *row,
                         struct cprov_error *err)
{
    const struct cprov_json *attrs = cprov_json_get(row, "extra_attrs");
    const struct cprov_json *children = cprov_json_get(row, "references");
    const struct cprov_json *tags = cprov_json_get(row, "tags");
    const char *created = told(row, "org.opencontainers.image.created");
    const char *os = cprov_json_get_text(attrs, "os");
    bool single = !children || !children->child;
    auto_buf struct cprov_buf platforms = { 0 };
    struct cprov_digest digest;

    if (!created)
        created = cprov_json_get_text(attrs, "created");
    cprov_buf_init(&platforms, CPROV_LIST_PAGE_MAX);
    if (read_platforms(row, &platforms, err) < 0)
        return err->code;
    struct cprov_entry entry = {
        .digest = cprov_vendor_digest(cprov_json_get_text(row, "digest"), &digest),
        .bytes = single ? cprov_vendor_number(cprov_json_get(row, "size")) : 0,
        .description = told(row, "org.opencontainers.image.description"),
        .publisher = told(row, "org.opencontainers.image.vendor"),
        .title = told(row, "org.opencontainers.image.title"),
        .created = created ? created : cprov_json_get_text(row, "push_time"),
        .platforms = cprov_buf_text(&platforms),
        .media_type = cprov_json_get_text(row, "manifest_media_type"),
    };
    /* A build of Windows is in the config alone. */
    entry.complete = single && entry.digest && entry.bytes && created && platforms.len > 0 && os &&
                     strcmp(os, "linux") == 0;
    for (const struct cprov_json *t = tags ? tags->child : NULL; t; t = t->next) {
        entry.version = cprov_json_get_text(t, "name");
        if (cprov_vendor_version(page, &entry, err) < 0)
            return err->code;
    }
    return 0;
}

static int read_versions(struct cprov_vendor_page *page, const struct cprov_json *doc,
                         struct cprov_error *err)
{
    return cprov_vendor_rows(page, doc, NULL, read_artifact, err);
}

static const struct cprov_vendor harbor = {
    .versions = { .path = versions_path, .read = read_versions, .login = cprov_vendor_basic },
    .repositories = { .path = repositories_path,
                      .read = read_repositories,
                      .login = cprov_vendor_basic },
};

const struct cprov_source_kind cprov_source_harbor = {
    .type = "harbor",
    .scan = cprov_vendor_scan,
    .versions = cprov_vendor_versions,
    .details = cprov_vendor_details,
    .can_scan = cprov_vendor_can_scan,
    .has_digests = true,
    .vendor = &harbor,
};
