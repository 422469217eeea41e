/* provider/export.c - cprov_export(): one tar of what the layers add up to, in two passes. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "provider/file_content.h"
#include "provider/flatten.h"
#include "provider/layer_read.h"
#include "store/tar_format.h"

#define HEADER_MAX  (8 * CPROV_TAR_HEADER_MAX)
#define FOLDERS_MAX (16 * CPROV_MIB)

/*
 * A file that is there only under the names of hard links, its own being replaced or hidden: it is
 * written under the first of them.
 */
struct alias {
    struct cprov_flat_name file, link;
};

/*
 * A directory is written after everything that is in it, by whatever layer: what comes later would
 * change its time again.
 */
struct folder {
    uint32_t layer, id, mode, mtime_ns;
    uint64_t uid, gid;
    int64_t mtime;
    const struct folder_more *more; /* NULL: nothing of it */
};

struct folder_more {
    struct cprov_span uname, gname;
    struct cprov_tar_pair *xattrs, *pax;
    size_t xattrs_count, pax_count;
};

struct exporting {
    struct cprov_session *s;
    const struct cprov_installed *in;
    struct cprov_flat *flat;
    cprov_bytes_fn *bytes;
    void *arg;
    struct alias *aliases; /* sorted by file, then by link */
    size_t aliases_count, aliases_room;

    /* the second pass */
    size_t layer;
    uint32_t number; /* of the member that is read */
    bool writes;     /* it is one that is written */
    struct cprov_buf header, path, link;
    struct cprov_file_content content;
    struct folder *folders;
    size_t folders_count, folders_room;
    struct cprov_arena arena; /* what folders have beside */
    size_t arena_used;
};

static void export_clear(struct exporting *x)
{
    free(x->aliases);
    free(x->folders);
    cprov_arena_clear(&x->arena);
    cprov_buf_clear(&x->header);
    cprov_buf_clear(&x->path);
    cprov_buf_clear(&x->link);
}

/* --- files that are left with their other names --- */

static int compare_names(struct cprov_flat_name a, struct cprov_flat_name b,
                         const struct cprov_flat *f)
{
    uint32_t x, y;

    if (a.layer != b.layer)
        return a.layer < b.layer ? -1 : 1;
    x = cprov_flat_at(f, a)->member;
    y = cprov_flat_at(f, b)->member;
    return x < y ? -1 : x > y;
}

static int compare_aliases(const void *left, const void *right, void *arg)
{
    const struct alias *a = left, *b = right;
    int order = compare_names(a->file, b->file, arg);

    return order != 0 ? order : compare_names(a->link, b->link, arg);
}

static int add_alias(struct exporting *x, struct cprov_flat_name file, struct cprov_flat_name link,
                     struct cprov_error *err)
{
    if (x->aliases_count == x->aliases_room) {
        size_t room = x->aliases_room ? 2 * x->aliases_room : 16;
        struct alias *aliases = reallocarray(x->aliases, room, sizeof(*aliases));

        if (!aliases)
            return cprov_fail_memory(err);
        x->aliases = aliases;
        x->aliases_room = room;
    }
    x->aliases[x->aliases_count++] = (struct alias){ file, link };
    return 0;
}

static bool is_shown(const struct exporting *x, struct cprov_flat_name n)
{
    return cprov_flat_at(x->flat, n)->flags & CPROV_NAME_SHOWN;
}

static int look_at_link(struct exporting *x, struct cprov_flat_name link, struct cprov_error *err)
{
    struct cprov_flat_name file;

    if (!is_shown(x, link) || cprov_flat_at(x->flat, link)->type != CPROV_TAR_HARDLINK)
        return 0;
    if (cprov_flat_link(x->flat, link, &file, err) < 0)
        return cprov_wrap(err, "layer %zu", link.layer + 1);
    return is_shown(x, file) ? 0 : add_alias(x, file, link, err);
}

static int find_aliases(struct exporting *x, struct cprov_error *err)
{
    for (size_t layer = 0; layer < x->in->manifest->layers_count; layer++) {
        uint32_t count = cprov_layer_tree_count(cprov_flat_tree(x->flat, layer));

        for (uint32_t id = 1; id <= count; id++)
            if (look_at_link(x, (struct cprov_flat_name){ layer, id }, err) < 0)
                return err->code;
    }
    if (x->aliases_count > 1)
        qsort_r(x->aliases, x->aliases_count, sizeof(x->aliases[0]), compare_aliases, x->flat);
    return 0;
}

/* The name a file is written under; false when it is not written at all. */
static bool name_of_file(const struct exporting *x, struct cprov_flat_name file,
                         struct cprov_flat_name *out)
{
    size_t low = 0, high = x->aliases_count;

