/* serve/view.c - one state of the store as repositories and tags. */
#include "serve/view_private.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "manifest/manifest.h"
#include "manifest/media_type.h"
#include "manifest/reference.h"
#include "serve/cards_private.h"
#include "serve/family_private.h"
#include "serve/served_catalog_private.h"
#include "store/digest_set.h"
#include "store/image_name.h"
#include "store/images.h"

#define DEFAULT_TAG      "latest"
#define CLAIMS_PER_IMAGE 4 /* two repositories, two tags */

/* One image under one name. */
struct claim {
    const char *repository;
    const char *tag; /* "" for none */
    const struct cprov_image *image;
    bool own; /* the repository of its reference, or the only one it has */
};

struct view_version {
    const struct cprov_entry *image;
    bool own;
};

struct cprov_repository {
    const char **tags; /* tags[i] is of roots[i] */
    size_t tags_count;
    struct cprov_served_item *roots; /* after the tagged ones those that have lost their tag */
    size_t roots_count;
    struct view_version *versions; /* versions[i] is of tags[i] */
    pthread_mutex_t lock;
    struct cprov_content *content; /* NULL until asked for */
};

struct cprov_view {
    atomic_uint holders;
    struct cprov_store *store;
    struct cprov_arena arena;
    struct cprov_repository *list;
    const char **names; /* names[i] is of list[i] */
    size_t count;
    struct cprov_served_item *strays; /* what has no repository */
    size_t strays_count;
    pthread_mutex_t lock; /* of what is made when it is asked for: */
    atomic_uint made;     /* of enum cprov_view_part */
    struct cprov_cards *cards;
    struct cprov_family *family;
    struct cprov_served_catalog *catalog;
};

struct builder {
    struct cprov_view *view;
    struct cprov_arena arena; /* of the claims: gone when the view is made */
    struct claim *claims;
    size_t count;
    const struct cprov_image *images;  /* all there are, */
    const struct cprov_entry **copies; /* and what stays of each, once it has a tag */
    const char *place;                 /* what the folder is called */
    struct cprov_digest_set children;  /* of the indexes, when there are nameless images */
};

/* Adds the image under a repository, if that is one, once with each tag that is one. */
static void claim(struct builder *b, const char *repository, bool own,
                  const struct cprov_image *image, const char *const tags[2])
{
    size_t before = b->count;

    if (!repository || cprov_reference_check_repository(cprov_span_of(repository), NULL) < 0)
        return;
    for (size_t i = 0; i < 2; i++)
        if (cprov_reference_check_tag(cprov_span_of(tags[i]), NULL) == 0)
            b->claims[b->count++] = (struct claim){ repository, tags[i], image, own };
    if (b->count == before)
        b->claims[b->count++] = (struct claim){ repository, "", image, own };
}

/* The entry of another tool may have a full name for its name, and need not have a version. */
static void claim_image(struct builder *b, const struct cprov_image *image)
{
    const char *full = image->reference;
    const char *repository = NULL, *tag = "";
    struct cprov_reference r;

    if (!*full && cprov_reference_names_host(cprov_span_of(image->name)))
        full = image->name;
    if (*full && cprov_reference_parse(cprov_span_of(full), &r, NULL) == 0) {
        repository = cprov_arena_text(&b->arena, cprov_span_of(r.repository));
        tag = cprov_arena_text(&b->arena, cprov_span_of(r.tag));
    }
    if (!*image->reference && !*image->version)
        tag = DEFAULT_TAG;
    if (tag && strcmp(tag, image->version) == 0)
        tag = "";
    const char *tags[2] = { image->version, tag ? tag : "" };
    const char *name = cprov_arena_lower(&b->arena, cprov_span_of(image->name));
    claim(b, repository, true, image, tags);
    if (name && (!repository || strcmp(name, repository) != 0))
        claim(b, name, !repository, image, tags);
}

/* --- images without a name beside others --- */

/* An index stands for what it lists. */
static int note_children(struct builder *b, const struct cprov_image *image,
                         struct cprov_error *err)
{
    auto_manifest struct cprov_manifest *m = NULL;
    const struct cprov_descriptor *d = &image->descriptor;
    size_t index;
    bool added;

