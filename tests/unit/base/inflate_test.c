/* tests/unit/base/inflate_test.c - every codec with the same streams, whole and in small pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/inflate_codec.h"
#include "base/limits.h"

#define TEXT_SIZE  (700 * CPROV_KIB)
#define PIECE_MAX  (128 * CPROV_KIB)
#define STREAM_MAX (16 * CPROV_MIB)

static const char *const codecs[] = { "isal", "zlib", "zstd" };
static char *text; /* of TEXT_SIZE bytes, compressible in part */

static void pack_gzip(struct cprov_buf *out, const char *data, size_t len)
{
    z_stream z = { .zalloc = Z_NULL };
    size_t room = len + len / 8 + 1024;
    char *packed = malloc(room);

    assert_non_null(packed);
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    Bytef name[] = "name", comment[] = "words";
    gz_header header = { .name = name, .comment = comment };
    deflateSetHeader(&z, &header);
    z.next_in = (Bytef *)(uintptr_t)data;
    z.avail_in = (uInt)len;
    z.next_out = (Bytef *)packed;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    cprov_buf_add(out, packed, z.total_out);
    deflateEnd(&z);
    free(packed);
}

static void pack(const char *codec, struct cprov_buf *out, const char *data, size_t len)
{
    if (strcmp(codec, "zstd") != 0) {
        pack_gzip(out, data, len);
        return;
    }
    size_t room = ZSTD_compressBound(len);
    char *packed = malloc(room);
    ZSTD_CCtx *z = ZSTD_createCCtx();

    assert_true(packed && z);
    ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
    size_t size = ZSTD_compress2(z, packed, room, data, len);
    assert_false(ZSTD_isError(size));
    cprov_buf_add(out, packed, size);
    ZSTD_freeCCtx(z);
    free(packed);
}

static int collect(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    assert_in_range(len, 1, PIECE_MAX);
    cprov_buf_add(arg, data, len);
    return cprov_buf_check(arg, "output", err);
}

/* Feeds the stream in pieces; the code of the first failure, of finish at last. */
static int unpack(const char *codec, struct cprov_span in, size_t piece, struct cprov_buf *out,
                  struct cprov_error *err)
{
    auto_inflater struct cprov_inflater *i = NULL;

    cprov_buf_init(out, STREAM_MAX);
    assert_int_equal(cprov_inflater_new_codec(codec, collect, out, &i, err), 0);
    for (size_t at = 0; at < in.len; at += piece) {
        size_t n = in.len - at < piece ? in.len - at : piece;
        int code = cprov_inflater_update(i, in.ptr + at, n, err);

        if (code != 0) {
            assert_int_equal(cprov_inflater_update(i, "", 0, CPROV_IGNORED), code);
            assert_int_equal(cprov_inflater_finish(i, CPROV_IGNORED), code);
            return code;
        }
    }
    return cprov_inflater_finish(i, err);
}

static bool missing(const char *codec)
{
    struct cprov_inflater *i = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;
    int code = cprov_inflater_new_codec(codec, collect, NULL, &i, &err);

    cprov_inflater_free(i);
    if (code != 0)
        assert_int_equal(code, CPROV_EUNSUPPORTED);
    return code != 0;
}

static void expect(const char *codec, struct cprov_span in, int code, struct cprov_span want)
{
    static const size_t pieces[] = { 1, 7, 4096, 1 << 20 };

    for (size_t p = 0; p < CPROV_COUNT(pieces); p++) {
        auto_buf struct cprov_buf out;
        struct cprov_error err = CPROV_ERROR_INIT;

        print_message("%s in %zu by %zu\n", codec, in.len, pieces[p]);
        assert_int_equal(unpack(codec, in, pieces[p], &out, &err), code);
        assert_int_equal(err.code, code);
        if (code != 0)
            continue;
        assert_int_equal(out.len, want.len);
        if (want.len > 0)
            assert_memory_equal(out.ptr, want.ptr, want.len);
    }
}

