/* store/index_file.c - index.json: its text, its entries, and what an entry says of an image. */
#include "store/index_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/limits.h"
#include "manifest/media_type.h"
#include "manifest/platform.h"
#include "manifest/reference.h"
#include "store/image_name.h"
#include "store/restore.h"
#include "store/stand_in.h"
#include "store/store_private.h"

#define ANN_VERSION     "org.opencontainers.image.version"
#define ANN_VENDOR      "org.opencontainers.image.vendor"
#define ANN_DESCRIPTION "org.opencontainers.image.description"
#define ANN_CREATED     "org.opencontainers.image.created"

#define SIZE_TEXT_MAX 24

/* Annotations that are a text of the image, in the order in which they are written. */
static const struct text_field {
    const char *key;
    size_t offset;
    bool portable;
} text_fields[] = {
    { CPROV_ANN_NAME, offsetof(struct cprov_image, name), true },
    { ANN_VERSION, offsetof(struct cprov_image, version), true },
    { ANN_VENDOR, offsetof(struct cprov_image, publisher), true },
    { ANN_DESCRIPTION, offsetof(struct cprov_image, description), true },
    { ANN_CREATED, offsetof(struct cprov_image, created), true },
    { CPROV_ANN_REFERENCE, offsetof(struct cprov_image, reference), true },
    { CPROV_ANN_CONTAINERD, offsetof(struct cprov_image, reference), true },
    { CPROV_ANN_PLATFORM, offsetof(struct cprov_image, platform), true },
    { CPROV_ANN_IMAGE_ID, offsetof(struct cprov_image, image_id), true },
    { CPROV_ANN_INDEX, offsetof(struct cprov_image, index_digest), false },
    { CPROV_ANN_SOURCE, offsetof(struct cprov_image, source), false },
    { CPROV_ANN_INSTALLED, offsetof(struct cprov_image, installed), false },
    { CPROV_ANN_STANDS_FOR, offsetof(struct cprov_image, stands_for), false },
};

static const char **text_of(struct cprov_image *image, const struct text_field *f)
{
    return (const char **)((char *)image + f->offset);
}

static const char *value_of(const struct cprov_image *image, const struct text_field *f)
{
    const char *text;

    memcpy(&text, (const char *)image + f->offset, sizeof(text));
    return text ? text : "";
}

int cprov_index_parse(struct cprov_span text, struct cprov_arena *arena,
                      struct cprov_index_file *out, struct cprov_error *err)
{
    struct cprov_index_file file = { 0 };
    struct cprov_json *root;
    uint64_t schema;

    if (cprov_json_parse_own(text, arena, &root, err) < 0)
        return err->code;
    if (root->type != CPROV_JSON_OBJECT)
        return cprov_fail(err, CPROV_EVERIFY, "not an object");
    const struct cprov_json *version = cprov_json_get(root, "schemaVersion");
    if (version && (!cprov_json_u64(version, &schema) || schema != 2))
        return cprov_fail(err, CPROV_EVERIFY, "schemaVersion is not 2");
    const struct cprov_json *list = cprov_json_get(root, "manifests");
    if (list && list->type != CPROV_JSON_NULL && list->type != CPROV_JSON_ARRAY)
        return cprov_fail(err, CPROV_EVERIFY, "manifests: not an array");
    file.root = root;
    if (list && list->type == CPROV_JSON_ARRAY) {
        file.manifests = list;
        file.count = list->count;
    }
    *out = file;
    return 0;
}

