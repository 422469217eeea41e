/* Any bytes as a tar stream end in members or an error, and a stream that is cut into other pieces
 * tells the same. */
#include "archive/tar_reader.h"
#include "base/error.h"
#include "fuzz.h"

/* What was told, as a sum. */
struct told {
    uint64_t sum;
    uint64_t expect; /* content that is to come */
    const struct cprov_tar_entry *entry;
};

static void mix(struct told *t, const void *data, size_t len)
{
    const unsigned char *p = data;

    for (size_t i = 0; i < len; i++)
        t->sum = (t->sum ^ p[i]) * 0x100000001b3u;
}

static void mix_pairs(struct told *t, const struct cprov_tar_pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mix(t, pairs[i].key.ptr, pairs[i].key.len);
        mix(t, pairs[i].value.ptr, pairs[i].value.len);
    }
}

static int on_entry(void *arg, const struct cprov_tar_entry *e, struct cprov_error *err)
{
    struct told *t = arg;
    uint64_t end = 0;

    (void)err;
    FUZZ_CHECK(!t->entry && e->mtime_ns < 1000000000 && e->mode <= 07777);
    FUZZ_CHECK(e->link.ptr && e->link.ptr[e->link.len] == '\0');
    t->entry = e;
    t->expect = e->sparse ? 0 : e->size;
    for (size_t i = 0; i < e->extents_count; i++) {
        FUZZ_CHECK(e->sparse && e->extents[i].offset >= end);
        end = e->extents[i].offset + e->extents[i].len;
        FUZZ_CHECK(end >= e->extents[i].offset && end <= e->size);
        t->expect += e->extents[i].len;
    }
    FUZZ_CHECK(e->type == CPROV_TAR_FILE || t->expect == 0);
    mix(t, &e->type, sizeof(e->type));
    mix(t, e->path.ptr, e->path.len);
    mix(t, e->link.ptr, e->link.len);
    mix(t, &e->size, sizeof(e->size));
    mix_pairs(t, e->xattrs, e->xattrs_count);
    mix_pairs(t, e->pax, e->pax_count);
    return 0;
}

static int on_data(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    struct told *t = arg;

    (void)err;
    FUZZ_CHECK(t->entry && len > 0 && len <= t->expect);
    t->expect -= len;
    mix(t, data, len);
    return 0;
}

static int on_end(void *arg, struct cprov_error *err)
{
    struct told *t = arg;

    (void)err;
    FUZZ_CHECK(t->entry && t->expect == 0);
    mix(t, t->entry->path.ptr, t->entry->path.len); /* borrowed until now */
    t->entry = NULL;
    return 0;
}

static int read_in_pieces(const uint8_t *data, size_t size, size_t piece, struct told *t)
{
    const struct cprov_tar_handler handler = { on_entry, on_data, on_end, t };
    auto_tar_reader struct cprov_tar_reader *r = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;
    int code = cprov_tar_reader_new(&handler, &r, &err);

    for (size_t at = 0; code == 0 && at < size; at += piece)
        code = cprov_tar_reader_update(r, data + at, size - at < piece ? size - at : piece, &err);
    if (code == 0)
        code = cprov_tar_reader_finish(r, &err);
    FUZZ_CHECK(code == err.code);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct told whole = { .sum = 0 }, cut = { .sum = 0 };
    size_t piece = size > 0 ? (size_t)data[size - 1] * 7 + 1 : 1;

    int code = read_in_pieces(data, size, size + 1, &whole);
    FUZZ_CHECK(read_in_pieces(data, size, piece, &cut) == code);
    FUZZ_CHECK(cut.sum == whole.sum || code != 0);
    return 0;
}
