/* provider/space.c - cprov_collect(), cprov_usage(): what the store takes, and how it is given
 * back. */
#include "provider/options.h"
#include "provider/outcome.h"
#include "store/containers.h"
#include "store/garbage.h"

#define PARTIAL_AGE_S                                                                              \
    86400 /* a download that was broken off so long ago will not go on by itself */

static int collect(struct cprov_session *s, const struct cprov_collect_options *o,
                   struct cprov_collected_item *out, struct cprov_error *err)
{
    const struct cprov_garbage_options options = { .dry_run = s->options.what_if,
                                                   .partial_age_s =
                                                       o->all_partials ? 0 : PARTIAL_AGE_S };
    auto_store struct cprov_store *store = NULL;
    struct cprov_garbage found = { 0 };

    int code = cprov_session_store(s, s->options.what_if ? CPROV_STORE_READ : 0, &store, err);
    if (code == CPROV_ENOTFOUND) /* takes no space */
        return 0;
    if (code < 0 || cprov_garbage_collect(store, &options, &found, err) < 0)
        return err->code;
    *out = (struct cprov_collected_item){ .size = sizeof(*out),
                                          .blobs = found.blobs,
                                          .partials = found.partials,
                                          .bytes = found.bytes,
                                          .kept = found.kept };
    if (!s->options.what_if && found.blobs + found.partials > 0)
        cprov_session_log(s, store, "gc", "", "");
    return 0;
}

int cprov_collect(struct cprov_session *s, const struct cprov_collect_options *options,
                  cprov_collected_fn *item, const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_collected_item collected = { .size = sizeof(collected) };
    struct cprov_collect_options o;

    if (cprov_session_begin(s, callbacks, &err) < 0 ||
        cprov_options_copy(&o, sizeof(o), options, &err) < 0 ||
        collect(s, &o, &collected, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    if (item)
        item(s->callbacks.arg, &collected);
    return cprov_session_end(s, 0, "", NULL);
}

/* --- usage --- */

static int measure(struct cprov_session *s, struct cprov_usage_item *u, struct cprov_error *err)
{
    const struct cprov_garbage_options options = { .dry_run = true };
    auto_store struct cprov_store *store = NULL;
    auto_images struct cprov_images *images = NULL;
    auto_containers struct cprov_containers *containers = NULL;
    struct cprov_garbage found = { 0 };

    int code = cprov_session_store(s, CPROV_STORE_READ, &store, err);
    if (code == CPROV_ENOTFOUND)
        return 0;
    if (code < 0 || cprov_images_read(store, &images, err) < 0 ||
        cprov_containers_read(store, &containers, err) < 0 ||
        cprov_garbage_collect(store, &options, &found, err) < 0)
        return err->code;
    for (size_t i = 0; i < images->count; i++)
        u->images_apart += images->list[i].size;
    u->images = images->count;
    u->images_bytes = found.named_bytes;
    u->containers = containers->count;
    u->garbage = found.blobs;
    u->garbage_bytes = found.bytes - found.partials_bytes;
    u->partials = found.partials;
    u->partials_bytes = found.partials_bytes;
    return 0;
}

int cprov_usage(struct cprov_session *s, cprov_usage_fn *item,
                const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_usage_item usage = { .size = sizeof(usage) };

    if (cprov_session_begin(s, callbacks, &err) < 0 || measure(s, &usage, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    if (item)
        item(s->callbacks.arg, &usage);
    return cprov_session_end(s, 0, "", NULL);
}
