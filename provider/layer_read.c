/* provider/layer_read.c - a layer of an image, inflated, hashed and read as tar, in one pass. */
#include "provider/layer_read.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/inflate.h"
#include "base/limits.h"

#define PIECE (128 * CPROV_KIB)

struct reading {
    struct cprov_tar_reader *tar;
    struct cprov_hasher *hasher; /* or NULL */
};

static void reading_clear(struct reading *r)
{
    cprov_tar_reader_free(r->tar);
    cprov_hasher_free(r->hasher);
}

static int take(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    struct reading *r = arg;
    int code = r->hasher ? cprov_hasher_update(r->hasher, data, len, err) : 0;

    return code != 0 ? code : cprov_tar_reader_update(r->tar, data, len, err);
}

/* The packing is told by the bytes: media types of layers are not always right. */
static int read_blob(struct cprov_session *s, struct reading *r, int fd, uint64_t from,
                     uint64_t size, char *piece, struct cprov_error *err)
{
    auto_inflater struct cprov_inflater *inflater = NULL;
    size_t got = PIECE;
    uint64_t left = size;
    int code = 0;

    for (uint64_t at = from; got == PIECE; at += got, left -= got) {
        if (cprov_cancelled(&s->cancel))
            return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
        code =
            cprov_fs_read_at(fd, piece, left < PIECE ? (size_t)left : PIECE, (off_t)at, &got, err);
        if (code == 0 && !inflater)
            code = cprov_inflater_new(cprov_compression_of(cprov_span_make(piece, got)), take, r,
                                      &inflater, err);
        if (code == 0 && got > 0)
            code = cprov_inflater_update(inflater, piece, got, err);
        if (code != 0)
            return code;
    }
    code = cprov_inflater_finish(inflater, err);
    return code != 0 ? code : cprov_tar_reader_finish(r->tar, err);
}

static int check_diff_id(struct reading *r, const struct cprov_digest *want,
                         struct cprov_error *err)
{
    char text[CPROV_DIGEST_TEXT_MAX];
    struct cprov_digest actual;

    if (cprov_digest_finish(r->hasher, want->algo, &actual, err) < 0)
        return err->code;
    if (cprov_digest_equal(&actual, want))
        return 0;
    return cprov_fail(err, CPROV_EVERIFY, "it unpacks to other bytes than the config says (%s)",
                      cprov_digest_format(want, text));
}

int cprov_layer_read(struct cprov_session *s, const struct cprov_installed *in, size_t i,
                     const struct cprov_tar_handler *handler, bool verify, struct cprov_error *err)
{
    CPROV_CLEANUP(reading_clear) struct reading r = { .tar = NULL };
    const struct cprov_digest *diff_id = &in->config->diff_ids[i];
    auto_fd int fd = -1;
    uint64_t from = 0, size = 0;

    int code = cprov_tar_reader_new(handler, &r.tar, err);
    if (code == 0 && verify)
        code = cprov_digest_hasher(diff_id->algo, &r.hasher, err);
    if (code == 0)
        code = cprov_installed_layer(in, i, &fd, &from, &size, err);
    if (code == 0) {
        char *piece = malloc(PIECE);
        code = piece ? read_blob(s, &r, fd, from, size, piece, err) : cprov_fail_memory(err);
        free(piece);
    }
    if (code == 0 && verify)
        code = check_diff_id(&r, diff_id, err);
    return code != 0 ? cprov_wrap(err, "layer %zu", i + 1) : 0;
}
