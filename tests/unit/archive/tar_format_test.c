/* tests/unit/archive/tar_format_test.c - what is written is what the reader reads. */
#include "archive/tar_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/limits.h"

#define S(text) cprov_span_make(text, sizeof(text) - 1)
#define TEN     "0123456789"
#define FIFTY   TEN TEN TEN TEN TEN
#define HUNDRED FIFTY FIFTY

/* What the reader told of the one member. */
struct seen {
    struct cprov_tar_entry wanted;
    size_t entries;
    uint64_t bytes;
};

static void assert_span(struct cprov_span got, struct cprov_span want)
{
    if (!cprov_span_equal(got, want))
        fail_msg("'%.*s' is not '%.*s'", CPROV_SPAN_ARG(got), CPROV_SPAN_ARG(want));
}

static void assert_pairs(const struct cprov_tar_pair *got, size_t got_count,
                         const struct cprov_tar_pair *want, size_t count)
{
    assert_int_equal(got_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_span(got[i].key, want[i].key);
        assert_span(got[i].value, want[i].value);
    }
}

static int on_entry(void *arg, const struct cprov_tar_entry *e, struct cprov_error *err)
{
    struct seen *seen = arg;
    const struct cprov_tar_entry *w = &seen->wanted;
    struct cprov_span path = w->path;

    (void)err;
    seen->entries++;
    while (w->type == CPROV_TAR_DIR && path.len > 1 && path.ptr[path.len - 1] == '/')
        path.len--;
    assert_int_equal(e->type, w->type);
    assert_span(e->path, path);
    assert_span(e->link, w->link);
    assert_int_equal(e->size, w->type == CPROV_TAR_FILE ? w->size : 0);
    assert_int_equal(e->mode, w->mode);
    assert_int_equal(e->uid, w->uid);
    assert_int_equal(e->gid, w->gid);
    assert_span(e->uname, w->uname);
    assert_span(e->gname, w->gname);
    assert_int_equal(e->mtime_s, w->mtime_s);
    assert_int_equal(e->mtime_ns, w->mtime_ns);
    assert_int_equal(e->dev_major, w->dev_major);
    assert_int_equal(e->dev_minor, w->dev_minor);
    assert_pairs(e->xattrs, e->xattrs_count, w->xattrs, w->xattrs_count);
    /* What says that names are bytes is the writer's. */
    bool charset = e->pax_count > 0 && cprov_span_is(e->pax[0].key, "hdrcharset");
    assert_pairs(e->pax + charset, e->pax_count - charset, w->pax, w->pax_count);
    return 0;
}

static int on_data(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    struct seen *seen = arg;

    (void)data;
    (void)err;
    seen->bytes += len;
    return 0;
}

static int on_end(void *arg, struct cprov_error *err)
{
    (void)arg;
    (void)err;
    return 0;
}

/* Writes the entry, then reads it; returns how many bytes the header has. */
static size_t round_trip(const struct cprov_tar_entry *e)
{
    static const char content[2 * CPROV_TAR_BLOCK_SIZE];
    struct seen seen = { .wanted = *e };
    const struct cprov_tar_handler handler = { on_entry, on_data, on_end, &seen };
    struct cprov_error err = CPROV_ERROR_INIT;
    auto_tar_reader struct cprov_tar_reader *r = NULL;
    auto_buf struct cprov_buf out = { 0 };

    cprov_buf_init(&out, 4 * CPROV_MIB);
    assert_int_equal(cprov_tar_format_header(e, &out, &err), 0);
    assert_int_equal(out.len % CPROV_TAR_BLOCK_SIZE, 0);
    assert_int_equal(cprov_tar_reader_new(&handler, &r, &err), 0);
    if (cprov_tar_reader_update(r, out.ptr, out.len, &err) != 0)
        fail_msg("%s", err.msg);
    assert_int_equal(seen.entries, 1);
    if (e->type == CPROV_TAR_FILE && e->size <= CPROV_TAR_BLOCK_SIZE) {
        size_t len = (size_t)e->size + cprov_tar_format_padding(e->size);

        assert_int_equal(cprov_tar_reader_update(r, content, len, &err), 0);
        assert_int_equal(seen.bytes, e->size);
        assert_int_equal(cprov_tar_reader_finish(r, &err), 0);
    }
    return out.len;
}

static void every_type(void **state)
{
    struct cprov_tar_entry e = { .path = S("a"), .mode = 07777, .uid = 1, .gid = 2 };

    (void)state;
    for (int type = CPROV_TAR_FILE; type <= CPROV_TAR_FIFO; type++) {
        bool link = type == CPROV_TAR_HARDLINK || type == CPROV_TAR_SYMLINK;
        bool device = type == CPROV_TAR_CHAR_DEVICE || type == CPROV_TAR_BLOCK_DEVICE;

        e.type = (enum cprov_tar_type)type;
        e.link = link ? S("to") : S("");
        e.dev_major = device ? 0777777 : 0;
        e.dev_minor = device ? 07777777 : 0;
        assert_int_equal(round_trip(&e), CPROV_TAR_BLOCK_SIZE);
    }
}

