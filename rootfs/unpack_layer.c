/* rootfs/unpack_layer.c - read and inflate | hash | files: each as far as the next has room. */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/inflate.h"
#include "base/limits.h"
#include "rootfs/queue_private.h"
#include "rootfs/unpack_private.h"

#define STACK_SIZE  (1 * CPROV_MIB)
#define READ_SIZE   (128 * CPROV_KIB)
#define FILES       0 /* readers of the queue */
#define HASH        1
#define CORES_SPLIT 3 /* from so many on, hashing has a thread of its own */

/* A thread and what it had to say. */
struct layer_worker {
    pthread_t thread;
    bool started;
    int code;
    struct cprov_error error;
};

struct layer {
    struct cprov_unpack *unpack;
    const struct cprov_layer_source *source;
    enum cprov_layer_packing packing;
    uint64_t packed_size;
    uint64_t unpacked; /* bytes that the reader of files has seen */
    struct cprov_queue *queue;
    struct cprov_hasher *hasher;
    bool split; /* the hash is made by its own thread */
    struct cprov_tar_reader *tar;
    struct layer_worker inflate, hash;
};

static int enqueue(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    struct layer *l = arg;

    if (!cprov_queue_write(l->queue, data, len))
        return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
    return 0;
}

/* Reads some; 0 at the end of the layer. */
static int read_some(struct layer *l, uint64_t at, char *buf, size_t *got, struct cprov_error *err)
{
    uint64_t left = l->packed_size - at;
    size_t want = left < READ_SIZE ? (size_t)left : READ_SIZE;

    *got = 0;
    if (want == 0)
        return 0;
    int64_t n = l->source->read(l->source->arg, at, buf, want, err);
    if (n < 0)
        return (int)n;
    if (n == 0 || (uint64_t)n > want)
        return cprov_fail(err, CPROV_EVERIFY,
                          "the layer ends after %" PRIu64 " of %" PRIu64 " bytes", at,
                          l->packed_size);
    *got = (size_t)n;
    return 0;
}

/* By the first bytes: media types lie, and the diff id says what is right. */
static enum cprov_compression packing_of(const struct layer *l, const char *buf, size_t len)
{
    if (len >= 4)
        return cprov_compression_of(cprov_span_make(buf, len));
    switch (l->packing) {
    case CPROV_LAYER_GZIP:
        return CPROV_GZIP;
    case CPROV_LAYER_ZSTD:
        return CPROV_ZSTD;
    case CPROV_LAYER_TAR:
    case CPROV_LAYER_NONE:
        break;
    }
    return CPROV_PLAIN;
}

/* Fills the buffer's first bytes up to what tells the packing. */
static int read_head(struct layer *l, char *buf, size_t *len, struct cprov_error *err)
{
    size_t got;
    int code;

    *len = 0;
    do {
        code = read_some(l, *len, buf + *len, &got, err);
        *len += got;
    } while (code == 0 && got > 0 && *len < 4);
    return code;
}

static int inflate_layer(struct layer *l, char *buf, struct cprov_error *err)
{
    auto_inflater struct cprov_inflater *inflater = NULL;
    uint64_t at = 0;
    size_t len = 0;

    if (read_head(l, buf, &len, err) < 0 ||
        cprov_inflater_new(packing_of(l, buf, len), enqueue, l, &inflater, err) < 0)
        return err->code;
    while (len > 0) {
        at += len;
        if (cprov_inflater_update(inflater, buf, len, err) < 0 ||
            read_some(l, at, buf, &len, err) < 0)
            return err->code;
    }
    return cprov_inflater_finish(inflater, err);
}

static void *run_inflate(void *arg)
{
    struct layer *l = arg;
    char *buf = malloc(2 * READ_SIZE); /* the head may come byte by byte */

    l->inflate.code =
        buf ? inflate_layer(l, buf, &l->inflate.error) : cprov_fail_memory(&l->inflate.error);
    free(buf);
    if (l->inflate.code < 0)
        cprov_queue_stop(l->queue);
    else
        cprov_queue_end(l->queue);
    return NULL;
}

static void *run_hash(void *arg)
{
    struct layer *l = arg;
    struct cprov_span piece;

    while (l->hash.code == 0 && cprov_queue_read(l->queue, HASH, &piece))
        l->hash.code = cprov_hasher_update(l->hasher, piece.ptr, piece.len, &l->hash.error);
    if (l->hash.code < 0)
        cprov_queue_stop(l->queue);
    return NULL;
}

