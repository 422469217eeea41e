/* tests/unit/archive/tar_reader_test.c - every form of a header, cut at every byte. */
#include "archive/tar_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "tests/unit/store/tarball.h"

/* What the reader told, as text: a line for each member. */
struct told {
    struct cprov_buf text;
    struct cprov_buf data;
};

static int on_entry(void *arg, const struct cprov_tar_entry *e, struct cprov_error *err)
{
    struct told *t = arg;

    (void)err;
    cprov_buf_addf(&t->text, "%d %" CPROV_SPAN_FMT, (int)e->type, CPROV_SPAN_ARG(e->path));
    if (e->link.len > 0)
        cprov_buf_addf(&t->text, " -> %s", e->link.ptr);
    cprov_buf_addf(&t->text, " %o %llu:%llu %llu %lld.%09u", e->mode, (unsigned long long)e->uid,
                   (unsigned long long)e->gid, (unsigned long long)e->size, (long long)e->mtime_s,
                   e->mtime_ns);
    if (e->dev_major || e->dev_minor)
        cprov_buf_addf(&t->text, " %u,%u", e->dev_major, e->dev_minor);
    for (size_t i = 0; i < e->xattrs_count; i++)
        cprov_buf_addf(&t->text, " @%" CPROV_SPAN_FMT "=%" CPROV_SPAN_FMT,
                       CPROV_SPAN_ARG(e->xattrs[i].key), CPROV_SPAN_ARG(e->xattrs[i].value));
    for (size_t i = 0; i < e->pax_count; i++)
        cprov_buf_addf(&t->text, " +%" CPROV_SPAN_FMT "=%" CPROV_SPAN_FMT,
                       CPROV_SPAN_ARG(e->pax[i].key), CPROV_SPAN_ARG(e->pax[i].value));
    for (size_t i = 0; i < e->extents_count; i++)
        cprov_buf_addf(&t->text, " [%llu+%llu]", (unsigned long long)e->extents[i].offset,
                       (unsigned long long)e->extents[i].len);
    cprov_buf_reset(&t->data);
    return 0;
}

static int on_data(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    struct told *t = arg;

    (void)err;
    cprov_buf_add(&t->data, data, len);
    return 0;
}

static int on_end(void *arg, struct cprov_error *err)
{
    struct told *t = arg;

    (void)err;
    if (t->data.len > 0)
        cprov_buf_addf(&t->text, " \"%s\"", t->data.ptr);
    cprov_buf_add_char(&t->text, '\n');
    return 0;
}

/* Reads the archive in pieces; the code, and what was told. */
static int read_in_pieces(const struct cprov_buf *tar, size_t piece, struct told *t)
{
    const struct cprov_tar_handler handler = { on_entry, on_data, on_end, t };
    auto_tar_reader struct cprov_tar_reader *r = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_buf_init(&t->text, CPROV_MIB);
    cprov_buf_init(&t->data, CPROV_MIB);
    int code = cprov_tar_reader_new(&handler, &r, &err);
    for (size_t at = 0; code == 0 && at < tar->len; at += piece) {
        /* As long as the piece, so that a read past it is seen. */
        size_t len = tar->len - at < piece ? tar->len - at : piece;
        char *copy = malloc(len);
        memcpy(copy, tar->ptr + at, len);
        code = cprov_tar_reader_update(r, copy, len, &err);
        free(copy);
    }
    if (code == 0)
        code = cprov_tar_reader_finish(r, &err);
    assert_int_equal(code, err.code);
    cprov_buf_clear(&t->data);
    return code;
}

/* Every way to cut it must tell the same. */
static void check(const struct cprov_buf *tar, int want, const char *lines)
{
    static const size_t pieces[] = { 1, 7, 511, 512, 513, 1000000 };

    for (size_t i = 0; i < CPROV_COUNT(pieces); i++) {
        struct told t;
        int code = read_in_pieces(tar, pieces[i], &t);

        if (code != want || (lines && strcmp(cprov_buf_text(&t.text), lines) != 0))
            print_error("pieces of %zu: %d\n%s", pieces[i], code, cprov_buf_text(&t.text));
        assert_int_equal(code, want);
        if (lines)
            assert_string_equal(cprov_buf_text(&t.text), lines);
        cprov_buf_clear(&t.text);
    }
}

