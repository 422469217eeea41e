/* serve/parts.c - the images for one platform each that a manifest or an index stands for. */
#include "serve/parts_private.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "serve/content_private.h"
#include "store/blobs.h"

struct parts_walk {
    struct cprov_store *store;
    const struct cprov_parts_walk *wanted;
    size_t looked_at; /* an index may name itself in a thousand ways */
};

static bool is_attestation(const struct cprov_descriptor *d)
{
    return d->has_platform && strcmp(d->platform.os, "unknown") == 0;
}

static int visit(struct parts_walk *w, const struct cprov_descriptor *d, int depth,
                 struct cprov_error *err);

static int visit_children(struct parts_walk *w, const struct cprov_manifest *index, int depth,
                          struct cprov_error *err)
{
    int code = 0;

    if (w->wanted->index)
        w->wanted->index(w->wanted->arg, index);
    for (size_t i = 0; code == 0 && i < index->manifests_count; i++)
        if (!is_attestation(&index->manifests[i]))
            code = visit(w, &index->manifests[i], depth + 1, err);
    return code;
}

static int visit(struct parts_walk *w, const struct cprov_descriptor *d, int depth,
                 struct cprov_error *err)
{
    auto_manifest struct cprov_manifest *m = NULL;
    struct cprov_part_reader part = { .descriptor = d };

    if (depth > CPROV_INDEX_DEPTH_MAX || w->looked_at++ >= CPROV_SERVED_PARTS_MAX)
        return 0;
    int code = cprov_served_manifest(w->store, &d->digest, &m, err);
    if (code < 0)
        return code;
    if (m && m->kind == CPROV_DOC_INDEX)
        return visit_children(w, m, depth, err);
    part.manifest = m;
    if (m && cprov_manifest_is_artifact(m))
        return w->wanted->artifact ? w->wanted->artifact(w->wanted->arg, &part, err) : 0;
    return w->wanted->part(w->wanted->arg, &part, err);
}

int cprov_parts_each(struct cprov_store *store, const struct cprov_digest *root,
                     const struct cprov_parts_walk *walk, struct cprov_error *err)
{
    struct parts_walk w = { .store = store, .wanted = walk };
    struct cprov_descriptor d = { .media_type = "", .digest = *root };

    return visit(&w, &d, 0, err);
}

int cprov_part_config(struct cprov_store *store, const struct cprov_manifest *m,
                      struct cprov_image_config **out, struct cprov_error *err)
{
    auto_buf struct cprov_buf bytes = { 0 };
    struct cprov_image_config *config = NULL;
    struct cprov_error ignored = CPROV_ERROR_INIT;

    cprov_buf_init(&bytes, CPROV_CONFIG_MAX);
    int code = cprov_store_read_blob(store, &m->config, CPROV_CONFIG_MAX, &bytes, &ignored);
    if (code == 0)
        code = cprov_image_config_parse(cprov_buf_span(&bytes), &config, &ignored);
    if (code == CPROV_ENOMEM)
        return cprov_fail_memory(err);
    *out = config;
    return 0;
}
