#include "manifest/descriptor.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "manifest/decode_private.h"
#include "manifest/platform_private.h"

struct raw {
    const char *media_type;
    const char *digest;
    uint64_t size;
    const char *artifact_type;
    const char *data;
    const struct cprov_json *urls;
    const struct cprov_json *annotations;
    const struct cprov_json *platform;
};

static const struct cprov_json_field fields[] = {
    { "mediaType", CPROV_FIELD_TEXT, offsetof(struct raw, media_type), true },
    { "digest", CPROV_FIELD_TEXT, offsetof(struct raw, digest), true },
    { "size", CPROV_FIELD_U64, offsetof(struct raw, size), true },
    { "artifactType", CPROV_FIELD_TEXT, offsetof(struct raw, artifact_type), false },
    { "data", CPROV_FIELD_TEXT, offsetof(struct raw, data), false },
    { "urls", CPROV_FIELD_ARRAY, offsetof(struct raw, urls), false },
    { "annotations", CPROV_FIELD_OBJECT, offsetof(struct raw, annotations), false },
    { "platform", CPROV_FIELD_OBJECT, offsetof(struct raw, platform), false },
};

static int decode_data(const char *text, struct cprov_arena *arena, struct cprov_descriptor *d,
                       struct cprov_error *err)
{
    auto_buf struct cprov_buf bytes = { 0 };

    cprov_buf_init(&bytes, CPROV_MANIFEST_MAX);
    if (cprov_base64_decode(cprov_span_of(text), &bytes, err) < 0)
        return cprov_wrap_as(err, CPROV_EVERIFY, "data");
    int rc = cprov_buf_check(&bytes, "data", err);
    if (rc < 0)
        return rc;

    struct cprov_span content = cprov_buf_span(&bytes);
    if (cprov_descriptor_check(d, content, err) < 0)
        return cprov_wrap(err, "data");
    d->data = cprov_span_make(cprov_arena_text(arena, content), content.len);
    d->has_data = true;
    return cprov_arena_check(arena, err);
}

static int decode_parts(const struct raw *raw, struct cprov_arena *arena,
                        struct cprov_descriptor *d, struct cprov_error *err)
{
    if (raw->urls && raw->urls->count > CPROV_URLS_MAX)
        return cprov_fail(err, CPROV_EVERIFY, "urls: %zu items, at most %d are allowed",
                          raw->urls->count, CPROV_URLS_MAX);
    if (cprov_texts_decode(raw->urls, CPROV_URLS_MAX, arena, &d->urls, &d->urls_count, err) < 0)
        return cprov_wrap(err, "urls");
    if (cprov_annotations_decode(raw->annotations, arena, &d->annotations, &d->annotations_count,
                                 err) < 0)
        return cprov_wrap(err, "annotations");
    if (cprov_platform_decode(raw->platform, arena, &d->platform, err) < 0)
        return cprov_wrap(err, "platform");
    d->has_platform = raw->platform != NULL;
    return raw->data ? decode_data(raw->data, arena, d, err) : 0;
}

int cprov_descriptor_decode(const struct cprov_json *obj, struct cprov_arena *arena,
                            struct cprov_descriptor *out, struct cprov_error *err)
{
    struct raw raw = { 0 };
    int rc = cprov_json_decode(obj, fields, CPROV_COUNT(fields), &raw, err);

    if (rc < 0)
        return rc;
    if (raw.size > CPROV_BLOB_SIZE_MAX)
        return cprov_fail(err, CPROV_EVERIFY, "size: %" PRIu64 " bytes exceed the limit", raw.size);

    struct cprov_descriptor d = {
        .media_type = raw.media_type,
        .size = raw.size,
        .artifact_type = raw.artifact_type,
    };
    if (cprov_digest_parse(cprov_span_of(raw.digest), &d.digest, err) < 0)
        return cprov_wrap_as(err, CPROV_EVERIFY, "digest");
    rc = decode_parts(&raw, arena, &d, err);
    if (rc < 0)
        return rc;
    *out = d;
    return 0;
}

int cprov_descriptor_check(const struct cprov_descriptor *want, struct cprov_span bytes,
                           struct cprov_error *err)
{
    struct cprov_digest found;
    char expected[CPROV_DIGEST_TEXT_MAX], text[CPROV_DIGEST_TEXT_MAX];

    if (bytes.len != want->size)
        return cprov_fail(err, CPROV_EVERIFY, "expected %" PRIu64 " bytes, found %zu", want->size,
                          bytes.len);
    int rc = cprov_digest_of(want->digest.algo, bytes, &found, err);
    if (rc < 0)
        return rc;
    if (!cprov_digest_equal(&want->digest, &found))
        return cprov_fail(err, CPROV_EVERIFY, "expected %s, found %s",
                          cprov_digest_format(&want->digest, expected),
                          cprov_digest_format(&found, text));
    return 0;
}

