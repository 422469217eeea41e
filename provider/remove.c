/* provider/remove.c - cprov_remove(): names are taken away, then what nothing depends on. */
#include <string.h>

#include "base/text.h"
#include "engine/runtime_state.h"
#include "provider/change.h"
#include "provider/name.h"
#include "provider/options.h"
#include "provider/outcome.h"
#include "provider/select.h"
#include "store/containers.h"
#include "store/garbage.h"
#include "store/lineage.h"

#define NAMES_SHOWN 5 /* of images or containers, in one sentence */

struct image_removal {
    struct cprov_session *s;
    const struct cprov_remove_options *o;
    cprov_removed_fn *item;
    void *arg;
    struct cprov_store *store;
};

/* What one name takes away: entries of a list, those that are built on others first. */
struct group {
    const struct cprov_images *images;
    const struct cprov_image **gone;
    size_t count;
};

/* --- words --- */

/* Adds "a 1.0, b 2.0", one name a call, with its version or state; number counts from 0. */
static void add_name(struct cprov_buf *out, size_t number, const char *name, const char *version)
{
    if (number >= NAMES_SHOWN)
        return;
    cprov_buf_addf(out, "%s%s %s", number ? ", " : "", name, version);
}

static void add_more(struct cprov_buf *out, size_t count)
{
    if (count > NAMES_SHOWN)
        cprov_buf_addf(out, " and %zu more", count - NAMES_SHOWN);
}

/* --- what depends on it --- */

static bool goes(const struct group *g, const struct cprov_image *image)
{
    return cprov_images_has(g->gone, g->count, image);
}

/* Whether the bytes go with the group: another entry may have the same. */
static bool is_deleted(const struct group *g, const struct cprov_images *all,
                       const struct cprov_digest *digest)
{
    bool named = false;

    for (size_t i = 0; i < g->count; i++)
        named = named || cprov_digest_equal(&g->gone[i]->descriptor.digest, digest);
    for (size_t i = 0; named && i < all->count; i++)
        if (cprov_digest_equal(&all->list[i].descriptor.digest, digest) && !goes(g, &all->list[i]))
            return false;
    return named;
}

static int check_containers(const struct image_removal *r, const struct group *g,
                            const struct cprov_images *now, struct cprov_error *err)
{
    auto_containers struct cprov_containers *all = NULL;
    auto_buf struct cprov_buf names = { 0 };
    size_t found = 0;

    if (cprov_containers_read(r->store, &all, err) < 0)
        return err->code;
    cprov_buf_init(&names, CPROV_URL_MAX);
    for (size_t i = 0; i < all->count; i++) {
        struct cprov_digest digest;

        if (cprov_digest_parse(cprov_span_of(all->list[i].digest), &digest, NULL) < 0 ||
            !is_deleted(g, now, &digest))
            continue;
        struct cprov_runtime_state state = cprov_runtime_state_of(&all->list[i], &r->s->cancel);
        add_name(&names, found++, all->list[i].name, cprov_runtime_state_word(state.state));
    }
    if (found == 0)
        return 0;
    add_more(&names, found);
    return cprov_fail(err, CPROV_EINUSE, "a container depends on it: %s", cprov_buf_text(&names));
}

/* Whether images->list[i] was built on what goes. */
static bool is_child(const struct cprov_lineage *lineage, const struct group *g,
                     const struct cprov_images *images, size_t i)
{
    const struct cprov_image *parent = cprov_lineage_parent(lineage, i);

    return parent && is_deleted(g, images, &parent->descriptor.digest);
}

static int check_children(const struct image_removal *r, const struct group *g,
                          const struct cprov_images *now, struct cprov_error *err)
{
    auto_lineage struct cprov_lineage *lineage = NULL;
    auto_buf struct cprov_buf names = { 0 };
    size_t found = 0;

    if (cprov_lineage_new(r->store, now, &lineage, err) < 0)
        return err->code;
    cprov_buf_init(&names, CPROV_URL_MAX);
    for (size_t i = 0; i < now->count; i++) {
        if (!goes(g, &now->list[i]) && is_child(lineage, g, now, i))
            add_name(&names, found++, now->list[i].name, now->list[i].version);
    }
    if (found == 0)
        return 0;
    add_more(&names, found);
    return cprov_fail(err, CPROV_EINUSE, "the image has dependent child images: %s",
                      cprov_buf_text(&names));
}

struct removal_check {
    const struct image_removal *r;
    const struct group *g;
};

static int check_names(const struct image_removal *r, const struct group *g,
                       const struct cprov_images *now, struct cprov_error *err)
{
    for (size_t i = 0; r->o->names_only && i < g->count; i++)
        if (is_deleted(g, now, &g->gone[i]->descriptor.digest))
            return cprov_fail(err, CPROV_EINUSE, "it is the only name of the image");
    return 0;
}

