/* store/stand_in.c - an OCI index beside an image of Docker's types. */
#include "store/stand_in.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "manifest/manifest.h"
#include "manifest/media_type.h"
#include "store/blobs.h"

static bool is_docker(const struct cprov_descriptor *d)
{
    return strcmp(d->media_type, CPROV_MT_DOCKER_MANIFEST) == 0 ||
           strcmp(d->media_type, CPROV_MT_DOCKER_LIST) == 0;
}

static void write_child(struct cprov_json_writer *w, const struct cprov_descriptor *d,
                        bool with_platform)
{
    struct cprov_descriptor plain = { .media_type = d->media_type,
                                      .digest = d->digest,
                                      .size = d->size,
                                      .platform = d->platform,
                                      .has_platform = with_platform && d->has_platform };

    cprov_descriptor_write(w, &plain);
}

/* An only manifest is named without its platform: as the manifest itself would be, it is then read
 * on hosts of every platform. */
static void write_children(struct cprov_json_writer *w, const struct cprov_descriptor *image,
                           const struct cprov_manifest *m)
{
    cprov_json_begin_array(w);
    if (m->kind != CPROV_DOC_INDEX)
        write_child(w, image, false);
    for (size_t i = 0; i < m->manifests_count; i++)
        write_child(w, &m->manifests[i], true);
    cprov_json_end_array(w);
}

static int write_index(struct cprov_store *s, const struct cprov_descriptor *image,
                       struct cprov_buf *out, struct cprov_error *err)
{
    auto_manifest struct cprov_manifest *m = NULL;
    auto_buf struct cprov_buf bytes = { 0 };
    char digest[CPROV_DIGEST_TEXT_MAX];
    struct cprov_json_writer w;

    cprov_buf_init(&bytes, CPROV_MANIFEST_MAX);
    if (cprov_store_read_blob(s, image, CPROV_MANIFEST_MAX, &bytes, err) < 0 ||
        cprov_manifest_parse(cprov_buf_span(&bytes), cprov_span_of(image->media_type), &m, err) < 0)
        return err->code;
    cprov_json_writer_init(&w, out, 0);
    cprov_manifest_begin(&w, CPROV_MT_OCI_INDEX);
    cprov_json_key(&w, "manifests");
    write_children(&w, image, m);
    cprov_json_key(&w, "annotations");
    cprov_json_begin_object(&w);
    cprov_json_member(&w, CPROV_ANN_STANDS_FOR, cprov_digest_format(&image->digest, digest));
    cprov_json_end_object(&w);
    cprov_json_end_object(&w);
    return cprov_buf_check(out, "index", err);
}

int cprov_stand_in_put(struct cprov_store *s, struct cprov_image *image, struct cprov_arena *arena,
                       struct cprov_error *err)
{
    auto_blob_writer struct cprov_blob_writer *writer = NULL;
    auto_buf struct cprov_buf text = { 0 };

    image->stand_in = NULL;
    if (!is_docker(&image->descriptor))
        return 0;
    struct cprov_descriptor *d = cprov_arena_alloc(arena, 1, sizeof(*d));
    if (!d)
        return cprov_fail_memory(err);
    cprov_buf_init(&text, CPROV_MANIFEST_MAX);
    if (write_index(s, &image->descriptor, &text, err) < 0)
        return err->code;
    d->media_type = CPROV_MT_OCI_INDEX;
    d->size = text.len;
    if (cprov_digest_of(CPROV_SHA256, cprov_buf_span(&text), &d->digest, err) < 0 ||
        cprov_store_stage(s, d, cprov_buf_span(&text), &writer, err) < 0 ||
        (writer && cprov_store_commit(s, &writer, 1, err) < 0))
        return err->code;
    image->stand_in = d;
    return 0;
}

struct cprov_image cprov_stand_in_entry(const struct cprov_image *image, struct cprov_arena *arena)
{
    char digest[CPROV_DIGEST_TEXT_MAX];

    return (struct cprov_image){
        .descriptor = *image->stand_in,
        .name = image->name,
        .version = image->version,
        .stands_for = cprov_arena_text(
            arena, cprov_span_of(cprov_digest_format(&image->descriptor.digest, digest))),
        .size = image->size,
        .is_os = image->is_os,
    };
}

bool cprov_stand_in_is(const struct cprov_image *list, size_t i)
{
    char digest[CPROV_DIGEST_TEXT_MAX];

    return i > 0 && list[i].stands_for[0] && !list[i - 1].stands_for[0] &&
           strcmp(list[i].stands_for,
                  cprov_digest_format(&list[i - 1].descriptor.digest, digest)) == 0;
}

size_t cprov_stand_in_fold(struct cprov_image *list, size_t count, struct cprov_arena *arena)
{
    size_t left = 0;

    for (size_t i = 0; i < count; i++) {
        if (!cprov_stand_in_is(list, i)) {
            list[left++] = list[i];
            continue;
        }
        struct cprov_descriptor *d = cprov_arena_alloc(arena, 1, sizeof(*d));
        if (d)
            *d = list[i].descriptor;
        list[left - 1].stand_in = d;
    }
    return left;
}

bool cprov_stand_in_is_document(const struct cprov_manifest *m)
{
    return m->kind == CPROV_DOC_INDEX &&
           cprov_annotation_get(m->annotations, m->annotations_count, CPROV_ANN_STANDS_FOR);
}
