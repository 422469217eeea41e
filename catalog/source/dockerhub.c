/* catalog/source/dockerhub.c - Docker Hub: the API of hub.docker.com. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "catalog/source/vendor.h"
#include "catalog/source/vendors_private.h"

#define HUB     "docker.io"
#define HUB_API "hub.docker.com"

static void api(const char *registry, char buf[CPROV_NAME_MAX + 1])
{
    if (strcmp(registry, HUB) == 0)
        memcpy(buf, HUB_API, sizeof(HUB_API));
}

/* The Hub knows namespaces, and no list of all of them. */
static bool can_scan(const struct cprov_place *place)
{
    return *place->base.repository != '\0';
}

/* "ns" of a place's path. */
static void repositories_path(const struct cprov_vendor_question *q, unsigned n,
                              struct cprov_buf *out)
{
    struct cprov_span ns = cprov_span_of(q->name);

    ns.len = cprov_span_find(ns, '/');
    if (n == 0 && ns.len > 0)
        cprov_buf_addf(out, "/v2/namespaces/%" CPROV_SPAN_FMT "/repositories?page_size=100",
                       CPROV_SPAN_ARG(ns));
}

static int read_repositories(struct cprov_vendor_page *page, const struct cprov_json *doc,
                             struct cprov_error *err)
{
    const struct cprov_json *row;

    if (cprov_vendor_list(doc, "results", &row, err) < 0)
        return err->code;
    for (; row; row = row->next) {
        const char *ns = cprov_json_get_text(row, "namespace");
        const char *name = cprov_json_get_text(row, "name");

        if (cprov_vendor_repository(page,
                                    cprov_arena_textf(cprov_vendor_arena(page), "%s/%s",
                                                      ns ? ns : "", name ? name : ""),
                                    err) < 0)
            return err->code;
    }
    cprov_vendor_next(page, cprov_json_get_text(doc, "next"));
    return 0;
}

/* The record of the repository comes first: it has the description. */
static void versions_path(const struct cprov_vendor_question *q, unsigned n, struct cprov_buf *out)
{
    struct cprov_span ns, name;

    if (n == 0 && cprov_span_cut(cprov_span_of(q->name), '/', &ns, &name) &&
        cprov_span_find(name, '/') == name.len)
        cprov_buf_addf(out, "/v2/namespaces/%" CPROV_SPAN_FMT "/repositories/%" CPROV_SPAN_FMT,
                       CPROV_SPAN_ARG(ns), CPROV_SPAN_ARG(name));
}

static void read_record(struct cprov_vendor_page *page, const struct cprov_json *doc)
{
    const char *name = strchr(cprov_vendor_asked(page)->name, '/');

    cprov_vendor_about(page, cprov_json_get_text(doc, "description"));
    cprov_vendor_next(page, cprov_arena_textf(cprov_vendor_arena(page), "%s/tags?page_size=100",
                                              name ? name + 1 : ""));
}

static void read_platforms(const struct cprov_json *images, struct cprov_buf *out)
{
    for (const struct cprov_json *i = images ? images->child : NULL; i; i = i->next)
        cprov_vendor_platform(i, "os_version", out);
}

static int read_tag(struct cprov_vendor_page *page, const struct cprov_json *row,
                    struct cprov_error *err)
{
    const struct cprov_json *images = cprov_json_get(row, "images");
    const char *updated = cprov_json_get_text(row, "last_updated");
    auto_buf struct cprov_buf platforms = { 0 };
    struct cprov_digest digest;

    cprov_buf_init(&platforms, CPROV_LIST_PAGE_MAX);
    read_platforms(images, &platforms);
    if (cprov_buf_check(&platforms, "platforms", err) < 0)
        return err->code;
    const struct cprov_entry entry = {
        .version = cprov_json_get_text(row, "name"),
        .digest = cprov_vendor_digest(cprov_json_get_text(row, "digest"), &digest),
        .bytes = cprov_vendor_number(cprov_json_get(row, "full_size")),
        .created = updated ? updated : cprov_json_get_text(row, "tag_last_pushed"),
        .platforms = cprov_buf_text(&platforms),
        .os_version =
            images && images->count == 1 ? cprov_json_get_text(images->child, "os_version") : NULL,
        .media_type = cprov_json_get_text(row, "media_type"),
    };
    return cprov_vendor_version(page, &entry, err);
}

static int read_versions(struct cprov_vendor_page *page, const struct cprov_json *doc,
                         struct cprov_error *err)
{
    const struct cprov_json *row;

    if (cprov_vendor_list(doc, "results", &row, err) < 0)
        return err->code;
    if (!cprov_json_get(doc, "results")) {
        read_record(page, doc);
        return 0;
    }
    for (; row; row = row->next)
        if (read_tag(page, row, err) < 0)
            return err->code;
    cprov_vendor_next(page, cprov_json_get_text(doc, "next"));
    return 0;
}

static const struct cprov_vendor dockerhub = {
    .versions = { .path = versions_path, .read = read_versions, .api = api },
    .repositories = { .path = repositories_path, .read = read_repositories, .api = api },
};

const struct cprov_source_kind cprov_source_dockerhub = {
    .type = "dockerhub",
    .scan = cprov_vendor_scan,
    .versions = cprov_vendor_versions,
    .details = cprov_vendor_details,
    .can_scan = can_scan,
    .has_digests = true,
    .vendor = &dockerhub,
};