int cprov_index_read(struct cprov_store *s, struct cprov_arena *arena, struct cprov_index_file *out,
                     struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };

    cprov_buf_init(&text, CPROV_INDEX_FILE_MAX);
    int code = cprov_fs_read(s->root, CPROV_STORE_INDEX, CPROV_INDEX_FILE_MAX, &text, err);
    if (code == CPROV_ENOTFOUND || (code == 0 && cprov_span_trim(cprov_buf_span(&text)).len == 0)) {
        *out = (struct cprov_index_file){ 0 };
        code = cprov_index_check_nothing_lost(s, err);
        return code < 0 ? cprov_wrap(err, "%s/" CPROV_STORE_INDEX, s->path) : 0;
    }
    if (code == 0)
        code = cprov_index_parse(cprov_buf_span(&text), arena, out, err);
    if (code == CPROV_EINVAL) /* not a regular file */
        return cprov_wrap_as(err, CPROV_EVERIFY, "store %s", s->path);
    if (code == CPROV_EVERIFY)
        cprov_index_hint_restore(s, err);
    if (code < 0)
        return cprov_wrap(err, "%s/" CPROV_STORE_INDEX, s->path);
    return 0;
}

static int fill_platform(struct cprov_image *image, struct cprov_arena *arena,
                         struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };

    if (image->platform[0] || !image->descriptor.has_platform)
        return 0;
    cprov_buf_init(&text, CPROV_URL_MAX);
    cprov_platform_format(&image->descriptor.platform, &text);
    image->platform = cprov_arena_text(arena, cprov_buf_span(&text));
    return cprov_buf_check(&text, "platform", err);
}

int cprov_index_decode(const struct cprov_json *entry, struct cprov_arena *arena,
                       struct cprov_image *out, struct cprov_error *err)
{
    struct cprov_image image = { 0 };

    if (cprov_descriptor_decode(entry, arena, &image.descriptor, err) < 0)
        return err->code;
    const struct cprov_annotation *list = image.descriptor.annotations;
    size_t count = image.descriptor.annotations_count;
    for (size_t i = 0; i < CPROV_COUNT(text_fields); i++) {
        const char *value = cprov_annotation_get(list, count, text_fields[i].key);
        const char **text = text_of(&image, &text_fields[i]);
        if (!*text || !**text)
            *text = value ? value : "";
    }
    cprov_span_u64(cprov_span_of(cprov_annotation_get(list, count, CPROV_ANN_SIZE)), &image.size);
    const char *os = cprov_annotation_get(list, count, CPROV_ANN_OS_IMAGE);
    image.is_os = os && strcmp(os, "true") == 0;
    if (!image.name[0])
        cprov_image_name(&image, arena, NULL);
    if (fill_platform(&image, arena, err) < 0 || cprov_arena_check(arena, err) < 0)
        return err->code;
    *out = image;
    return 0;
}

int cprov_index_decode_all(const struct cprov_index_file *file, const char *place,
                           struct cprov_arena *arena, struct cprov_image **list,
                           struct cprov_error *err)
{
    struct cprov_image *images = cprov_arena_alloc(arena, file->count, sizeof(*images));
    const struct cprov_json *entry = file->manifests ? file->manifests->child : NULL;

    if (!images)
        return cprov_fail_memory(err);
    for (size_t i = 0; entry; i++, entry = entry->next) {
        int code = cprov_index_decode(entry, arena, &images[i], err);

        if (code < 0)
            return cprov_wrap_as(err, CPROV_EVERIFY, "manifests[%zu]", i);
    }
    if (cprov_images_complete(images, file->count, place, arena, err) < 0)
        return err->code;
    *list = images;
    return 0;
}

void cprov_image_make(struct cprov_image *image, struct cprov_arena *arena, const char *reference)
{
    for (size_t i = 0; i < CPROV_COUNT(text_fields); i++) {
        const char **text = text_of(image, &text_fields[i]);

        *text = *text ? *text : "";
    }
    cprov_image_name(image, arena, reference);
}

void cprov_image_ref_name(const struct cprov_image *image, struct cprov_buf *out)
{
    cprov_buf_add_text(out, image->name);
    if (image->version[0])
        cprov_buf_addf(out, ":%s", image->version);
}

static bool is_ours(const char *key)
{
    for (size_t i = 0; i < CPROV_COUNT(text_fields); i++)
        if (strcmp(text_fields[i].key, key) == 0)
            return true;
    return strcmp(key, CPROV_ANN_REF_NAME) == 0 || strcmp(key, CPROV_ANN_SIZE) == 0 ||
           strcmp(key, CPROV_ANN_OS_IMAGE) == 0;
}