/* Under the lock under which containers and images are recorded. */
static int allows(void *arg, const struct cprov_images *now, struct cprov_error *err)
{
    const struct removal_check *q = arg;

    if (check_names(q->r, q->g, now, err) < 0 || check_children(q->r, q->g, now, err) < 0 ||
        check_containers(q->r, q->g, now, err) < 0)
        return err->code;
    return 0;
}

/* --- what is meant --- */

/* Takes in what was built on the group, until nothing is added; the newest addition goes first. */
static int take_children(const struct image_removal *r, struct group *g, bool *selected,
                         struct cprov_error *err)
{
    auto_lineage struct cprov_lineage *lineage = NULL;

    if (cprov_lineage_new(r->store, g->images, &lineage, err) < 0)
        return err->code;
    for (size_t before = 0; before != g->count;) {
        before = g->count;
        for (size_t i = 0; i < g->images->count; i++) {
            if (selected[i] || !is_child(lineage, g, g->images, i))
                continue;
            selected[i] = true;
            memmove(g->gone + 1, g->gone, g->count * sizeof(*g->gone));
            g->gone[0] = &g->images->list[i];
            g->count++;
        }
    }
    return 0;
}

static bool is_same_name(const struct cprov_image *a, const struct cprov_image *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->version, b->version) == 0;
}

/* A name that is no pattern means one image: of one version, or several names of the same bytes
 * when that is forced. */
static int check_one(const struct image_removal *r, const struct group *g, const char *name,
                     struct cprov_error *err)
{
    auto_buf struct cprov_buf names = { 0 };
    size_t found = 0;
    bool same = true;

    if (r->o->version->all || cprov_span_is_pattern(cprov_span_of(name)))
        return 0;
    cprov_buf_init(&names, CPROV_URL_MAX);
    for (size_t i = 0; i < g->count; i++) {
        same = same && cprov_select_is_same(g->gone[i], g->gone[0]);
        if (i == 0 || !is_same_name(g->gone[i], g->gone[i - 1]))
            add_name(&names, found++, g->gone[i]->name, g->gone[i]->version);
    }
    if (found <= 1 || (same && r->o->all_names))
        return 0;
    add_more(&names, found);
    if (same)
        return cprov_fail(err, CPROV_EINUSE,
                          "the image has %zu names; removing all of them must be forced: %s", found,
                          cprov_buf_text(&names));
    return cprov_fail(err, CPROV_EINVAL, "the name matches %zu installed images: %s", found,
                      cprov_buf_text(&names));
}

/* Fills the group; count 0: it was told that nothing of the name is installed. */
static int choose(const struct image_removal *r, const char *name, struct group *g,
                  struct cprov_outcome *outcome, struct cprov_error *err)
{
    const struct cprov_selection selection = { .names = &name,
                                               .names_count = 1,
                                               .version = r->o->version };
    const struct cprov_images *images = g->images;
    bool *selected = cprov_arena_alloc(&r->s->call, images->count, sizeof(*selected));

    g->gone = cprov_arena_alloc(&r->s->call, images->count, sizeof(const struct cprov_image *));
    if (!selected || !g->gone)
        return cprov_fail_memory(err);
    if (cprov_select(r->s, images, &selection, selected, outcome, err) < 0)
        return err->code;
    for (size_t i = 0; i < images->count; i++)
        if (selected[i])
            g->gone[g->count++] = &images->list[i];
    if (g->count == 0)
        return 0;
    if (check_one(r, g, name, err) < 0)
        return err->code;
    return r->o->cascade ? take_children(r, g, selected, err) : 0;
}

/* --- removing --- */

static void emit(const struct image_removal *r, const struct group *g, uint64_t bytes)
{
    for (size_t i = 0; r->item && i < g->count; i++) {
        const struct cprov_image *image = g->gone[i];
        char digest[CPROV_DIGEST_TEXT_MAX], full[CPROV_ITEM_TEXT_MAX];
        bool again = false;

        for (size_t k = i + 1; k < g->count; k++)
            again = again ||
                    cprov_digest_equal(&g->gone[k]->descriptor.digest, &image->descriptor.digest);
        cprov_full_name(image->publisher, image->name, image->version, full);
        const struct cprov_removed_item item = {
            .size = sizeof(item),
            .name = image->name,
            .version = image->version,
            .full_name = full,
            .platforms = image->platform,
            .digest = cprov_digest_format(&image->descriptor.digest, digest),
            .image_id = image->image_id,
            .deleted = !again && is_deleted(g, g->images, &image->descriptor.digest),
            .bytes = i + 1 == g->count ? bytes : 0,
        };
        r->item(r->arg, &item);
    }
}

/* As cprov_should(), of all of the group; the last one frees what they held alone. */
static int should(const struct image_removal *r, const struct group *g, uint64_t bytes,
                  struct cprov_error *err)
{
    int go = 1;

