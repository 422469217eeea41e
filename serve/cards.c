/* serve/cards.c - what is told of every version that is served. */
#include "serve/cards_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/grow.h"
#include "base/limits.h"
#include "base/version.h"
#include "serve/parts_private.h"
#include "serve/served_private.h"
#include "store/digest_set.h"

#define ANN "org.opencontainers.image."

struct card_reader {
    struct cprov_store *store;
    struct cprov_cards *cards;
    struct cprov_digest_set known; /* digests whose documents were read: */
    struct cprov_entry *learnt;    /* what they say, by their number */
    size_t learnt_room;
};

/* One image or index, while its documents are read. */
struct lesson {
    struct card_reader *reader;
    struct cprov_entry *card;
    struct cprov_buf platforms;
    struct cprov_digest_set blobs; /* counted already */
    bool has_os;
};

void cprov_cards_free(struct cprov_cards *c)
{
    if (!c)
        return;
    cprov_arena_clear(&c->arena);
    free(c->list);
    free(c);
}

static const char *copy(struct card_reader *r, const char *text)
{
    struct cprov_span s = cprov_span_of(text);

    if (s.len > CPROV_UI_TEXT_MAX)
        s.len = CPROV_UI_TEXT_MAX;
    return s.len > 0 ? cprov_arena_text(&r->cards->arena, s) : "";
}

/* A text of the view: it stays as long as we do. */
static const char *keep(struct card_reader *r, const char *text)
{
    return strlen(text) > CPROV_UI_TEXT_MAX ? copy(r, text) : text;
}

static void set(struct card_reader *r, const char **field, const char *text)
{
    if (!**field && text && *text)
        *field = copy(r, text);
}

/* "windows(10.0.20348.1)/amd64" → "10.0.20348.1". */
static const char *os_version_of(struct card_reader *r, const char *platform)
{
    const char *open = strchr(platform, '(');
    size_t len = open ? strcspn(open + 1, "+)") : 0;

    return len > 0 ? cprov_arena_text(&r->cards->arena, cprov_span_make(open + 1, len)) : "";
}

/* --- an entry that says too little: its documents --- */

static int count_blob(struct lesson *l, const struct cprov_digest *digest, uint64_t size,
                      struct cprov_error *err)
{
    size_t index;
    bool added = false;

    int code = cprov_digest_set_add(&l->blobs, digest, &index, &added, err);
    if (added && size <= CPROV_BLOB_SIZE_MAX)
        l->card->bytes += size;
    return code;
}

static int count_blobs(struct lesson *l, const struct cprov_digest *digest,
                       const struct cprov_manifest *m, struct cprov_error *err)
{
    int code = count_blob(l, digest, m->raw.len, err);

    if (code == 0)
        code = count_blob(l, &m->config.digest, m->config.size, err);
    for (size_t i = 0; code == 0 && i < m->layers_count; i++)
        code = count_blob(l, &m->layers[i].digest, m->layers[i].size, err);
    return code;
}

static void add_platform(struct lesson *l, const struct cprov_platform *p)
{
    size_t before = l->platforms.len;

    if (before > 0)
        cprov_buf_add_text(&l->platforms, ", ");
    cprov_platform_format(p, &l->platforms);
    set(l->reader, &l->card->os_version, p->os_version);
}

static void learn_config(struct lesson *l, const struct cprov_manifest *m,
                         const struct cprov_image_config *c)
{
    struct card_reader *r = l->reader;
    struct cprov_entry *card = l->card;
    char digest[CPROV_DIGEST_TEXT_MAX];

    set(r, &card->created, c->created);
    set(r, &card->description, cprov_image_config_label(c, ANN "description"));
    set(r, &card->publisher, cprov_image_config_label(c, ANN "vendor"));
    set(r, &card->title, cprov_image_config_label(c, ANN "title"));
    set(r, &card->image_id, cprov_digest_format(&m->config.digest, digest));
    if (!l->has_os)
        card->is_os = cprov_image_is_os(m, c);
    l->has_os = true;
}

static void learn_annotations(struct lesson *l, const struct cprov_manifest *m)
{
    struct card_reader *r = l->reader;

    set(r, &l->card->description, cprov_manifest_annotation(m, ANN "description"));
    set(r, &l->card->publisher, cprov_manifest_annotation(m, ANN "vendor"));
    set(r, &l->card->title, cprov_manifest_annotation(m, ANN "title"));
}

static void learn_index(void *arg, const struct cprov_manifest *index)
{
    learn_annotations(arg, index);
}

