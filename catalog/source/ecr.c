/* catalog/source/ecr.c - Amazon's registry: DescribeRepositories and DescribeImages. */
#include "base/error.h"
#include "catalog/source/ecr_api_private.h"
#include "catalog/source/vendor.h"
#include "catalog/source/vendors_private.h"

static void path(const struct cprov_vendor_question *q, unsigned n, struct cprov_buf *out)
{
    (void)q;
    if (n == 0)
        cprov_buf_add_char(out, '/');
}

static int post_repositories(const struct cprov_vendor_question *q, struct cprov_vendor_post *out,
                             struct cprov_error *err)
{
    return cprov_ecr_post(q, false, out, err);
}

static int read_repository(struct cprov_vendor_page *page, const struct cprov_json *row,
                           struct cprov_error *err)
{
    return cprov_vendor_repository(page, cprov_json_get_text(row, "repositoryName"), err);
}

static int read_repositories(struct cprov_vendor_page *page, const struct cprov_json *doc,
                             struct cprov_error *err)
{
    if (cprov_vendor_rows(page, doc, "repositories", read_repository, err) < 0)
        return err->code;
    cprov_vendor_cursor(page, cprov_json_get_text(doc, "nextToken"));
    return 0;
}

static int post_versions(const struct cprov_vendor_question *q, struct cprov_vendor_post *out,
                         struct cprov_error *err)
{
    return cprov_ecr_post(q, true, out, err);
}

static int read_image(struct cprov_vendor_page *page, const struct cprov_json *row,
                      struct cprov_error *err)
{
    const struct cprov_json *tags = cprov_json_get(row, "imageTags");
    struct cprov_digest digest;
    struct cprov_entry entry = {
        .digest = cprov_vendor_digest(cprov_json_get_text(row, "imageDigest"), &digest),
        .bytes = cprov_vendor_number(cprov_json_get(row, "imageSizeInBytes")),
        .created = cprov_vendor_time(cprov_vendor_arena(page),
                                     cprov_vendor_number(cprov_json_get(row, "imagePushedAt"))),
        .media_type = cprov_json_get_text(row, "imageManifestMediaType"),
    };

    return cprov_vendor_tags(page, tags, &entry, err);
}

static int read_versions(struct cprov_vendor_page *page, const struct cprov_json *doc,
                         struct cprov_error *err)
{
    if (cprov_vendor_rows(page, doc, "imageDetails", read_image, err) < 0)
        return err->code;
    cprov_vendor_cursor(page, cprov_json_get_text(doc, "nextToken"));
    return 0;
}

static const struct cprov_vendor ecr = {
    .versions = { .path = path,
                  .read = read_versions,
                  .api = cprov_ecr_api,
                  .post = post_versions },
    .repositories = { .path = path,
                      .read = read_repositories,
                      .api = cprov_ecr_api,
                      .post = post_repositories },
};

const struct cprov_source_kind cprov_source_ecr = {
    .type = "ecr",
    .scan = cprov_vendor_scan,
    .versions = cprov_vendor_versions,
    .details = cprov_vendor_details,
    .can_scan = cprov_vendor_can_scan,
    .has_digests = true,
    .vendor = &ecr,
};