    if (cprov_media_type_document(cprov_span_of(d->media_type)) != CPROV_DOC_INDEX)
        return 0;
    if (cprov_served_manifest(b->view->store, &d->digest, &m, err) < 0)
        return err->code;
    for (size_t i = 0; m && i < m->manifests_count; i++)
        if (cprov_digest_set_add(&b->children, &m->manifests[i].digest, &index, &added, err) < 0)
            return err->code;
    return 0;
}

static int note_all_children(struct builder *b, const struct cprov_images *images,
                             struct cprov_error *err)
{
    bool any = false;

    for (size_t i = 0; i < images->count && !any; i++)
        any = cprov_image_is_nameless(&images->list[i]);
    for (size_t i = 0; i < images->count && any; i++)
        if (note_children(b, &images->list[i], err) < 0)
            return err->code;
    return 0;
}

/* As find-image has it: of the folder's name, its tag the beginning of its digest. What says
 * something of another image is no image. */
static int claim_nameless(struct builder *b, const struct cprov_image *image,
                          struct cprov_error *err)
{
    auto_manifest struct cprov_manifest *m = NULL;
    char digits[CPROV_SHORT_DIGEST_MAX];

    if (cprov_digest_set_find(&b->children, &image->descriptor.digest, NULL))
        return 0;
    if (cprov_served_manifest(b->view->store, &image->descriptor.digest, &m, err) < 0)
        return err->code;
    if (!m || m->has_subject || cprov_manifest_is_artifact(m))
        return 0;
    const char *tag =
        cprov_arena_text(&b->arena, cprov_span_of(cprov_image_short_digest(image, digits)));
    const char *tags[2] = { tag ? tag : "", "" };
    claim(b, cprov_arena_lower(&b->arena, cprov_span_of(b->place)), true, image, tags);
    return 0;
}

/* By repository and tag; of several images that want one tag, the last installed is first. */
static int compare_claims(const void *left, const void *right)
{
    const struct claim *a = left, *b = right;
    int order = strcmp(a->repository, b->repository);

    if (order == 0)
        order = strcmp(a->tag, b->tag);
    if (order == 0)
        order = strcmp(b->image->installed, a->image->installed);
    return order != 0 ? order : (a->image > b->image) - (a->image < b->image);
}

static struct cprov_served_item item_of(struct cprov_arena *arena, const struct cprov_image *image)
{
    const struct cprov_descriptor *d = &image->descriptor;

    return (struct cprov_served_item){ d->digest,
                                       cprov_arena_text(arena, cprov_span_of(d->media_type)) };
}

/* The list that was read is several times as large as what is told of an image. */
static const struct cprov_entry *keep(struct builder *b, const struct cprov_image *image)
{
    const struct cprov_entry **copy = &b->copies[image - b->images];
    struct cprov_arena *arena = &b->view->arena;

    if (*copy)
        return *copy;
    struct cprov_entry *made = cprov_arena_alloc(arena, 1, sizeof(*made));
    struct cprov_digest *digest = cprov_arena_alloc(arena, 1, sizeof(*digest));
    if (!made || !digest)
        return NULL;
    *digest = image->descriptor.digest;
    *made = (struct cprov_entry){
        .digest = digest,
        .media_type = image->descriptor.media_type,
        .name = cprov_image_is_nameless(image) ? b->place : image->name,
        .publisher = image->publisher,
        .description = image->description,
        .created = image->created,
        .platforms = image->platform,
        .image_id = image->image_id,
        .bytes = image->size,
        .is_os = image->is_os,
    };
    for (size_t i = 0; i < CPROV_TEXTS; i++)
        made->texts[i] =
            made->texts[i] ? cprov_arena_text(arena, cprov_span_of(made->texts[i])) : "";
    *copy = made;
    return made;
}

/* Fills one repository from its claims; with the arena sticky, NULL is looked for at the end. */
static void fill(struct builder *b, const struct claim *claims, size_t count,
                 struct cprov_repository *out)
{
    struct cprov_arena *arena = &b->view->arena;
    size_t tags = 0, others = count;

