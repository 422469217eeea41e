/* catalog/source/layout.c - layouts and archives on this machine as sources. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/limits.h"
#include "catalog/source/file_stamp_private.h"
#include "catalog/source/local_place.h"
#include "manifest/image_config.h"
#include "manifest/manifest.h"
#include "store/digest_set.h"
#include "store/image_name.h"
#include "store/layout.h"

/* One place being read. */
struct layout_reading {
    const struct cprov_import *import;
    const char *path; /* of the layout or the archive */
    struct cprov_packed *packed;
    struct cprov_digest_set children; /* of the indexes among what was read */
    size_t given, failed;
    struct cprov_error first; /* failure */
    struct cprov_arena arena; /* of what was given: */
    struct given *last;
};

/* Layouts of one mirror share images: each is told once. */
struct given {
    struct given *before;
    const char *name, *version;
    struct cprov_digest digest;
};

/* --- one image --- */

/* Texts of an entry that outlive the documents they come from. */
struct row {
    struct cprov_arena arena;
    struct cprov_entry entry;
    const char *version_label;
    bool is_attached; /* an artifact, or what says something of another image */
    char image_id[CPROV_DIGEST_TEXT_MAX];
};

static void row_clear(struct row *r)
{
    cprov_arena_clear(&r->arena);
}

static void take(struct row *r, const char **field, const char *text)
{
    if (text && *text && (!*field || !**field))
        *field = cprov_arena_text(&r->arena, cprov_span_of(text));
}

/* What an outer document says goes first. */
static void take_annotations(struct row *r, const struct cprov_annotation *list, size_t count)
{
    const struct {
        const char *key, **field;
    } wanted[] = {
        { "org.opencontainers.image.description", &r->entry.description },
        { "org.opencontainers.image.vendor", &r->entry.publisher },
        { "org.opencontainers.image.created", &r->entry.created },
        { "org.opencontainers.image.title", &r->entry.title },
        { "org.opencontainers.image.version", &r->version_label },
    };

    for (size_t i = 0; i < CPROV_COUNT(wanted); i++)
        take(r, wanted[i].field, cprov_annotation_get(list, count, wanted[i].key));
}

static int read_document(struct cprov_packed *packed, const struct cprov_descriptor *d,
                         struct cprov_manifest **out, struct cprov_error *err)
{
    auto_buf struct cprov_buf bytes = { 0 };

    cprov_buf_init(&bytes, CPROV_MANIFEST_MAX);
    if (cprov_packed_read(packed, &d->digest, CPROV_MANIFEST_MAX, &bytes, err) < 0)
        return err->code;
    return cprov_manifest_parse(cprov_buf_span(&bytes), cprov_span_of(d->media_type), out, err);
}

static int take_config(struct row *r, struct cprov_packed *packed, const struct cprov_manifest *m,
                       struct cprov_error *err)
{
    auto_image_config struct cprov_image_config *config = NULL;
    auto_buf struct cprov_buf bytes = { 0 }, platform = { 0 };

    cprov_buf_init(&bytes, CPROV_CONFIG_MAX);
    if (cprov_packed_read(packed, &m->config.digest, CPROV_CONFIG_MAX, &bytes, err) < 0 ||
        cprov_image_config_parse(cprov_buf_span(&bytes), &config, err) < 0)
        return cprov_wrap(err, "image config");
    take_annotations(r, config->labels, config->labels_count);
    take(r, &r->entry.created, config->created);
    take(r, &r->entry.os_version, config->platform.os_version);
    cprov_buf_init(&platform, CPROV_KIB);
    cprov_platform_format(&config->platform, &platform);
    take(r, &r->entry.platforms, cprov_buf_text(&platform));
    r->entry.is_os = cprov_image_is_os(m, config);
    return 0;
}

static int take_image(struct row *r, struct cprov_packed *packed, const struct cprov_manifest *m,
                      struct cprov_error *err)
{
    take_annotations(r, m->annotations, m->annotations_count);
    r->is_attached = m->has_subject || cprov_manifest_is_artifact(m);
    r->entry.bytes = m->raw.len + m->config.size;
    for (size_t i = 0; i < m->layers_count; i++)
        r->entry.bytes += m->layers[i].size;
    if (cprov_manifest_is_artifact(m))
        return 0;
    r->entry.image_id = cprov_digest_format(&m->config.digest, r->image_id);
    return take_config(r, packed, m, err);
}