static void round_trip(void **state)
{
    static const size_t sizes[] = {
        0, 1, 1000, PIECE_MAX - 1, PIECE_MAX, PIECE_MAX + 1, TEXT_SIZE
    };

    (void)state;
    for (size_t c = 0; c < CPROV_COUNT(codecs); c++) {
        for (size_t s = 0; s < CPROV_COUNT(sizes) && !missing(codecs[c]); s++) {
            auto_buf struct cprov_buf in = { 0 };

            cprov_buf_init(&in, STREAM_MAX);
            pack(codecs[c], &in, text, sizes[s]);
            expect(codecs[c], cprov_buf_span(&in), 0, cprov_span_make(text, sizes[s]));
        }
    }
}

/* 10 MB of zeros: the output is many times the input. */
static void bomb(void **state)
{
    enum { SIZE = 10000000 };
    char *zeros = calloc(1, SIZE);

    (void)state;
    assert_non_null(zeros);
    for (size_t c = 0; c < CPROV_COUNT(codecs); c++) {
        auto_buf struct cprov_buf in = { 0 };

        if (missing(codecs[c]))
            continue;
        cprov_buf_init(&in, STREAM_MAX);
        pack(codecs[c], &in, zeros, SIZE);
        expect(codecs[c], cprov_buf_span(&in), 0, cprov_span_make(zeros, SIZE));
    }
    free(zeros);
}

static void several_members(void **state)
{
    (void)state;
    for (size_t c = 0; c < CPROV_COUNT(codecs); c++) {
        auto_buf struct cprov_buf in = { 0 };
        static const char zeros[1024];

        if (missing(codecs[c]))
            continue;
        cprov_buf_init(&in, STREAM_MAX);
        pack(codecs[c], &in, text, 300);
        pack(codecs[c], &in, "", 0);
        pack(codecs[c], &in, text + 300, 5000);
        pack(codecs[c], &in, text + 5300, PIECE_MAX);
        expect(codecs[c], cprov_buf_span(&in), 0, cprov_span_make(text, 5300 + PIECE_MAX));
        cprov_buf_add(&in, zeros, sizeof(zeros));
        expect(codecs[c], cprov_buf_span(&in), 0, cprov_span_make(text, 5300 + PIECE_MAX));
    }
}

static void garbage(void **state)
{
    static const struct {
        const char *tail;
        size_t len;
    } table[] = { { "x", 1 },        { "\0\0x", 3 }, { "\0\x1f\x8b\x08", 4 },
                  { "\x1f\x8c", 2 }, { "\x1f", 1 },  { "\x28\xb5\x2f\xfc", 4 },
                  { "\x28", 1 } };

    (void)state;
    for (size_t c = 0; c < CPROV_COUNT(codecs); c++) {
        for (size_t t = 0; t < CPROV_COUNT(table) && !missing(codecs[c]); t++) {
            auto_buf struct cprov_buf in = { 0 };

            cprov_buf_init(&in, STREAM_MAX);
            pack(codecs[c], &in, text, 1000);
            cprov_buf_add(&in, table[t].tail, table[t].len);
            expect(codecs[c], cprov_buf_span(&in), CPROV_EVERIFY, (struct cprov_span){ 0 });
        }
    }
}

static void truncated(void **state)
{
    (void)state;
    for (size_t c = 0; c < CPROV_COUNT(codecs); c++) {
        auto_buf struct cprov_buf in = { 0 };

        if (missing(codecs[c]))
            continue;
        cprov_buf_init(&in, STREAM_MAX);
        pack(codecs[c], &in, text, 400);
        for (size_t len = 0; len < in.len; len++) {
            auto_buf struct cprov_buf out;

            assert_int_equal(
                unpack(codecs[c], cprov_span_make(in.ptr, len), 1 + len / 3, &out, CPROV_IGNORED),
                CPROV_EVERIFY);
        }
    }
}

