/* serve/content.c - everything that the images of one repository name. */
#include "serve/content_private.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/grow.h"
#include "base/limits.h"
#include "manifest/manifest.h"
#include "manifest/media_type.h"
#include "store/blobs.h"
#include "store/digest_set.h"

#define ITEMS_MAX       (1u << 20) /* blobs and manifests of one repository */
#define HEADER_TYPE_MAX 255        /* bytes */
#define ANONYMOUS_TYPE  "application/octet-stream"
#define ADOPTION_ROUNDS 4 /* a signature of a signature of ... */

struct link {
    struct cprov_digest subject;
    size_t item; /* whose subject it is */
};

struct cprov_content {
    struct cprov_arena arena;
    struct cprov_digest_set set;     /* numbers the items */
    struct cprov_served_item *items; /* set.count of them */
    size_t items_room;
    struct link *links;
    size_t links_count, links_room;
};

struct file_reader {
    struct cprov_store *store;
    struct cprov_content *content;
};

void cprov_content_free(struct cprov_content *c)
{
    if (!c)
        return;
    cprov_arena_clear(&c->arena);
    cprov_digest_set_clear(&c->set);
    free(c->items);
    free(c->links);
    free(c);
}

const char *cprov_media_type_for_header(const char *text)
{
    size_t len = 0;

    while (text[len] > ' ' && text[len] < 0x7f && len <= HEADER_TYPE_MAX)
        len++;
    return len > 0 && len <= HEADER_TYPE_MAX && !text[len] ? text : ANONYMOUS_TYPE;
}

static int set_type(struct cprov_content *c, size_t index, const char *type,
                    struct cprov_error *err)
{
    const char *safe = cprov_media_type_for_header(type);
    const char *known = c->items[index].media_type;

    if (known && strcmp(known, safe) == 0)
        return 0;
    c->items[index].media_type = cprov_arena_text(&c->arena, cprov_span_of(safe));
    return cprov_arena_check(&c->arena, err);
}

/*
 * media_type is NULL unless it is a manifest. *fresh: not seen before as what it is now, so what it
 * names is to be added too.
 */
static int add(struct cprov_content *c, const struct cprov_digest *digest, const char *media_type,
               size_t *index, bool *fresh, struct cprov_error *err)
{
    bool added = false;

    if (c->set.count >= ITEMS_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "a repository names more than %u blobs", ITEMS_MAX);
    if (cprov_grow(&c->items, &c->items_room, c->set.count, sizeof(*c->items), ITEMS_MAX, err) <
            0 ||
        cprov_digest_set_add(&c->set, digest, index, &added, err) < 0)
        return err->code;
    if (added)
        c->items[*index] = (struct cprov_served_item){ .digest = *digest };
    *fresh = added || (media_type && !c->items[*index].media_type);
    return *fresh && media_type ? set_type(c, *index, media_type, err) : 0;
}

static int add_blob(struct cprov_content *c, const struct cprov_descriptor *d,
                    struct cprov_error *err)
{
    size_t index = 0;
    bool fresh = false;

    return add(c, &d->digest, NULL, &index, &fresh, err);
}

static int add_link(struct cprov_content *c, const struct cprov_digest *subject, size_t item,
                    struct cprov_error *err)
{
    if (cprov_grow(&c->links, &c->links_room, c->links_count, sizeof(*c->links), CPROV_LIST_MAX,
                   err) < 0)
        return err->code;
    c->links[c->links_count++] = (struct link){ *subject, item };
    return 0;
}

/* The size is the file's: it was verified when it got in, other than what an index says of it. */
static int read_bytes(struct cprov_store *store, const struct cprov_digest *digest,
                      struct cprov_buf *out, struct cprov_error *err)
{
    struct cprov_descriptor d = { .media_type = "", .digest = *digest };
    auto_fd int fd = -1;

    int code = cprov_store_open_digest(store, digest, &fd, &d.size, err);
    return code < 0 ? code : cprov_store_read_blob(store, &d, CPROV_MANIFEST_MAX, out, err);
}

int cprov_served_manifest(struct cprov_store *store, const struct cprov_digest *digest,
                          struct cprov_manifest **out, struct cprov_error *err)
{
    auto_manifest struct cprov_manifest *m = NULL;
    struct cprov_error ignored = CPROV_ERROR_INIT;
    auto_buf struct cprov_buf bytes = { 0 };

