/* archive/archive.c - an archive that skopeo, podman, docker and containerd all can load. */
#include "archive/archive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/tar_writer_private.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/outfile.h"
#include "manifest/manifest.h"
#include "manifest/reference.h"
#include "store/blobs.h"
#include "store/closure.h"
#include "store/index_file.h"
#include "store/layout.h"

#define PIECE (128 * CPROV_KIB)

/* One archive while it is written. */
struct archive_writing {
    struct cprov_store *store;
    const struct cprov_image *images;
    size_t count;
    struct cprov_closure blobs;
    struct cprov_tar_writer tar;
    unsigned char *piece;
    void (*progress)(void *arg, uint64_t done, uint64_t total);
    void *arg;
    uint64_t done; /* bytes */
};

static void writing_clear(struct archive_writing *w)
{
    cprov_closure_clear(&w->blobs);
    free(w->piece);
}

static int add_text(struct archive_writing *w, const char *path, const struct cprov_buf *text,
                    struct cprov_error *err)
{
    if (cprov_buf_check(text, path, err) < 0 ||
        cprov_tar_writer_file(&w->tar, path, text->len, err) < 0)
        return err->code;
    return cprov_tar_writer_data(&w->tar, cprov_buf_span(text), err);
}

static int add_layout(struct archive_writing *w, struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };

    cprov_buf_init(&text, CPROV_KIB);
    cprov_buf_add_text(&text, CPROV_LAYOUT_TEXT);
    return add_text(w, CPROV_STORE_LAYOUT, &text, err);
}

static int add_index(struct archive_writing *w, struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };
    int code = 0;

    cprov_buf_init(&text, CPROV_INDEX_FILE_MAX);
    cprov_index_write_head(&text, NULL);
    for (size_t i = 0; code == 0 && i < w->count; i++) {
        cprov_index_write_separator(&text, i == 0);
        code = cprov_index_write_entry(&text, &w->images[i], CPROV_ENTRY_PORTABLE, err);
    }
    cprov_index_write_tail(&text);
    return code < 0 ? code : add_text(w, CPROV_STORE_INDEX, &text, err);
}

/* The tag under which Docker loads an image: its reference, or its name where that can be one. */
static void write_repo_tag(struct cprov_json_writer *json, const struct cprov_image *image)
{
    auto_buf struct cprov_buf text = { 0 };
    struct cprov_reference r;

    cprov_buf_init(&text, CPROV_URL_MAX);
    if (image->reference[0])
        cprov_buf_add_text(&text, image->reference);
    else
        cprov_image_ref_name(image, &text);
    if (text.failed || cprov_reference_parse(cprov_buf_span(&text), &r, CPROV_IGNORED) < 0)
        return;
    r.has_digest = false; /* Docker gives no tag to a digest */
    if (!r.tag[0])
        snprintf(r.tag, sizeof(r.tag), "latest");
    cprov_buf_reset(&text);
    cprov_reference_format_familiar(&r, &text);
    cprov_json_span(json, cprov_buf_span(&text));
}

static void write_docker_image(struct cprov_json_writer *json, const struct cprov_image *image,
                               const struct cprov_manifest *m)
{
    char path[CPROV_BLOB_PATH_MAX];

    cprov_json_begin_object(json);
    cprov_json_member(json, "Config", cprov_layout_blob_path(&m->config.digest, path));
    cprov_json_key(json, "RepoTags");
    cprov_json_begin_array(json);
    write_repo_tag(json, image);
    cprov_json_end_array(json);
    cprov_json_key(json, "Layers");
    cprov_json_begin_array(json);
    for (size_t i = 0; i < m->layers_count; i++)
        cprov_json_text(json, cprov_layout_blob_path(&m->layers[i].digest, path));
    cprov_json_end_array(json);
    cprov_json_end_object(json);
}

/* Docker's list of images. *fits is false when one of them is more, or other, than one image. */
static int write_docker_list(struct archive_writing *w, struct cprov_buf *text, bool *fits,
                             struct cprov_error *err)
{
    struct cprov_json_writer json;

    *fits = true;
    cprov_json_writer_init(&json, text, 0);
    cprov_json_begin_array(&json);
    for (size_t i = 0; i < w->count && *fits; i++) {
        const struct cprov_descriptor *d = &w->images[i].descriptor;
        auto_manifest struct cprov_manifest *m = NULL;
        auto_buf struct cprov_buf bytes = { 0 };

        cprov_buf_init(&bytes, CPROV_MANIFEST_MAX);
        if (cprov_store_read_blob(w->store, d, CPROV_MANIFEST_MAX, &bytes, err) < 0 ||
            cprov_manifest_parse(cprov_buf_span(&bytes), cprov_span_of(d->media_type), &m, err) < 0)
            return err->code;
        *fits = m->kind == CPROV_DOC_MANIFEST && !cprov_manifest_is_artifact(m);
        if (*fits)
            write_docker_image(&json, &w->images[i], m);
    }
    cprov_json_end_array(&json);
    return 0;
}

