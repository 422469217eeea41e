/* provider/unpack_image.c - a thread that turns layers into files while others still download. */
#include "provider/unpack_image.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "engine/runtime_config.h"
#include "manifest/media_type.h"
#include "rootfs/unpack.h"
#include "store/blobs.h"

#define NOTE_MAX (8 * CPROV_KIB)

/* A blob of the store as a source: used when nothing downloads. */
struct stored {
    int fd;
};

struct cprov_unpacking {
    struct cprov_session *s;
    struct cprov_store *store;
    const struct cprov_manifest *manifest;
    struct cprov_transfer *transfer; /* or NULL */
    const struct cprov_unpack_to *to;
    const char *folder; /* the bundle's, or the root file system */
    size_t labels_dropped;
    struct cprov_layer_source config_source;
    struct cprov_layer_source *layers; /* one per layer */
    struct stored *stored; /* one per layer and one for the config, without a transfer */
    struct cprov_image_config *config;
    struct cprov_unpack *unpack;
    struct cprov_id_map *uids, *gids;   /* the ranges of `to` */
    struct cprov_cancel cancel;         /* of the thread: the session's, or ours */
    bool stop;                          /* atomic */
    const struct cprov_digest *reading; /* the blob whose bytes are being used; or NULL */
    pthread_t thread;
    bool running;
    int code;
    struct cprov_error err;
};

static bool is_stopped(void *arg)
{
    struct cprov_unpacking *u = arg;

    return __atomic_load_n(&u->stop, __ATOMIC_RELAXED) || cprov_cancelled(&u->s->cancel);
}

/* --- where bytes come from --- */

static int64_t stored_read(void *arg, uint64_t offset, void *buf, size_t len,
                           struct cprov_error *err)
{
    struct stored *f = arg;
    size_t got;

    if (cprov_fs_read_at(f->fd, buf, len, (off_t)offset, &got, err) < 0)
        return err->code;
    return (int64_t)got;
}

static int open_source(struct cprov_unpacking *u, const struct cprov_descriptor *d,
                       struct stored *stored, struct cprov_layer_source *out,
                       struct cprov_error *err)
{
    if (u->transfer)
        return cprov_transfer_follow(u->transfer, &d->digest, &u->cancel, out, err);
    if (stored->fd < 0 && cprov_store_open_blob(u->store, d, &stored->fd, err) < 0)
        return err->code;
    *out = (struct cprov_layer_source){ .read = stored_read, .arg = stored };
    return 0;
}

static int open_sources(struct cprov_unpacking *u, struct cprov_error *err)
{
    const struct cprov_manifest *m = u->manifest;

    if (open_source(u, &m->config, &u->stored[m->layers_count], &u->config_source, err) < 0)
        return err->code;
    for (size_t i = 0; i < m->layers_count; i++)
        if (open_source(u, &m->layers[i], &u->stored[i], &u->layers[i], err) < 0)
            return cprov_wrap(err, "layer %zu", i + 1);
    return 0;
}

static void close_sources(struct cprov_unpacking *u)
{
    for (size_t i = 0; i <= u->manifest->layers_count; i++)
        cprov_fd_close(&u->stored[i].fd);
}

/* --- on the thread --- */

static int read_config(struct cprov_unpacking *u, struct cprov_error *err)
{
    const struct cprov_descriptor *d = &u->manifest->config;
    auto_buf struct cprov_buf bytes = { 0 };
    char piece[16384];
    int64_t n;

    cprov_buf_init(&bytes, CPROV_CONFIG_MAX);
    while ((n = u->config_source.read(u->config_source.arg, bytes.len, piece, sizeof(piece), err)) >
           0)
        cprov_buf_add(&bytes, piece, (size_t)n);
    if (n < 0)
        return err->code;
    if (cprov_buf_check(&bytes, "image config", err) < 0 ||
        cprov_descriptor_check(d, cprov_buf_span(&bytes), err) < 0 ||
        cprov_image_config_parse(cprov_buf_span(&bytes), &u->config, err) < 0 ||
        cprov_image_config_unpacks(u->config, u->manifest, err) < 0)
        return cprov_wrap(err, "image config");
    return 0;
}