    *out = file;
    if (is_shown(x, file))
        return true;
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_names(x->aliases[middle].file, file, x->flat) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == x->aliases_count || compare_names(x->aliases[low].file, file, x->flat) != 0)
        return false;
    *out = x->aliases[low].link;
    return true;
}

/* --- directories, kept for the end --- */

static struct cprov_span copy(struct exporting *x, struct cprov_span s)
{
    const char *text = cprov_arena_text(&x->arena, s);

    x->arena_used += s.len;
    return cprov_span_make(text ? text : "", text ? s.len : 0);
}

static struct cprov_tar_pair *copy_pairs(struct exporting *x, const struct cprov_tar_pair *list,
                                         size_t count)
{
    struct cprov_tar_pair *pairs = cprov_arena_alloc(&x->arena, count, sizeof(*pairs));

    for (size_t i = 0; pairs && i < count; i++)
        pairs[i] = (struct cprov_tar_pair){ copy(x, list[i].key), copy(x, list[i].value) };
    return pairs;
}

static int keep_more(struct exporting *x, const struct cprov_tar_entry *e,
                     const struct folder_more **out, struct cprov_error *err)
{
    struct folder_more *more = cprov_arena_alloc(&x->arena, 1, sizeof(*more));

    if (!more)
        return cprov_fail_memory(err);
    more->uname = copy(x, e->uname);
    more->gname = copy(x, e->gname);
    more->xattrs = copy_pairs(x, e->xattrs, e->xattrs_count);
    more->xattrs_count = e->xattrs_count;
    more->pax = copy_pairs(x, e->pax, e->pax_count);
    more->pax_count = e->pax_count;
    *out = more;
    if (x->arena_used > FOLDERS_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "the attributes of folders have more than %zu bytes",
                          FOLDERS_MAX);
    return cprov_arena_check(&x->arena, err);
}

static int keep_folder(struct exporting *x, const struct cprov_tar_entry *e,
                       struct cprov_flat_name name, struct cprov_error *err)
{
    if (x->folders_count == x->folders_room) {
        size_t room = x->folders_room ? x->folders_room + x->folders_room / 2 : 64;
        struct folder *folders = reallocarray(x->folders, room, sizeof(*folders));

        if (!folders)
            return cprov_fail_memory(err);
        x->folders = folders;
        x->folders_room = room;
    }
    struct folder *f = &x->folders[x->folders_count++];
    *f = (struct folder){ .layer = (uint32_t)name.layer,
                          .id = name.id,
                          .mode = e->mode,
                          .mtime_ns = e->mtime_ns,
                          .uid = e->uid,
                          .gid = e->gid,
                          .mtime = e->mtime_s };
    if (e->uname.len + e->gname.len + e->xattrs_count + e->pax_count == 0)
        return 0;
    return keep_more(x, e, &f->more, err);
}

/* --- writing --- */

static int put_path(struct exporting *x, struct cprov_flat_name name, struct cprov_buf *out,
                    struct cprov_error *err)
{
    cprov_buf_reset(out);
    cprov_flat_path(x->flat, name, out);
    return cprov_buf_check(out, "a name", err);
}

static int write_header(struct exporting *x, const struct cprov_tar_entry *e,
                        struct cprov_error *err)
{
    cprov_buf_reset(&x->header);
    int code = cprov_tar_format_header(e, &x->header, err);
    return code != 0 ? code
                     : cprov_bytes_write(x->bytes, x->arg, x->header.ptr, x->header.len, err);
}

static bool same_name(struct cprov_flat_name a, struct cprov_flat_name b)
{
    return a.layer == b.layer && a.id == b.id;
}

/* The name and target of a member in the archive; *skip: it is not written, or was. */
static int place(struct exporting *x, const struct cprov_tar_entry *entry,
                 struct cprov_flat_name name, bool *skip, struct cprov_error *err)
{
    struct cprov_flat_name file, as = name;

    *skip = false;
    if (entry->type != CPROV_TAR_HARDLINK) {
        *skip = !name_of_file(x, name, &as);
        return *skip ? 0 : put_path(x, as, &x->path, err);
    }
    if (!is_shown(x, name)) {
        *skip = true;
        return 0;
    }
    if (cprov_flat_link(x->flat, name, &file, err) < 0)
        return err->code;
    *skip = !name_of_file(x, file, &as) || same_name(as, name);
    if (*skip || put_path(x, name, &x->path, err) < 0)
        return *skip ? 0 : err->code;
    return put_path(x, as, &x->link, err);
}