/* Signals are for the program's own threads. */
static int start(struct layer_worker *w, void *(*run)(void *), struct layer *l,
                 struct cprov_error *err)
{
    pthread_attr_t attr;
    sigset_t all, before;

    if (pthread_attr_init(&attr) != 0)
        return cprov_fail_memory(err);
    sigfillset(&all);
    pthread_attr_setstacksize(&attr, STACK_SIZE);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int os = pthread_create(&w->thread, &attr, run, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    if (os != 0)
        return cprov_fail_os(err, os, "cannot start a thread");
    w->started = true;
    return 0;
}

static void join(struct layer_worker *w)
{
    if (w->started)
        pthread_join(w->thread, NULL);
    w->started = false;
}

static int take_piece(struct layer *l, struct cprov_span piece, struct cprov_error *err)
{
    if (cprov_cancelled(l->unpack->cancel))
        return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
    l->unpacked += piece.len;
    if (cprov_unpack_check_ratio(&l->unpack->limits, l->packed_size, l->unpacked, err) < 0 ||
        (!l->split && cprov_hasher_update(l->hasher, piece.ptr, piece.len, err) < 0))
        return err->code;
    return cprov_tar_reader_update(l->tar, piece.ptr, piece.len, err);
}

/* The caller's thread makes the files. Why the others have stopped comes before what that led to
 * here. */
static int run(struct layer *l, struct cprov_error *err)
{
    struct cprov_span piece;
    int code = start(&l->inflate, run_inflate, l, err) < 0 ||
                       (l->split && start(&l->hash, run_hash, l, err) < 0)
                   ? err->code
                   : 0;
    while (code == 0 && cprov_queue_read(l->queue, FILES, &piece))
        code = take_piece(l, piece, err);
    if (code < 0)
        cprov_queue_stop(l->queue);
    join(&l->inflate);
    join(&l->hash);
    if (code < 0)
        return code;
    if (l->inflate.code < 0 || l->hash.code < 0) {
        *err = l->inflate.code < 0 ? l->inflate.error : l->hash.error;
        return err->code;
    }
    return cprov_tar_reader_finish(l->tar, err);
}

static int check_diff_id(struct layer *l, const struct cprov_digest *want, struct cprov_error *err)
{
    char text[CPROV_DIGEST_TEXT_MAX];
    struct cprov_digest is;
    int code = cprov_digest_finish(l->hasher, want->algo, &is, err);

    if (code < 0 || cprov_digest_equal(&is, want))
        return code;
    return cprov_fail(err, CPROV_EVERIFY,
                      "the layer's content differs from the diff id in the config: %s",
                      cprov_digest_format(&is, text));
}

static unsigned cores(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

static int prepare(struct layer *l, const struct cprov_digest *diff_id, struct cprov_error *err)
{
    struct cprov_tar_handler handler = cprov_unpack_handler;

    handler.arg = l->unpack;
    l->split = cores() >= CORES_SPLIT;
    if (cprov_queue_new(CPROV_UNPACK_QUEUE, CPROV_UNPACK_PIECE, l->split ? 2 : 1, &l->queue, err) <
            0 ||
        cprov_digest_hasher(diff_id->algo, &l->hasher, err) < 0)
        return err->code;
    return cprov_tar_reader_new(&handler, &l->tar, err);
}

int cprov_unpack_layer(struct cprov_unpack *u, enum cprov_layer_packing packing,
                       uint64_t packed_size, const struct cprov_digest *diff_id,
                       const struct cprov_layer_source *source, struct cprov_error *err)
{
    struct layer l = {
        .unpack = u, .source = source, .packing = packing, .packed_size = packed_size
    };

    u->layers++;
    bool failed = prepare(&l, diff_id, err) < 0 || run(&l, err) < 0 ||
                  check_diff_id(&l, diff_id, err) < 0 || cprov_unpack_drop_aside(u, err) < 0;
    u->has_lower = u->has_lower || l.unpacked > 0;
    cprov_fd_close(&u->file.fd); /* of a member that was cut */
    cprov_hash_table_clear(&u->names);
    cprov_tar_reader_free(l.tar);
    cprov_hasher_free(l.hasher);
    cprov_queue_free(l.queue);
    return failed ? err->code : 0;
}
