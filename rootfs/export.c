/* rootfs/export.c - one tar of what the layers add up to, in two passes. */
#include <stdlib.h>
#include <string.h>

#include "archive/tar_format.h"
#include "base/error.h"
#include "base/grow.h"
#include "base/limits.h"
#include "manifest/image_config.h"
#include "manifest/manifest.h"
#include "rootfs/file_content_private.h"
#include "rootfs/files.h"
#include "rootfs/layer_read_private.h"

#define HEADER_MAX  (8 * CPROV_TAR_HEADER_MAX)
#define FOLDERS_MAX (16 * CPROV_MIB)

/* What becomes of a member: a file, or its directory's description, or another name of a file. */
struct export_step {
    uint32_t member; /* over all layers */
    uint32_t name;
    bool link;
};

/*
 * A directory is written after everything that is in it, by whatever layer: what comes later would
 * change its time again.
 */
struct export_folder {
    uint32_t name, mode, mtime_ns;
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
    const struct cprov_layers *layers;
    const struct cprov_rootfs *rootfs;
    cprov_content_fn *write;
    void *arg;
    struct export_step *steps; /* by member */
    size_t steps_count, steps_room;

    /* the second pass */
    size_t step;     /* the next one */
    uint32_t number; /* of the member that is read, over all layers */
    bool writes;     /* it is one that is written */
    bool windows;
    struct cprov_buf header, path, link;
    struct cprov_tar_pair *xattrs; /* of the member */
    struct cprov_file_content content;
    struct export_folder *folders;
    size_t folders_count, folders_room;
    struct cprov_arena arena; /* what folders have beside */
    size_t arena_used;
};

static void export_clear(struct exporting *x)
{
    free(x->steps);
    free(x->folders);
    free(x->xattrs);
    cprov_arena_clear(&x->arena);
    cprov_buf_clear(&x->header);
    cprov_buf_clear(&x->path);
    cprov_buf_clear(&x->link);
}

/* --- what is written at which member --- */

static int add_step(struct exporting *x, struct export_step step, struct cprov_error *err)
{
    if (cprov_grow(&x->steps, &x->steps_room, x->steps_count, sizeof(*x->steps), CPROV_LIST_MAX,
                   err) < 0)
        return err->code;
    x->steps[x->steps_count++] = step;
    return 0;
}

static int add_folder(struct exporting *x, const struct export_folder *folder,
                      struct cprov_error *err)
{
    if (cprov_grow(&x->folders, &x->folders_room, x->folders_count, sizeof(*x->folders),
                   CPROV_LIST_MAX, err) < 0)
        return err->code;
    x->folders[x->folders_count++] = *folder;
    return 0;
}

/* A file whose own name was replaced or hidden is written under the first that is left. */
static int plan_name(void *arg, const char *path, uint32_t name, struct cprov_error *err)
{
    struct exporting *x = arg;
    const struct cprov_rootfs_name *n = cprov_rootfs_name(x->rootfs, name);
    const struct cprov_rootfs_node *f = cprov_rootfs_node(x->rootfs, n->node);

    (void)path;
    /* A folder that no member describes comes by itself, unless it is empty. */
    if (!f->member)
        return name == CPROV_ROOTFS_ROOT || cprov_rootfs_has_names(x->rootfs, n->node)
                   ? 0
                   : add_folder(x, &(struct export_folder){ .name = name, .mode = f->mode }, err);
    if (f->name == name)
        return add_step(x, (struct export_step){ f->member, name, false }, err);
    return add_step(x, (struct export_step){ n->member, name, true }, err);
}

static int compare_steps(const void *left, const void *right)
{
    const struct export_step *a = left, *b = right;

    return a->member < b->member ? -1 : a->member > b->member;
}

