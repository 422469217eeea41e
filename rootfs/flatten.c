/* rootfs/flatten.c - layers put on each other in memory, by the rules of rootfs/rootfs.h. */
#include "rootfs/files.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "manifest/image_config.h"
#include "manifest/manifest.h"
#include "rootfs/layer_read_private.h"

void cprov_flat_clear(struct cprov_flat *f)
{
    cprov_rootfs_free(f->rootfs);
    free(f->before);
    *f = (struct cprov_flat){ 0 };
}

static int on_entry(void *arg, const struct cprov_tar_entry *entry, struct cprov_error *err)
{
    return cprov_rootfs_add(arg, entry, err);
}

int cprov_flat_read(const struct cprov_layers *layers, bool verify, struct cprov_flat *out,
                    struct cprov_error *err)
{
    auto_flat struct cprov_flat f = { 0 };
    const struct cprov_rootfs_options options = {
        .windows = strcmp(layers->config->platform.os, "windows") == 0, .limits = layers->limits
    };
    size_t count = layers->manifest->layers_count;

    f.before = calloc(count + 1, sizeof(*f.before));
    if (!f.before)
        return cprov_fail_memory(err);
    if (cprov_rootfs_new(&options, &f.rootfs, err) < 0)
        return err->code;
    const struct cprov_tar_handler handler = { on_entry, cprov_layer_pass_data,
                                               cprov_layer_pass_end, f.rootfs };
    for (size_t i = 0; i < count; i++) {
        cprov_rootfs_begin_layer(f.rootfs);
        if (cprov_layer_read(layers, i, &handler, verify, err) < 0)
            return err->code;
        f.before[i + 1] = cprov_rootfs_members(f.rootfs);
    }
    cprov_rootfs_settle(f.rootfs);
    *out = f;
    f = (struct cprov_flat){ 0 };
    return 0;
}
