/* tests/unit/base/deflate_test.c - what is packed is unpacked again, and packed the same way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/deflate.h"
#include "base/error.h"
#include "base/inflate.h"
#include "base/limits.h"

#define TEXT_SIZE (700 * CPROV_KIB)

static char *text; /* compressible in part, so that it comes out in several pieces */

static int add(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    (void)err;
    assert_true(len > 0 && len <= 128 * CPROV_KIB);
    cprov_buf_add(arg, data, len);
    return 0;
}

static int refuse(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    (void)arg;
    (void)data;
    (void)len;
    return cprov_fail(err, CPROV_ENOSPACE, "full");
}

static void pack(struct cprov_buf *out, const char *data, size_t len, size_t piece)
{
    auto_deflater struct cprov_deflater *d = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_buf_init(out, 2 * TEXT_SIZE);
    assert_int_equal(cprov_deflater_new(add, out, &d, &err), 0);
    for (size_t at = 0; at < len; at += piece) {
        size_t n = len - at < piece ? len - at : piece;

        assert_int_equal(cprov_deflater_update(d, data + at, n, &err), 0);
    }
    assert_int_equal(cprov_deflater_finish(d, &err), 0);
}

static void test_round_trip(void **state)
{
    static const size_t sizes[] = { 0, 1, 100, 64 * CPROV_KIB, TEXT_SIZE };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(sizes); i++) {
        auto_buf struct cprov_buf packed = { 0 }, again = { 0 }, out = { 0 };
        auto_inflater struct cprov_inflater *inflater = NULL;
        struct cprov_error err = CPROV_ERROR_INIT;

        pack(&packed, text, sizes[i], TEXT_SIZE);
        pack(&again, text, sizes[i], 777);
        assert_int_equal(packed.len, again.len); /* however it is handed over */
        assert_memory_equal(packed.ptr, again.ptr, packed.len);
        cprov_buf_init(&out, TEXT_SIZE);
        assert_int_equal(cprov_compression_of(cprov_buf_span(&packed)), CPROV_GZIP);
        assert_int_equal(cprov_inflater_new(CPROV_GZIP, add, &out, &inflater, &err), 0);
        assert_int_equal(cprov_inflater_update(inflater, packed.ptr, packed.len, &err), 0);
        assert_int_equal(cprov_inflater_finish(inflater, &err), 0);
        assert_int_equal(out.len, sizes[i]);
        if (sizes[i] > 0)
            assert_memory_equal(out.ptr, text, sizes[i]);
    }
}

/* Ten bytes that say nothing of who packed it and when. */
static void test_header(void **state)
{
    static const uint8_t header[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };
    auto_buf struct cprov_buf packed = { 0 };

    (void)state;
    pack(&packed, "x", 1, 1);
    assert_true(packed.len > sizeof(header));
    assert_memory_equal(packed.ptr, header, sizeof(header));
}

static void test_writer_fails(void **state)
{
    auto_deflater struct cprov_deflater *d = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;

    (void)state;
    assert_int_equal(cprov_deflater_new(refuse, NULL, &d, &err), 0);
    assert_int_equal(cprov_deflater_update(d, text, TEXT_SIZE, &err), CPROV_ENOSPACE);
    assert_string_equal(err.msg, "full");
    assert_int_equal(cprov_deflater_update(d, text, 1, &err), CPROV_ENOSPACE);
    assert_int_equal(cprov_deflater_finish(d, &err), CPROV_ENOSPACE);
}

static void test_nothing_follows_the_end(void **state)
{
    auto_deflater struct cprov_deflater *d = NULL;
    auto_buf struct cprov_buf out = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;

    (void)state;
    cprov_buf_init(&out, CPROV_KIB);
    assert_int_equal(cprov_deflater_new(add, &out, &d, &err), 0);
    assert_int_equal(cprov_deflater_finish(d, &err), 0);
    assert_int_equal(cprov_deflater_update(d, "x", 1, &err), CPROV_EFAIL);
}

static int make_text(void **state)
{
    (void)state;
    text = malloc(TEXT_SIZE);
    if (!text)
        return -1;
    for (size_t i = 0; i < TEXT_SIZE; i++)
        text[i] = (char)(i % 3 == 0 ? (i * 2654435761u) >> 13 : 'a' + i % 7);
    return 0;
}

static int drop_text(void **state)
{
    (void)state;
    free(text);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_writer_fails),
        cmocka_unit_test(test_nothing_follows_the_end),
    };

    return cmocka_run_group_tests(tests, make_text, drop_text);
}
