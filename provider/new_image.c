/* provider/new_image.c - cprov_new_image(): files become a layer, on an image or on nothing. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/version.h"
#include "engine/id_maps.h"
#include "engine/runtime_state.h"
#include "manifest/config_edit.h"
#include "provider/change.h"
#include "provider/containers.h"
#include "provider/installed.h"
#include "provider/name.h"
#include "provider/options.h"
#include "provider/outcome.h"
#include "provider/select.h"
#include "rootfs/diff.h"
#include "rootfs/layer_tar.h"
#include "store/blobs.h"

#define ANN_BASE_NAME   "org.opencontainers.image.base.name"
#define ANN_BASE_DIGEST "org.opencontainers.image.base.digest"

struct image_making {
    struct cprov_session *s;
    const struct cprov_new_image_options *o;
    const char *name, *version, *publisher; /* as they are recorded */
    int64_t time;                           /* of the image */
    int64_t latest;                         /* of any file in it */
    struct cprov_installed base;            /* manifest NULL: none */
    struct cprov_store *store;              /* the base's, or own */
    struct cprov_store *own;
    struct cprov_containers *containers;
    const struct cprov_container *container; /* one of them; NULL: of a path */
    int packed;                              /* the layer's bytes, in a file without a name */
    struct cprov_layer_made layer;
    struct cprov_buf config, manifest;
};

static void making_clear(struct image_making *m)
{
    cprov_installed_clear(&m->base);
    cprov_containers_free(m->containers);
    cprov_store_close(m->own);
    cprov_fd_close(&m->packed);
    cprov_buf_clear(&m->config);
    cprov_buf_clear(&m->manifest);
}

/* --- what it is called --- */

/* Windows' names are one word, and its versions four numbers. */
static int name_as_windows(struct image_making *m, struct cprov_error *err)
{
    const struct cprov_new_image_options *o = m->o;
    struct cprov_span name = cprov_span_of(o->name);
    uint64_t n[4];

    for (size_t i = 0; i < name.len; i++)
        if (!cprov_is_alnum(name.ptr[i]) && (i == 0 || !strchr("._-", name.ptr[i])))
            return cprov_fail(err, CPROV_EINVAL,
                              "the name '%s' has other characters than letters, digits, . _ and -",
                              o->name);
    m->publisher = cprov_span_find(cprov_span_of(o->publisher), '=') < strlen(o->publisher)
                       ? o->publisher
                       : cprov_arena_textf(&m->s->call, "CN=%s", o->publisher);
    if (cprov_is_digit(o->version[0]) && cprov_version_numbers(cprov_span_of(o->version), n))
        m->version = cprov_arena_textf(&m->s->call, "%llu.%llu.%llu.%llu", (unsigned long long)n[0],
                                       (unsigned long long)n[1], (unsigned long long)n[2],
                                       (unsigned long long)n[3]);
    return cprov_arena_check(&m->s->call, err);
}

static int read_names(struct image_making *m, struct cprov_error *err)
{
    const struct cprov_new_image_options *o = m->o;

    if (!o->name || !*o->name || !o->version || !*o->version)
        return cprov_fail(err, CPROV_EINVAL, "the image needs a name and a version");
    if (!o->path == !o->container)
        return cprov_fail(err, CPROV_EINVAL, "an image is made of a path or of a container");
    if (o->container && o->base)
        return cprov_fail(err, CPROV_EINVAL, "a container has its own image as its base");
    m->name = o->name;
    m->version = o->version;
    m->publisher = "";
    if (o->publisher && *o->publisher && name_as_windows(m, err) < 0)
        return err->code;
    return cprov_name_check(m->s, m->name, m->version, err);
}

/* What is installed is found by its name and version: of whatever publisher, it would be replaced.
 */
static int check_new(const struct image_making *m, struct cprov_error *err)
{
    auto_images struct cprov_images *images = NULL;

    if (m->o->replace || !m->store)
        return 0;
    if (cprov_images_read(m->store, &images, err) < 0)
        return err->code;
    for (size_t i = 0; i < images->count; i++)
        if (strcmp(images->list[i].name, m->name) == 0 &&
            cprov_version_same(cprov_span_of(images->list[i].version), cprov_span_of(m->version)))
            return cprov_fail(err, CPROV_EEXISTS, "it is installed already");
    return 0;
}