/* Of an index the first image speaks, as for a registry; a layout need not hold all of them. */
static int take_documents(struct layout_reading *g, struct row *r, const struct cprov_descriptor *d,
                          struct cprov_error *err)
{
    struct cprov_packed *packed = g->packed;
    auto_manifest struct cprov_manifest *m = NULL;
    struct cprov_error ignored = CPROV_ERROR_INIT;
    size_t index;
    bool added;

    if (read_document(packed, d, &m, err) < 0)
        return err->code;
    take(r, &r->entry.media_type, m->media_type);
    r->entry.kind = cprov_manifest_kind(m);
    if (m->kind != CPROV_DOC_INDEX)
        return take_image(r, packed, m, err);

    for (size_t i = 0; i < m->manifests_count; i++)
        if (cprov_digest_set_add(&g->children, &m->manifests[i].digest, &index, &added, err) < 0)
            return err->code;
    auto_buf struct cprov_buf offers = { 0 };
    auto_manifest struct cprov_manifest *inner = NULL;
    const struct cprov_descriptor *child = cprov_manifest_choose(m, NULL);

    cprov_buf_init(&offers, CPROV_MANIFEST_MAX);
    cprov_manifest_offers(m, &offers);
    take(r, &r->entry.platforms, cprov_buf_text(&offers));
    take_annotations(r, m->annotations, m->annotations_count);
    if (child && read_document(packed, child, &inner, &ignored) == 0 &&
        inner->kind != CPROV_DOC_INDEX)
        return take_image(r, packed, inner, err);
    return 0;
}

/* --- its name --- */

/* host/team/app → team/app; library/alpine → alpine */
static struct cprov_span short_name(struct cprov_span name)
{
    size_t slash = cprov_span_find(name, '/');

    if (slash < name.len && cprov_reference_names_host(name))
        name = cprov_span_from(name, slash + 1);
    if (cprov_span_starts_with(name, "library/"))
        name = cprov_span_from(name, strlen("library/"));
    return name;
}

/*
 * An image without a name is called what it calls itself, or as the place is; beside others as the
 * place is, and its version is the beginning of its digest.
 */
static void name_row(const struct layout_reading *g, const struct cprov_image *image, struct row *r)
{
    char digits[CPROV_SHORT_DIGEST_MAX];
    bool alone = !cprov_image_is_nameless(image);
    struct cprov_span name = short_name(cprov_span_of(image->name));

    if (image->naming == CPROV_NAMED_NOT && alone)
        take(r, &r->entry.version, r->version_label);
    if (!alone)
        take(r, &r->entry.version, cprov_image_short_digest(image, digits));
    if (!alone)
        name = cprov_image_place_name(g->path);
    else if (image->naming == CPROV_NAMED_NOT && r->entry.title && *r->entry.title)
        name = cprov_span_of(r->entry.title);
    r->entry.repository = cprov_arena_text(&r->arena, name);
    r->entry.name = r->entry.repository;
    take(r, &r->entry.version, image->version);
}

static bool told_already(const struct layout_reading *g, const struct cprov_entry *e)
{
    for (const struct given *i = g->last; i; i = i->before)
        if (cprov_digest_equal(&i->digest, e->digest) && strcmp(i->name, e->name) == 0 &&
            strcmp(i->version, e->version) == 0)
            return true;
    return false;
}

static int note_told(struct layout_reading *g, const struct cprov_entry *e, struct cprov_error *err)
{
    struct given *new = cprov_arena_alloc(&g->arena, 1, sizeof(*new));

    if (!new)
        return cprov_fail_memory(err);
    *new = (struct given){ .before = g->last,
                           .name = cprov_arena_text(&g->arena, cprov_span_of(e->name)),
                           .version = cprov_arena_text(&g->arena, cprov_span_of(e->version)),
                           .digest = *e->digest };
    g->last = new;
    return cprov_arena_check(&g->arena, err);
}

/* Shown: what the image is called, cut, or its digest. */
#define SHOWN_MAX 64

