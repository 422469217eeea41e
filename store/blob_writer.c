/* store/blob_writer.c - a partial file, locked, resumed, written in any order. */
#include "store/blob_writer_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/limits.h"
#include "store/store_private.h"

#define HOLE_MARGIN (64 * CPROV_KIB) /* bytes before a hole that may be its block's zeros */

static int in_store(const struct cprov_descriptor *want, struct cprov_error *err)
{
    char text[CPROV_DIGEST_TEXT_MAX];

    return cprov_fail(err, CPROV_EEXISTS, "blob %s is in the store",
                      cprov_digest_format(&want->digest, text));
}

static void etag_name(const struct cprov_blob_writer *w, char buf[CPROV_PARTIAL_NAME_MAX])
{
    snprintf(buf, CPROV_PARTIAL_NAME_MAX, "%.180s.etag", w->name);
}

static bool is_etag(struct cprov_span etag)
{
    if (etag.len > CPROV_ETAG_MAX)
        return false;
    for (size_t i = 0; i < etag.len; i++)
        if ((unsigned char)etag.ptr[i] < 0x20 || etag.ptr[i] == 0x7f)
            return false;
    return true;
}

static void keep_etag(struct cprov_blob_writer *w, struct cprov_span etag)
{
    memcpy(w->etag, etag.ptr, etag.len);
    w->etag[etag.len] = '\0';
}

static void read_etag(struct cprov_blob_writer *w)
{
    char name[CPROV_PARTIAL_NAME_MAX];
    auto_buf struct cprov_buf text = { 0 };

    etag_name(w, name);
    cprov_buf_init(&text, CPROV_ETAG_MAX);
    if (cprov_fs_read(w->store->partial, name, CPROV_ETAG_MAX, &text, CPROV_IGNORED) == 0 &&
        text.len > 0 && is_etag(cprov_buf_span(&text)))
        keep_etag(w, cprov_buf_span(&text));
}

static void drop_etag(struct cprov_blob_writer *w)
{
    char name[CPROV_PARTIAL_NAME_MAX];

    if (!w->etag[0])
        return;
    etag_name(w, name);
    unlinkat(w->store->partial, name, 0);
    w->etag[0] = '\0';
}

static int truncate_to(struct cprov_blob_writer *w, uint64_t size, struct cprov_error *err)
{
    if (ftruncate(w->fd, (off_t)size) < 0)
        return cprov_fail_os(err, errno, "cannot truncate the partial file");
    return 0;
}

/*
 * How much of a file from an earlier run can be used. Ranges that were written further on leave a
 * hole before them; the block where the hole begins may end in zeros that nobody wrote, however
 * large the blocks are.
 */
static int usable_prefix(const struct cprov_blob_writer *w, uint64_t *out, uint64_t *size,
                         struct cprov_error *err)
{
    struct stat st;

    if (fstat(w->fd, &st) < 0)
        return cprov_fail_os(err, errno, "partial file");
    uint64_t prefix = *size = (uint64_t)st.st_size;
    off_t hole = st.st_size > 0 ? lseek(w->fd, 0, SEEK_HOLE) : st.st_size;
    if (hole >= 0 && hole < st.st_size) {
        prefix = (uint64_t)hole > HOLE_MARGIN ? (uint64_t)hole - HOLE_MARGIN : 0;
        prefix -= prefix % HOLE_MARGIN;
    }
    *out = prefix > w->want.size ? 0 : prefix; /* longer than the blob: not its bytes */
    return 0;
}

/* Takes over what an earlier run left. */
static int resume(struct cprov_blob_writer *w, struct cprov_error *err)
{
    uint64_t prefix = 0, size = 0;

    if (usable_prefix(w, &prefix, &size, err) < 0 ||
        (prefix < size && truncate_to(w, prefix, err) < 0))
        return err->code;
    w->there.prefix = prefix;
    w->resumed = prefix > 0;
    read_etag(w);
    if (!w->resumed)
        drop_etag(w);
    return 0;
}

