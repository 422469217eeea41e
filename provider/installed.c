/* provider/installed.c - one installed image with its documents. */
#include "provider/installed.h"

#include <string.h>

#include "base/limits.h"
#include "catalog/source/local_place.h"
#include "provider/plan.h"
#include "provider/select.h"
#include "store/blobs.h"

#define LIST_MAX 200 /* bytes of the names in a message */

void cprov_installed_clear(struct cprov_installed *in)
{
    cprov_image_config_free(in->config);
    cprov_manifest_free(in->manifest);
    cprov_images_free(in->images);
    cprov_packed_close(in->packed);
    cprov_store_close(in->store);
    *in = (struct cprov_installed){ .store = NULL };
}

static int fail_several(const char *name, const struct cprov_images *images, const bool *selected,
                        struct cprov_error *err)
{
    auto_buf struct cprov_buf list = { 0 };

    cprov_buf_init(&list, CPROV_URL_MAX);
    for (size_t i = 0; i < images->count && list.len < LIST_MAX; i++)
        if (selected[i])
            cprov_buf_addf(&list, "%s%s:%s", list.len > 0 ? ", " : "", images->list[i].name,
                           images->list[i].version);
    cprov_fail(err, CPROV_EINVAL, "several installed images are called '%s': %s", name,
               cprov_buf_text(&list));
    cprov_hint(err, CPROV_HINT_SAY_VERSION);
    return CPROV_EINVAL;
}

/*
 * The list is sorted by name, then newest first. Of one version the platform of the host decides;
 * one image under two names is one image.
 */
int cprov_installed_find(struct cprov_session *s, const struct cprov_images *images,
                         const char *name, const struct cprov_version_options *version,
                         enum cprov_installed_which which, const struct cprov_image **out,
                         struct cprov_error *err)
{
    const struct cprov_image *found = NULL;
    const char *why = "not installed";
    bool *selected = cprov_arena_alloc(&s->call, images->count, sizeof(*selected));

    if (!selected)
        return cprov_fail_memory(err);
    if (cprov_select_quietly(s, images, name, version, selected, &why, err) < 0)
        return err->code;
    for (size_t i = 0; i < images->count; i++) {
        const struct cprov_image *image = &images->list[i];

        if (!selected[i])
            continue;
        if (!found)
            found = &images->list[cprov_select_platform(s, images, selected, i)];
        bool rival = strcmp(found->name, image->name) != 0 ||
                     (which == CPROV_INSTALLED_ONLY && strcmp(found->version, image->version) != 0);
        if (rival && !cprov_select_is_same(found, image))
            return fail_several(name, images, selected, err);
    }
    if (!found) {
        cprov_fail(err, CPROV_ENOTFOUND, "%s", why);
        cprov_hint(err, CPROV_HINT_LIST_INSTALLED);
        return CPROV_ENOTFOUND;
    }
    *out = found;
    return 0;
}

int cprov_installed_manifest(struct cprov_store *store, const struct cprov_descriptor *d,
                             struct cprov_manifest **out, struct cprov_error *err)
{
    auto_buf struct cprov_buf bytes = { 0 };

    cprov_buf_init(&bytes, CPROV_MANIFEST_MAX);
    if (cprov_store_read_blob(store, d, CPROV_MANIFEST_MAX, &bytes, err) < 0)
        return err->code;
    return cprov_manifest_parse(cprov_buf_span(&bytes), cprov_span_of(d->media_type), out, err);
}

/* An index within an index is gone into as deep as is allowed. */
static int read_image_manifest(struct cprov_session *s, struct cprov_installed *in,
                               struct cprov_error *err)
{
    auto_manifest struct cprov_manifest *m = NULL;

    if (cprov_installed_manifest(in->store, &in->image->descriptor, &m, err) < 0)
        return err->code;
    for (int depth = 0; m->kind == CPROV_DOC_INDEX; depth++) {
        const struct cprov_descriptor *d = cprov_manifest_choose(m, &s->host);
        struct cprov_manifest *child = NULL;

        if (!d || depth == CPROV_INDEX_DEPTH_MAX)
            return cprov_fail(err, CPROV_EINCOMPATIBLE, "its index has no image for this host");
        if (cprov_installed_manifest(in->store, d, &child, err) < 0)
            return err->code;
        cprov_manifest_free(m);
        m = child;
    }
    in->manifest = cprov_steal(&m);
    return 0;
}

