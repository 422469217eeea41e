/* provider/files.c - cprov_files(), cprov_file_read(), cprov_export(): an image read without
 * unpacking it. */
#include <string.h>

#include "base/limits.h"
#include "provider/change.h"
#include "provider/installed.h"
#include "provider/name.h"
#include "rootfs/files.h"

/* One call. */
struct name_listing {
    struct cprov_rootfs *rootfs;
    cprov_file_fn *item;
    void *arg;
};

static char type_char(enum cprov_tar_type type)
{
    static const char chars[] = {
        [CPROV_TAR_FILE] = 'f',        [CPROV_TAR_HARDLINK] = 'h',     [CPROV_TAR_SYMLINK] = 'l',
        [CPROV_TAR_CHAR_DEVICE] = 'c', [CPROV_TAR_BLOCK_DEVICE] = 'b', [CPROV_TAR_DIR] = 'd',
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

/* in is yours to clear. */
static int open_layers(struct cprov_session *s, const struct cprov_files_options *o,
                       struct cprov_installed *in, struct cprov_layers *out,
                       struct cprov_error *err)
{
    if (cprov_installed_open(s, o->name, o->version, CPROV_INSTALLED_NEWEST, CPROV_STORE_READ, in,
                             err) < 0)
        return err->code;
    *out = (struct cprov_layers){
        .manifest = in->manifest,
        .config = in->config,
        .store = in->store,
        .packed = in->packed,
        .limits = { .entries = o->max_entries, .bytes = o->max_bytes, .ratio = o->max_ratio },
        .cancel = &s->cancel,
    };
    return 0;
}

/* Copies of what the caller gave. */
struct files_given {
    struct cprov_files_options options;
    struct cprov_version_options version;
};

static int begin(struct cprov_session *s, const struct cprov_files_options *options,
                 const struct cprov_callbacks *callbacks, struct files_given *own,
                 struct cprov_error *err)
{
    if (cprov_session_begin(s, callbacks, err) < 0 ||
        cprov_options_copy(&own->options, sizeof(own->options), options, err) < 0 ||
        cprov_options_copy(&own->version, sizeof(own->version), own->options.version, err) < 0)
        return err->code;
    own->options.version = &own->version;
    return 0;
}

static int list_files(struct cprov_session *s, const struct cprov_files_options *o,
                      cprov_file_fn *item, void *arg, struct cprov_error *err)
{
    auto_installed struct cprov_installed in = { .store = NULL };
    auto_flat struct cprov_flat flat = { 0 };
    struct cprov_layers layers;

    if (open_layers(s, o, &in, &layers, err) < 0)
        return err->code;
    struct name_listing l = { .item = item, .arg = arg };
    int code = cprov_flat_read(&layers, false, &flat, err);
    l.rootfs = flat.rootfs;
    if (code == 0)
        code = list(&l, o, err);
    return code < 0 && o->path ? cprov_wrap(err, "%s", o->path) : code;
}

int cprov_files(struct cprov_session *s, const struct cprov_files_options *options,
                cprov_file_fn *item, const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct files_given given;

    if (begin(s, options, callbacks, &given, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    int code = list_files(s, &given.options, item, s->callbacks.arg, &err);
    return cprov_session_end(s, code, given.options.name ? given.options.name : "", &err);
}

static int read_file(struct cprov_session *s, const struct cprov_files_options *o,
                     cprov_bytes_fn *bytes, void *arg, struct cprov_error *err)
{
    auto_installed struct cprov_installed in = { .store = NULL };
    struct cprov_layers layers;

    if (!o->path || !*o->path)
        return cprov_fail(err, CPROV_EINVAL, "no file is named");
    if (open_layers(s, o, &in, &layers, err) < 0)
        return err->code;
    if (cprov_files_read(&layers, o->path, bytes, arg, err) < 0)
        return cprov_wrap(err, "%s", o->path);
    return 0;
}

int cprov_file_read(struct cprov_session *s, const struct cprov_files_options *options,
                    cprov_bytes_fn *bytes, const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct files_given given;

    if (begin(s, options, callbacks, &given, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    int code = read_file(s, &given.options, bytes, s->callbacks.arg, &err);
    return cprov_session_end(s, code, given.options.name ? given.options.name : "", &err);
}

static int export_image(struct cprov_session *s, const struct cprov_files_options *o,
                        cprov_bytes_fn *bytes, void *arg, struct cprov_error *err)
{
    auto_installed struct cprov_installed in = { .store = NULL };
    struct cprov_layers layers;

    if (open_layers(s, o, &in, &layers, err) < 0)
        return err->code;
    const struct cprov_change change = { .kind = CPROV_CHANGE_EXPORT,
                                         .name = in.image ? in.image->name : o->name,
                                         .version = in.image ? in.image->version : NULL,
                                         .place = o->target };
    int go = o->target ? cprov_should(s, &change, err) : 1;
    if (go <= 0)
        return go;
    return cprov_files_export(&layers, bytes, arg, err);
}

int cprov_export(struct cprov_session *s, const struct cprov_files_options *options,
                 cprov_bytes_fn *bytes, const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct files_given given;

    if (begin(s, options, callbacks, &given, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    int code = export_image(s, &given.options, bytes, s->callbacks.arg, &err);
    return cprov_session_end(s, code, given.options.name ? given.options.name : "", &err);
}