/* Opens the partial file; a crash between chmod and rename may have left it unwritable. */
static int open_partial(struct cprov_blob_writer *w, int extra, struct cprov_error *err)
{
    const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | extra;
    int dir = w->store->partial;

    w->fd = openat(dir, w->name, flags, 0600);
    if (w->fd < 0 && errno == EACCES && fchmodat(dir, w->name, 0600, 0) == 0)
        w->fd = openat(dir, w->name, flags, 0600);
    if (w->fd < 0)
        return cprov_fail_os(err, errno, "cannot open the partial file %s", w->name);
    return 0;
}

/* Opens and locks the partial file: the one that has the name, since the last holder may have
 * renamed it into blobs/ or removed it. */
static int acquire(struct cprov_blob_writer *w, int64_t deadline, struct cprov_error *err)
{
    struct cprov_store *s = w->store;

    for (;;) {
        int64_t left = deadline - cprov_clock_ms();
        if (open_partial(w, 0, err) < 0 ||
            cprov_fs_lock(w->fd, true, left > 0 ? (int)left : 0, s->cancel, err) < 0) {
            cprov_fd_close(&w->fd); /* someone else's: not ours to tidy up */
            return err->code;
        }
        if (cprov_store_is_at(w->fd, s->partial, w->name))
            return 0;
        cprov_fd_close(&w->fd);
        if (cprov_store_has(s, &w->want))
            return in_store(&w->want, err);
    }
}

/* Whether the blob may be written: CPROV_EEXISTS when it is there. */
static int prepare(struct cprov_store *s, const struct cprov_descriptor *want,
                   struct cprov_error *err)
{
    if (want->size > CPROV_BLOB_SIZE_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "a blob of %" PRIu64 " bytes is too large",
                          want->size);
    if (cprov_store_begin(s, err) < 0)
        return err->code;
    return cprov_store_has(s, want) ? in_store(want, err) : 0;
}

static void name_partial(const struct cprov_descriptor *d, char buf[CPROV_PARTIAL_NAME_MAX])
{
    char hex[CPROV_DIGEST_TEXT_MAX];

    snprintf(buf, CPROV_PARTIAL_NAME_MAX, "%s-%s", cprov_digest_algo_name(d->digest.algo),
             cprov_digest_hex(&d->digest, hex));
}