static void reads_members(void **state)
{
    struct cprov_buf tar;

    (void)state;
    cprov_buf_init(&tar, TARBALL_MAX);
    check(&tar, 0, ""); /* nothing is an archive of nothing */
    add_member(&tar, (struct member){ .type = '5', .name = "a//", .mode = 01777 });
    add_member(&tar, (struct member){ .name = "a/f", .content = "hello", .uid = 7, .gid = 8 });
    add_member(&tar, (struct member){ .type = '1', .name = "a/h", .link = "a/f", .size = 5 });
    add_member(&tar, (struct member){ .type = '2', .name = "s", .link = "/x" });
    add_member(&tar, (struct member){ .type = '3', .name = "c", .major = 1, .minor = 3 });
    add_member(&tar, (struct member){ .type = '4', .name = "b", .major = 8, .minor = 1 });
    add_member(&tar, (struct member){ .type = '6', .name = "p" });
    add_member(&tar, (struct member){ .type = '7', .name = "g", .prefix = "a/b", .content = "x" });
    static const char want[] = "5 a 1777 0:0 0 1000000000.000000000\n"
                               "0 a/f 644 7:8 5 1000000000.000000000 \"hello\"\n"
                               "1 a/h -> a/f 644 0:0 0 1000000000.000000000\n"
                               "2 s -> /x 644 0:0 0 1000000000.000000000\n"
                               "3 c 644 0:0 0 1000000000.000000000 1,3\n"
                               "4 b 644 0:0 0 1000000000.000000000 8,1\n"
                               "6 p 644 0:0 0 1000000000.000000000\n"
                               "0 a/b/g 644 0:0 1 1000000000.000000000 \"x\"\n";
    check(&tar, 0, want); /* the end may be missing */
    add_end(&tar);
    cprov_buf_add_text(&tar, "anything");
    check(&tar, 0, want);
    cprov_buf_clear(&tar);
}

static void reads_old_headers(void **state)
{
    struct cprov_buf tar;
    char block[512];

    (void)state;
    cprov_buf_init(&tar, TARBALL_MAX);
    make_header(&(struct member){ .name = "dir/", .magic = "v7", .prefix = "no" }, block);
    block[156] = '\0';
    seal(block);
    cprov_buf_add(&tar, block, sizeof(block));
    make_header(&(struct member){ .name = "signed\xff\xfe", .magic = "v7" }, block);
    memset(block + 148, ' ', 8); /* the sum that early programs made */
    int sum = 0;
    for (int i = 0; i < 512; i++)
        sum += (signed char)block[i];
    octal(block + 148, 7, (uint64_t)sum);
    cprov_buf_add(&tar, block, sizeof(block));
    add_member(&tar, (struct member){ .type = 'V', .name = "volume" });
    add_member(&tar, (struct member){ .type = 'N', .name = "names", .content = "a b" });
    add_member(&tar, (struct member){ .type = 'D', .name = "dump", .content = "Yfile" });
    add_member(&tar, (struct member){ .type = 'Z', .name = "unknown" });
    add_member(&tar, (struct member){ .name = "last" });
    check(&tar, 0,
          "5 dir 644 0:0 0 1000000000.000000000\n"
          "0 signed\xff\xfe 644 0:0 0 1000000000.000000000\n"
          "5 dump 644 0:0 0 1000000000.000000000\n"
          "0 last 644 0:0 0 1000000000.000000000\n");
    cprov_buf_clear(&tar);
}

static void reads_base_256(void **state)
{
    struct cprov_buf tar;
    char block[512];

    (void)state;
    cprov_buf_init(&tar, TARBALL_MAX);
    make_header(&(struct member){ .name = "f", .magic = "gnu" }, block);
    memcpy(block + 108, "\x80\0\0\0\x7f\xff\xff\xfe", 8);
    memcpy(block + 136, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12);
    seal(block);
    cprov_buf_add(&tar, block, sizeof(block));
    check(&tar, 0, "0 f 644 2147483646:0 0 -2.000000000\n");

    memcpy(tar.ptr + 108, "\xff\xff\xff\xff\xff\xff\xff\xff", 8); /* an owner of -1 */
    seal(tar.ptr);
    check(&tar, CPROV_EVERIFY, "");
    memcpy(tar.ptr + 108, "0000000", 8);
    memcpy(tar.ptr + 124, "\x80\0\0\1\0\0\0\0\0\0\0\0", 12); /* a size of 2^64 */
    seal(tar.ptr);
    check(&tar, CPROV_EVERIFY, "");
    cprov_buf_clear(&tar);
}