/* --- what it is made of --- */

static unsigned store_flags(const struct image_making *m)
{
    return m->s->options.what_if ? CPROV_STORE_READ : 0;
}

static int open_container(struct image_making *m, struct cprov_error *err)
{
    const struct cprov_version_options any = { .size = sizeof(any) };
    auto_store struct cprov_store *store = NULL;

    if (cprov_session_store(m->s, CPROV_STORE_READ, &store, err) < 0 ||
        cprov_containers_read(store, &m->containers, err) < 0 ||
        cprov_container_pick(m->s, m->containers, m->o->container, &m->container, err) < 0)
        return err->code;
    struct cprov_runtime_state state = cprov_runtime_state_of(m->container, &m->s->cancel);
    if (cprov_container_check_idle(m->container, &state, err) < 0)
        return err->code;
    if (!*m->container->path) {
        cprov_fail(err, CPROV_ENOTFOUND, "the container has no files");
        cprov_hint(err, CPROV_HINT_MAKE_BUNDLE);
        return CPROV_ENOTFOUND;
    }
    if (cprov_installed_open(m->s, m->container->digest, &any, CPROV_INSTALLED_NEWEST,
                             store_flags(m), &m->base, err) < 0)
        return cprov_wrap(err, "its image %s", m->container->image_name);
    if (strcmp(m->base.config->platform.os, "windows") == 0)
        return cprov_fail(err, CPROV_EUNSUPPORTED,
                          "a layer is not made of the files of a Windows container");
    m->store = m->base.store;
    return 0;
}

static int open_base(struct image_making *m, struct cprov_error *err)
{
    const struct cprov_version_options any = { .size = sizeof(any) };

    if (m->o->container)
        return open_container(m, err);
    if (m->o->base) {
        if (cprov_installed_open(m->s, m->o->base, &any, CPROV_INSTALLED_ONLY, store_flags(m),
                                 &m->base, err) < 0)
            return cprov_wrap(err, "the base %s", m->o->base);
        if (strcmp(m->base.config->platform.os, "windows") == 0)
            return cprov_fail(err, CPROV_EUNSUPPORTED, "a layer is not made for a Windows image");
        m->store = m->base.store;
        return 0;
    }
    int code = cprov_session_store(m->s, store_flags(m) ? store_flags(m) : CPROV_STORE_CREATE,
                                   &m->own, err);
    m->store = m->own;
    return code == CPROV_ENOTFOUND && m->s->options.what_if ? 0 : code;
}

/* --- the layer --- */

