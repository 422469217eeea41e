/* catalog/source/mcr.c - Microsoft's registry: the catalog behind its web pages. */
#include <string.h>

#include "base/error.h"
#include "catalog/source/vendor.h"
#include "catalog/source/vendors_private.h"

static void versions_path(const struct cprov_vendor_question *q, unsigned n, struct cprov_buf *out)
{
    if (n == 0)
        cprov_buf_addf(out, "/api/v1/catalog/%s/tags?reg=mar", q->name);
}

static int read_tag(struct cprov_vendor_page *page, const struct cprov_json *row,
                    struct cprov_error *err)
{
    const char *created = cprov_json_get_text(row, "createdDate");
    auto_buf struct cprov_buf platform = { 0 };
    struct cprov_digest digest;

    cprov_buf_init(&platform, CPROV_KIB);
    cprov_vendor_platform(row, "osVersion", &platform);
    if (cprov_buf_check(&platform, "platform", err) < 0)
        return err->code;
    const struct cprov_entry entry = {
        .version = cprov_json_get_text(row, "name"),
        .digest = cprov_vendor_digest(cprov_json_get_text(row, "digest"), &digest),
        .bytes = cprov_vendor_number(cprov_json_get(row, "size")),
        .created = created ? created : cprov_json_get_text(row, "lastModifiedDate"),
        .platforms = cprov_buf_text(&platform),
    };
    return cprov_vendor_version(page, &entry, err);
}

static int read_versions(struct cprov_vendor_page *page, const struct cprov_json *doc,
                         struct cprov_error *err)
{
    return cprov_vendor_rows(page, doc, NULL, read_tag, err);
}

/* Repositories are in the catalog of the distribution spec. */
static const struct cprov_vendor mcr = {
    .versions = { .path = versions_path, .read = read_versions },
};

const struct cprov_source_kind cprov_source_mcr = {
    .type = "mcr",
    .scan = cprov_vendor_scan,
    .versions = cprov_vendor_versions,
    .details = cprov_vendor_details,
    .can_scan = cprov_vendor_can_scan,
    .has_digests = true,
    .vendor = &mcr,
};
