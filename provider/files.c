/* provider/files.c - cprov_files() and cprov_file_read(): an image read without unpacking it. */
#include <string.h>

#include "base/limits.h"
#include "provider/file_content.h"
#include "provider/flatten.h"

/* One call. */
struct name_listing {
    struct cprov_rootfs *rootfs;
    cprov_file_fn *item;
    void *arg;
};

struct cprov_layer_reading cprov_files_reading(const struct cprov_files_options *o)
{
    return (struct cprov_layer_reading){
        .limits = { .entries = o->max_entries, .bytes = o->max_bytes, .ratio = o->max_ratio }
    };
}

static char type_char(enum cprov_tar_type type)
{
    static const char chars[] = {
        [CPROV_TAR_FILE] = 'f', [CPROV_TAR_HARDLINK] = 'h', [CPROV_TAR_SYMLINK] = 'l',
        [CPROV_TAR_CHAR] = 'c', [CPROV_TAR_BLOCK] = 'b',    [CPROV_TAR_DIR] = 'd',
        [CPROV_TAR_FIFO] = 'p',
    };

    return chars[type];
}

/* A file is told under its first name; under the others as a hard link to that. */
static int emit(void *arg, const char *path, uint32_t name, struct cprov_error *err)
{
    const struct name_listing *l = arg;
    const struct cprov_rootfs_name *n = cprov_rootfs_name(l->rootfs, name);
    const struct cprov_rootfs_node *f = cprov_rootfs_node(l->rootfs, n->node);
    bool linked = f->type == CPROV_TAR_FILE && f->name != name;
    auto_buf struct cprov_buf first = { 0 };
    const char *link = "";

    cprov_buf_init(&first, CPROV_UNPACK_PATH);
    if (linked)
        cprov_rootfs_path(l->rootfs, f->name, &first);
    if (cprov_buf_check(&first, "a name", err) < 0)
        return err->code;
    if (linked)
        link = cprov_buf_text(&first);
    if (f->type == CPROV_TAR_SYMLINK)
        link = cprov_rootfs_text(l->rootfs, f->target).ptr;
    if (l->item)
        l->item(l->arg,
                &(struct cprov_file_item){
                    .size = sizeof(struct cprov_file_item),
                    .path = path,
                    .type = type_char(linked ? CPROV_TAR_HARDLINK : (enum cprov_tar_type)f->type),
                    .link = link,
                    .mode = f->mode,
                    .uid = f->uid,
                    .gid = f->gid,
                    .bytes = f->size,
                    .mtime = f->mtime,
                    .layer = linked ? n->made - 1u : f->layer });
    return 0;
}

/* A folder that is meant by a slash, or by nothing, is looked into although a link leads to it. */
static bool wants_folder(const char *path)
{
    size_t len = strlen(path);

    return len == 0 || path[len - 1] == '/';
}

static int list(struct name_listing *l, const struct cprov_files_options *o,
                struct cprov_error *err)
{
    auto_buf struct cprov_buf real = { 0 };
    const char *path = o->path ? o->path : "";
    uint32_t at;

    if (cprov_rootfs_find(l->rootfs, cprov_span_of(path), wants_folder(path), &at, err) < 0)
        return err->code;
    if (cprov_rootfs_node(l->rootfs, cprov_rootfs_name(l->rootfs, at)->node)->type == CPROV_TAR_DIR)
        return cprov_rootfs_walk(l->rootfs, at, o->recursive || !o->path, emit, l, err);
    cprov_buf_init(&real, CPROV_UNPACK_PATH);
    cprov_rootfs_path(l->rootfs, at, &real);
    if (cprov_buf_check(&real, "a name", err) < 0)
        return err->code;
    return emit(l, cprov_buf_text(&real), at, err);
}

static int list_files(struct cprov_session *s, const struct cprov_files_options *o,
                      cprov_file_fn *item, void *arg, struct cprov_error *err)
{
    auto_installed struct cprov_installed in = { .store = NULL };
    auto_flat struct cprov_flat flat = { 0 };
    const struct cprov_layer_reading how = cprov_files_reading(o);
    struct name_listing l = { .item = item, .arg = arg };

    if (cprov_installed_open(s, o->name, &o->version, CPROV_INSTALLED_NEWEST, CPROV_STORE_READ, &in,
                             err) < 0)
        return err->code;
    int code = cprov_flat_read(s, &in, &how, &flat, err);
    l.rootfs = flat.rootfs;
    if (code == 0)
        code = list(&l, o, err);
    return code < 0 && o->path ? cprov_wrap(err, "%s", o->path) : code;
}

int cprov_files(struct cprov_session *s, const struct cprov_files_options *options,
                cprov_file_fn *item, const struct cprov_callbacks *callbacks)
{
    struct cprov_files_options own;

    options = cprov_options_copy(&own, sizeof(own), options);
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_session_begin(s, callbacks);
    int code = list_files(s, options, item, cprov_callbacks_arg(callbacks), &err);
    return cprov_session_end(s, code, options->name ? options->name : "", &err);
}