uint64_t cprov_store_partial_bytes(struct cprov_store *s, const struct cprov_descriptor *d)
{
    char name[CPROV_PARTIAL_NAME_MAX];
    struct stat st;

    name_partial(d, name);
    if (s->partial < 0 || fstatat(s->partial, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        !S_ISREG(st.st_mode))
        return 0;
    return (uint64_t)st.st_size < d->size ? (uint64_t)st.st_size : d->size;
}

/* Without a file yet; NULL when out of memory. */
static struct cprov_blob_writer *new_writer(struct cprov_store *s,
                                            const struct cprov_descriptor *want)
{
    struct cprov_blob_writer *w = calloc(1, sizeof(*w));

    if (!w)
        return NULL;
    w->store = s;
    w->want = *want;
    w->fd = -1;
    name_partial(want, w->name);
    return w;
}

/* With the lock in hand: look again, then see what an earlier run left. */
static int start(struct cprov_blob_writer *w, struct cprov_error *err)
{
    struct cprov_workers *pool;

    if (cprov_store_has(w->store, &w->want))
        return in_store(&w->want, err); /* closing removes the file */
    if (resume(w, err) < 0 || cprov_store_workers(w->store, &pool, err) < 0 ||
        cprov_follower_new(w->fd, w->want.digest.algo, w->want.size, pool, &w->follower, err) < 0)
        return err->code;
    return cprov_follower_advance(w->follower, w->there.prefix, err);
}

int cprov_blob_writer_open(struct cprov_store *s, const struct cprov_descriptor *want, int wait_ms,
                           struct cprov_blob_writer **out, struct cprov_error *err)
{
    auto_blob_writer struct cprov_blob_writer *w = NULL;
    char text[CPROV_DIGEST_TEXT_MAX];

    if (prepare(s, want, err) < 0)
        return err->code;
    w = new_writer(s, want);
    if (!w)
        return cprov_fail_memory(err);
    int code = acquire(w, cprov_clock_ms() + wait_ms, err);
    if (code == CPROV_EINUSE)
        return cprov_fail(err, code, "blob %s is being written by another process",
                          cprov_digest_format(&want->digest, text));
    if (code < 0 || start(w, err) < 0)
        return err->code;
    *out = cprov_steal(&w);
    return 0;
}

int cprov_blob_writer_open_beside(struct cprov_store *s, const struct cprov_descriptor *want,
                                  struct cprov_blob_writer **out, struct cprov_error *err)
{
    auto_blob_writer struct cprov_blob_writer *w = NULL;
    uint64_t number;

    int code = cprov_blob_writer_open(s, want, 0, out, err);
    if (code != CPROV_EINUSE)
        return code;
    if (cprov_random(&number, sizeof(number), err) < 0)
        return err->code;
    w = new_writer(s, want);
    if (!w)
        return cprov_fail_memory(err);
    w->beside = true;
    size_t len = strlen(w->name);
    snprintf(w->name + len, sizeof(w->name) - len, ".%016" PRIx64, number);
    if (open_partial(w, O_EXCL, err) < 0 || cprov_fs_lock(w->fd, true, 0, NULL, err) < 0 ||
        start(w, err) < 0)
        return err->code;
    *out = cprov_steal(&w);
    return 0;
}

/* What lies past the first hole cannot be told from zeros later on, so it goes. */
static void tidy_partial(struct cprov_blob_writer *w)
{
    bool useful = w->there.prefix > 0 && !w->beside && !cprov_store_has(w->store, &w->want);

    if (useful && (w->there.count == 0 || truncate_to(w, w->there.prefix, CPROV_IGNORED) == 0))
        return;
    drop_etag(w);
    unlinkat(w->store->partial, w->name, 0);
}

void cprov_blob_writer_close(struct cprov_blob_writer *w)
{
    if (!w)
        return;
    cprov_follower_free(w->follower);
    if (w->fd >= 0 && w->state != CPROV_WRITER_COMMITTED)
        tidy_partial(w);
    cprov_fd_close(&w->fd);
    free(w);
}

const struct cprov_descriptor *cprov_blob_writer_descriptor(const struct cprov_blob_writer *w)
{
    return &w->want;
}

uint64_t cprov_blob_writer_have(const struct cprov_blob_writer *w)
{
    return w->there.prefix;
}

bool cprov_blob_writer_resumed(const struct cprov_blob_writer *w)
{
    return w->resumed;
}

int cprov_blob_writer_fd(const struct cprov_blob_writer *w)
{
    return w->fd;
}

const char *cprov_blob_writer_etag(const struct cprov_blob_writer *w)
{
    return w->etag;
}

static int wrap_blob(const struct cprov_blob_writer *w, int code, struct cprov_error *err)
{
    char text[CPROV_DIGEST_TEXT_MAX];

    cprov_wrap(err, "blob %s", cprov_digest_format(&w->want.digest, text));
    return code;
}

int cprov_blob_writer_filled(struct cprov_blob_writer *w, uint64_t prefix, struct cprov_error *err)
{
    w->there.prefix = prefix;
    return cprov_follower_advance(w->follower, prefix, err);
}

int cprov_blob_writer_write(struct cprov_blob_writer *w, uint64_t offset, const void *data,
                            size_t len, struct cprov_error *err)
{
    const char *bytes = data;
    uint64_t end, before = w->there.prefix;

    if (w->state != CPROV_WRITER_OPEN)
        return wrap_blob(w, cprov_fail(err, CPROV_EINVAL, "is finished"), err);
    if (__builtin_add_overflow(offset, len, &end) || end > w->want.size)
        return wrap_blob(
            w, cprov_fail(err, CPROV_EVERIFY, "longer than %" PRIu64 " bytes", w->want.size), err);
    /* What was announced to the hash must not change any more: the first to write it wins. */
    if (offset < before) {
        uint64_t known = before - offset < len ? before - offset : len;
        bytes += known;
        offset += known;
        len -= (size_t)known;
    }
    if (len == 0)
        return 0;
    if (cprov_fs_write_all(w->fd, bytes, len, (off_t)offset, err) < 0 ||
        cprov_segments_add(&w->there, offset, end, err) < 0 ||
        (w->there.prefix > before && cprov_follower_advance(w->follower, w->there.prefix, err) < 0))
        return wrap_blob(w, err->code, err);
    return 0;
}

int cprov_blob_writer_restart(struct cprov_blob_writer *w, struct cprov_error *err)
{
    if (w->state == CPROV_WRITER_COMMITTED)
        return wrap_blob(w, cprov_fail(err, CPROV_EINVAL, "is committed"), err);
    int code = cprov_follower_reset(w->follower, err);
    w->there = (struct cprov_segments){ 0 };
    w->resumed = false;
    w->state = CPROV_WRITER_OPEN;
    drop_etag(w);
    if (code == 0)
        code = truncate_to(w, 0, err);
    return code < 0 ? wrap_blob(w, code, err) : 0;
}

int cprov_blob_writer_set_etag(struct cprov_blob_writer *w, struct cprov_span etag,
                               struct cprov_error *err)
{
    char name[CPROV_PARTIAL_NAME_MAX];

    if (cprov_span_is(etag, w->etag))
        return 0;
    drop_etag(w);
    if (etag.len == 0 || !is_etag(etag))
        return 0;
    etag_name(w, name);
    /* Not flushed: should it get lost, the digest still decides. */
    auto_fd int fd = openat(w->store->partial, name,
                            O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return wrap_blob(w, cprov_fail_os(err, errno, "etag"), err);
    keep_etag(w, etag);
    int code = cprov_fs_write_all(fd, etag.ptr, etag.len, 0, err);
    return code < 0 ? wrap_blob(w, code, err) : 0;
}

int cprov_blob_writer_accept(struct cprov_blob_writer *w, struct cprov_error *err)
{
    bool known = w->etag[0] && !cprov_span_starts_with(cprov_span_of(w->etag), "W/");

    w->accepts = true;
    return w->resumed && !known ? cprov_blob_writer_restart(w, err) : 0;
}

int cprov_blob_writer_finish(struct cprov_blob_writer *w, struct cprov_error *err)
{
    char want[CPROV_DIGEST_TEXT_MAX], got[CPROV_DIGEST_TEXT_MAX];
    struct cprov_digest digest;

    if (w->state != CPROV_WRITER_OPEN)
        return 0;
    cprov_digest_format(&w->want.digest, want);
    if (w->there.prefix < w->want.size)
        return cprov_fail(err, CPROV_EVERIFY, "blob %s is short: %" PRIu64 " of %" PRIu64 " bytes",
                          want, w->there.prefix, w->want.size);
    int code = cprov_follower_finish(w->follower, w->store->cancel, &digest, err);
    if (code < 0)
        return wrap_blob(w, code, err);
    if (w->accepts || cprov_digest_equal(&digest, &w->want.digest)) {
        w->want.digest = digest;
        w->state = CPROV_WRITER_FINISHED;
        return 0;
    }
    if (cprov_blob_writer_restart(w, err) < 0)
        return err->code;
    return cprov_fail(err, CPROV_EVERIFY, "blob %s: the digest of the content is %s", want,
                      cprov_digest_format(&digest, got));
}