/* One bit turned: found, unless it says nothing about the content, as in the gzip header. */
static void damaged(void **state)
{
    (void)state;
    for (size_t c = 0; c < CPROV_COUNT(codecs); c++) {
        auto_buf struct cprov_buf in = { 0 };
        size_t unseen = 0;

        if (missing(codecs[c]))
            continue;
        cprov_buf_init(&in, STREAM_MAX);
        pack(codecs[c], &in, text, 3000);
        for (size_t at = 0; at < in.len * 8; at += 13) {
            auto_buf struct cprov_buf out;

            in.ptr[at / 8] = (char)(in.ptr[at / 8] ^ (1 << at % 8));
            int code = unpack(codecs[c], cprov_buf_span(&in), 100, &out, CPROV_IGNORED);
            in.ptr[at / 8] = (char)(in.ptr[at / 8] ^ (1 << at % 8));
            if (code == 0) {
                unseen++;
                assert_int_equal(out.len, 3000);
                assert_memory_equal(out.ptr, text, 3000);
            } else {
                assert_int_equal(code, CPROV_EVERIFY);
            }
        }
        assert_in_range(unseen, 0, 60);
    }
}

static void wrong_format(void **state)
{
    static const struct {
        const char *codec, *data;
        size_t len;
    } table[] = {
        { "isal", "plain text, long enough to look at", 34 },
        { "zlib", "plain text, long enough to look at", 34 },
        { "zstd", "plain text, long enough to look at", 34 },
        { "isal", "\x78\x9c\x03\x00\x00\x00\x00\x01", 8 }, /* zlib's wrapper */
        { "zlib", "\x78\x9c\x03\x00\x00\x00\x00\x01", 8 },
        { "zstd", "\x27\xb5\x2f\xfd\x00\x00\x00\x00", 8 }, /* format 0.7 */
        { "isal", "\0\0\0\0", 4 },                         /* padding of nothing */
        { "zlib", "\0\0\0\0", 4 },
        { "zstd", "\0\0\0\0", 4 },
        { "zstd", "\x28\xb5\x2f\xfd\x00\x90\x01\x00\x00", 9 }, /* a window of 256 MiB */
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(table); i++)
        if (!missing(table[i].codec))
            expect(table[i].codec, cprov_span_make(table[i].data, table[i].len), CPROV_EVERIFY,
                   (struct cprov_span){ 0 });
}

static void zstd_window(void **state)
{
    /* 0x88: 2^27 bytes; one empty raw block that is the last. */
    static const char widest[] = "\x28\xb5\x2f\xfd\x00\x88\x01\x00\x00";
    /* A skippable frame of 3 bytes comes first. */
    static const char skipped[] = "\x5a\x2a\x4d\x18\x03\x00\x00\x00"
                                  "abc\x28\xb5\x2f\xfd\x00\x58\x11\x00\x00"
                                  "hi";

    (void)state;
    expect("zstd", cprov_span_make(widest, sizeof(widest) - 1), 0, (struct cprov_span){ 0 });
    expect("zstd", cprov_span_make(skipped, sizeof(skipped) - 1), 0, CPROV_SPAN_LITERAL("hi"));
}

static void plain(void **state)
{
    (void)state;
    expect("plain", (struct cprov_span){ 0 }, 0, (struct cprov_span){ 0 });
    expect("plain", cprov_span_make(text, TEXT_SIZE), 0, cprov_span_make(text, TEXT_SIZE));
}

static int refuse(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    int *calls = arg;

    (void)data;
    (void)len;
    (*calls)++;
    return cprov_fail(err, CPROV_ENOSPACE, "full");
}

static void writer_fails(void **state)
{
    static const char *const all[] = { "plain", "isal", "zlib", "zstd" };

    (void)state;
    for (size_t c = 0; c < CPROV_COUNT(all); c++) {
        auto_buf struct cprov_buf in = { 0 };
        auto_inflater struct cprov_inflater *i = NULL;
        struct cprov_error err = CPROV_ERROR_INIT;
        int calls = 0;

        if (missing(all[c]))
            continue;
        cprov_buf_init(&in, STREAM_MAX);
        pack(all[c], &in, text, TEXT_SIZE);
        assert_int_equal(cprov_inflater_new_codec(all[c], refuse, &calls, &i, CPROV_IGNORED), 0);
        assert_int_equal(cprov_inflater_update(i, in.ptr, in.len, &err), CPROV_ENOSPACE);
        assert_string_equal(err.msg, "full");
        assert_int_equal(cprov_inflater_update(i, in.ptr, in.len, &err), CPROV_ENOSPACE);
        assert_int_equal(cprov_inflater_finish(i, &err), CPROV_ENOSPACE);
        assert_int_equal(calls, 1);
    }
}

