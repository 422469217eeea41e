/* rootfs/file_read.c - the content of one file of an image. */
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "manifest/image_config.h"
#include "manifest/manifest.h"
#include "rootfs/file_content_private.h"
#include "rootfs/files.h"
#include "rootfs/glance_private.h"
#include "rootfs/layer_read_private.h"

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
static int find_in_all(const struct cprov_layers *layers, const char *path,
                       struct cprov_flat_file *out, struct cprov_error *err)
{
    auto_flat struct cprov_flat flat = { 0 };
    uint32_t name;

    if (cprov_flat_read(layers, false, &flat, err) < 0 ||
        cprov_rootfs_find(flat.rootfs, cprov_span_of(path), true, &name, err) < 0)
        return err->code;
    const struct cprov_rootfs_node *f =
        cprov_rootfs_node(flat.rootfs, cprov_rootfs_name(flat.rootfs, name)->node);
    if (f->type == CPROV_TAR_DIR) {
        cprov_fail(err, CPROV_EINVAL, "it is a folder");
        cprov_hint(err, CPROV_HINT_LIST_FILES);
        return CPROV_EINVAL;
    }
    if (f->type != CPROV_TAR_FILE)
        return cprov_fail(err, CPROV_EUNSUPPORTED, "devices and pipes have no content");
    *out = (struct cprov_flat_file){ f->layer, f->member - flat.before[f->layer] };
    return 0;
}

static int find_file(const struct cprov_layers *layers, const char *path,
                     struct cprov_flat_file *out, struct cprov_error *err)
{
    char clean[CPROV_UNPACK_PATH + 1];
    struct cprov_error ignored = CPROV_ERROR_INIT;
    bool sure = false;

    if (!strstr(path, "..") && strcmp(layers->config->platform.os, "windows") != 0 &&
        cprov_layer_clean(cprov_span_of(path), CPROV_UNPACK_PATH, clean, &ignored) == 0 &&
        (cprov_glance(layers, clean, &sure, out, err) < 0 || sure))
        return err->code;
    return find_in_all(layers, path, out, err);
}

int cprov_files_read(const struct cprov_layers *layers, const char *path, cprov_content_fn *write,
                     void *arg, struct cprov_error *err)
{
    struct extraction x = { .done = false };
    struct cprov_flat_file file = { 0 };

    if (find_file(layers, path, &file, err) < 0)
        return err->code;
    const struct cprov_tar_handler handler = { on_entry, on_data, on_end, &x };
    x.wanted = file.member;
    cprov_file_content_init(&x.content, &layers->limits, write, arg);
    cprov_file_content_layer(&x.content, layers->manifest->layers[file.layer].size);
    return cprov_layer_read(layers, file.layer, &handler, false, err) < 0 && !x.done ? err->code
                                                                                     : 0;
}