static int layer_from_path(struct image_making *m, struct cprov_layer_writer *w, uint64_t *sockets,
                           struct cprov_error *err)
{
    auto_fd int fd = open(m->o->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return cprov_fail_os(err, errno, "%s", m->o->path);
    if (S_ISREG(st.st_mode))
        return cprov_layer_from_tar(fd, (uint64_t)st.st_size, &m->s->cancel, w, err);
    if (!S_ISDIR(st.st_mode))
        return cprov_fail(err, CPROV_EINVAL, "'%s' is neither a folder nor a tar file", m->o->path);
    const struct cprov_folder folder = { .fd = fd, .cancel = &m->s->cancel };
    return cprov_layer_from_folder(&folder, NULL, w, sockets, err);
}

static int layer_from_container(struct image_making *m, struct cprov_layer_writer *w,
                                uint64_t *sockets, struct cprov_error *err)
{
    const struct cprov_layers layers = { .manifest = m->base.manifest,
                                         .config = m->base.config,
                                         .store = m->store,
                                         .cancel = &m->s->cancel };
    auto_diff struct cprov_diff *diff = NULL;
    auto_fd int bundle = -1, files = -1;
    struct cprov_id_maps maps = { 0 };

    if (cprov_fs_open_dir(AT_FDCWD, m->container->path, &bundle, err) < 0 ||
        cprov_fs_open_dir(bundle, CPROV_UNPACK_ROOTFS, &files, err) < 0 ||
        cprov_id_maps_read(bundle, &m->s->call, &maps, err) < 0)
        return cprov_wrap(err, "%s", m->container->path);
    const struct cprov_folder folder = { .fd = files,
                                         .uid_map = maps.uids,
                                         .uid_map_count = maps.uids_count,
                                         .gid_map = maps.gids,
                                         .gid_map_count = maps.gids_count,
                                         .cancel = &m->s->cancel };
    if (cprov_diff_new(&layers, &folder, &diff, err) < 0)
        return err->code;
    return cprov_layer_from_folder(&folder, diff, w, sockets, err);
}

static int make_layer(struct image_making *m, struct cprov_error *err)
{
    auto_layer_writer struct cprov_layer_writer *w = NULL;
    uint64_t sockets = 0;

    if (cprov_fs_nameless(cprov_store_root(m->store), &m->packed, err) < 0 ||
        cprov_layer_writer_new(m->packed, m->latest, &w, err) < 0 ||
        (m->o->container ? layer_from_container(m, w, &sockets, err)
                         : layer_from_path(m, w, &sockets, err)) < 0 ||
        cprov_layer_writer_finish(w, &m->layer, err) < 0)
        return err->code;
    if (sockets > 0)
        cprov_say(m->s, CPROV_MSG_WARNING, "sockets are left out, for no layer can hold them: %llu",
                  (unsigned long long)sockets);
    return 0;
}

/* --- the documents --- */

static bool is_annotation(const struct cprov_image_change *c)
{
    return c->key && strcmp(c->key, "annotation") == 0;
}

static int make_config(struct image_making *m, struct cprov_error *err)
{
    const struct cprov_new_image_options *o = m->o;
    struct cprov_config_edit edit = { .author = o->author, .comment = o->message };
    struct cprov_annotation *changes =
        cprov_arena_alloc(&m->s->call, o->changes_count, sizeof(*changes));
    auto_buf struct cprov_buf base = { 0 };
    char created[CPROV_TIME_TEXT_MAX];

    if (!changes)
        return cprov_fail_memory(err);
    for (size_t i = 0; i < o->changes_count; i++)
        if (!is_annotation(&o->changes[i]))
            changes[edit.changes_count++] =
                (struct cprov_annotation){ o->changes[i].key ? o->changes[i].key : "",
                                           o->changes[i].value ? o->changes[i].value : "" };
    edit.changes = changes;
    edit.created = cprov_time_format(m->time, created);
    edit.created_by =
        o->container ? "container-provider: from a container" : "container-provider: from files";
    edit.diff_id = &m->layer.diff_id;
    cprov_buf_init(&base, CPROV_CONFIG_MAX);
    if (m->base.manifest && cprov_store_read_blob(m->store, &m->base.manifest->config,
                                                  CPROV_CONFIG_MAX, &base, err) < 0)
        return err->code;
    edit.base = cprov_buf_span(&base);
    if (m->s->options.platform) {
        if (cprov_platform_parse(cprov_span_of(m->s->options.platform), &m->s->call, &edit.platform,
                                 err) < 0)
            return err->code;
    } else {
        cprov_platform_local(&edit.platform);
    }
    cprov_buf_init(&m->config, CPROV_CONFIG_MAX);
    return cprov_config_edit(&edit, &m->config, err);
}

/* In an OCI manifest layers have OCI's types. */
static const char *layer_type(const char *type)
{
    static const char *const names[][2] = {
        [CPROV_LAYER_TAR] = { CPROV_MT_OCI_LAYER,
                              "application/vnd.oci.image.layer.nondistributable.v1.tar" },
        [CPROV_LAYER_GZIP] = { CPROV_MT_OCI_LAYER "+gzip",
                               "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip" },
        [CPROV_LAYER_ZSTD] = { CPROV_MT_OCI_LAYER "+zstd",
                               "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd" },
    };
    struct cprov_layer_type layer = cprov_media_type_layer(cprov_span_of(type));

    return layer.packing == CPROV_LAYER_NONE ? type : names[layer.packing][layer.foreign];
}

static int write_annotations(struct image_making *m, struct cprov_json_writer *w,
                             struct cprov_error *err)
{
    const struct cprov_new_image_options *o = m->o;
    const struct cprov_image *base = m->base.image;
    char digest[CPROV_DIGEST_TEXT_MAX];
    struct cprov_span key, value;