static void long_names(void **state)
{
    struct cprov_buf tar;

    (void)state;
    cprov_buf_init(&tar, TARBALL_MAX);
    add_body(&tar, 'L', "long/name\0junk", 15);
    add_body(&tar, 'K', "long/target", 11);
    add_member(&tar, (struct member){ .type = '2', .name = "short", .link = "x" });
    add_pax(&tar, "path", "from/pax");
    add_body(&tar, 'L', "from/gnu", 9);
    add_member(&tar, (struct member){ .name = "short" });
    add_member(&tar, (struct member){ .name = "plain" });
    check(&tar, 0,
          "2 long/name -> long/target 644 0:0 0 1000000000.000000000\n"
          "0 from/gnu 644 0:0 0 1000000000.000000000\n"
          "0 plain 644 0:0 0 1000000000.000000000\n");
    add_body(&tar, 'L', "of nothing", 10);
    check(&tar, CPROV_EVERIFY, NULL);
    cprov_buf_clear(&tar);
}

static void pax_records(void **state)
{
    struct cprov_buf tar, pax;
    static const struct {
        const char *key, *value;
    } records[] = { { "path", "p/q\n=r" },
                    { "uid", "4000000000" },
                    { "gid", "5" },
                    { "size", "3" },
                    { "mtime", "-1.25" },
                    { "comment", "first" },
                    { "comment", "second" },
                    { "LIBARCHIVE.xattr.user.b%3dc", "aGk" },
                    { "LIBARCHIVE.xattr.user.a", "bm8" },
                    { "SCHILY.xattr.user.a", "yes" },
                    { "linkpath", "" } };

    (void)state;
    cprov_buf_init(&tar, TARBALL_MAX);
    cprov_buf_init(&pax, TARBALL_MAX);
    for (size_t i = 0; i < CPROV_COUNT(records); i++)
        add_record(&pax, records[i].key, records[i].value, strlen(records[i].value));
    add_pax(&tar, "path", "replaced by the next header");
    add_body(&tar, 'x', pax.ptr, pax.len);
    add_member(&tar, (struct member){ .name = "n", .content = "abc", .size = 99 });
    add_body(&tar, 'g', "12 path=all\n", 12);
    add_member(&tar, (struct member){ .name = "m" });
    check(&tar, 0,
          "0 p/q\n=r 644 4000000000:5 3 -2.750000000 @user.b=c=hi @user.a=yes +comment=second "
          "\"abc\"\n"
          "0 m 644 0:0 0 1000000000.000000000\n");
    cprov_buf_clear(&tar);
    cprov_buf_clear(&pax);
}

static void bad_records(void **state)
{
    const struct cprov_span texts[] = {
        CPROV_SPAN_LITERAL("x"),
        CPROV_SPAN_LITERAL("5 a=\n5 "),
        CPROV_SPAN_LITERAL("11 path=ab\n3"),
        CPROV_SPAN_LITERAL("11 path=abc\n"),
        CPROV_SPAN_LITERAL("13 path=abc\n"),
        CPROV_SPAN_LITERAL("0 path=a\n"),
        CPROV_SPAN_LITERAL("-9 path=a\n"),
        CPROV_SPAN_LITERAL("99999999999999999999999 path=a\n"),
        CPROV_SPAN_LITERAL("7 path\n"),
        CPROV_SPAN_LITERAL("5 =a\n"),
        CPROV_SPAN_LITERAL("12 path=a\0b\n"),
        CPROV_SPAN_LITERAL("9 size=x\n"),
        CPROV_SPAN_LITERAL("10 size=-1\n"),
        CPROV_SPAN_LITERAL("28 size=9223372036854775808\n"),
        CPROV_SPAN_LITERAL("12 mtime=1x\n"),
        CPROV_SPAN_LITERAL("14 mtime=1.2z\n"),
        CPROV_SPAN_LITERAL("28 LIBARCHIVE.xattr.user.a=*\n"),
        CPROV_SPAN_LITERAL("22 GNU.sparse.size=ab\n"),
        CPROV_SPAN_LITERAL("26 GNU.sparse.numbytes=12\n"),
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(texts); i++) {
        struct cprov_buf tar;

        cprov_buf_init(&tar, TARBALL_MAX);
        add_body(&tar, 'x', texts[i].ptr, texts[i].len);
        add_member(&tar, (struct member){ .name = "f" });
        print_message("%" CPROV_SPAN_FMT "\n", CPROV_SPAN_ARG(texts[i]));
        check(&tar, CPROV_EVERIFY, "");
        cprov_buf_clear(&tar);
    }
}