    cprov_buf_init(&bytes, CPROV_MANIFEST_MAX);
    int code = read_bytes(store, digest, &bytes, &ignored);
    if (code == 0)
        code = cprov_manifest_parse(cprov_buf_span(&bytes), cprov_span_of(""), &m, &ignored);
    if (code == CPROV_ENOMEM)
        return cprov_fail_memory(err);
    *out = cprov_steal(&m);
    return 0;
}

static int visit(struct file_reader *r, const struct cprov_served_item *item, int depth,
                 struct cprov_error *err);

static int visit_children(struct file_reader *r, const struct cprov_manifest *m, int depth,
                          struct cprov_error *err)
{
    int code = 0;

    for (size_t i = 0; code == 0 && i < m->manifests_count; i++) {
        const struct cprov_descriptor *d = &m->manifests[i];
        struct cprov_served_item child = { d->digest, d->media_type };
        code = visit(r, &child, depth + 1, err);
    }
    return code;
}

static int add_named(struct file_reader *r, const struct cprov_manifest *m, size_t index, int depth,
                     struct cprov_error *err)
{
    struct cprov_content *c = r->content;
    int code = 0;

    if (m->has_subject)
        code = add_link(c, &m->subject.digest, index, err);
    if (code == 0 && m->kind == CPROV_DOC_MANIFEST)
        code = add_blob(c, &m->config, err);
    for (size_t i = 0; code == 0 && i < m->layers_count; i++)
        code = add_blob(c, &m->layers[i], err);
    return code < 0 ? code : visit_children(r, m, depth, err);
}

static int visit(struct file_reader *r, const struct cprov_served_item *item, int depth,
                 struct cprov_error *err)
{
    auto_manifest struct cprov_manifest *m = NULL;
    size_t index = 0;
    bool fresh = false;

    int code = add(r->content, &item->digest, item->media_type, &index, &fresh, err);
    if (code < 0 || !fresh || depth > CPROV_INDEX_DEPTH_MAX)
        return code;
    code = cprov_served_manifest(r->store, &item->digest, &m, err);
    if (code < 0 || !m)
        return code;
    code = set_type(r->content, index, m->media_type, err);
    return code < 0 ? code : add_named(r, m, index, depth, err);
}

/* Visits the strays whose subject is here; *found counts them. */
static int adopt(struct file_reader *r, const struct cprov_served_item *strays, size_t count,
                 size_t *found, struct cprov_error *err)
{
    int code = 0;

    *found = 0;
    for (size_t i = 0; code == 0 && i < count; i++) {
        auto_manifest struct cprov_manifest *m = NULL;

        if (cprov_digest_set_find(&r->content->set, &strays[i].digest, NULL))
            continue;
        code = cprov_served_manifest(r->store, &strays[i].digest, &m, err);
        if (code < 0 || !m || !m->has_subject ||
            !cprov_digest_set_find(&r->content->set, &m->subject.digest, NULL))
            continue;
        code = visit(r, &strays[i], 0, err);
        ++*found;
    }
    return code;
}

int cprov_content_read(struct cprov_store *store, const struct cprov_served_item *roots,
                       size_t roots_count, const struct cprov_served_item *strays,
                       size_t strays_count, struct cprov_content **out, struct cprov_error *err)
{
    auto_content struct cprov_content *c = calloc(1, sizeof(*c));
    size_t found = 1;
    int code = 0;

    if (!c)
        return cprov_fail_memory(err);
    struct file_reader r = { .store = store, .content = c };
    for (size_t i = 0; code == 0 && i < roots_count; i++)
        code = visit(&r, &roots[i], 0, err);
    for (int round = 0; code == 0 && found > 0 && round < ADOPTION_ROUNDS; round++)
        code = adopt(&r, strays, strays_count, &found, err);
    if (code < 0)
        return code;
    *out = cprov_steal(&c);
    return 0;
}

const struct cprov_served_item *cprov_content_find(const struct cprov_content *c,
                                                   const struct cprov_digest *digest)
{
    size_t index = 0;

    return cprov_digest_set_find(&c->set, digest, &index) ? &c->items[index] : NULL;
}

const struct cprov_served_item *cprov_content_referrer(const struct cprov_content *c,
                                                       const struct cprov_digest *subject,
                                                       const struct cprov_served_item *after)
{
    bool begun = !after;

    for (size_t i = 0; i < c->links_count; i++) {
        const struct cprov_served_item *item = &c->items[c->links[i].item];
        if (begun && cprov_digest_equal(&c->links[i].subject, subject))
            return item;
        begun = begun || item == after;
    }
    return NULL;
}