static void write_data(struct cprov_json_writer *w, struct cprov_span data)
{
    auto_buf struct cprov_buf text = { 0 };

    cprov_buf_init(&text, data.len / 3 * 4 + 4);
    cprov_base64_encode(&text, data);
    /* The writer's only way to fail is its buffer: a document without the data must not come out.
     */
    if (text.failed)
        w->out->failed = text.failed;
    cprov_json_key(w, "data");
    cprov_json_span(w, cprov_buf_span(&text));
}

static void write_lists(struct cprov_json_writer *w, const struct cprov_descriptor *d)
{
    if (d->urls_count > 0) {
        cprov_json_key(w, "urls");
        cprov_json_begin_array(w);
        for (size_t i = 0; i < d->urls_count; i++)
            cprov_json_text(w, d->urls[i]);
        cprov_json_end_array(w);
    }
    if (d->annotations_count > 0) {
        cprov_json_key(w, "annotations");
        cprov_json_begin_object(w);
        for (size_t i = 0; i < d->annotations_count; i++)
            cprov_json_member(w, d->annotations[i].key, d->annotations[i].value);
        cprov_json_end_object(w);
    }
}

void cprov_descriptor_write(struct cprov_json_writer *w, const struct cprov_descriptor *d)
{
    char digest[CPROV_DIGEST_TEXT_MAX];

    cprov_json_begin_object(w);
    cprov_json_member(w, "mediaType", d->media_type);
    cprov_json_member(w, "digest", cprov_digest_format(&d->digest, digest));
    cprov_json_key(w, "size");
    cprov_json_number(w, d->size);
    write_lists(w, d);
    if (d->has_data)
        write_data(w, d->data);
    if (d->has_platform) {
        cprov_json_key(w, "platform");
        cprov_platform_write(w, &d->platform);
    }
    cprov_json_member(w, "artifactType", d->artifact_type);
    cprov_json_end_object(w);
}

const char *cprov_annotation_get(const struct cprov_annotation *list, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].key, key) == 0)
            return list[i].value;
    return NULL;
}

int cprov_annotations_decode(const struct cprov_json *obj, struct cprov_arena *arena,
                             const struct cprov_annotation **out, size_t *count,
                             struct cprov_error *err)
{
    size_t n = 0;

    if (obj && obj->type != CPROV_JSON_OBJECT)
        return cprov_fail(err, CPROV_EVERIFY, "not an object");
    if (obj && obj->count > CPROV_ANNOTATIONS_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "%zu annotations, at most %d are allowed", obj->count,
                          CPROV_ANNOTATIONS_MAX);

    struct cprov_annotation *list = cprov_arena_alloc(arena, obj ? obj->count : 0, sizeof(*list));
    if (!list)
        return cprov_fail_memory(err);
    for (const struct cprov_json *v = obj ? obj->child : NULL; v; v = v->next) {
        if (v->type == CPROV_JSON_UNUSABLE) /* nobody has to use it: as if it were not there */
            continue;
        if (v->type != CPROV_JSON_STRING)
            return cprov_fail(err, CPROV_EVERIFY, "%" CPROV_SPAN_FMT ": not a string",
                              CPROV_SPAN_ARG(v->key));
        list[n++] = (struct cprov_annotation){ .key = v->key.ptr, .value = v->text.ptr };
    }
    *out = list;
    *count = n;
    return 0;
}

static const char *const *keep_texts(const char *const *list, size_t count,
                                     struct cprov_arena *arena)
{
    const char **kept = count ? cprov_arena_alloc(arena, count, sizeof(*kept)) : NULL;

    for (size_t i = 0; kept && i < count; i++)
        kept[i] = cprov_text_keep(list[i], arena);
    return kept;
}

const struct cprov_annotation *cprov_annotations_keep(const struct cprov_annotation *list,
                                                      size_t count, struct cprov_arena *arena)
{
    struct cprov_annotation *kept = count ? cprov_arena_alloc(arena, count, sizeof(*kept)) : NULL;

    for (size_t i = 0; kept && i < count; i++)
        kept[i] = (struct cprov_annotation){ .key = cprov_text_keep(list[i].key, arena),
                                             .value = cprov_text_keep(list[i].value, arena) };
    return kept;
}

static void keep_platform(struct cprov_platform *p, struct cprov_arena *arena)
{
    p->os = cprov_text_keep(p->os, arena);
    p->architecture = cprov_text_keep(p->architecture, arena);
    p->variant = cprov_text_keep(p->variant, arena);
    p->os_version = cprov_text_keep(p->os_version, arena);
    p->os_features = keep_texts(p->os_features, p->os_features_count, arena);
}

void cprov_descriptor_keep(struct cprov_descriptor *d, struct cprov_arena *arena)
{
    d->media_type = cprov_text_keep(d->media_type, arena);
    d->artifact_type = cprov_text_keep(d->artifact_type, arena);
    d->urls = keep_texts(d->urls, d->urls_count, arena);
    d->annotations = cprov_annotations_keep(d->annotations, d->annotations_count, arena);
    if (d->data.len > 0)
        d->data.ptr = cprov_arena_text(arena, d->data);
    keep_platform(&d->platform, arena);
}