static void names_of_any_length(void **state)
{
    const struct {
        struct cprov_span path;
        size_t header;
    } cases[] = {
        { S("a"), 512 },
        { S("dir/"), 512 },
        { S(HUNDRED), 512 },
        { S(HUNDRED "x"), 1536 },
        { S("d/" HUNDRED), 512 },
        { S(HUNDRED FIFTY "abcde/" HUNDRED), 512 },
        { S(HUNDRED FIFTY "abcdef/" HUNDRED), 1536 },
        { S(FIFTY "/" FIFTY "/"), 512 },
        { S(HUNDRED "/"), 1536 },
        { S("\xff\xfe"), 512 },
        { S(HUNDRED "\xff"), 1536 },
        { S("d\xc3\xbc\n="), 512 },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_tar_entry e = { .type = CPROV_TAR_FILE, .path = cases[i].path };

        print_message("%zu: %zu bytes\n", i, e.path.len);
        if (cprov_span_ends_with(e.path, "/"))
            e.type = CPROV_TAR_DIR;
        assert_int_equal(round_trip(&e), cases[i].header);
        e.type = CPROV_TAR_SYMLINK;
        e.path = S("link");
        e.link = cases[i].path;
        assert_int_equal(round_trip(&e), e.link.len > 100 ? 1536 : 512);
    }
}

static void numbers_of_any_size(void **state)
{
    const struct {
        uint64_t size, uid;
        int64_t mtime;
        uint32_t ns;
        bool pax;
    } cases[] = {
        { 0, 0, 0, 0, false },
        { 512, 07777777, 077777777777, 0, false },
        { 077777777777, 1, 1, 0, false },
        { 0100000000000, 1, 1, 0, true },
        { UINT64_C(1) << 43, 010000000, 1, 0, true },
        { 1, UINT32_MAX, 0100000000000, 0, true },
        { 1, 1, -1, 0, true },
        { 1, 1, -1, 500000000, true },
        { 1, 1, -2, 1, true },
        { 1, 1, 5, 1, true },
        { 1, 1, 5, 999999999, true },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        const struct cprov_tar_entry e = { .type = CPROV_TAR_FILE,
                                           .path = S("f"),
                                           .size = cases[i].size,
                                           .uid = cases[i].uid,
                                           .gid = cases[i].uid,
                                           .mtime_s = cases[i].mtime,
                                           .mtime_ns = cases[i].ns };

        print_message("%zu\n", i);
        assert_int_equal(round_trip(&e), cases[i].pax ? 1536 : 512);
    }
}

static void attributes(void **state)
{
    const struct cprov_tar_pair xattrs[] = { { S("user.a"), S("1") },
                                             { S("security.capability"), S("\0\1\0") },
                                             { S("user.empty"), S("") } };
    const struct cprov_tar_pair pax[] = { { S("MSWINDOWS.fileattr"), S("32") } };
    const struct cprov_tar_entry e = {
        .type = CPROV_TAR_FILE,
        .path = S("f"),
        .uname = S("somebody"),
        .gname = S(FIFTY),
        .xattrs = xattrs,
        .xattrs_count = CPROV_COUNT(xattrs),
        .pax = pax,
        .pax_count = CPROV_COUNT(pax),
    };

    (void)state;
    round_trip(&e);
}

static void refused(void **state)
{
    const struct cprov_tar_entry cases[] = {
        { .type = CPROV_TAR_FILE, .path = S("") },
        { .type = CPROV_TAR_CHAR_DEVICE, .path = S("d"), .dev_major = 010000000 },
        { .type = CPROV_TAR_CHAR_DEVICE, .path = S("d"), .dev_minor = UINT32_MAX },
    };
    struct cprov_error err = CPROV_ERROR_INIT;
    auto_buf struct cprov_buf out = { 0 };

    (void)state;
    cprov_buf_init(&out, CPROV_MIB);
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        assert_int_equal(cprov_tar_format_header(&cases[i], &out, &err), CPROV_EINVAL);
        assert_int_equal(out.len, 0);
    }
    struct cprov_buf tiny = { 0 };
    const struct cprov_tar_entry e = { .type = CPROV_TAR_FILE, .path = S("f") };
    cprov_buf_init(&tiny, CPROV_TAR_BLOCK_SIZE - 1);
    assert_int_equal(cprov_tar_format_header(&e, &tiny, &err), CPROV_ELIMIT);
    cprov_buf_clear(&tiny);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type),
        cmocka_unit_test(names_of_any_length),
        cmocka_unit_test(numbers_of_any_size),
        cmocka_unit_test(attributes),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