static int plan_steps(struct exporting *x, struct cprov_error *err)
{
    if (plan_name(x, "", CPROV_ROOTFS_ROOT, err) < 0 ||
        cprov_rootfs_walk(x->rootfs, CPROV_ROOTFS_ROOT, true, plan_name, x, err) < 0)
        return err->code;
    if (x->steps_count > 1)
        qsort(x->steps, x->steps_count, sizeof(x->steps[0]), compare_steps);
    return 0;
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

static int keep_folder(struct exporting *x, const struct cprov_tar_entry *e, uint32_t name,
                       struct cprov_error *err)
{
    struct export_folder f = { .name = name,
                               .mode = e->mode,
                               .mtime_ns = e->mtime_ns,
                               .uid = e->uid,
                               .gid = e->gid,
                               .mtime = e->mtime_s };

    if (e->uname.len + e->gname.len + e->xattrs_count + e->pax_count > 0 &&
        keep_more(x, e, &f.more, err) < 0)
        return err->code;
    return add_folder(x, &f, err);
}

/* --- writing --- */

static int put_path(struct exporting *x, uint32_t name, struct cprov_buf *out,
                    struct cprov_error *err)
{
    cprov_buf_reset(out);
    cprov_rootfs_path(x->rootfs, name, out);
    return cprov_buf_check(out, "a name", err);
}

static int write_header(struct exporting *x, const struct cprov_tar_entry *e,
                        struct cprov_error *err)
{
    cprov_buf_reset(&x->header);
    int code = cprov_tar_format_header(e, &x->header, err);
    return code < 0 ? code
                    : cprov_content_write(x->write, x->arg, x->header.ptr, x->header.len, err);
}

/* e is a copy of the entry, which lives until its content is through. */
static int write_member(struct exporting *x, const struct cprov_tar_entry *entry,
                        struct cprov_tar_entry *e, const struct export_step *step,
                        struct cprov_error *err)
{
    const struct cprov_rootfs_name *n = cprov_rootfs_name(x->rootfs, step->name);

    if (put_path(x, step->name, &x->path, err) < 0)
        return err->code;
    e->path = cprov_buf_span(&x->path);
    if (step->link) {
        if (put_path(x, cprov_rootfs_node(x->rootfs, n->node)->name, &x->link, err) < 0)
            return err->code;
        e->link = cprov_buf_span(&x->link);
    }
    if (entry->type == CPROV_TAR_FILE && cprov_file_content_begin(&x->content, entry, err) < 0)
        return cprov_layer_wrap(e->path, err);
    x->writes = entry->type == CPROV_TAR_FILE;
    return write_header(x, e, err);
}

static int on_entry(void *arg, const struct cprov_tar_entry *entry, struct cprov_error *err)
{
    struct exporting *x = arg;
    struct cprov_tar_entry e = *entry;

    x->writes = false;
    x->number++;
    if (x->step == x->steps_count || x->steps[x->step].member != x->number)
        return 0;
    const struct export_step *step = &x->steps[x->step++];
    e.mode = cprov_layer_mode(entry, x->windows);
    if (cprov_layer_pass_attributes(&e, &x->xattrs, err) < 0)
        return err->code;
    return e.type == CPROV_TAR_DIR ? keep_folder(x, &e, step->name, err)
                                   : write_member(x, entry, &e, step, err);
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
    return code < 0 ? code
                    : cprov_content_zeroes(x->write, x->arg,
                                           cprov_tar_format_padding(x->content.entry->size), err);
}

static int write_folder(struct exporting *x, const struct export_folder *f, struct cprov_error *err)
{
    struct cprov_tar_entry e = { .type = CPROV_TAR_DIR,
                                 .mode = f->mode,
                                 .uid = f->uid,
                                 .gid = f->gid,
                                 .mtime_s = f->mtime,
                                 .mtime_ns = f->mtime_ns };

    cprov_buf_reset(&x->path);
    cprov_rootfs_path(x->rootfs, f->name, &x->path);
    cprov_buf_add_text(&x->path, f->name == CPROV_ROOTFS_ROOT ? "./" : "/");
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

    for (size_t i = 0; i < x->layers->manifest->layers_count; i++) {
        cprov_file_content_layer(&x->content, x->layers->manifest->layers[i].size);
        if (cprov_layer_read(x->layers, i, &handler, false, err) < 0)
            return err->code;
    }
    for (size_t i = 0; i < x->folders_count; i++)
        if (write_folder(x, &x->folders[i], err) < 0)
            return err->code;
    return cprov_content_zeroes(x->write, x->arg, CPROV_TAR_END_SIZE, err);
}

int cprov_files_export(const struct cprov_layers *layers, cprov_content_fn *write, void *arg,
                       struct cprov_error *err)
{
    auto_flat struct cprov_flat flat = { 0 };
    CPROV_CLEANUP(export_clear)
    struct exporting x = { .layers = layers, .write = write, .arg = arg };

    cprov_buf_init(&x.header, HEADER_MAX);
    cprov_buf_init(&x.path, CPROV_UNPACK_PATH + 1);
    cprov_buf_init(&x.link, CPROV_UNPACK_PATH);
    cprov_file_content_init(&x.content, &layers->limits, write, arg);
    if (cprov_flat_read(layers, true, &flat, err) < 0)
        return err->code;
    x.rootfs = flat.rootfs;
    x.windows = strcmp(layers->config->platform.os, "windows") == 0;
    return plan_steps(&x, err) < 0 || write_layers(&x, err) < 0 ? err->code : 0;
}