static int add_docker_list(struct archive_writing *w, struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };
    bool fits;

    cprov_buf_init(&text, CPROV_INDEX_FILE_MAX);
    int code = write_docker_list(w, &text, &fits, err);
    return code < 0 || !fits ? code : add_text(w, "manifest.json", &text, err);
}

static int copy_blob(struct archive_writing *w, int fd, const struct cprov_digest *digest,
                     uint64_t size, struct cprov_error *err)
{
    auto_hasher struct cprov_hasher *hasher = NULL;
    char text[CPROV_DIGEST_TEXT_MAX];
    struct cprov_digest actual;

    if (cprov_digest_hasher(digest->algo, &hasher, err) < 0)
        return err->code;
    for (uint64_t at = 0; at < size;) {
        size_t len = size - at < PIECE ? (size_t)(size - at) : PIECE, got;

        if (cprov_fs_read_at(fd, w->piece, len, (off_t)at, &got, err) < 0)
            return err->code;
        if (got < len)
            return cprov_fail(err, CPROV_EVERIFY, "became shorter while it was read");
        if (cprov_hasher_update(hasher, w->piece, len, err) < 0 ||
            cprov_tar_writer_data(&w->tar, cprov_span_make((const char *)w->piece, len), err) < 0)
            return err->code;
        if (cprov_store_cancelled(w->store))
            return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
        at += len;
        w->done += len;
        if (w->progress)
            w->progress(w->arg, w->done, w->blobs.bytes);
    }
    if (cprov_digest_finish(hasher, digest->algo, &actual, err) < 0)
        return err->code;
    if (!cprov_digest_equal(&actual, digest))
        return cprov_fail(err, CPROV_EVERIFY, "blob %s is damaged: its digest differs",
                          cprov_digest_format(digest, text));
    return 0;
}

static int add_blob(struct archive_writing *w, size_t number, struct cprov_error *err)
{
    const struct cprov_digest *digest = &w->blobs.digests.list[number];
    struct cprov_descriptor d = { .media_type = "",
                                  .digest = *digest,
                                  .size = w->blobs.blobs[number].size };
    char path[CPROV_BLOB_PATH_MAX];
    auto_fd int fd = -1;

    if (cprov_store_open_blob(w->store, &d, &fd, err) < 0 ||
        cprov_tar_writer_file(&w->tar, cprov_layout_blob_path(digest, path), d.size, err) < 0)
        return err->code;
    return copy_blob(w, fd, digest, d.size, err);
}

static int add_folders(struct archive_writing *w, struct cprov_error *err)
{
    bool sha512 = false;

    for (size_t i = 0; i < w->blobs.digests.count; i++)
        if (w->blobs.digests.list[i].algo == CPROV_SHA512)
            sha512 = true;
    if (cprov_tar_writer_folder(&w->tar, CPROV_STORE_BLOBS "/", err) < 0 ||
        cprov_tar_writer_folder(&w->tar, CPROV_STORE_BLOBS "/sha256/", err) < 0)
        return err->code;
    return sha512 ? cprov_tar_writer_folder(&w->tar, CPROV_STORE_BLOBS "/sha512/", err) : 0;
}

/* Small files first: whoever reads the archive as a stream knows what it holds before the layers
 * come. */
static int add_everything(struct archive_writing *w, struct cprov_error *err)
{
    if (add_layout(w, err) < 0 || add_index(w, err) < 0 || add_docker_list(w, err) < 0 ||
        add_folders(w, err) < 0)
        return err->code;
    for (int documents = 1; documents >= 0; documents--)
        for (size_t i = 0; i < w->blobs.digests.count; i++)
            if (w->blobs.blobs[i].is_document == (documents == 1) && add_blob(w, i, err) < 0)
                return err->code;
    return cprov_tar_writer_finish(&w->tar, err);
}

static int write_to(struct archive_writing *w, int fd, struct cprov_error *err)
{
    for (size_t i = 0; i < w->count; i++)
        if (cprov_closure_add(&w->blobs, w->store, &w->images[i].descriptor, err) < 0)
            return err->code;
    w->piece = malloc(PIECE);
    if (!w->piece)
        return cprov_fail_memory(err);
    w->tar.fd = fd;
    return add_everything(w, err);
}

int cprov_archive_write(struct cprov_store *s, const struct cprov_image *images, size_t count,
                        const char *path,
                        void (*progress)(void *arg, uint64_t done, uint64_t total), void *arg,
                        struct cprov_error *err)
{
    CPROV_CLEANUP(writing_clear)
    struct archive_writing w = {
        .store = s, .images = images, .count = count, .progress = progress, .arg = arg
    };
    auto_outfile struct cprov_outfile f = CPROV_OUTFILE_INIT;

    if (cprov_outfile_open(path, true, &f, err) < 0 || write_to(&w, f.fd, err) < 0 ||
        cprov_outfile_keep(&f, err) < 0)
        return cprov_wrap(err, "%s", path);
    return 0;
}
