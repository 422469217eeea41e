/* provider/tag.c - cprov_tag(): one more name for an installed image. */
#include <string.h>

#include "base/clock.h"
#include "provider/change.h"
#include "provider/name.h"
#include "provider/options.h"
#include "provider/outcome.h"
#include "provider/select.h"

struct tagging {
    struct cprov_session *s;
    const struct cprov_tag_options *o;
    const char *name, *version; /* the new ones */
};

/* Of several platforms each gets the name; of several images none does. */
static int check_source(const struct cprov_images *images, const bool *selected, const char *why,
                        struct cprov_error *err)
{
    const struct cprov_image *first = NULL;

    if (why)
        return cprov_fail(err, CPROV_ENOTFOUND, "%s", why);
    for (size_t i = 0; i < images->count; i++) {
        if (!selected[i])
            continue;
        if (!first)
            first = &images->list[i];
        if (strcmp(first->version, images->list[i].version) != 0 &&
            !cprov_select_is_same(first, &images->list[i]))
            return cprov_fail(
                err, CPROV_EINVAL, "several installed images could be meant: %s %s and %s %s",
                first->name, first->version, images->list[i].name, images->list[i].version);
    }
    return 0;
}

/* What has the name already. */
static int check_target(const struct tagging *t, const struct cprov_images *images,
                        const struct cprov_image *source, bool *there, struct cprov_error *err)
{
    *there = false;
    for (size_t i = 0; i < images->count; i++) {
        const struct cprov_image *image = &images->list[i];

        if (strcmp(image->name, t->name) != 0 || strcmp(image->version, t->version) != 0 ||
            strcmp(image->platform, source->platform) != 0)
            continue;
        *there = cprov_digest_equal(&image->descriptor.digest, &source->descriptor.digest);
        if (!*there && !t->o->force)
            return cprov_fail(err, CPROV_EEXISTS, "%s %s is another image", t->name, t->version);
    }
    return 0;
}

static int tag_one(const struct tagging *t, struct cprov_store *store,
                   const struct cprov_images *images, const struct cprov_image *source,
                   struct cprov_error *err)
{
    struct cprov_image image = *source;
    char now[CPROV_TIME_TEXT_MAX], digest[CPROV_DIGEST_TEXT_MAX];
    const char *target = cprov_name_and_version(t->s, t->name, t->version);
    bool there;

    if (check_target(t, images, source, &there, err) < 0)
        return err->code;
    if (there)
        return 0;
    int go = cprov_should(t->s,
                          &(struct cprov_change){ .kind = CPROV_CHANGE_TAG_IMAGE,
                                                  .name = source->name,
                                                  .version = source->version,
                                                  .place = target },
                          err);
    if (go <= 0)
        return go;
    image.name = t->name;
    image.version = t->version;
    image.installed = cprov_time_format(cprov_time_now(), now);
    image.naming = CPROV_NAMED_BY_US;
    if (cprov_images_install(store, &image, err) < 0)
        return err->code;
    cprov_session_log(t->s, store, "tag", target,
                      cprov_digest_format(&source->descriptor.digest, digest));
    return 0;
}

static int tag(struct tagging *t, struct cprov_error *err)
{
    auto_store struct cprov_store *store = NULL;
    auto_images struct cprov_images *images = NULL;
    const char *why = NULL;
    bool what_if = t->s->options.what_if;

    if (!t->o->name || !t->o->target)
        return cprov_fail(err, CPROV_EINVAL, "an installed image and a new name are needed");
    if (cprov_name_target(t->s, t->o->target, &t->name, &t->version, err) < 0 ||
        cprov_session_store(t->s, what_if ? CPROV_STORE_READ : 0, &store, err) < 0 ||
        (!what_if && cprov_store_begin(store, err) < 0) ||
        cprov_images_read(store, &images, err) < 0)
        return err->code;
    bool *selected = cprov_arena_alloc(&t->s->call, images->count, sizeof(*selected));
    if (!selected)
        return cprov_fail_memory(err);
    if (cprov_select_quietly(t->s, images, t->o->name, t->o->version, selected, &why, err) < 0 ||
        check_source(images, selected, why, err) < 0)
        return err->code;
    for (size_t i = 0; i < images->count; i++)
        if (selected[i] && tag_one(t, store, images, &images->list[i], err) < 0)
            return err->code;
    return 0;
}

int cprov_tag(struct cprov_session *s, const struct cprov_tag_options *options,
              const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_version_options version;
    struct cprov_tag_options o;

    if (cprov_session_begin(s, callbacks, &err) < 0 ||
        cprov_options_copy(&o, sizeof(o), options, &err) < 0 ||
        cprov_options_copy(&version, sizeof(version), o.version, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    o.version = &version;
    struct tagging t = { .s = s, .o = &o };
    int code = tag(&t, &err);
    return cprov_session_end(s, code, o.name ? o.name : "", &err);
}