/* A range is the public API's, a map the store's: the same thing on two sides of a border. */
static struct cprov_id_map *copy_maps(const struct cprov_id_range *ranges, size_t count)
{
    struct cprov_id_map *maps = calloc(count + 1, sizeof(*maps));

    for (size_t i = 0; maps && i < count; i++)
        maps[i] = (struct cprov_id_map){ ranges[i].inside, ranges[i].outside, ranges[i].count };
    return maps;
}

static int open_tree(struct cprov_unpacking *u, struct cprov_error *err)
{
    const struct cprov_unpack_to *to = u->to;

    u->uids = copy_maps(to->uid_map, to->uid_map_count);
    u->gids = copy_maps(to->gid_map, to->gid_map_count);
    if (!u->uids || !u->gids)
        return cprov_fail_memory(err);
    return cprov_unpack_open(
        u->folder,
        &(struct cprov_unpack_options){ .force = to->force,
                                        .bundle = to->bundle != NULL,
                                        .rootless = to->rootless,
                                        .windows = strcmp(u->config->platform.os, "windows") == 0,
                                        .uid_map = u->uids,
                                        .gid_map = u->gids,
                                        .uid_map_count = to->uid_map_count,
                                        .gid_map_count = to->gid_map_count,
                                        .limits = { .entries = to->max_entries,
                                                    .bytes = to->max_bytes,
                                                    .ratio = to->max_ratio },
                                        .attributes = { to->xattrs, to->xattrs_count },
                                        .cancel = &u->cancel },
        &u->unpack, err);
}

static int apply_layers(struct cprov_unpacking *u, struct cprov_error *err)
{
    u->reading = &u->manifest->config.digest;
    if (read_config(u, err) < 0)
        return err->code;
    u->reading = NULL;
    if (open_tree(u, err) < 0)
        return err->code;
    for (size_t i = 0; i < u->manifest->layers_count; i++) {
        const struct cprov_descriptor *d = &u->manifest->layers[i];
        struct cprov_layer_type type = cprov_media_type_layer(cprov_span_of(d->media_type));

        if (type.packing == CPROV_LAYER_NONE)
            return cprov_fail(err, CPROV_EUNSUPPORTED, "layer %zu: '%s' is not a file system layer",
                              i + 1, d->media_type);
        u->reading = &d->digest;
        if (cprov_unpack_layer(u->unpack, type.packing, d->size, &u->config->diff_ids[i],
                               &u->layers[i], err) < 0)
            return cprov_wrap(err, "layer %zu", i + 1);
        u->reading = NULL;
    }
    return 0;
}

static void *run(void *arg)
{
    struct cprov_unpacking *u = arg;

    u->code = apply_layers(u, &u->err);
    if (u->code < 0 && u->transfer)
        cprov_transfer_reader_failed(u->transfer, u->reading);
    return NULL;
}

/* --- the folder --- */

/* What is packed takes at least that much unpacked: a disk that is full now is told now. */
static int check_space(const struct cprov_unpacking *u, struct cprov_error *err)
{
    uint64_t needed = 0, there;
    char free_text[CPROV_SIZE_TEXT_MAX], needed_text[CPROV_SIZE_TEXT_MAX];
    auto_fd int fd = -1;
    char parent[PATH_MAX];

    for (size_t i = 0; i < u->manifest->layers_count; i++)
        needed += u->manifest->layers[i].size;
    stpcpy(parent, u->folder);
    while (cprov_fs_open_dir(AT_FDCWD, parent, &fd, err) == CPROV_ENOTFOUND) {
        char *slash = strrchr(parent, '/'); /* the nearest folder that exists */

        if (!slash)
            stpcpy(parent, ".");
        else
            slash[slash == parent] = '\0';
    }
    if (fd < 0 || cprov_fs_free_bytes(fd, &there, err) < 0)
        return err->code;
    if (there >= needed)
        return 0;
    return cprov_fail(err, CPROV_ENOSPACE,
                      "Not enough space: %s has %s free, but needs more than %s", parent,
                      cprov_text_size(there, free_text), cprov_text_size(needed, needed_text));
}

