/* rootfs/layer_tar.c - a tar of somebody as a layer of ours. */
#include "rootfs/layer_tar.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "rootfs/file_content_private.h"
#include "rootfs/rootfs.h"
#include "store/layer_stream.h"

#define PIECE (128 * CPROV_KIB)

struct tar_rewrite {
    struct cprov_layer_writer *w;
    struct cprov_rootfs *rootfs; /* refuses what unpacking refuses */
    struct cprov_file_content content;
    struct cprov_error failed; /* of the writer, behind a function that has no error */
    bool skipped;              /* the member is the top, which is no member of a layer */
    struct cprov_tar_pair *xattrs;
    char path[CPROV_UNPACK_PATH + 2], link[CPROV_UNPACK_PATH + 1];
};

static void rewrite_clear(struct tar_rewrite *t)
{
    cprov_rootfs_free(t->rootfs);
    free(t->xattrs);
}

static int on_entry(void *arg, const struct cprov_tar_entry *entry, struct cprov_error *err)
{
    struct tar_rewrite *t = arg;
    struct cprov_tar_entry e = *entry;

    if (cprov_rootfs_add(t->rootfs, entry, err) < 0)
        return err->code; /* says which member */
    if (cprov_layer_clean(e.path, CPROV_UNPACK_PATH, t->path, err) < 0 ||
        (e.type == CPROV_TAR_HARDLINK &&
         cprov_layer_clean(e.link, CPROV_UNPACK_PATH, t->link, err) < 0) ||
        cprov_layer_pass_attributes(&e, &t->xattrs, err) < 0)
        return cprov_layer_wrap(entry->path, err);
    if (e.type == CPROV_TAR_HARDLINK)
        e.link = cprov_span_of(t->link);
    t->skipped = !t->path[0];
    if (t->skipped)
        return 0;
    e.path = cprov_span_make(t->path, strlen(t->path));
    if (e.type == CPROV_TAR_DIR)
        t->path[e.path.len++] = '/';
    t->content.entry = NULL;
    if (cprov_layer_writer_entry(t->w, &e, err) < 0 ||
        (e.type == CPROV_TAR_FILE && cprov_file_content_begin(&t->content, entry, err) < 0))
        return cprov_layer_wrap(entry->path, err);
    return 0;
}

static int write_content(void *arg, const void *data, size_t len)
{
    struct tar_rewrite *t = arg;

    return cprov_layer_writer_data(t->w, data, len, &t->failed);
}

static int tell(const struct tar_rewrite *t, int code, struct cprov_error *err)
{
    if (code < 0 && t->failed.code < 0)
        *err = t->failed;
    return code < 0 ? err->code : 0;
}

static int on_data(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    struct tar_rewrite *t = arg;

    return t->skipped ? 0 : tell(t, cprov_file_content_data(&t->content, data, len, err), err);
}

static int on_end(void *arg, struct cprov_error *err)
{
    struct tar_rewrite *t = arg;

    if (t->skipped || t->content.entry == NULL)
        return 0;
    int code = tell(t, cprov_file_content_end(&t->content, err), err);
    t->content.entry = NULL;
    return code;
}

static int read_members(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    return cprov_tar_reader_update(arg, data, len, err);
}

static int read_all(int fd, uint64_t size, const struct cprov_cancel *cancel,
                    struct cprov_layer_stream *stream, char *piece, struct cprov_error *err)
{
    size_t got = PIECE;

    for (uint64_t at = 0; got == PIECE; at += got) {
        if (cprov_cancelled(cancel))
            return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
        size_t want = size - at < PIECE ? (size_t)(size - at) : PIECE;
        if (cprov_fs_read_at(fd, piece, want, (off_t)at, &got, err) < 0 ||
            cprov_layer_stream_update(stream, piece, got, err) < 0)
            return err->code;
    }
    return cprov_layer_stream_finish(stream, NULL, err);
}

int cprov_layer_from_tar(int fd, uint64_t size, const struct cprov_cancel *cancel,
                         struct cprov_layer_writer *w, struct cprov_error *err)
{
    CPROV_CLEANUP(rewrite_clear) struct tar_rewrite t = { .w = w };
    const struct cprov_tar_handler handler = { on_entry, on_data, on_end, &t };
    const struct cprov_rootfs_options rules = { .windows = false };
    auto_tar_reader struct cprov_tar_reader *tar = NULL;
    auto_layer_stream struct cprov_layer_stream *stream = NULL;

    cprov_file_content_init(&t.content, &rules.limits, write_content, &t);
    cprov_file_content_layer(&t.content, size);
    if (cprov_rootfs_new(&rules, &t.rootfs, err) < 0 ||
        cprov_tar_reader_new(&handler, &tar, err) < 0)
        return err->code;
    cprov_rootfs_begin_layer(t.rootfs);
    const struct cprov_layer_stream_options options = { .packed_size = size,
                                                        .take = read_members,
                                                        .arg = tar };
    if (cprov_layer_stream_new(&options, &stream, err) < 0)
        return err->code;
    char *piece = malloc(PIECE);
    if (!piece)
        return cprov_fail_memory(err);
    int code = read_all(fd, size, cancel, stream, piece, err);
    free(piece);
    return code < 0 ? code : cprov_tar_reader_finish(tar, err);
}
