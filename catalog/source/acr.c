/* catalog/source/acr.c - Azure Container Registry: the metadata under /acr/v1. */
#include "base/error.h"
#include "base/limits.h"
#include "catalog/source/vendor.h"
#include "catalog/source/vendors_private.h"

static void repositories_path(const struct cprov_vendor_question *q, unsigned n,
                              struct cprov_buf *out)
{
    (void)q;
    if (n == 0)
        cprov_buf_addf(out, "/acr/v1/_catalog?n=%d", CPROV_LIST_PAGE_SIZE);
}

static int read_repositories(struct cprov_vendor_page *page, const struct cprov_json *doc,
                             struct cprov_error *err)
{
    const struct cprov_json *name;

    if (cprov_vendor_list(doc, "repositories", &name, err) < 0)
        return err->code;
    for (; name; name = name->next)
        if (cprov_vendor_repository(page, name->type == CPROV_JSON_STRING ? name->text.ptr : "",
                                    err) < 0)
            return err->code;
    return 0;
}

static void versions_path(const struct cprov_vendor_question *q, unsigned n, struct cprov_buf *out)
{
    if (n == 0)
        cprov_buf_addf(out, "/acr/v1/%s/_tags?n=%d", q->name, CPROV_LIST_PAGE_SIZE);
}

static int read_versions(struct cprov_vendor_page *page, const struct cprov_json *doc,
                         struct cprov_error *err)
{
    const struct cprov_json *row;
    struct cprov_digest digest;

    if (cprov_vendor_list(doc, "tags", &row, err) < 0)
        return err->code;
    for (; row; row = row->next) {
        const char *updated = cprov_json_get_text(row, "lastUpdateTime");
        const struct cprov_entry entry = {
            .version = cprov_json_get_text(row, "name"),
            .digest = cprov_vendor_digest(cprov_json_get_text(row, "digest"), &digest),
            .created = updated ? updated : cprov_json_get_text(row, "createdTime"),
        };

        if (cprov_vendor_version(page, &entry, err) < 0)
            return err->code;
    }
    return 0;
}

static const struct cprov_vendor acr = {
    .versions = { .path = versions_path, .read = read_versions, .actions = "metadata_read" },
    .repositories = { .path = repositories_path,
                      .read = read_repositories,
                      .actions = "registry:catalog:*" },
};

const struct cprov_source_kind cprov_source_acr = {
    .type = "acr",
    .scan = cprov_vendor_scan,
    .versions = cprov_vendor_versions,
    .details = cprov_vendor_details,
    .can_scan = cprov_vendor_can_scan,
    .has_digests = true,
    .vendor = &acr,
};