    cprov_json_key(w, "annotations");
    cprov_json_begin_object(w);
    if (*m->publisher)
        cprov_json_member(w, "org.opencontainers.image.vendor", m->publisher);
    if (base) {
        cprov_json_member(w, ANN_BASE_DIGEST,
                          cprov_digest_format(&base->descriptor.digest, digest));
        if (*base->reference)
            cprov_json_member(w, ANN_BASE_NAME, base->reference);
    }
    for (size_t i = 0; i < o->changes_count; i++) {
        if (!is_annotation(&o->changes[i]))
            continue;
        struct cprov_span text = cprov_span_of(o->changes[i].value);
        if (!cprov_span_is_utf8(text) || !cprov_span_cut(text, '=', &key, &value) || key.len == 0)
            return cprov_fail(err, CPROV_EINVAL, "the annotation is not KEY=VALUE");
        cprov_json_key(w, cprov_arena_text(&m->s->call, key));
        cprov_json_span(w, value);
    }
    cprov_json_end_object(w);
    return cprov_arena_check(&m->s->call, err);
}

static int describe(const char *type, const struct cprov_buf *bytes, struct cprov_descriptor *out,
                    struct cprov_error *err)
{
    *out = (struct cprov_descriptor){ .media_type = type, .size = bytes->len };
    return cprov_digest_of(CPROV_SHA256, cprov_buf_span(bytes), &out->digest, err);
}

static int make_manifest(struct image_making *m, const struct cprov_descriptor *config,
                         struct cprov_error *err)
{
    struct cprov_json_writer w;

