/* store/garbage.c - mark what the images name, sweep the rest. */
#include "store/garbage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/limits.h"
#include "store/closure.h"
#include "store/dir.h"
#include "store/images.h"
#include "store/store_private.h"

struct sweep {
    struct cprov_store *store;
    const struct cprov_garbage_options *options;
    struct cprov_closure named;
    bool alone; /* nobody else puts blobs, and nobody begins to */
    int64_t now;
    struct cprov_garbage found;
};

/* --- mark --- */

static int mark_image(struct cprov_closure *named, struct cprov_store *s,
                      const struct cprov_image *image, struct cprov_error *err)
{
    if (cprov_store_cancelled(s))
        return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
    if (cprov_closure_add(named, s, &image->descriptor, err) < 0 ||
        (image->stand_in && cprov_closure_add(named, s, image->stand_in, err) < 0))
        return cprov_wrap(err, "image %s %s", image->name, image->version);
    return 0;
}

/* What all images name but `gone`; one that is marked already costs a look at a set. */
static int mark(struct cprov_closure *named, struct cprov_store *s,
                const struct cprov_image *const *gone, size_t count, struct cprov_error *err)
{
    auto_images struct cprov_images *images = NULL;

    if (cprov_images_read(s, &images, err) < 0)
        return err->code;
    for (size_t i = 0; i < images->count; i++)
        if (!cprov_images_has(gone, count, &images->list[i]) &&
            mark_image(named, s, &images->list[i], err) < 0)
            return err->code;
    return 0;
}

int cprov_garbage_of(struct cprov_store *s, const struct cprov_image *const *gone, size_t count,
                     uint64_t *bytes, struct cprov_error *err)
{
    auto_closure struct cprov_closure named = { 0 }, theirs = { 0 };
    uint64_t sum = 0;

    if (mark(&named, s, gone, count, err) < 0)
        return err->code;
    for (size_t i = 0; i < count; i++)
        if (mark_image(&theirs, s, gone[i], err) < 0)
            return err->code;
    for (size_t i = 0; i < theirs.digests.count; i++)
        if (!cprov_digest_set_find(&named.digests, &theirs.digests.list[i], NULL))
            sum += theirs.blobs[i].size;
    *bytes = sum;
    return 0;
}

/* --- sweep --- */

static bool is_named(const struct sweep *w, enum cprov_digest_algo algo, const char *name)
{
    struct cprov_digest digest;

    return cprov_layout_blob_digest(cprov_digest_algo_name(algo), name, &digest) &&
           cprov_digest_set_find(&w->named.digests, &digest, NULL);
}

static int sweep_one(struct sweep *w, int dir, const char *name, struct cprov_error *err)
{
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : cprov_fail_os(err, errno, "blobs: %s", name);
    if (S_ISDIR(st.st_mode)) /* is nobody's blob, and nothing that we made */
        return 0;
    if (!w->alone && w->now - (int64_t)st.st_mtime < CPROV_GARBAGE_AGE_S) {
        w->found.kept++;
        return 0;
    }
    if (!w->options->dry_run && unlinkat(dir, name, 0) < 0 && errno != ENOENT)
        return cprov_fail_os(err, errno, "blobs: %s", name);
    w->found.blobs++;
    w->found.bytes += S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    return 0;
}

static int sweep_folder(struct sweep *w, enum cprov_digest_algo algo, struct cprov_error *err)
{
    auto_dir DIR *dir = NULL;
    auto_fd int blobs = -1;
    const char *name;

    /* In two steps: nothing is removed behind a link. */
    if (cprov_fs_open_dir(w->store->root, CPROV_STORE_BLOBS, &blobs, err) < 0 ||
        cprov_dir_open(blobs, cprov_digest_algo_name(algo), &dir, err) < 0)
        return err->code == CPROV_ENOTFOUND ? 0 : err->code;
    while ((name = cprov_dir_next(dir))) {
        if (cprov_store_cancelled(w->store))
            return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
        if (!is_named(w, algo, name) && sweep_one(w, dirfd(dir), name, err) < 0)
            return err->code;
    }
    return 0;
}

static int sweep_partials(struct sweep *w, struct cprov_error *err)
{
    size_t files = 0;
    uint64_t bytes = 0;

    if (w->options->partial_age_s < 0)
        return 0;
    if (cprov_store_collect_partials(w->store, w->options->partial_age_s, w->options->dry_run,
                                     &files, &bytes, err) < 0)
        return err->code;
    w->found.partials = files;
    w->found.partials_bytes = bytes;
    w->found.bytes += bytes;
    return 0;
}

static int sweep(struct sweep *w, struct cprov_error *err)
{
    for (size_t i = 0; i < CPROV_LAYOUT_ALGOS; i++)
        if (sweep_folder(w, cprov_layout_algos[i], err) < 0)
            return err->code;
    return sweep_partials(w, err);
}

/* Nothing is added to index.json meanwhile: what is not named now, nobody names. */
static int sweep_locked(struct sweep *w, struct cprov_error *err)
{
    auto_fd int lock = -1;

    if (cprov_store_lock_file(w->store, CPROV_STORE_INDEXLOCK, true, &lock, err) < 0 ||
        mark(&w->named, w->store, NULL, 0, err) < 0)
        return err->code;
    return sweep(w, err);
}

/* Whoever puts blobs holds cprov/lock shared. *fd keeps others from beginning when nobody does. */
static int take_store(struct sweep *w, int *fd, struct cprov_error *err)
{
    if (w->store->lock >= 0) /* we do so ourselves */
        return 0;
    if (cprov_store_try_lock(w->store, CPROV_STORE_LOCK, fd, err) < 0)
        return err->code;
    w->alone = *fd >= 0;
    return 0;
}

static int collect(struct sweep *w, struct cprov_error *err)
{
    auto_fd int lock = -1;

    if (mark(&w->named, w->store, NULL, 0, err) < 0)
        return err->code;
    if (w->options->dry_run) { /* needs no lock, and works on a store that only reads */
        w->alone = true;
        return sweep(w, err);
    }
    if (cprov_store_writable(w->store, err) < 0 || take_store(w, &lock, err) < 0)
        return err->code;
    return sweep_locked(w, err);
}

int cprov_garbage_collect(struct cprov_store *s, const struct cprov_garbage_options *options,
                          struct cprov_garbage *out, struct cprov_error *err)
{
    struct sweep w = { .store = s, .options = options, .now = cprov_time_now() };

    int code = collect(&w, err);
    w.found.named_bytes = w.named.bytes;
    cprov_closure_clear(&w.named);
    if (code == 0)
        *out = w.found;
    return code;
}