static void caps(void **state)
{
    struct cprov_buf tar, pax;

    (void)state;
    cprov_buf_init(&tar, TARBALL_MAX);
    cprov_buf_init(&pax, TARBALL_MAX);
    for (int i = 0; i <= CPROV_TAR_RECORDS_MAX; i++)
        add_record(&pax, "a", "", 0);
    add_body(&tar, 'x', pax.ptr, pax.len);
    add_member(&tar, (struct member){ .name = "f" });
    check(&tar, CPROV_ELIMIT, "");
    cprov_buf_reset(&tar);
    add_member(&tar, (struct member){ .type = 'x', .name = "f", .size = CPROV_TAR_HEADER_MAX + 1 });
    check(&tar, CPROV_ELIMIT, "");
    cprov_buf_reset(&tar);
    add_member(&tar, (struct member){ .type = 'L', .name = "f", .size = CPROV_TAR_HEADER_MAX + 1 });
    check(&tar, CPROV_ELIMIT, "");
    cprov_buf_clear(&tar);
    cprov_buf_clear(&pax);
}

static void damaged(void **state)
{
    struct cprov_buf tar;

    (void)state;
    cprov_buf_init(&tar, TARBALL_MAX);
    add_member(&tar, (struct member){ .name = "f", .content = "hello" });
    size_t whole = tar.len;
    for (size_t cut = 1; cut < 512 + 5; cut += 3) {
        tar.len = cut;
        check(&tar, CPROV_EVERIFY, NULL);
    }
    tar.len = 512 + 5; /* only padding is missing */
    check(&tar, 0, "0 f 644 0:0 5 1000000000.000000000 \"hello\"\n");
    tar.len = whole;
    tar.ptr[0] ^= 1;
    check(&tar, CPROV_EVERIFY, "");
    tar.ptr[0] ^= 1;
    cprov_buf_reset(&tar);
    add_member(&tar, (struct member){ .type = 'Q', .name = "f", .content = "hello" });
    check(&tar, CPROV_EVERIFY, "");
    cprov_buf_reset(&tar);
    cprov_buf_add(&tar, (char[512]){ 0 }, 512); /* a hole in the middle */
    add_member(&tar, (struct member){ .name = "f" });
    check(&tar, CPROV_EVERIFY, "");
    cprov_buf_clear(&tar);
}

/* An old GNU header with extents of 512 bytes, each after a hole of as many. */
static void add_old_sparse(struct cprov_buf *tar, unsigned extents, uint64_t size)
{
    char block[512];
    unsigned i = 0;

    make_header(&(struct member){ .type = 'S', .name = "s", .magic = "gnu", .size = extents * 512 },
                block);
    for (; i < extents && i < 4; i++) {
        octal(block + 386 + i * 24, 12, (2 * i + 1) * 512);
        octal(block + 386 + i * 24 + 12, 12, 512);
    }
    block[482] = i < extents;
    octal(block + 483, 12, size);
    seal(block);
    cprov_buf_add(tar, block, sizeof(block));
    while (i < extents) {
        memset(block, 0, sizeof(block));
        for (unsigned n = 0; i < extents && n < 21; n++, i++) {
            octal(block + n * 24, 12, (2 * i + 1) * 512);
            octal(block + n * 24 + 12, 12, 512);
        }
        block[504] = i < extents;
        cprov_buf_add(tar, block, sizeof(block));
    }
    memset(block, 'd', sizeof(block));
    for (i = 0; i < extents; i++)
        cprov_buf_add(tar, block, sizeof(block));
}

static void old_sparse(void **state)
{
    struct cprov_buf tar;

    (void)state;
    for (unsigned extents = 0; extents < 60; extents += 5) {
        struct told t;

        cprov_buf_init(&tar, TARBALL_MAX);
        add_old_sparse(&tar, extents, 1 << 20);
        add_member(&tar, (struct member){ .name = "after" });
        check(&tar, 0, NULL);
        assert_int_equal(read_in_pieces(&tar, 512, &t), 0);
        size_t runs = 0;
        for (const char *p = t.text.ptr; (p = strstr(p, "+512]")); p++)
            runs++;
        assert_int_equal(runs, extents);
        assert_non_null(strstr(t.text.ptr, "\n0 after 644"));
        cprov_buf_clear(&t.text);
        cprov_buf_clear(&tar);
    }
    cprov_buf_init(&tar, TARBALL_MAX);
    add_old_sparse(&tar, 3, 5 * 512); /* the last one is past the end */
    check(&tar, CPROV_EVERIFY, "");
    cprov_buf_clear(&tar);
}

static void add_sparse(struct cprov_buf *tar, const char *const records[], const char *content)
{
    struct cprov_buf pax;

    cprov_buf_init(&pax, TARBALL_MAX);
    for (size_t i = 0; records[i]; i += 2)
        add_record(&pax, records[i], records[i + 1], strlen(records[i + 1]));
    add_body(tar, 'x', pax.ptr, pax.len);
    add_member(tar, (struct member){ .name = "GNUSparseFile.1/s", .content = content });
    cprov_buf_clear(&pax);
}

