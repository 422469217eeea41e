/* catalog/document/writer.c - our own catalog document, written as a stream. */
#include "catalog/document/writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "catalog/document/formats_private.h"

/* A reader holds one image at a time: one with more versions is written as several. */
#define IMAGE_MAX (64 * CPROV_KIB)

struct channel {
    struct channel *next;
    const char *name;
    const char *target;
};

struct cprov_catalog_writer {
    cprov_catalog_write_fn *write;
    void *arg;
    struct cprov_buf out; /* of the image so far */
    struct cprov_arena arena;
    struct cprov_entry image; /* what its versions inherit */
    bool open;                /* image is one */
    bool any;                 /* images were written */
    size_t versions;          /* of the open one */
    struct channel *channels; /* of the open one; the last first */
    size_t channels_bytes;
};

/* --- parts of an entry --- */

static bool is_set(const char *text)
{
    return text && *text;
}

static bool is_same(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static void member(struct cprov_json_writer *w, const char *name, const char *text)
{
    cprov_json_member(w, name, is_set(text) ? text : NULL);
}

/* What the version says otherwise than its image, "" where it has none. */
static void override(struct cprov_json_writer *w, const char *name, const char *text,
                     const char *shared)
{
    if (!is_same(text, shared))
        cprov_json_member(w, name, text ? text : "");
}

/* A query is a signature, and a fragment nobody's. In a path '?' is a letter. */
static struct cprov_span without_query(struct cprov_span url)
{
    if (!cprov_span_starts_with(url, "https://") && !cprov_span_starts_with(url, "http://"))
        return url;
    url.len = cprov_span_find(url, '?');
    url.len = cprov_span_find(url, '#');
    return url;
}

/* Takes the text up to ", ", which no item contains. */
static bool next_item(struct cprov_span *rest, struct cprov_span *item)
{
    if (!cprov_span_next(rest, ',', item))
        return false;
    while (rest->len > 0 && rest->ptr[0] != ' ') { /* a comma of an interval */
        struct cprov_span more;

        if (!cprov_span_next(rest, ',', &more))
            break;
        item->len = (size_t)(more.ptr + more.len - item->ptr);
    }
    *item = cprov_span_trim(*item);
    return true;
}

static const char *const keys[CPROV_TEXTS] = {
#define KEY(id, member, key, ...) [CPROV_TEXT_##id] = key,
    CPROV_ENTRY_TEXTS(KEY)
#undef KEY
};

static void write_platforms(struct cprov_json_writer *w, const char *text)
{
    struct cprov_span rest = cprov_span_of(text), item;

    cprov_json_begin_array(w);
    while (next_item(&rest, &item))
        if (item.len > 0)
            cprov_json_span(w, item);
    cprov_json_end_array(w);
}

static void write_dependencies(struct cprov_json_writer *w, const char *text)
{
    struct cprov_span rest = cprov_span_of(text), item;

    cprov_json_begin_array(w);
    while (next_item(&rest, &item)) {
        struct cprov_span name = item, version = { 0 };

        cprov_span_cut_last(item, ' ', &name, &version);
        cprov_json_begin_object(w);
        cprov_json_key(w, "name");
        cprov_json_span(w, name);
        if (version.len > 0) {
            cprov_json_key(w, "version");
            cprov_json_span(w, version);
        }
        cprov_json_end_object(w);
    }
    cprov_json_end_array(w);
}

static void write_cultures(struct cprov_json_writer *w, const char *text)
{
    struct cprov_span rest = cprov_span_of(text), item, name, url;

    cprov_json_begin_object(w);
    while (cprov_span_next(&rest, ' ', &item)) {
        char key[CPROV_TAG_MAX + 1];

        if (!cprov_span_cut(item, '=', &name, &url) || name.len >= sizeof(key))
            continue;
        memcpy(key, name.ptr, name.len);
        key[name.len] = '\0';
        cprov_json_key(w, key);
        cprov_json_span(w, without_query(url));
    }
    cprov_json_end_object(w);
}

static void write_url(struct cprov_json_writer *w, const char *text)
{
    cprov_json_span(w, without_query(cprov_span_of(text)));
}

static void write_text(struct cprov_json_writer *w, const char *text)
{
    cprov_json_span(w, cprov_span_of(text));
}

/* Those that are no plain texts in a document. */
static void (*const writers[CPROV_TEXTS])(struct cprov_json_writer *w, const char *text) = {
    [CPROV_TEXT_URL] = write_url,
    [CPROV_TEXT_PLATFORMS] = write_platforms,
    [CPROV_TEXT_DEPENDENCIES] = write_dependencies,
    [CPROV_TEXT_CULTURES] = write_cultures,
};

/* The texts from one to another that are known, and have a member. */
static void write_texts(struct cprov_json_writer *w, const struct cprov_entry *e, size_t from,
                        size_t to)
{
    for (size_t i = from; i < to; i++)
        if (*keys[i] && is_set(e->texts[i])) {
            cprov_json_key(w, keys[i]);
            (writers[i] ? writers[i] : write_text)(w, e->texts[i]);
        }
}

/* Of a file "sha256" is what people compare; of an image the digest is its name. */
static void write_digest(struct cprov_json_writer *w, const struct cprov_entry *entry)
{
    char text[CPROV_DIGEST_TEXT_MAX];

    if (!entry->digest)
        return;
    if (is_set(entry->url) && entry->digest->algo == CPROV_SHA256)
        cprov_json_member(w, "sha256", cprov_digest_hex(entry->digest, text));
    else
        cprov_json_member(w, "digest", cprov_digest_format(entry->digest, text));
}

static void write_version(struct cprov_catalog_writer *c, const struct cprov_entry *e)
{
    struct cprov_json_writer w;

    cprov_json_writer_init(&w, &c->out, 0);
    cprov_json_begin_object(&w);
    cprov_json_member(&w, "version", e->version);
    for (size_t i = CPROV_TEXT_DESCRIPTION; i <= CPROV_TEXT_TITLE; i++)
        override(&w, keys[i], e->texts[i], c->image.texts[i]);
    if (e->is_os != c->image.is_os) {
        cprov_json_key(&w, "osImage");
        cprov_json_bool(&w, e->is_os);
    }
    write_texts(&w, e, CPROV_TEXT_REFERENCE, CPROV_TEXT_CREATED);
    write_digest(&w, e);
    if (e->bytes > 0) {
        cprov_json_key(&w, "size");
        cprov_json_number(&w, e->bytes);
    }
    write_texts(&w, e, CPROV_TEXT_CREATED, CPROV_TEXTS);
    cprov_json_end_object(&w);
}

/* --- images --- */

static int flush(struct cprov_catalog_writer *c, struct cprov_error *err)
{
    int code = cprov_buf_check(&c->out, "catalog", err);

    if (code == 0 && c->out.len > 0)
        code = c->write(c->arg, cprov_buf_span(&c->out), err);
    cprov_buf_reset(&c->out);
    return code;
}

static char *keep(struct cprov_catalog_writer *c, const char *text)
{
    return is_set(text) ? cprov_arena_text(&c->arena, cprov_span_of(text)) : NULL;
}

static int begin_image(struct cprov_catalog_writer *c, const struct cprov_entry *e,
                       struct cprov_error *err)
{
    c->image =
        (struct cprov_entry){ .repository = keep(c, e->repository), .name = keep(c, e->name) };
    c->open = true;
    c->versions = 0;
    return cprov_arena_check(&c->arena, err);
}

/* Written with the first version, whose texts are those of the image; e is NULL when only channels
 * came. */
static int write_image(struct cprov_catalog_writer *c, const struct cprov_entry *e,
                       struct cprov_error *err)
{
    struct cprov_json_writer w;
    struct cprov_entry *image = &c->image;

    if (e) {
        for (size_t i = CPROV_TEXT_DESCRIPTION; i <= CPROV_TEXT_TITLE; i++)
            image->texts[i] = keep(c, e->texts[i]);
        image->is_os = e->is_os;
    }
    cprov_buf_add_text(&c->out, c->any ? ",\n" : "\n");
    c->any = true;
    cprov_json_writer_init(&w, &c->out, 0);
    cprov_json_begin_object(&w);
    cprov_json_member(&w, "name", image->name ? image->name : image->repository);
    if (image->name)
        cprov_json_member(&w, "repository", image->repository);
    write_texts(&w, image, CPROV_TEXT_DESCRIPTION, CPROV_TEXT_REFERENCE);
    if (image->is_os) {
        cprov_json_key(&w, "osImage");
        cprov_json_bool(&w, true);
    }
    cprov_buf_add_text(&c->out, ",\"versions\":[");
    return cprov_arena_check(&c->arena, err);
}

static struct channel *reversed(struct channel *list)
{
    struct channel *turned = NULL;

    while (list) {
        struct channel *next = list->next;

        list->next = turned;
        turned = list;
        list = next;
    }
    return turned;
}

static int end_image(struct cprov_catalog_writer *c, struct cprov_error *err)
{
    struct cprov_json_writer w;

    if (!c->open)
        return 0;
    if (c->versions == 0 && write_image(c, NULL, err) < 0)
        return err->code;
    cprov_buf_add_char(&c->out, ']');
    if (c->channels) {
        cprov_buf_add_text(&c->out, ",\"channels\":");
        cprov_json_writer_init(&w, &c->out, 0);
        cprov_json_begin_object(&w);
        for (struct channel *l = reversed(c->channels); l; l = l->next)
            cprov_json_member(&w, l->name, l->target);
        cprov_json_end_object(&w);
    }
    cprov_buf_add_char(&c->out, '}');
    c->open = false;
    c->channels = NULL;
    c->channels_bytes = 0;
    cprov_arena_clear(&c->arena);
    return flush(c, err);
}

/* A channel that is named twice leads to the first: a key stands only once in an object. */
static int add_channel(struct cprov_catalog_writer *c, const struct cprov_entry *e,
                       struct cprov_error *err)
{
    for (const struct channel *l = c->channels; l; l = l->next)
        if (strcmp(l->name, e->version) == 0)
            return 0;
    struct channel *fresh = cprov_arena_alloc(&c->arena, 1, sizeof(*fresh));
    if (!fresh)
        return cprov_fail_memory(err);
    *fresh = (struct channel){ c->channels, keep(c, e->version), keep(c, e->alias) };
    c->channels = fresh;
    c->channels_bytes += strlen(e->version) + strlen(e->alias);
    return cprov_arena_check(&c->arena, err);
}

static bool fits(const struct cprov_catalog_writer *c, const struct cprov_entry *e)
{
    return c->open && is_same(e->repository, c->image.repository) &&
           is_same(e->name, c->image.name) && c->out.len + c->channels_bytes < IMAGE_MAX;
}

/* --- public --- */

static void write_header(struct cprov_catalog_writer *c, const char *title, const char *created)
{
    struct cprov_json_writer w;

    cprov_json_writer_init(&w, &c->out, 0);
    cprov_json_begin_object(&w);
    cprov_json_member(&w, "format", CPROV_CATALOG_FORMAT_NAME);
    cprov_json_key(&w, "formatVersion");
    cprov_json_number(&w, CPROV_CATALOG_FORMAT);
    member(&w, "name", title);
    member(&w, "created", created);
    cprov_buf_add_text(&c->out, ",\"images\":[");
}

int cprov_catalog_writer_new(const char *title, const char *created, cprov_catalog_write_fn *write,
                             void *arg, struct cprov_catalog_writer **out, struct cprov_error *err)
{
    struct cprov_catalog_writer *c = calloc(1, sizeof(*c));

    if (!c)
        return cprov_fail_memory(err);
    c->write = write;
    c->arg = arg;
    cprov_buf_init(&c->out, IMAGE_MAX + CPROV_CATALOG_RECORD_MAX);
    write_header(c, title, created);
    *out = c;
    return 0;
}

int cprov_catalog_writer_add(struct cprov_catalog_writer *c, const struct cprov_entry *entry,
                             struct cprov_error *err)
{
    int code = 0;

    if (!is_set(entry->repository) || !is_set(entry->version))
        return cprov_fail(err, CPROV_EINVAL, "internal error: an entry has no name or version");
    if (!fits(c, entry)) {
        code = end_image(c, err);
        if (code == 0)
            code = begin_image(c, entry, err);
    }
    if (code < 0)
        return code;
    if (is_set(entry->alias))
        return add_channel(c, entry, err);
    if (c->versions == 0 && write_image(c, entry, err) < 0)
        return err->code;
    cprov_buf_add_text(&c->out, c->versions++ ? ",\n" : "\n");
    write_version(c, entry);
    return cprov_buf_check(&c->out, "image of the catalog", err);
}

int cprov_catalog_writer_finish(struct cprov_catalog_writer *c, struct cprov_error *err)
{
    int code = end_image(c, err);

    if (code < 0)
        return code;
    cprov_buf_add_text(&c->out, "\n]}\n");
    return flush(c, err);
}

void cprov_catalog_writer_free(struct cprov_catalog_writer *c)
{
    if (!c)
        return;
    cprov_buf_clear(&c->out);
    cprov_arena_clear(&c->arena);
    free(c);
}