/* Ours in their fixed order, then what else the descriptor carried. */
static size_t list_annotations(const struct cprov_image *image, enum cprov_index_detail detail,
                               const char *ref_name, const char *size,
                               struct cprov_annotation *list)
{
    const struct cprov_descriptor *d = &image->descriptor;
    size_t n = 0;

    if (!image->stand_in) /* else that has it: two of one name are ambiguous */
        list[n++] = (struct cprov_annotation){ CPROV_ANN_REF_NAME, ref_name };
    for (size_t i = 0; i < CPROV_COUNT(text_fields); i++) {
        const char *value = value_of(image, &text_fields[i]);
        if (*value && (text_fields[i].portable || detail == CPROV_ENTRY_FULL))
            list[n++] = (struct cprov_annotation){ text_fields[i].key, value };
    }
    list[n++] = (struct cprov_annotation){ CPROV_ANN_SIZE, size };
    list[n++] = (struct cprov_annotation){ CPROV_ANN_OS_IMAGE, image->is_os ? "true" : "false" };
    for (size_t i = 0; i < d->annotations_count; i++)
        if (!is_ours(d->annotations[i].key))
            list[n++] = d->annotations[i];
    return n;
}

int cprov_index_write_entry(struct cprov_buf *out, const struct cprov_image *image,
                            enum cprov_index_detail detail, struct cprov_error *err)
{
    CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena arena = { 0 };
    auto_buf struct cprov_buf ref_name = { 0 };
    struct cprov_descriptor d = image->descriptor;
    struct cprov_json_writer w;
    char size[SIZE_TEXT_MAX];

    cprov_buf_init(&ref_name, CPROV_URL_MAX);
    cprov_image_ref_name(image, &ref_name);
    snprintf(size, sizeof(size), "%" PRIu64, image->size);
    struct cprov_annotation *list = cprov_arena_alloc(
        &arena, CPROV_COUNT(text_fields) + 3 + d.annotations_count, sizeof(*list));
    if (cprov_arena_check(&arena, err) < 0 || cprov_buf_check(&ref_name, "image name", err) < 0)
        return err->code;
    d.annotations_count = list_annotations(image, detail, cprov_buf_text(&ref_name), size, list);
    d.annotations = list;
    cprov_json_writer_init(&w, out, 0);
    cprov_descriptor_write(&w, &d);
    return 0;
}

static void write_value(struct cprov_buf *out, const struct cprov_json *v)
{
    struct cprov_json_writer w;

    cprov_json_writer_init(&w, out, 0);
    cprov_json_value(&w, v);
}

static void write_member(struct cprov_buf *out, const struct cprov_json *member)
{
    struct cprov_json_writer w;

    cprov_json_writer_init(&w, out, 0);
    cprov_json_span(&w, member->key);
    cprov_buf_add_char(out, ':');
    write_value(out, member);
}

void cprov_index_write_head(struct cprov_buf *out, const struct cprov_json *root)
{
    cprov_buf_add_char(out, '{');
    if (!root)
        cprov_buf_add_text(out,
                           "\"schemaVersion\":2,\n\"mediaType\":\"" CPROV_MT_OCI_INDEX "\",\n");
    for (const struct cprov_json *m = root ? root->child : NULL; m; m = m->next) {
        if (cprov_span_is(m->key, "manifests"))
            continue;
        write_member(out, m);
        cprov_buf_add_text(out, ",\n");
    }
    cprov_buf_add_text(out, "\"manifests\":[");
}

void cprov_index_write_separator(struct cprov_buf *out, bool first)
{
    cprov_buf_add_text(out, first ? "\n" : ",\n");
}

void cprov_index_write_tail(struct cprov_buf *out)
{
    cprov_buf_add_text(out, "\n]}\n");
}