    out->tags = cprov_arena_alloc(arena, count, sizeof(*out->tags));
    out->roots = cprov_arena_alloc(arena, count, sizeof(*out->roots));
    out->versions = cprov_arena_alloc(arena, count, sizeof(*out->versions));
    out->roots_count = count;
    if (!out->tags || !out->roots || !out->versions)
        return;
    for (size_t i = 0; i < count; i++) {
        const char *tag = claims[i].tag;
        bool wins = *tag && (i == 0 || strcmp(tag, claims[i - 1].tag) != 0);
        if (wins) {
            out->tags[tags] = cprov_arena_text(arena, cprov_span_of(tag));
            out->versions[tags] = (struct view_version){ keep(b, claims[i].image), claims[i].own };
        }
        out->roots[wins ? tags++ : --others] = item_of(arena, claims[i].image);
    }
    out->tags_count = tags;
}

static size_t run_length(const struct claim *claims, size_t count)
{
    size_t n = 1;

    while (n < count && strcmp(claims[n].repository, claims[0].repository) == 0)
        n++;
    return n;
}

static int fill_all(struct builder *b, struct cprov_error *err)
{
    struct cprov_view *v = b->view;
    size_t repositories = 0;

    for (size_t i = 0; i < b->count; i += run_length(b->claims + i, b->count - i))
        repositories++;
    v->list = cprov_arena_alloc(&v->arena, repositories, sizeof(*v->list));
    v->names = cprov_arena_alloc(&v->arena, repositories, sizeof(*v->names));
    for (size_t i = 0; v->list && v->names && i < b->count; v->count++) {
        size_t n = run_length(b->claims + i, b->count - i);
        v->names[v->count] = cprov_arena_text(&v->arena, cprov_span_of(b->claims[i].repository));
        fill(b, b->claims + i, n, &v->list[v->count]);
        pthread_mutex_init(&v->list[v->count].lock, NULL);
        i += n;
    }
    return cprov_arena_check(&v->arena, err);
}

static int build(struct builder *b, const struct cprov_images *images, struct cprov_error *err)
{
    struct cprov_view *v = b->view;

    b->claims = cprov_arena_alloc(&b->arena, images->count * CLAIMS_PER_IMAGE, sizeof(*b->claims));
    b->images = images->list;
    b->copies = cprov_arena_alloc(&b->arena, images->count, sizeof(const struct cprov_entry *));
    v->strays = cprov_arena_alloc(&v->arena, images->count, sizeof(*v->strays));
    b->place = cprov_arena_text(&b->arena, cprov_image_place_name(cprov_store_root(v->store)));
    if (!b->claims || !b->copies || !v->strays || !b->place)
        return cprov_fail_memory(err);
    if (note_all_children(b, images, err) < 0)
        return err->code;
    for (size_t i = 0; i < images->count; i++) {
        const struct cprov_image *image = &images->list[i];
        size_t before = b->count;

        if (!cprov_image_is_nameless(image))
            claim_image(b, image);
        else if (claim_nameless(b, image, err) < 0)
            return err->code;
        if (b->count == before)
            v->strays[v->strays_count++] = item_of(&v->arena, &images->list[i]);
    }
    int code = cprov_arena_check(&b->arena, err);
    if (code < 0)
        return code;
    if (b->count > 1)
        qsort(b->claims, b->count, sizeof(*b->claims), compare_claims);
    return fill_all(b, err);
}

int cprov_view_read(struct cprov_store *store, struct cprov_view **out, struct cprov_error *err)
{
    auto_view struct cprov_view *v = calloc(1, sizeof(*v));
    auto_images struct cprov_images *images = NULL;
    struct builder b = { .view = v };

    if (!v)
        return cprov_fail_memory(err);
    atomic_init(&v->holders, 1);
    atomic_init(&v->made, 0);
    pthread_mutex_init(&v->lock, NULL);
    v->store = store;
    int code = cprov_images_read(store, &images, err);
    if (code == 0)
        code = build(&b, images, err);
    cprov_arena_clear(&b.arena);
    cprov_digest_set_clear(&b.children);
    if (code < 0)
        return code;
    *out = cprov_steal(&v);
    return 0;
}

struct cprov_view *cprov_view_hold(struct cprov_view *v)
{
    atomic_fetch_add(&v->holders, 1);
    return v;
}

void cprov_view_release(struct cprov_view *v)
{
    if (!v || atomic_fetch_sub(&v->holders, 1) != 1)
        return;
    for (size_t i = 0; i < v->count; i++) {
        cprov_content_free(v->list[i].content);
        pthread_mutex_destroy(&v->list[i].lock);
    }
    cprov_served_catalog_release(v->catalog);
    cprov_family_free(v->family);
    cprov_cards_free(v->cards);
    pthread_mutex_destroy(&v->lock);
    cprov_arena_clear(&v->arena);
    free(v);
}