static int read_config(struct cprov_installed *in, struct cprov_error *err)
{
    auto_buf struct cprov_buf bytes = { 0 };
    const struct cprov_descriptor *d = &in->manifest->config;

    if (cprov_manifest_is_artifact(in->manifest))
        return cprov_fail(err, CPROV_EUNSUPPORTED, "an artifact has no file system");
    cprov_buf_init(&bytes, CPROV_CONFIG_MAX);
    if ((in->packed ? cprov_packed_read(in->packed, &d->digest, CPROV_CONFIG_MAX, &bytes, err)
                    : cprov_store_read_blob(in->store, d, CPROV_CONFIG_MAX, &bytes, err)) < 0 ||
        cprov_image_config_parse(cprov_buf_span(&bytes), &in->config, err) < 0 ||
        cprov_image_config_unpacks(in->config, in->manifest, err) < 0)
        return cprov_wrap(err, "image config");
    return 0;
}

/* An image in a layout or an archive, where it lies. */
static int open_local(struct cprov_session *s, const char *name,
                      const struct cprov_version_options *version, struct cprov_installed *in,
                      struct cprov_error *err)
{
    auto_plan struct cprov_plan plan = { 0 };
    struct cprov_descriptor chosen;
    struct cprov_target target;

    if (cprov_resolve(s, name, version, &target, err) < 0)
        return err->code;
    if (!target.place)
        return cprov_fail(err, CPROV_EUNSUPPORTED, "it is a file, not an image");
    if (cprov_plan_start(s, &target, false, &plan, &chosen, err) < 0 ||
        cprov_plan_fetch(s, &target, false, &chosen, &plan, err) < 0)
        return err->code;
    struct cprov_doc *own = plan.image == &plan.top ? &plan.top : NULL;
    for (size_t i = 0; i < plan.inner_count; i++)
        own = &plan.inner[i] == plan.image ? &plan.inner[i] : own;
    in->manifest = cprov_steal(&own->manifest);
    in->packed = cprov_steal(&plan.packed);
    return 0;
}

static int open_stored(struct cprov_session *s, const char *name,
                       const struct cprov_version_options *version,
                       enum cprov_installed_which which, unsigned flags, struct cprov_installed *in,
                       struct cprov_error *err)
{
    int code = cprov_session_store(s, flags, &in->store, err);

    if (code == CPROV_ENOTFOUND) {
        cprov_fail(err, CPROV_ENOTFOUND, "not installed");
        cprov_hint_about(err, CPROV_HINT_NOTHING_INSTALLED, "%s", name);
        return CPROV_ENOTFOUND;
    }
    if (code < 0 || cprov_images_read(in->store, &in->images, err) < 0 ||
        cprov_installed_find(s, in->images, name, version, which, &in->image, err) < 0)
        return err->code;
    return read_image_manifest(s, in, err);
}

static int fail_not_installed(const char *name, struct cprov_error *err)
{
    cprov_fail(err, CPROV_EUNSUPPORTED, "this verb takes an installed image, not a file");
    cprov_hint_about(err, CPROV_HINT_INSTALL_IMAGE, "%s", name);
    return CPROV_EUNSUPPORTED;
}

int cprov_installed_open(struct cprov_session *s, const char *name,
                         const struct cprov_version_options *version,
                         enum cprov_installed_which which, unsigned flags,
                         struct cprov_installed *out, struct cprov_error *err)
{
    auto_installed struct cprov_installed in = { .store = NULL };
    struct cprov_span location, image;

    if (!name || !*name)
        return cprov_fail(err, CPROV_EINVAL, "no image is named");
    if (version->all)
        return cprov_fail(err, CPROV_EINVAL, "this verb takes one image, not all versions");
    bool local = cprov_local_name(cprov_span_of(name), &location, &image);
    if (local && which == CPROV_INSTALLED_ONLY)
        return fail_not_installed(name, err);
    if ((local ? open_local(s, name, version, &in, err)
               : open_stored(s, name, version, which, flags, &in, err)) < 0 ||
        read_config(&in, err) < 0)
        return err->code;
    *out = in;
    in = (struct cprov_installed){ .store = NULL };
    return 0;
}