static void note_failure(struct layout_reading *g, const char *what, const struct cprov_error *err)
{
    struct cprov_error told = *err;

    cprov_wrap(&told, "%.*s%s", SHOWN_MAX, what, strlen(what) > SHOWN_MAX ? "..." : "");
    if (g->failed++ == 0)
        g->first = told;
    if (g->import->warning)
        g->import->warning(g->import->arg, told.msg);
}

static bool is_our_trouble(int code)
{
    return code == CPROV_ENOMEM || code == CPROV_ECANCELLED;
}

/* What of the image cannot be read takes nothing away of what its entry says. */
static int take_what_is_there(struct layout_reading *g, struct row *r,
                              const struct cprov_image *image, struct cprov_error *err)
{
    struct cprov_error local = CPROV_ERROR_INIT;
    int code = take_documents(g, r, &image->descriptor, &local);

    if (is_our_trouble(code)) {
        *err = local;
        return code;
    }
    if (code < 0)
        note_failure(g, image->name, &local);
    return 0;
}

static int give_image(struct layout_reading *g, const struct cprov_image *image,
                      struct cprov_error *err)
{
    CPROV_CLEANUP(row_clear)
    struct row r = { .entry = { .digest = &image->descriptor.digest, .complete = true } };

    take(&r, &r.entry.description, image->description);
    take(&r, &r.entry.publisher, image->publisher);
    take(&r, &r.entry.created, image->created);
    if (take_what_is_there(g, &r, image, err) < 0)
        return err->code;
    name_row(g, image, &r);
    if (cprov_arena_check(&r.arena, err) < 0)
        return err->code;
    if ((r.is_attached && cprov_image_is_nameless(image)) || told_already(g, &r.entry))
        return 0;
    if (cprov_entry_check(&r.entry, err) < 0 || note_told(g, &r.entry, err) < 0)
        return err->code;
    g->given++;
    return g->import->entry(g->import->arg, &r.entry, err);
}

/* --- a place --- */

/* Some tools list the images of an index beside it, without a name: the index stands for them. */
enum turn { NAMED, NAMELESS_INDEX, NAMELESS, TURNS };

static enum turn turn_of(const struct cprov_image *image)
{
    if (!cprov_image_is_nameless(image))
        return NAMED;
    return cprov_media_type_document(cprov_span_of(image->descriptor.media_type)) == CPROV_DOC_INDEX
               ? NAMELESS_INDEX
               : NAMELESS;
}

static int give_some(struct layout_reading *g, const struct cprov_image *images, size_t count,
                     enum turn turn, struct cprov_error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct cprov_error local = CPROV_ERROR_INIT;
        size_t given = g->given;

        if (turn_of(&images[i]) != turn ||
            (turn != NAMED &&
             cprov_digest_set_find(&g->children, &images[i].descriptor.digest, NULL)))
            continue;
        int code = give_image(g, &images[i], &local);
        if (code == 0)
            continue;
        if (given < g->given || is_our_trouble(code)) { /* whoever takes entries has had enough */
            *err = local;
            return code;
        }
        note_failure(g, images[i].name, &local);
    }
    return 0;
}

static int give_packed(struct layout_reading *g, const char *path, struct cprov_error *err)
{
    auto_packed struct cprov_packed *packed = NULL;
    size_t count;

    if (cprov_packed_open(path, NULL, &packed, err) < 0)
        return err->code;
    const struct cprov_image *images = cprov_packed_images(packed, &count);
    g->packed = packed;
    g->path = path;
    cprov_digest_set_clear(&g->children);
    for (enum turn turn = NAMED; turn < TURNS; turn++)
        if (give_some(g, images, count, turn, err) < 0)
            return err->code;
    return 0;
}

static int no_index(const char *folder, struct cprov_error *err)
{
    auto_fd int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

    cprov_fail(err, CPROV_EVERIFY,
               "%s has no " CPROV_STORE_INDEX ": not an OCI layout, or a damaged one", folder);
    if (dir >= 0 && faccessat(dir, CPROV_STORE_BLOBS, F_OK, 0) == 0)
        cprov_hint_about(err, CPROV_HINT_REPAIR_LAYOUT, "%s", folder);
    return CPROV_EVERIFY;
}