    for (size_t i = 0; i < g->count && go >= 0; i++)
        go = cprov_should(r->s,
                          &(struct cprov_change){ .kind = CPROV_CHANGE_REMOVE_IMAGE,
                                                  .name = g->gone[i]->name,
                                                  .version = g->gone[i]->version,
                                                  .count = i + 1 == g->count ? bytes : 0 },
                          err);
    return go;
}

static int remove_group(const struct image_removal *r, const struct group *g,
                        struct cprov_error *err)
{
    struct removal_check question = { r, g };
    struct cprov_error unknown = CPROV_ERROR_INIT;
    uint64_t bytes = 0;

    if (allows(&question, g->images, err) < 0)
        return err->code;
    if (!r->o->keep_blobs && cprov_garbage_of(r->store, g->gone, g->count, &bytes, &unknown) < 0)
        bytes = 0; /* a damaged image may be removed all the same */
    int go = should(r, g, bytes, err);
    if (go <= 0)
        return go;
    if (cprov_images_remove(r->store, g->gone, g->count, allows, &question, err) < 0)
        return err->code;
    for (size_t i = 0; i < g->count; i++) {
        char digest[CPROV_DIGEST_TEXT_MAX];

        cprov_session_log(r->s, r->store, "remove",
                          cprov_name_and_version(r->s, g->gone[i]->name, g->gone[i]->version),
                          cprov_digest_format(&g->gone[i]->descriptor.digest, digest));
    }
    emit(r, g, bytes);
    return 0;
}

/* What one name means is looked up when its turn comes: names before it may have taken it. */
static int remove_name(const struct image_removal *r, const char *name,
                       struct cprov_outcome *outcome, struct cprov_error *err)
{
    auto_images struct cprov_images *images = NULL;
    struct group g = { 0 };

    if (cprov_cancelled(&r->s->cancel))
        return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
    if (cprov_images_read(r->store, &images, err) < 0)
        return err->code;
    g.images = images;
    if (choose(r, name, &g, outcome, err) < 0)
        return err->code;
    return g.count > 0 ? remove_group(r, &g, err) : 0;
}

/* Space that is not given back now is no failure: the images are gone. */
static void collect(const struct image_removal *r)
{
    const struct cprov_garbage_options options = { .partial_age_s = -1 };
    struct cprov_garbage found = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;

    if (cprov_garbage_collect(r->store, &options, &found, &err) < 0)
        cprov_say(r->s, CPROV_MSG_WARNING, "the bytes stay for now: %s", err.msg);
    else if (found.kept > 0)
        cprov_say(r->s, CPROV_MSG_WARNING,
                  "%llu blobs stay for now: another process is downloading",
                  (unsigned long long)found.kept);
}

static int remove_all(struct image_removal *r, struct cprov_outcome *outcome,
                      struct cprov_error *err)
{
    const struct cprov_remove_options *o = r->o;
    const struct cprov_selection selection = { .names = o->names,
                                               .names_count = o->names_count,
                                               .version = o->version };
    struct cprov_version_range range;
    auto_store struct cprov_store *store = NULL;

    if (cprov_select_check(&selection, &range, err) < 0)
        return err->code;
    int code = cprov_session_store(r->s, r->s->options.what_if ? CPROV_STORE_READ : 0, &store, err);
    if (code == CPROV_ENOTFOUND) {
        cprov_select_nothing(r->s, &selection, outcome);
        return 0;
    }
    if (code < 0)
        return code;
    r->store = store;
    for (size_t i = 0; i < o->names_count && !outcome->stop; i++) {
        struct cprov_error one = CPROV_ERROR_INIT;
        struct cprov_outcome missing = { 0 };

        code = remove_name(r, o->names[i], &missing, &one);
        if (missing.code < 0) {
            outcome->code = outcome->code ? outcome->code : missing.code;
            continue; /* is told */
        }
        cprov_outcome_add(r->s, outcome, code, o->names[i], NULL, NULL, &one);
    }
    if (outcome->done > 0 && !o->keep_blobs && !r->s->options.what_if)
        collect(r);
    return 0;
}

int cprov_remove(struct cprov_session *s, const struct cprov_remove_options *options,
                 cprov_removed_fn *item, const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_outcome outcome = { 0 };
    struct cprov_version_options version;
    struct cprov_remove_options o;

    if (cprov_session_begin(s, callbacks, &err) < 0 ||
        cprov_options_copy(&o, sizeof(o), options, &err) < 0 ||
        cprov_options_copy(&version, sizeof(version), o.version, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    o.version = &version;
    struct image_removal r = { .s = s, .o = &o, .item = item, .arg = s->callbacks.arg };
    if (o.names_count == 0)
        cprov_outcome_usage(s, &outcome, "no image is named");
    else if (remove_all(&r, &outcome, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    return cprov_session_end(s, cprov_outcome_code(&outcome), "", NULL);
}