/* Looked at before a byte is asked for. */
static int choose_folder(struct cprov_unpacking *u, struct cprov_error *err)
{
    const struct cprov_unpack_to *to = u->to;

    u->folder = to->bundle ? to->bundle : to->rootfs;
    if (!u->folder || !*u->folder || (to->bundle && to->rootfs))
        return cprov_fail(err, CPROV_EINVAL,
                          "give one folder, either for a root file system or for a bundle");
    if (to->annotations_count > 0 && !to->bundle)
        return cprov_fail(err, CPROV_EINVAL, "annotations need a bundle");
    for (size_t i = 0; i < to->annotations_count; i++)
        if (!strchr(to->annotations[i], '=') || to->annotations[i][0] == '=')
            return cprov_fail(err, CPROV_EINVAL, "the annotation '%s' is not KEY=VALUE",
                              to->annotations[i]);
    if (strlen(u->folder) >= PATH_MAX)
        return cprov_fail(err, CPROV_EINVAL, "the folder's path is too long");
    if (cprov_unpack_check(u->folder, to->force, err) < 0 || check_space(u, err) < 0)
        return err->code;
    return 0;
}

static int write_runtime_config(struct cprov_unpacking *u, struct cprov_error *err)
{
    const struct cprov_runtime_options options = {
        .rootless = u->to->rootless,
        .uid_map = u->uids,
        .gid_map = u->gids,
        .uid_map_count = u->to->uid_map_count,
        .gid_map_count = u->to->gid_map_count,
        .annotations = u->to->annotations,
        .annotations_count = u->to->annotations_count,
    };
    auto_buf struct cprov_buf json = { 0 };
    auto_fd int rootfs = -1;

    if (!u->to->bundle)
        return 0;
    int bundle = cprov_unpack_folder(u->unpack);
    cprov_buf_init(&json, CPROV_CONFIG_MAX);
    if (cprov_fs_open_dir(bundle, CPROV_UNPACK_ROOTFS, &rootfs, err) < 0 ||
        cprov_runtime_config_write(u->config, rootfs, &options, &json, &u->labels_dropped, err) <
            0 ||
        cprov_buf_check(&json, "config.json", err) < 0)
        return err->code;
    return cprov_fs_replace(bundle, "config.json", cprov_buf_span(&json), 0644, err);
}

/* --- begin and end --- */

int cprov_unpacking_begin(struct cprov_session *s, struct cprov_store *store,
                          const struct cprov_manifest *manifest, struct cprov_transfer *t,
                          const struct cprov_unpack_to *to, struct cprov_unpacking **out,
                          struct cprov_error *err)
{
    auto_unpacking struct cprov_unpacking *u = calloc(1, sizeof(*u));

    if (!u)
        return cprov_fail_memory(err);
    *u = (struct cprov_unpacking){
        .s = s, .store = store, .manifest = manifest, .transfer = t, .to = to
    };
    u->cancel = (struct cprov_cancel){ .asked = is_stopped, .arg = u };
    u->layers = calloc(manifest->layers_count + 1, sizeof(*u->layers));
    u->stored = calloc(manifest->layers_count + 1, sizeof(*u->stored));
    if (!u->layers || !u->stored)
        return cprov_fail_memory(err);
    for (size_t i = 0; i <= manifest->layers_count; i++)
        u->stored[i].fd = -1;
    if (choose_folder(u, err) < 0 || open_sources(u, err) < 0)
        return err->code;
    int rc = pthread_create(&u->thread, NULL, run, u);
    if (rc != 0)
        return cprov_fail_os(err, rc, "cannot start a thread for unpacking");
    u->running = true;
    *out = cprov_steal(&u);
    return 0;
}