static int stamp(struct cprov_file_stamp *s, const char *folder, const char *file,
                 struct cprov_error *err)
{
    auto_buf struct cprov_buf path = { 0 };
    struct stat st;

    cprov_buf_init(&path, CPROV_URL_MAX);
    cprov_buf_addf(&path, "%s%s", folder, file);
    if (cprov_buf_check(&path, "path", err) < 0)
        return err->code;
    if (stat(path.ptr, &st) < 0)
        return *file && errno == ENOENT && stat(folder, &st) == 0
                   ? no_index(folder, err)
                   : cprov_fail_os(err, errno, "%s", path.ptr);
    return cprov_file_stamp_add(s, path.ptr, &st, err);
}

/* The layouts or archives of a place: full paths. */
static int list_paths(const struct cprov_place *place, struct cprov_arena *arena,
                      const char ***paths, size_t *count, struct cprov_error *err)
{
    const char *root = cprov_place_path(place);
    const char *const *names = NULL;
    size_t n = 0;

    if (place->kind == &cprov_source_mirror &&
        cprov_local_layouts(root, arena, &names, &n, err) < 0)
        return err->code;
    const char **list = cprov_arena_alloc(arena, n + 1, sizeof(*list));
    if (!list)
        return cprov_fail_memory(err);
    for (size_t i = 0; i < n; i++)
        list[i] = cprov_arena_textf(arena, "%s/%s", root, names[i]);
    if (n == 0) /* a mirror may be one layout */
        list[0] = root;
    *paths = list;
    *count = n ? n : 1;
    return cprov_arena_check(arena, err);
}

static int read_place(const struct cprov_place *place, struct layout_reading *g, bool *unchanged,
                      char validator[CPROV_DIGEST_TEXT_MAX], struct cprov_error *err)
{
    CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena arena = { 0 };
    auto_file_stamp struct cprov_file_stamp s = { 0 };
    bool archive = place->kind == &cprov_source_archive;
    const char **paths = NULL;
    size_t count = 0;

    if (list_paths(place, &arena, &paths, &count, err) < 0)
        return err->code;
    for (size_t i = 0; i < count; i++)
        if (stamp(&s, paths[i], archive ? "" : "/" CPROV_STORE_INDEX, err) < 0)
            return err->code;
    if (cprov_file_stamp_take(&s, validator, err) < 0)
        return err->code;
    *unchanged = g->import->validator && strcmp(validator, g->import->validator) == 0;
    for (size_t i = 0; i < count && !*unchanged; i++) {
        struct cprov_error local = CPROV_ERROR_INIT;

        if (give_packed(g, paths[i], &local) == 0)
            continue;
        if (count == 1 || is_our_trouble(local.code)) {
            *err = local;
            return local.code;
        }
        note_failure(g, paths[i], &local);
    }
    if (g->given == 0 && g->failed > 0) {
        *err = g->first;
        return g->first.code;
    }
    if (g->given == 0 && !*unchanged && archive)
        return cprov_fail(err, CPROV_EVERIFY, "%s: contains no image with a name", paths[0]);
    if (g->given == 0 && !*unchanged && g->import->warning)
        g->import->warning(g->import->arg, "contains no image");
    return 0;
}

static int import(struct cprov_client *c, const struct cprov_place *place,
                  const struct cprov_import *request, struct cprov_error *err)
{
    struct layout_reading g = { .import = request };
    struct cprov_error local = CPROV_ERROR_INIT;
    char validator[CPROV_DIGEST_TEXT_MAX] = "";
    bool unchanged = false;

    (void)c;
    (void)err;
    int code = read_place(place, &g, &unchanged, validator, &local);
    cprov_digest_set_clear(&g.children);
    cprov_arena_clear(&g.arena);
    request->done(request->arg, code, unchanged, code < 0 ? "" : validator,
                  code < 0 ? &local : NULL);
    return 0;
}

const struct cprov_source_kind cprov_source_layout = { .type = "layout",
                                                       .import = import,
                                                       .local = true };
const struct cprov_source_kind cprov_source_mirror = { .type = "mirror",
                                                       .import = import,
                                                       .local = true };
const struct cprov_source_kind cprov_source_archive = { .type = "archive",
                                                        .import = import,
                                                        .local = true };