static int learn_part(void *arg, const struct cprov_part_reader *part, struct cprov_error *err)
{
    struct lesson *l = arg;
    auto_image_config struct cprov_image_config *config = NULL;
    const struct cprov_descriptor *d = part->descriptor;

    if (!part->manifest)
        return 0;
    if (count_blobs(l, &d->digest, part->manifest, err) < 0 ||
        cprov_part_config(l->reader->store, part->manifest, &config, err) < 0)
        return err->code;
    learn_annotations(l, part->manifest);
    if (config)
        learn_config(l, part->manifest, config);
    if (d->has_platform)
        add_platform(l, &d->platform);
    else if (config)
        add_platform(l, &config->platform);
    return 0;
}

/* What an artifact is: its own word for it, else the type of its config (image-spec, manifest.md).
 */
static int learn_artifact(void *arg, const struct cprov_part_reader *part, struct cprov_error *err)
{
    struct lesson *l = arg;
    const struct cprov_manifest *m = part->manifest;
    bool says = m->artifact_type && *m->artifact_type;

    if (count_blobs(l, &part->descriptor->digest, m, err) < 0)
        return err->code;
    learn_annotations(l, m);
    set(l->reader, &l->card->created, cprov_manifest_annotation(m, ANN "created"));
    set(l->reader, &l->card->artifact_type, says ? m->artifact_type : m->config.media_type);
    return 0;
}

static int learn(struct card_reader *r, const struct cprov_digest *digest, struct cprov_entry *card,
                 struct cprov_error *err)
{
    struct lesson l = { .reader = r, .card = card };
    struct cprov_parts_walk walk = {
        .part = learn_part, .index = learn_index, .artifact = learn_artifact, .arg = &l
    };

    cprov_buf_init(&l.platforms, CPROV_UI_TEXT_MAX);
    int code = cprov_parts_each(r->store, digest, &walk, err);
    if (l.platforms.len > 0)
        card->platforms = cprov_arena_text(&r->cards->arena, cprov_buf_span(&l.platforms));
    cprov_buf_clear(&l.platforms);
    cprov_digest_set_clear(&l.blobs);
    return code;
}

/* What the documents below a digest say: they are read once for all its tags. */
static int look_up(struct card_reader *r, const struct cprov_digest *digest,
                   const struct cprov_entry **out, struct cprov_error *err)
{
    size_t index = 0;
    bool added = false;

    int code = cprov_digest_set_add(&r->known, digest, &index, &added, err);
    if (code < 0)
        return code;
    if (cprov_grow(&r->learnt, &r->learnt_room, index, sizeof(*r->learnt), CPROV_LIST_MAX, err) < 0)
        return err->code;
    if (added) {
        r->learnt[index] = (struct cprov_entry){ 0 };
        cprov_entry_blank(&r->learnt[index]);
        code = learn(r, digest, &r->learnt[index], err);
    }
    *out = &r->learnt[index];
    return code;
}

/* --- cards --- */

static const char *or_else(const char *text, const char *other)
{
    return *text ? text : other;
}

/* The name that people know, unless it is no more than the repository, or a host with it. */
static const char *shown_name(const struct cprov_entry *image, const char *repository)
{
    struct cprov_span name = cprov_span_of(image->name);

    if (name.len == 0 || name.len > CPROV_NAME_MAX || cprov_span_ends_with(name, repository))
        return repository;
    return image->name;
}

/* What index.json says of the image, else what its documents do. The card has its names. */
static int fill(struct card_reader *r, const struct cprov_entry *image, struct cprov_entry *card,
                struct cprov_error *err)
{
    struct cprov_entry none = { 0 };
    const struct cprov_entry *learnt = &none;

    cprov_entry_blank(&none);
    if ((!*image->platforms || !*image->created || !image->bytes) &&
        look_up(r, image->digest, &learnt, err) < 0)
        return err->code;
    card->name = shown_name(image, card->repository);
    card->digest = image->digest;
    card->bytes = image->bytes ? image->bytes : learnt->bytes;
    card->is_os = image->is_os || learnt->is_os;
    card->complete = true;
    for (size_t i = CPROV_TEXT_NAMES; i < CPROV_TEXTS; i++)
        card->texts[i] = or_else(keep(r, image->texts[i]), learnt->texts[i]);
    card->os_version = or_else(os_version_of(r, card->platforms), learnt->os_version);
    return 0;
}

static int compare_versions(const void *left, const void *right)
{
    const struct cprov_entry *a = left, *b = right;
    bool a_no = cprov_version_is_attachment(cprov_span_of(a->version));
    bool b_no = cprov_version_is_attachment(cprov_span_of(b->version));

    if (a_no != b_no)
        return a_no ? 1 : -1;
    return cprov_version_compare(cprov_span_of(b->version), cprov_span_of(a->version));
}