const char *const *cprov_view_names(const struct cprov_view *v, size_t *count)
{
    *count = v->count;
    return v->names;
}

const char *const *cprov_repository_tags(const struct cprov_repository *r, size_t *count)
{
    *count = r->tags_count;
    return r->tags;
}

size_t cprov_names_after(const char *const *list, size_t count, struct cprov_span last)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cprov_span_compare(cprov_span_of(list[middle]), last) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The index of the text in a sorted list, or count. */
static size_t index_of(const char *const *list, size_t count, struct cprov_span text)
{
    size_t after = cprov_names_after(list, count, text);

    return after > 0 && cprov_span_is(text, list[after - 1]) ? after - 1 : count;
}

struct cprov_repository *cprov_view_find(struct cprov_view *v, struct cprov_span name)
{
    size_t i = index_of(v->names, v->count, name);

    return i < v->count ? &v->list[i] : NULL;
}

const struct cprov_served_item *cprov_repository_find(const struct cprov_repository *r,
                                                      struct cprov_span tag)
{
    size_t i = index_of(r->tags, r->tags_count, tag);

    return i < r->tags_count ? &r->roots[i] : NULL;
}

int cprov_repository_content(struct cprov_view *v, struct cprov_repository *r,
                             const struct cprov_content **out, struct cprov_error *err)
{
    pthread_mutex_lock(&r->lock);
    int code = r->content ? 0
                          : cprov_content_read(v->store, r->roots, r->roots_count, v->strays,
                                               v->strays_count, &r->content, err);
    if (code == 0)
        *out = r->content;
    pthread_mutex_unlock(&r->lock);
    return code;
}

const struct cprov_entry *cprov_repository_image(const struct cprov_repository *r, size_t i,
                                                 bool *own)
{
    *own = r->versions[i].own;
    return r->versions[i].image;
}

/* With the lock held: makes what is not there. */
static int make(struct cprov_view *v, enum cprov_view_part part, struct cprov_error *err)
{
    int code = v->cards ? 0 : cprov_cards_read(v->store, v, &v->cards, err);

    if (code == 0)
        atomic_fetch_or(&v->made, CPROV_VIEW_CARDS);
    if (code == 0 && part == CPROV_VIEW_FAMILY && !v->family)
        code = cprov_family_read(v->store, v->cards, &v->family, err);
    if (code == 0 && part == CPROV_VIEW_CATALOG && !v->catalog)
        code = cprov_served_catalog_new(v->cards, &v->catalog, err);
    if (code == 0)
        atomic_fetch_or(&v->made, part);
    return code;
}

/* What is made stays as it is: nobody waits for it while another part is being made. */
static int have(struct cprov_view *v, enum cprov_view_part part, struct cprov_error *err)
{
    if (cprov_view_has(v, part))
        return 0;
    pthread_mutex_lock(&v->lock);
    int code = make(v, part, err);
    pthread_mutex_unlock(&v->lock);
    return code;
}

bool cprov_view_has(const struct cprov_view *v, enum cprov_view_part part)
{
    return atomic_load(&v->made) & part;
}

void cprov_view_prepare(struct cprov_view *v, enum cprov_view_part part)
{
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (have(v, part, &ignored) < 0)
        return;
}

int cprov_view_cards(struct cprov_view *v, const struct cprov_cards **out, struct cprov_error *err)
{
    int code = have(v, CPROV_VIEW_CARDS, err);

    if (code == 0)
        *out = v->cards;
    return code;
}

int cprov_view_family(struct cprov_view *v, const struct cprov_family **out,
                      struct cprov_error *err)
{
    int code = have(v, CPROV_VIEW_FAMILY, err);

    if (code == 0)
        *out = v->family;
    return code;
}

int cprov_view_catalog(struct cprov_view *v, struct cprov_served_catalog **out,
                       struct cprov_error *err)
{
    int code = have(v, CPROV_VIEW_CATALOG, err);

    if (code == 0)
        *out = cprov_served_catalog_hold(v->catalog);
    return code;
}
