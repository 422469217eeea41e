/* rootfs/layer_read.c - a layer of an image, inflated, hashed and read as tar, in one pass. */
#include "rootfs/layer_read_private.h"

#include <stdlib.h>

#include "archive/packed.h"
#include "archive/tar_reader.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/limits.h"
#include "manifest/image_config.h"
#include "manifest/manifest.h"
#include "store/blobs.h"
#include "store/layer_stream.h"

#define PIECE (128 * CPROV_KIB)

/* Where the bytes of a layer are: *size bytes of *fd (yours to close) from *offset on. */
static int open_blob(const struct cprov_layers *layers, const struct cprov_descriptor *d, int *fd,
                     uint64_t *offset, uint64_t *size, struct cprov_error *err)
{
    auto_fd int opened = -1;

    *offset = 0;
    *size = d->size;
    if ((layers->packed
             ? cprov_packed_open_blob(layers->packed, &d->digest, &opened, offset, size, err)
             : cprov_store_open_blob(layers->store, d, &opened, err)) < 0)
        return err->code;
    if (*size != d->size)
        return cprov_fail(err, CPROV_EVERIFY, "it has %llu bytes instead of %llu",
                          (unsigned long long)*size, (unsigned long long)d->size);
    *fd = opened;
    opened = -1;
    return 0;
}

static int read_blob(const struct cprov_cancel *cancel, struct cprov_layer_stream *stream, int fd,
                     uint64_t from, uint64_t size, char *piece, struct cprov_error *err)
{
    uint64_t left = size;
    size_t got = PIECE;

    for (uint64_t at = from; got == PIECE; at += got, left -= got) {
        if (cprov_cancelled(cancel))
            return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
        size_t want = left < PIECE ? (size_t)left : PIECE;
        if (cprov_fs_read_at(fd, piece, want, (off_t)at, &got, err) < 0 ||
            cprov_layer_stream_update(stream, piece, got, err) < 0)
            return err->code;
    }
    return 0;
}

static int check_diff_id(const struct cprov_digest *actual, const struct cprov_digest *want,
                         struct cprov_error *err)
{
    char text[CPROV_DIGEST_TEXT_MAX];

    if (cprov_digest_equal(actual, want))
        return 0;
    return cprov_fail(err, CPROV_EVERIFY, "its content differs from the diff id in the config (%s)",
                      cprov_digest_format(want, text));
}

static int read_members(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    return cprov_tar_reader_update(arg, data, len, err);
}

static int read_layer(const struct cprov_layers *layers, size_t i,
                      const struct cprov_tar_handler *handler, bool verify, struct cprov_error *err)
{
    const struct cprov_descriptor *d = &layers->manifest->layers[i];
    const struct cprov_digest *diff_id = &layers->config->diff_ids[i];
    auto_tar_reader struct cprov_tar_reader *tar = NULL;
    auto_layer_stream struct cprov_layer_stream *stream = NULL;
    struct cprov_digest actual;
    auto_fd int fd = -1;
    uint64_t from = 0, size = 0;

    if (cprov_media_type_layer(cprov_span_of(d->media_type)).packing == CPROV_LAYER_NONE)
        return cprov_fail(err, CPROV_EUNSUPPORTED, "'%s' is not a file system layer",
                          d->media_type);
    if (cprov_tar_reader_new(handler, &tar, err) < 0)
        return err->code;
    const struct cprov_layer_stream_options options = { .packed_size = d->size,
                                                        .limits = layers->limits,
                                                        .hash = verify ? &diff_id->algo : NULL,
                                                        .take = read_members,
                                                        .arg = tar };
    if (cprov_layer_stream_new(&options, &stream, err) < 0 ||
        open_blob(layers, d, &fd, &from, &size, err) < 0)
        return err->code;
    char *piece = malloc(PIECE);
    if (!piece)
        return cprov_fail_memory(err);
    int code = read_blob(layers->cancel, stream, fd, from, size, piece, err);
    free(piece);
    if (code < 0 || cprov_layer_stream_finish(stream, &actual, err) < 0 ||
        cprov_tar_reader_finish(tar, err) < 0)
        return err->code;
    return verify ? check_diff_id(&actual, diff_id, err) : 0;
}

int cprov_layer_read(const struct cprov_layers *layers, size_t i,
                     const struct cprov_tar_handler *handler, bool verify, struct cprov_error *err)
{
    if (read_layer(layers, i, handler, verify, err) < 0)
        return cprov_wrap(err, "layer %zu", i + 1);
    return 0;
}

int cprov_layer_pass_data(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    (void)arg;
    (void)data;
    (void)len;
    (void)err;
    return 0;
}

int cprov_layer_pass_end(void *arg, struct cprov_error *err)
{
    (void)arg;
    (void)err;
    return 0;
}
