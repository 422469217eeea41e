/* rootfs/file_content.c - sparse members made whole. */
#include "rootfs/file_content_private.h"

#include "base/error.h"
#include "base/limits.h"

int cprov_content_write(cprov_content_fn *write, void *arg, const void *data, size_t len,
                        struct cprov_error *err)
{
    if (write && len > 0 && write(arg, data, len) < 0)
        return cprov_fail(err, CPROV_ECANCELLED, "the output accepts no more data");
    return 0;
}

int cprov_content_zeroes(cprov_content_fn *write, void *arg, uint64_t len, struct cprov_error *err)
{
    static const char zeroes[32 * 1024];
    int code = 0;

    while (len > 0 && code == 0) {
        size_t part = len < sizeof(zeroes) ? (size_t)len : sizeof(zeroes);

        code = cprov_content_write(write, arg, zeroes, part, err);
        len -= part;
    }
    return code;
}

void cprov_file_content_init(struct cprov_file_content *c, const struct cprov_unpack_limits *limits,
                             cprov_content_fn *write, void *arg)
{
    *c = (struct cprov_file_content){ .write = write, .arg = arg, .limits = *limits };
    cprov_unpack_limits_fill(&c->limits);
}

void cprov_file_content_layer(struct cprov_file_content *c, uint64_t packed)
{
    c->packed = packed;
    c->of_layer = 0;
}

int cprov_file_content_begin(struct cprov_file_content *c, const struct cprov_tar_entry *entry,
                             struct cprov_error *err)
{
    c->entry = entry;
    c->extent = 0;
    c->at = 0;
    return cprov_unpack_count_whole(&c->limits, &c->count, c->packed, &c->of_layer, entry->size,
                                    err);
}

static int fill_to(struct cprov_file_content *c, uint64_t offset, struct cprov_error *err)
{
    uint64_t hole = offset > c->at ? offset - c->at : 0;

    c->at += hole;
    return cprov_content_zeroes(c->write, c->arg, hole, err);
}

static int write_part(struct cprov_file_content *c, const char *data, size_t len,
                      struct cprov_error *err)
{
    c->at += len;
    return cprov_content_write(c->write, c->arg, data, len, err);
}

/* As much as the extent takes; *len gets how much that was. */
static int write_extent(struct cprov_file_content *c, const char *data, size_t *len,
                        struct cprov_error *err)
{
    const struct cprov_tar_extent *x = &c->entry->extents[c->extent];
    int code = fill_to(c, x->offset, err);
    uint64_t left = x->offset + x->len - c->at;

    if (*len > left)
        *len = (size_t)left;
    if (*len == left)
        c->extent++;
    return code < 0 ? code : write_part(c, data, *len, err);
}

int cprov_file_content_data(struct cprov_file_content *c, const void *data, size_t len,
                            struct cprov_error *err)
{
    const char *p = data;
    int code = 0;

    if (!c->entry->sparse)
        return write_part(c, p, len, err);
    while (len > 0 && code == 0 && c->extent < c->entry->extents_count) {
        size_t part = len;

        code = write_extent(c, p, &part, err);
        p += part;
        len -= part;
    }
    return code;
}

int cprov_file_content_end(struct cprov_file_content *c, struct cprov_error *err)
{
    return fill_to(c, c->entry->size, err);
}
