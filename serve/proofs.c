/* serve/proofs.c - which files hold what their digest says, and how that is found out. */
#include "serve/proofs_private.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/limits.h"

#define SLOTS (1u << 15) /* files that are remembered; two of one slot push each other out */
#define PIECE (256 * CPROV_KIB)
#define SETTLED_S                                                                                  \
    2 /* a file that changed less ago could change again within one tick of its time */

struct proof {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
    struct cprov_digest digest;
    enum cprov_verdict verdict; /* NONE: an empty slot */
};

struct cprov_proofs {
    pthread_mutex_t lock;
    struct proof *slots;
    atomic_bool ending;
};

struct cprov_proof_stream {
    struct cprov_proofs *proofs;
    struct cprov_hasher *hasher;
    struct proof proof;
    int fd;
    uint64_t at, size;
};

/* --- what is known --- */

static bool describe(int fd, const struct cprov_digest *digest, struct proof *out)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return false;
    *out = (struct proof){ st.st_dev,  st.st_ino, st.st_size,        st.st_mtim,
                           st.st_ctim, *digest,   CPROV_VERDICT_NONE };
    return true;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same(const struct proof *a, const struct proof *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           same_time(&a->modified, &b->modified) && same_time(&a->changed, &b->changed) &&
           cprov_digest_equal(&a->digest, &b->digest);
}

/* Digests are evenly spread already. */
static struct proof *slot_of(struct cprov_proofs *p, const struct cprov_digest *digest)
{
    uint32_t n;

    memcpy(&n, digest->raw, sizeof(n));
    return &p->slots[n % SLOTS];
}

enum cprov_verdict cprov_proofs_known(struct cprov_proofs *p, const struct cprov_digest *digest,
                                      int fd)
{
    struct proof now;

    if (!describe(fd, digest, &now))
        return CPROV_VERDICT_NONE;
    pthread_mutex_lock(&p->lock);
    const struct proof *slot = slot_of(p, digest);
    enum cprov_verdict verdict = same(slot, &now) ? slot->verdict : CPROV_VERDICT_NONE;
    pthread_mutex_unlock(&p->lock);
    return verdict;
}

/* before: how the file was when hashing began. */
static void remember(struct cprov_proofs *p, const struct proof *before, int fd, int code)
{
    struct proof now;

    if (code < 0 && code != CPROV_EVERIFY) /* it was not found out */
        return;
    if (!describe(fd, &before->digest, &now) || !same(before, &now) ||
        time(NULL) - now.changed.tv_sec < SETTLED_S)
        return;
    now.verdict = code == 0 ? CPROV_VERDICT_RIGHT : CPROV_VERDICT_WRONG;
    pthread_mutex_lock(&p->lock);
    *slot_of(p, &now.digest) = now;
    pthread_mutex_unlock(&p->lock);
}

/* --- hashing --- */

static int hasher_for(const struct cprov_digest *digest, struct cprov_hasher **out,
                      struct cprov_error *err)
{
    return cprov_hasher_new(digest->algo == CPROV_SHA512 ? CPROV_HASH_SHA512 : CPROV_HASH_SHA256,
                            out, err);
}

static int compare(struct cprov_hasher *h, const struct cprov_digest *expected,
                   struct cprov_error *err)
{
    struct cprov_digest found = { .algo = expected->algo };

    if (cprov_hasher_finish(h, found.raw, err) < 0)
        return err->code;
    if (!cprov_digest_equal(&found, expected))
        return cprov_fail(err, CPROV_EVERIFY, "a blob is damaged on disk");
    return 0;
}

static int hash_all(struct cprov_proofs *p, struct cprov_hasher *h, int fd, char *piece,
                    struct cprov_error *err)
{
    off_t at = 0;

    for (;;) {
        ssize_t got = pread(fd, piece, PIECE, at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return cprov_fail_os(err, errno, "blob");
        if (got == 0)
            return 0;
        if (atomic_load(&p->ending))
            return cprov_fail(err, CPROV_ECANCELLED, "the server ends");
        if (cprov_hasher_update(h, piece, (size_t)got, err) < 0)
            return err->code;
        at += got;
    }
}

int cprov_proofs_check(struct cprov_proofs *p, const struct cprov_digest *digest, int fd,
                       struct cprov_error *err)
{
    struct cprov_error local = CPROV_ERROR_INIT;
    auto_hasher struct cprov_hasher *h = NULL;
    struct proof before;

    err = err ? err : &local;
    char *piece = malloc(PIECE);
    if (!piece)
        return cprov_fail_memory(err);
    int code = describe(fd, digest, &before) ? hasher_for(digest, &h, err)
                                             : cprov_fail_os(err, errno, "blob");
    if (code == 0)
        code = hash_all(p, h, fd, piece, err);
    free(piece);
    if (code < 0)
        return code;
    code = compare(h, digest, err);
    remember(p, &before, fd, code);
    return code;
}

int cprov_proofs_new(struct cprov_proofs **out, struct cprov_error *err)
{
    struct cprov_proofs *p = calloc(1, sizeof(*p));

    if (!p)
        return cprov_fail_memory(err);
    pthread_mutex_init(&p->lock, NULL); /* with default attributes it cannot fail on Linux */
    p->slots = calloc(SLOTS, sizeof(*p->slots)); /* pages come when they are used */
    if (!p->slots) {
        cprov_proofs_free(p);
        return cprov_fail_memory(err);
    }
    *out = p;
    return 0;
}

void cprov_proofs_end(struct cprov_proofs *p)
{
    atomic_store(&p->ending, true);
}

void cprov_proofs_free(struct cprov_proofs *p)
{
    if (!p)
        return;
    pthread_mutex_destroy(&p->lock);
    free(p->slots);
    free(p);
}

/* --- while it is sent --- */

int cprov_proof_stream_new(struct cprov_proofs *p, const struct cprov_digest *digest, int fd,
                           uint64_t size, struct cprov_proof_stream **out, struct cprov_error *err)
{
    struct cprov_proof_stream *s = calloc(1, sizeof(*s));

    if (!s)
        return cprov_fail_memory(err);
    s->proofs = p;
    s->fd = -1;
    s->size = size;
    int code = describe(fd, digest, &s->proof) ? hasher_for(digest, &s->hasher, err)
                                               : cprov_fail_os(err, errno, "blob");
    if (code < 0) {
        cprov_proof_stream_free(s);
        return code;
    }
    s->fd = fd;
    *out = s;
    return 0;
}

ssize_t cprov_proof_stream_read(struct cprov_proof_stream *s, void *out, size_t len)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    uint64_t left = s->size - s->at;
    ssize_t got;

    if (left == 0)
        return 0;
    do
        got = pread(s->fd, out, left < len ? (size_t)left : len, (off_t)s->at);
    while (got < 0 && errno == EINTR);
    if (got <= 0) /* it has become shorter */
        return CPROV_EVERIFY;
    if (cprov_hasher_update(s->hasher, out, (size_t)got, &err) < 0)
        return err.code;
    s->at += (uint64_t)got;
    if (s->at < s->size)
        return got;
    int code = compare(s->hasher, &s->proof.digest, &err);
    remember(s->proofs, &s->proof, s->fd, code);
    return code < 0 ? code : got;
}

void cprov_proof_stream_free(struct cprov_proof_stream *s)
{
    if (!s)
        return;
    cprov_hasher_free(s->hasher);
    cprov_fd_close(&s->fd);
    free(s);
}
