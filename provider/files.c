/* provider/files.c - cprov_files() and cprov_file_read(): an image read without unpacking it. */
#include <string.h>

#include "base/limits.h"
#include "provider/file_content.h"
#include "provider/flatten.h"
#include "provider/layer_read.h"

/* One call. */
struct listing {
    struct cprov_flat *flat;
    cprov_file_fn *item;
    void *arg;
};

static char type_char(enum cprov_tar_type type)
{
    static const char chars[] = {
        [CPROV_TAR_FILE] = 'f', [CPROV_TAR_HARDLINK] = 'h', [CPROV_TAR_SYMLINK] = 'l',
        [CPROV_TAR_CHAR] = 'c', [CPROV_TAR_BLOCK] = 'b',    [CPROV_TAR_DIR] = 'd',
        [CPROV_TAR_FIFO] = 'p',
    };

    return chars[type];
}

/* What unpacking gives a directory that no member describes. */
static const struct cprov_layer_details implied = { .mode = 0755 };

/* A hard link has the size of its file. */
static uint64_t size_of(struct cprov_flat *f, struct cprov_flat_name name)
{
    struct cprov_error ignored = CPROV_ERROR_INIT;
    struct cprov_flat_name file;

    if (cprov_flat_link(f, name, &file, &ignored) < 0 ||
        cprov_flat_at(f, file)->type != CPROV_TAR_FILE)
        return 0;
    return cprov_layer_tree_details(cprov_flat_tree(f, file.layer), file.id)->size;
}

static int emit(void *arg, const char *path, struct cprov_flat_name name, struct cprov_error *err)
{
    const struct listing *l = arg;
    const struct cprov_layer_name *n = cprov_flat_at(l->flat, name);
    const struct cprov_layer_tree *t = cprov_flat_tree(l->flat, name.layer);
    const struct cprov_layer_details *d =
        n->member ? cprov_layer_tree_details(t, name.id) : &implied;

    (void)err;
    if (l->item)
        l->item(l->arg, &(struct cprov_file_item){
                            .size = sizeof(struct cprov_file_item),
                            .path = path,
                            .type = type_char((enum cprov_tar_type)n->type),
                            .link = n->link ? cprov_layer_tree_text(t, n->link).ptr : "",
                            .mode = d->mode,
                            .uid = d->uid,
                            .gid = d->gid,
                            .bytes = size_of(l->flat, name),
                            .mtime = d->mtime,
                            .layer = (unsigned)name.layer });
    return 0;
}

/* A folder that is meant by a slash, or by nothing, is looked into although a link leads to it. */
static bool wants_folder(const char *path)
{
    size_t len = strlen(path);

    return len == 0 || path[len - 1] == '/';
}

static int list(struct listing *l, const struct cprov_files_options *o, struct cprov_error *err)
{
    auto_buf struct cprov_buf real = { 0 };
    const char *path = o->path ? o->path : "";
    struct cprov_flat_name at;

    cprov_buf_init(&real, CPROV_UNPACK_PATH);
    if (path[strspn(path, "/")]) {
        if (cprov_flat_find(l->flat, cprov_span_of(path), wants_folder(path), &at, err) < 0)
            return err->code;
        cprov_flat_path(l->flat, at, &real);
        if (cprov_buf_check(&real, "a name", err) < 0)
            return err->code;
        if (cprov_flat_at(l->flat, at)->type != CPROV_TAR_DIR)
            return emit(l, cprov_buf_text(&real), at, err);
    }
    return cprov_flat_walk(l->flat, cprov_buf_span(&real), o->recursive || !o->path, emit, l, err);
}

static int list_files(struct cprov_session *s, const struct cprov_files_options *o,
                      cprov_file_fn *item, void *arg, struct cprov_error *err)
{
    auto_installed struct cprov_installed in = { .store = NULL };
    auto_flat struct cprov_flat *flat = NULL;
    struct listing l = { .item = item, .arg = arg };

    if (cprov_installed_open(s, o->name, &o->version, CPROV_INSTALLED_NEWEST, CPROV_STORE_READ, &in,
                             err) < 0 ||
        cprov_flat_new(s, &in, CPROV_FLAT_DETAILS, &flat, err) < 0)
        return err->code;
    l.flat = flat;
    int code = list(&l, o, err);
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
    cprov_bytes_fn *bytes;
    void *arg;
    struct cprov_file_content content;
};

static int on_entry(void *arg, const struct cprov_tar_entry *entry, struct cprov_error *err)
{
    struct extraction *x = arg;

    (void)err;
    if (++x->number == x->wanted)
        cprov_file_content_begin(&x->content, entry, x->bytes, x->arg);
    return 0;
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

static int extract(struct cprov_session *s, const struct cprov_installed *in,
                   struct cprov_flat *flat, struct cprov_flat_name file, struct extraction *x,
                   struct cprov_error *err)
{
    const struct cprov_tar_handler handler = { on_entry, on_data, on_end, x };
    const struct cprov_layer_name *n = cprov_flat_at(flat, file);

    if (n->type == CPROV_TAR_DIR)
        return cprov_fail(err, CPROV_EINVAL, "it is a folder");
    if (n->type != CPROV_TAR_FILE)
        return cprov_fail(err, CPROV_EUNSUPPORTED, "it is a device or a pipe and has no content");
    x->wanted = n->member;
    int code = cprov_layer_read(s, in, file.layer, &handler, false, err);
    return x->done ? 0 : code;
}

static int read_file(struct cprov_session *s, const struct cprov_files_options *o,
                     cprov_bytes_fn *bytes, void *arg, struct cprov_error *err)
{
    auto_installed struct cprov_installed in = { .store = NULL };
    auto_flat struct cprov_flat *flat = NULL;
    struct extraction x = { .bytes = bytes, .arg = arg };
    struct cprov_flat_name name, file;

    if (!o->path || !*o->path)
        return cprov_fail(err, CPROV_EINVAL, "no file is named");
    if (cprov_installed_open(s, o->name, &o->version, CPROV_INSTALLED_NEWEST, CPROV_STORE_READ, &in,
                             err) < 0)
        return err->code;
    if (cprov_flat_new(s, &in, 0, &flat, err) < 0 ||
        cprov_flat_find(flat, cprov_span_of(o->path), true, &name, err) < 0 ||
        cprov_flat_link(flat, name, &file, err) < 0 || extract(s, &in, flat, file, &x, err) < 0)
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
