/* catalog/source/gcr.c - Google's registries, gcr.io and Artifact Registry: the list of tags has
 * every manifest, and the folders below. */
#include "base/error.h"
#include "catalog/source/vendor.h"
#include "catalog/source/vendors_private.h"

static void path(const struct cprov_vendor_question *q, unsigned n, struct cprov_buf *out)
{
    if (n == 0 && *q->name)
        cprov_buf_addf(out, "/v2/%s/tags/list", q->name);
}

static bool has_children(const struct cprov_json *list)
{
    return list && list->child;
}

/* A repository is what has manifests; below it there may be more. */
static int read_repositories(struct cprov_vendor_page *page, const struct cprov_json *doc,
                             struct cprov_error *err)
{
    const char *name = cprov_vendor_asked(page)->name;
    const struct cprov_json *child;

    if (cprov_vendor_list(doc, "child", &child, err) < 0)
        return err->code;
    if ((has_children(cprov_json_get(doc, "manifest")) ||
         has_children(cprov_json_get(doc, "tags"))) &&
        cprov_vendor_repository(page, name, err) < 0)
        return err->code;
    for (; child; child = child->next) {
        if (child->type != CPROV_JSON_STRING)
            continue;
        const char *below =
            cprov_arena_textf(cprov_vendor_arena(page), "%s/%s", name, child->text.ptr);
        if (below && cprov_vendor_walk(page, below, err) < 0)
            return err->code;
    }
    return 0;
}

static int read_manifest(struct cprov_vendor_page *page, const struct cprov_json *row,
                         struct cprov_error *err)
{
    const struct cprov_json *tags = cprov_json_get(row, "tag");
    uint64_t made = cprov_vendor_number(cprov_json_get(row, "timeCreatedMs"));
    struct cprov_digest digest;

    if (made < 1000) /* builds that are the same every time are of 1970 */
        made = cprov_vendor_number(cprov_json_get(row, "timeUploadedMs"));
    struct cprov_entry entry = {
        .digest = cprov_vendor_digest(row->key.ptr, &digest),
        .bytes = cprov_vendor_number(cprov_json_get(row, "imageSizeBytes")),
        .created = cprov_vendor_time(cprov_vendor_arena(page), made / 1000),
        .media_type = cprov_json_get_text(row, "mediaType"),
    };
    return cprov_vendor_tags(page, tags, &entry, err);
}

static int read_versions(struct cprov_vendor_page *page, const struct cprov_json *doc,
                         struct cprov_error *err)
{
    const struct cprov_json *manifests = cprov_json_get(doc, "manifest");
    const struct cprov_json *tag;

    if (cprov_vendor_list(doc, "tags", &tag, err) < 0)
        return err->code;
    if (has_children(manifests) && manifests->type == CPROV_JSON_OBJECT) {
        for (const struct cprov_json *m = manifests->child; m; m = m->next)
            if (read_manifest(page, m, err) < 0)
                return err->code;
        return 0;
    }
    for (; tag; tag = tag->next) {
        const struct cprov_entry entry = { .version = tag->text.ptr };

        if (tag->type == CPROV_JSON_STRING && cprov_vendor_version(page, &entry, err) < 0)
            return err->code;
    }
    return 0;
}

static const struct cprov_vendor gcr = {
    .versions = { .path = path, .read = read_versions, .actions = "pull" },
    .repositories = { .path = path, .read = read_repositories, .actions = "pull" },
};

const struct cprov_source_kind cprov_source_gcr = {
    .type = "gcr",
    .scan = cprov_vendor_scan,
    .versions = cprov_vendor_versions,
    .details = cprov_vendor_details,
    .can_scan = cprov_vendor_can_scan,
    .has_digests = true,
    .vendor = &gcr,
};