/* --- the content of one file --- */

struct extraction {
    uint32_t wanted; /* the number of the member */
    uint32_t number; /* of the one that is read */
    bool done;
    struct cprov_file_content content;
};

static int on_entry(void *arg, const struct cprov_tar_entry *entry, struct cprov_error *err)
{
    struct extraction *x = arg;

    return ++x->number == x->wanted ? cprov_file_content_begin(&x->content, entry, err) : 0;
}

static int on_data(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    struct extraction *x = arg;

    return x->number == x->wanted ? cprov_file_content_data(&x->content, data, len, err) : 0;
}

static int on_end(void *arg, struct cprov_error *err)
{
    struct extraction *x = arg;

    if (x->number != x->wanted)
        return 0;
    int code = cprov_file_content_end(&x->content, err);
    x->done = code == 0;
    return x->done ? cprov_fail(err, CPROV_ECANCELLED, "the rest is not wanted") : code;
}

/* Looks among all that the layers add up to. */
static int find_in_all(struct cprov_session *s, const struct cprov_installed *in, const char *path,
                       const struct cprov_layer_reading *how, struct cprov_flat_file *out,
                       struct cprov_error *err)
{
    auto_flat struct cprov_flat flat = { 0 };
    uint32_t name;

    if (cprov_flat_read(s, in, how, &flat, err) < 0 ||
        cprov_rootfs_find(flat.rootfs, cprov_span_of(path), true, &name, err) < 0)
        return err->code;
    const struct cprov_rootfs_node *f =
        cprov_rootfs_node(flat.rootfs, cprov_rootfs_name(flat.rootfs, name)->node);
    if (f->type == CPROV_TAR_DIR) {
        cprov_fail(err, CPROV_EINVAL, "it is a folder");
        cprov_hint(err, "'cprov ls' shows what is in it");
        return CPROV_EINVAL;
    }
    if (f->type != CPROV_TAR_FILE)
        return cprov_fail(err, CPROV_EUNSUPPORTED, "it is a device or a pipe and has no content");
    *out = (struct cprov_flat_file){ f->layer, f->member - flat.before[f->layer] };
    return 0;
}

static int find_file(struct cprov_session *s, const struct cprov_installed *in, const char *path,
                     const struct cprov_layer_reading *how, struct cprov_flat_file *out,
                     struct cprov_error *err)
{
    char clean[CPROV_UNPACK_PATH + 1];
    struct cprov_error ignored = CPROV_ERROR_INIT;
    bool sure = false;

    if (!strstr(path, "..") && strcmp(in->config->platform.os, "windows") != 0 &&
        cprov_layer_clean(cprov_span_of(path), CPROV_UNPACK_PATH, clean, &ignored) == 0 &&
        (cprov_glance(s, in, clean, how, &sure, out, err) < 0 || sure))
        return err->code;
    return find_in_all(s, in, path, how, out, err);
}

static int read_file(struct cprov_session *s, const struct cprov_files_options *o,
                     cprov_bytes_fn *bytes, void *arg, struct cprov_error *err)
{
    auto_installed struct cprov_installed in = { .store = NULL };
    const struct cprov_layer_reading how = cprov_files_reading(o);
    struct extraction x = { .done = false };
    struct cprov_flat_file file = { 0 };

    if (!o->path || !*o->path)
        return cprov_fail(err, CPROV_EINVAL, "no file is named");
    if (cprov_installed_open(s, o->name, &o->version, CPROV_INSTALLED_NEWEST, CPROV_STORE_READ, &in,
                             err) < 0)
        return err->code;
    if (find_file(s, &in, o->path, &how, &file, err) < 0)
        return cprov_wrap(err, "%s", o->path);
    const struct cprov_tar_handler handler = { on_entry, on_data, on_end, &x };
    x.wanted = file.member;
    cprov_file_content_init(&x.content, &how.limits, bytes, arg);
    cprov_file_content_layer(&x.content, in.manifest->layers[file.layer].size);
    if (cprov_layer_read(s, &in, file.layer, &handler, &how, err) < 0 && !x.done)
        return cprov_wrap(err, "%s", o->path);
    return 0;
}

int cprov_file_read(struct cprov_session *s, const struct cprov_files_options *options,
                    cprov_bytes_fn *bytes, const struct cprov_callbacks *callbacks)
{
    struct cprov_files_options own;

    options = cprov_options_copy(&own, sizeof(own), options);
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_session_begin(s, callbacks);
    int code = read_file(s, options, bytes, cprov_callbacks_arg(callbacks), &err);
    return cprov_session_end(s, code, options->name ? options->name : "", &err);
}