static void kinds(void **state)
{
    static const struct {
        const char *head;
        size_t len;
        enum cprov_compression kind;
    } table[] = {
        { "", 0, CPROV_PLAIN },
        { "\x1f\x8b\x08", 3, CPROV_PLAIN },
        { "\x1f\x8b\x08\x00", 4, CPROV_GZIP },
        { "\x1f\x8b\x09\x00", 4, CPROV_PLAIN },
        { "\x28\xb5\x2f\xfd", 4, CPROV_ZSTD },
        { "\x28\xb5\x2f\xfc", 4, CPROV_PLAIN },
        { "\x50\x2a\x4d\x18", 4, CPROV_ZSTD },
        { "\x5f\x2a\x4d\x18", 4, CPROV_ZSTD },
        { "\x60\x2a\x4d\x18", 4, CPROV_PLAIN },
        { "\0\0\0\0", 4, CPROV_PLAIN },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(table); i++)
        assert_int_equal(cprov_compression_of(cprov_span_make(table[i].head, table[i].len)),
                         table[i].kind);
}

static void by_kind(void **state)
{
    static const struct {
        enum cprov_compression kind;
        const char *codec;
    } table[] = { { CPROV_PLAIN, NULL }, { CPROV_GZIP, "zlib" }, { CPROV_ZSTD, "zstd" } };
    struct cprov_inflater *none = NULL;

    (void)state;
    for (size_t k = 0; k < CPROV_COUNT(table); k++) {
        auto_buf struct cprov_buf in, out;
        auto_inflater struct cprov_inflater *i = NULL;

        cprov_buf_init(&in, STREAM_MAX);
        cprov_buf_init(&out, STREAM_MAX);
        if (table[k].codec)
            pack(table[k].codec, &in, text, 1000);
        else
            cprov_buf_add(&in, text, 1000);
        assert_int_equal(cprov_inflater_new(table[k].kind, collect, &out, &i, CPROV_IGNORED), 0);
        assert_int_equal(cprov_inflater_update(i, in.ptr, in.len, CPROV_IGNORED), 0);
        assert_int_equal(cprov_inflater_finish(i, CPROV_IGNORED), 0);
        assert_int_equal(out.len, 1000);
        assert_memory_equal(out.ptr, text, 1000);
    }
    cprov_inflater_free(none);
    assert_int_equal(cprov_inflater_new_codec("", collect, NULL, &none, CPROV_IGNORED),
                     CPROV_EUNSUPPORTED);
    assert_null(none);
}

static int make_text(void **state)
{
    uint32_t n = 1;

    (void)state;
    text = malloc(TEXT_SIZE);
    if (!text)
        return -1;
    for (size_t i = 0; i < TEXT_SIZE; i++) {
        n = n * 1664525 + 1013904223;
        text[i] = i / 5000 % 2 ? (char)(n >> 24) : "the layers of an image "[(n >> 28) + i % 4];
    }
    return 0;
}

static int free_text(void **state)
{
    (void)state;
    free(text);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds),           cmocka_unit_test(by_kind),
        cmocka_unit_test(round_trip),      cmocka_unit_test(bomb),
        cmocka_unit_test(several_members), cmocka_unit_test(garbage),
        cmocka_unit_test(truncated),       cmocka_unit_test(damaged),
        cmocka_unit_test(wrong_format),    cmocka_unit_test(zstd_window),
        cmocka_unit_test(plain),           cmocka_unit_test(writer_fails),
    };

    return cmocka_run_group_tests_name("inflate", tests, make_text, free_text);
}