static int find_newest(struct cprov_cards *c, struct cprov_card_group *g, struct cprov_error *err)
{
    const char **versions = calloc(g->count, sizeof(*versions));

    if (!versions)
        return cprov_fail_memory(err);
    for (size_t i = 0; i < g->count; i++)
        versions[i] = c->list[g->first + i].version;
    g->newest = g->first + cprov_version_newest(versions, g->count);
    free(versions);
    return 0;
}

/* Several tags of one image are one download. */
static int add_up(const struct cprov_cards *c, struct cprov_card_group *g, struct cprov_error *err)
{
    struct cprov_digest_set seen = { 0 };
    int code = 0;

    for (size_t i = g->first; code == 0 && i < g->first + g->versions; i++) {
        bool added = false;
        size_t index;

        code = cprov_digest_set_add(&seen, c->list[i].digest, &index, &added, err);
        if (added && c->list[i].bytes <= CPROV_BLOB_SIZE_MAX)
            g->bytes += c->list[i].bytes;
    }
    cprov_digest_set_clear(&seen);
    return code;
}

static int read_group(struct card_reader *r, struct cprov_repository *repository,
                      struct cprov_card_group *g, struct cprov_error *err)
{
    struct cprov_cards *c = r->cards;
    const char *const *tags = cprov_repository_tags(repository, &g->count);
    int code = 0;

    g->first = c->count;
    for (size_t i = 0; code == 0 && i < g->count; i++) {
        struct cprov_entry *card = &c->list[c->count++];
        bool own = false;
        const struct cprov_entry *image = cprov_repository_image(repository, i, &own);

        *card = (struct cprov_entry){ .repository = g->repository, .version = tags[i] };
        g->own = g->own || own;
        code = fill(r, image, card, err);
    }
    if (code < 0)
        return code;
    qsort(c->list + g->first, g->count, sizeof(*c->list), compare_versions);
    g->versions = 0;
    while (g->versions < g->count &&
           !cprov_version_is_attachment(cprov_span_of(c->list[g->first + g->versions].version)))
        g->versions++;
    code = add_up(c, g, err);
    return code < 0 ? code : find_newest(c, g, err);
}

static size_t count_tags(struct cprov_view *view, const char *const *names, size_t count)
{
    size_t sum = 0, tags;

    for (size_t i = 0; i < count; i++) {
        cprov_repository_tags(cprov_view_find(view, cprov_span_of(names[i])), &tags);
        sum += tags;
    }
    return sum;
}

static int read_all(struct card_reader *r, struct cprov_view *view, struct cprov_error *err)
{
    struct cprov_cards *c = r->cards;
    size_t count, tags;
    const char *const *names = cprov_view_names(view, &count);
    int code = 0;

    c->list = calloc(count_tags(view, names, count) + 1, sizeof(*c->list));
    c->groups = cprov_arena_alloc(&c->arena, count, sizeof(*c->groups));
    if (!c->list || !c->groups)
        return cprov_fail_memory(err);
    for (size_t i = 0; code == 0 && i < count; i++) {
        struct cprov_repository *repository = cprov_view_find(view, cprov_span_of(names[i]));
        struct cprov_card_group *g = &c->groups[c->groups_count];

        cprov_repository_tags(repository, &tags);
        if (tags == 0)
            continue;
        g->repository = names[i];
        code = read_group(r, repository, g, err);
        c->groups_count++;
    }
    return code < 0 ? code : cprov_arena_check(&c->arena, err);
}

int cprov_cards_read(struct cprov_store *store, struct cprov_view *view, struct cprov_cards **out,
                     struct cprov_error *err)
{
    auto_cards struct cprov_cards *c = calloc(1, sizeof(*c));
    struct cprov_error local = CPROV_ERROR_INIT;
    struct card_reader r = { .store = store, .cards = c };

    if (!c)
        return cprov_fail_memory(err);
    int code = read_all(&r, view, err ? err : &local);
    cprov_digest_set_clear(&r.known);
    free(r.learnt);
    if (code < 0)
        return code;
    *out = cprov_steal(&c);
    return 0;
}

const struct cprov_card_group *cprov_cards_group(const struct cprov_cards *c,
                                                 struct cprov_span repository)
{
    size_t low = 0, high = c->groups_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = cprov_span_compare(cprov_span_of(c->groups[middle].repository), repository);
        if (order == 0)
            return &c->groups[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct cprov_entry *cprov_cards_find(const struct cprov_cards *c,
                                           const struct cprov_card_group *group,
                                           struct cprov_span version)
{
    for (size_t i = group->first; i < group->first + group->count; i++)
        if (cprov_span_is(version, c->list[i].version))
            return &c->list[i];
    return NULL;
}