static void join(struct cprov_unpacking *u)
{
    if (u->running)
        pthread_join(u->thread, NULL);
    u->running = false;
}

/* A server that changed its mind in the middle, or bytes that turned out wrong, void what was
 * unpacked; by now the store has it all, verified. */
static int again_from_store(struct cprov_unpacking *u, struct cprov_error *err)
{
    cprov_unpack_close(cprov_steal(&u->unpack));
    cprov_image_config_free(cprov_steal(&u->config));
    u->transfer = NULL;
    return open_sources(u, err) < 0 ? err->code : apply_layers(u, err);
}

/* What was made, and what of it may do something to its host if somebody lets it. */
static void tell_made(struct cprov_unpacking *u, const struct cprov_unpack_result *r)
{
    auto_buf struct cprov_buf text = { 0 };
    char size[CPROV_SIZE_TEXT_MAX];

    cprov_buf_init(&text, NOTE_MAX);
    cprov_buf_addf(&text, "Unpacked %llu entries, %s, into %s", (unsigned long long)r->entries,
                   cprov_text_size(r->bytes, size), u->folder);
    if (r->devices || r->set_ids)
        cprov_buf_addf(&text, ", including %llu device nodes and %llu files with a set-id bit",
                       (unsigned long long)r->devices, (unsigned long long)r->set_ids);
    if (u->labels_dropped)
        cprov_buf_addf(&text,
                       "; %zu labels did not become annotations (giving an annotation adds one)",
                       u->labels_dropped);
    cprov_say(u->s, CPROV_MSG_NOTE, "%s", cprov_buf_text(&text));
}

static void tell_result(struct cprov_unpacking *u, const struct cprov_unpack_result *r)
{
    tell_made(u, r);
    if (r->devices_skipped || r->owners_skipped || r->xattrs_skipped)
        cprov_say(u->s, CPROV_MSG_WARNING,
                  "%llu devices, %llu owners and %llu extended attributes were left out for lack "
                  "of privileges",
                  (unsigned long long)r->devices_skipped, (unsigned long long)r->owners_skipped,
                  (unsigned long long)r->xattrs_skipped);
    if (r->xattrs_refused)
        cprov_say(u->s, CPROV_MSG_WARNING,
                  "%llu extended attributes were left out because images may not set them; give a "
                  "pattern to keep more",
                  (unsigned long long)r->xattrs_refused);
}

int cprov_unpacking_end(struct cprov_unpacking *u, struct cprov_error *err)
{
    struct cprov_unpack_result result;

    join(u);
    if (u->code < 0 && u->transfer && !cprov_transfer_abandoned(u->transfer) &&
        cprov_transfer_broken(u->transfer))
        u->code = again_from_store(u, &u->err);
    if (u->code < 0) {
        *err = u->err;
        return cprov_wrap(err, "unpack");
    }
    if (write_runtime_config(u, err) < 0 || cprov_unpack_commit(u->unpack, &result, err) < 0)
        return cprov_wrap(err, "unpack");
    cprov_unpack_close(cprov_steal(&u->unpack));
    tell_result(u, &result);
    return 0;
}

void cprov_unpacking_free(struct cprov_unpacking *u)
{
    if (!u)
        return;
    __atomic_store_n(&u->stop, true, __ATOMIC_RELAXED);
    join(u);
    cprov_unpack_close(u->unpack);
    cprov_image_config_free(u->config);
    if (u->stored)
        close_sources(u);
    free(u->uids);
    free(u->gids);
    free(u->layers);
    free(u->stored);
    free(u);
}