static void pax_sparse(void **state)
{
    static const char *const v00[] = { "GNU.sparse.size",
                                       "9",
                                       "GNU.sparse.numblocks",
                                       "2",
                                       "GNU.sparse.offset",
                                       "1",
                                       "GNU.sparse.numbytes",
                                       "2",
                                       "GNU.sparse.offset",
                                       "7",
                                       "GNU.sparse.numbytes",
                                       "1",
                                       "path",
                                       "s",
                                       NULL };
    static const char *const v01[] = {
        "GNU.sparse.size", "9", "GNU.sparse.name", "s", "GNU.sparse.map", "1,2,7,1", NULL
    };
    static const char *const v10[] = { "GNU.sparse.major",
                                       "1",
                                       "GNU.sparse.minor",
                                       "0",
                                       "GNU.sparse.name",
                                       "s",
                                       "GNU.sparse.realsize",
                                       "9",
                                       NULL };
    static const char want[] = "0 s 644 0:0 9 1000000000.000000000 [1+2] [7+1] \"abc\"\n";
    struct cprov_buf tar;
    char map[512 + 4];

    (void)state;
    cprov_buf_init(&tar, TARBALL_MAX);
    add_sparse(&tar, v00, "abc");
    check(&tar, 0, want);
    cprov_buf_reset(&tar);
    add_sparse(&tar, v01, "abc");
    check(&tar, 0, want);
    cprov_buf_reset(&tar);
    memset(map, ' ', sizeof(map)); /* what fills the block is not looked at */
    memcpy(map, "2\n1\n2\n7\n1\n", 10);
    memcpy(map + 512, "abc", 4);
    add_sparse(&tar, v10, map);
    check(&tar, 0, want);
    cprov_buf_clear(&tar);
}

static void bad_sparse(void **state)
{
    static const char *const maps[] = {
        "1,2,7",        "1,2,7,2",       "7,1,1,2",   "1,3,4,0",
        "1,2,8,2",      "x,2,7,1",       "1,2,7,1,9", "0,18446744073709551615,1,3",
        "1,2,9999,0,7", "1,2,7,1,8,-1",  "10,3",      "18446744073709551615,3",
        "1,3,4,1,9,0",  "1,2,2,1,10,0,",
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(maps); i++) {
        const char *const records[] = { "GNU.sparse.size", "9", "GNU.sparse.map", maps[i], NULL };
        struct cprov_buf tar;

        cprov_buf_init(&tar, TARBALL_MAX);
        add_sparse(&tar, records, "abc");
        print_message("%s\n", maps[i]);
        if (i != 3) /* an extent of nothing is fine */
            check(&tar, CPROV_EVERIFY, "");
        else
            check(&tar, 0, NULL);
        cprov_buf_clear(&tar);
    }
}

static void callbacks_stop_it(void **state)
{
    struct cprov_buf tar;
    struct told t;

    (void)state;
    cprov_buf_init(&tar, TARBALL_MAX);
    add_member(&tar, (struct member){ .name = "f", .content = "hello" });
    cprov_buf_init(&t.text, CPROV_MIB);
    cprov_buf_init(&t.data, CPROV_MIB);
    const struct cprov_tar_handler handler = { on_entry, on_data, on_end, &t };
    auto_tar_reader struct cprov_tar_reader *r = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;
    assert_int_equal(cprov_tar_reader_new(&handler, &r, &err), 0);
    tar.ptr[0] ^= 1;
    assert_int_equal(cprov_tar_reader_update(r, tar.ptr, tar.len, &err), CPROV_EVERIFY);
    tar.ptr[0] ^= 1; /* once failed, for ever */
    assert_int_equal(cprov_tar_reader_update(r, tar.ptr, tar.len, &err), CPROV_EVERIFY);
    assert_int_equal(cprov_tar_reader_finish(r, &err), CPROV_EVERIFY);
    assert_int_equal(t.text.len, 0);
    cprov_tar_reader_free(NULL);
    cprov_buf_clear(&t.text);
    cprov_buf_clear(&t.data);
    cprov_buf_clear(&tar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_members),  cmocka_unit_test(reads_old_headers),
        cmocka_unit_test(reads_base_256), cmocka_unit_test(long_names),
        cmocka_unit_test(pax_records),    cmocka_unit_test(bad_records),
        cmocka_unit_test(caps),           cmocka_unit_test(damaged),
        cmocka_unit_test(old_sparse),     cmocka_unit_test(pax_sparse),
        cmocka_unit_test(bad_sparse),     cmocka_unit_test(callbacks_stop_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