static int on_entry(void *arg, const struct cprov_tar_entry *entry, struct cprov_error *err)
{
    struct exporting *x = arg;
    struct cprov_flat_name name = { x->layer, 0 };
    struct cprov_tar_entry e = *entry;
    bool skip;

    x->writes = false;
    x->number++;
    name.id = cprov_layer_tree_of_member(cprov_flat_tree(x->flat, x->layer), x->number);
    if (!name.id || cprov_flat_at(x->flat, name)->member != x->number)
        return 0;
    if (entry->type == CPROV_TAR_DIR)
        return is_shown(x, name) ? keep_folder(x, entry, name, err) : 0;
    if (place(x, entry, name, &skip, err) < 0)
        return err->code;
    if (skip)
        return 0;
    e.path = cprov_buf_span(&x->path);
    if (e.type == CPROV_TAR_HARDLINK)
        e.link = cprov_buf_span(&x->link);
    if (write_header(x, &e, err) < 0)
        return err->code;
    x->writes = entry->type == CPROV_TAR_FILE;
    if (x->writes)
        cprov_file_content_begin(&x->content, entry, x->bytes, x->arg);
    return 0;
}

static int on_data(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    struct exporting *x = arg;

    return x->writes ? cprov_file_content_data(&x->content, data, len, err) : 0;
}

static int on_end(void *arg, struct cprov_error *err)
{
    struct exporting *x = arg;

    if (!x->writes)
        return 0;
    int code = cprov_file_content_end(&x->content, err);
    return code != 0 ? code
                     : cprov_bytes_zeroes(x->bytes, x->arg,
                                          cprov_tar_format_padding(x->content.entry->size), err);
}

static int write_folder(struct exporting *x, const struct folder *f, struct cprov_error *err)
{
    struct cprov_tar_entry e = { .type = CPROV_TAR_DIR,
                                 .mode = f->mode,
                                 .uid = f->uid,
                                 .gid = f->gid,
                                 .mtime_s = f->mtime,
                                 .mtime_ns = f->mtime_ns };

    cprov_buf_reset(&x->path);
    cprov_flat_path(x->flat, (struct cprov_flat_name){ f->layer, f->id }, &x->path);
    cprov_buf_add_text(&x->path, f->id == CPROV_NAME_ROOT ? "./" : "/");
    if (cprov_buf_check(&x->path, "a name", err) < 0)
        return err->code;
    e.path = cprov_buf_span(&x->path);
    if (f->more) {
        e.uname = f->more->uname;
        e.gname = f->more->gname;
        e.xattrs = f->more->xattrs;
        e.xattrs_count = f->more->xattrs_count;
        e.pax = f->more->pax;
        e.pax_count = f->more->pax_count;
    }
    return write_header(x, &e, err);
}

/* Layers from the lowest up: the target of a hard link comes before it. */
static int write_layers(struct exporting *x, struct cprov_error *err)
{
    const struct cprov_tar_handler handler = { on_entry, on_data, on_end, x };

    for (x->layer = 0; x->layer < x->in->manifest->layers_count; x->layer++) {
        x->number = 0;
        int code = cprov_layer_read(x->s, x->in, x->layer, &handler, false, err);
        if (code != 0)
            return code;
    }
    for (size_t i = 0; i < x->folders_count; i++)
        if (write_folder(x, &x->folders[i], err) < 0)
            return err->code;
    return cprov_bytes_zeroes(x->bytes, x->arg, CPROV_TAR_END_SIZE, err);
}

static int export_image(struct cprov_session *s, const struct cprov_files_options *o,
                        cprov_bytes_fn *bytes, void *arg, struct cprov_error *err)
{
    auto_installed struct cprov_installed in = { .store = NULL };
    auto_flat struct cprov_flat *flat = NULL;
    CPROV_CLEANUP(export_clear)
    struct exporting x = { .s = s, .in = &in, .bytes = bytes, .arg = arg };

    cprov_buf_init(&x.header, HEADER_MAX);
    cprov_buf_init(&x.path, CPROV_UNPACK_PATH + 1);
    cprov_buf_init(&x.link, CPROV_UNPACK_PATH);
    if (cprov_installed_open(s, o->name, &o->version, CPROV_INSTALLED_NEWEST, CPROV_STORE_READ, &in,
                             err) < 0 ||
        cprov_flat_new(s, &in, CPROV_FLAT_VERIFY, &flat, err) < 0)
        return err->code;
    x.flat = flat;
    if (cprov_flat_show_all(flat, err) < 0 || find_aliases(&x, err) < 0)
        return err->code;
    return write_layers(&x, err);
}

int cprov_export(struct cprov_session *s, const struct cprov_files_options *options,
                 cprov_bytes_fn *bytes, const struct cprov_callbacks *callbacks)
{
    struct cprov_files_options own;

    options = cprov_options_copy(&own, sizeof(own), options);
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_session_begin(s, callbacks);
    int code = export_image(s, options, bytes, cprov_callbacks_arg(callbacks), &err);
    return cprov_session_end(s, code, options->name ? options->name : "", &err);
}