    cprov_buf_init(&m->manifest, CPROV_MANIFEST_MAX);
    cprov_json_writer_init(&w, &m->manifest, 0);
    cprov_manifest_begin(&w, CPROV_MT_OCI_MANIFEST);
    cprov_json_key(&w, "config");
    cprov_descriptor_write(&w, config);
    cprov_json_key(&w, "layers");
    cprov_json_begin_array(&w);
    for (size_t i = 0; m->base.manifest && i < m->base.manifest->layers_count; i++) {
        struct cprov_descriptor d = m->base.manifest->layers[i];

        d.media_type = layer_type(d.media_type);
        cprov_descriptor_write(&w, &d);
    }
    cprov_descriptor_write(&w, &m->layer.blob);
    cprov_json_end_array(&w);
    if (write_annotations(m, &w, err) < 0)
        return err->code;
    cprov_json_end_object(&w);
    return cprov_buf_check(&m->manifest, "the manifest", err);
}

/* --- into the store --- */

/* What was written is read as anybody's would be. */
static int record(struct image_making *m, const struct cprov_descriptor *d, struct cprov_error *err)
{
    auto_manifest struct cprov_manifest *manifest = NULL;
    auto_image_config struct cprov_image_config *config = NULL;
    auto_buf struct cprov_buf platform = { 0 };
    char id[CPROV_DIGEST_TEXT_MAX], text[CPROV_DIGEST_TEXT_MAX], full[CPROV_ITEM_TEXT_MAX];
    char now[CPROV_TIME_TEXT_MAX];
    struct cprov_item item;

    if (cprov_manifest_parse(cprov_buf_span(&m->manifest), cprov_span_of(d->media_type), &manifest,
                             err) < 0 ||
        cprov_image_config_parse(cprov_buf_span(&m->config), &config, err) < 0 ||
        cprov_image_config_unpacks(config, manifest, err) < 0)
        return err->code;
    cprov_buf_init(&platform, CPROV_URL_MAX);
    cprov_platform_format(&config->platform, &platform);
    if (cprov_buf_check(&platform, "the platform", err) < 0)
        return err->code;
    const char *description =
        cprov_image_config_label(config, "org.opencontainers.image.description");
    struct cprov_image image = {
        .descriptor = *d,
        .name = m->name,
        .version = m->version,
        .publisher = m->publisher,
        .description = description ? description : "",
        .source = "",
        .reference = "",
        .installed = cprov_time_format(cprov_time_now(), now),
        .created = config->created,
        .platform = cprov_buf_text(&platform),
        .image_id = cprov_digest_format(&manifest->config.digest, id),
        .index_digest = "",
        .stands_for = "",
        .size = d->size + manifest->config.size,
        .is_os = cprov_image_is_os(manifest, config),
    };
    for (size_t i = 0; i < manifest->layers_count; i++)
        image.size += manifest->layers[i].size;
    if (check_new(m, err) < 0 || cprov_images_install(m->store, &image, err) < 0)
        return err->code;
    cprov_session_log(m->s, m->store, "new-image",
                      cprov_name_and_version(m->s, image.name, image.version),
                      cprov_digest_format(&d->digest, text));
    cprov_item_of_image(&image, &item, text, full);
    item.state = CPROV_ADDED;
    cprov_item_emit(m->s, &item);
    return 0;
}

static int put_blobs(struct image_making *m, const struct cprov_descriptor *config,
                     const struct cprov_descriptor *manifest, struct cprov_error *err)
{
    auto_blob_writer struct cprov_blob_writer *layer = NULL, *first = NULL, *second = NULL;

    if (cprov_store_need_space(m->store, m->layer.blob.size, err) < 0 ||
        cprov_store_copy_file(m->store, m->packed, 0, &m->layer.blob, &layer, err) < 0 ||
        cprov_store_stage(m->store, config, cprov_buf_span(&m->config), &first, err) < 0 ||
        cprov_store_stage(m->store, manifest, cprov_buf_span(&m->manifest), &second, err) < 0)
        return err->code;
    struct cprov_blob_writer *const all[] = { layer, first, second };
    return cprov_store_commit(m->store, all, CPROV_COUNT(all), err);
}

static int make(struct image_making *m, struct cprov_error *err)
{
    const struct cprov_new_image_options *o = m->o;
    struct cprov_descriptor config, manifest;
    bool fixed;

    m->latest = INT64_MAX;
    if (read_names(m, err) < 0 || cprov_time_of_making(&m->time, &fixed, err) < 0 ||
        open_base(m, err) < 0 || check_new(m, err) < 0)
        return err->code;
    if (fixed)
        m->latest = m->time;
    int go = cprov_should(m->s,
                          &(struct cprov_change){ .kind = CPROV_CHANGE_NEW_IMAGE,
                                                  .name = m->name,
                                                  .version = m->version,
                                                  .place = o->container ? o->container : o->path },
                          err);
    if (go <= 0)
        return go;
    if (cprov_store_begin(m->store, err) < 0 || make_layer(m, err) < 0 || make_config(m, err) < 0 ||
        describe(CPROV_MT_OCI_CONFIG, &m->config, &config, err) < 0 ||
        make_manifest(m, &config, err) < 0 ||
        describe(CPROV_MT_OCI_MANIFEST, &m->manifest, &manifest, err) < 0 ||
        put_blobs(m, &config, &manifest, err) < 0)
        return err->code;
    return record(m, &manifest, err);
}

int cprov_new_image(struct cprov_session *s, const struct cprov_new_image_options *options,
                    const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_new_image_options o;

    if (cprov_session_begin(s, callbacks, &err) < 0 ||
        cprov_options_copy(&o, sizeof(o), options, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    CPROV_CLEANUP(making_clear) struct image_making m = { .s = s, .o = &o, .packed = -1 };
    int code = make(&m, &err);
    return cprov_session_end(s, code, m.version ? cprov_name_and_version(s, m.name, m.version) : "",
                             &err);
}
