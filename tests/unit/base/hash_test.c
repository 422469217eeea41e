/* tests/unit/base/hash_test.c - known answers, base64, libraries loaded at first use. */
#include "base/hash.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/library.h"

static void hex(const uint8_t *raw, size_t len, struct cprov_buf *out)
{
    for (size_t i = 0; i < len; i++)
        cprov_buf_addf(out, "%02x", raw[i]);
}

/* FIPS 180-4, and the empty text. */
static const struct {
    enum cprov_hash_algo algo;
    const char *text;
    const char *expected;
} answers[] = {
    { CPROV_HASH_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { CPROV_HASH_SHA256, "abc",
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { CPROV_HASH_SHA384, "abc",
      "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
      "8086072ba1e7cc2358baeca134c825a7" },
    { CPROV_HASH_SHA512, "abc",
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
      "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
};

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(answers); i++) {
        auto_hasher struct cprov_hasher *h = NULL;
        auto_buf struct cprov_buf text;
        uint8_t raw[CPROV_HASH_RAW_MAX];
        size_t size = cprov_hash_size(answers[i].algo);

        cprov_buf_init(&text, 200);
        memset(raw, 0xee, sizeof(raw));
        assert_int_equal(cprov_hasher_new(answers[i].algo, &h, CPROV_IGNORED), 0);
        assert_int_equal(cprov_hasher_update(h, "lost", 4, CPROV_IGNORED), 0);
        assert_int_equal(cprov_hasher_reset(h, CPROV_IGNORED), 0);
        assert_int_equal(cprov_hasher_update(h, NULL, 0, CPROV_IGNORED), 0);
        for (const char *p = answers[i].text; *p; p++)
            assert_int_equal(cprov_hasher_update(h, p, 1, CPROV_IGNORED), 0);
        assert_int_equal(cprov_hasher_finish(h, raw, CPROV_IGNORED), 0);
        hex(raw, size, &text);
        assert_string_equal(cprov_buf_text(&text), answers[i].expected);
        for (size_t k = size; k < sizeof(raw); k++)
            assert_int_equal(raw[k], 0);
    }
    cprov_hasher_free(NULL);
}

static void *hash_in_thread(void *arg)
{
    auto_hasher struct cprov_hasher *h = NULL;
    uint8_t *raw = arg;

    if (cprov_hasher_new(CPROV_HASH_SHA512, &h, CPROV_IGNORED) < 0 ||
        cprov_hasher_update(h, "abc", 3, CPROV_IGNORED) < 0 ||
        cprov_hasher_finish(h, raw, CPROV_IGNORED) < 0)
        return NULL;
    return raw;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[8];
    uint8_t raw[8][CPROV_HASH_RAW_MAX];

    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash_in_thread, raw[i]), 0);
    for (size_t i = 0; i < 8; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        assert_non_null(result);
        assert_memory_equal(raw[i], raw[0], CPROV_HASH_RAW_MAX);
    }
}

static void test_random(void **state)
{
    (void)state;
    uint8_t a[1000] = { 0 };
    uint8_t b[1000] = { 0 };

    assert_int_equal(cprov_random(a, sizeof(a), CPROV_IGNORED), 0);
    assert_int_equal(cprov_random(b, sizeof(b), CPROV_IGNORED), 0);
    assert_memory_not_equal(a, b, sizeof(a));
    assert_int_equal(cprov_random(NULL, 0, CPROV_IGNORED), 0);
}

static const struct {
    struct cprov_span bytes;
    const char *standard;
    const char *url;
} encodings[] = {
    { { "", 0 }, "", "" },
    { { "f", 1 }, "Zg==", "Zg" },
    { { "fo", 2 }, "Zm8=", "Zm8" },
    { { "foo", 3 }, "Zm9v", "Zm9v" },
    { { "foob", 4 }, "Zm9vYg==", "Zm9vYg" },
    { { "fooba", 5 }, "Zm9vYmE=", "Zm9vYmE" },
    { { "foobar", 6 }, "Zm9vYmFy", "Zm9vYmFy" },
    { { "\0\xff\xef\xbe", 4 }, "AP/vvg==", "AP_vvg" },
    { { "\xfb\xf0", 2 }, "+/A=", "-_A" },
};

static void check_decodes(const char *text, struct cprov_span expected)
{
    auto_buf struct cprov_buf out;

    cprov_buf_init(&out, 100);
    assert_int_equal(cprov_base64_decode(cprov_span_of(text), &out, CPROV_IGNORED), 0);
    assert_true(cprov_span_equal(cprov_buf_span(&out), expected));
}

static void test_base64(void **state)
{
    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(encodings); i++) {
        auto_buf struct cprov_buf out;

        cprov_buf_init(&out, 100);
        cprov_base64_encode(&out, encodings[i].bytes);
        assert_string_equal(cprov_buf_text(&out), encodings[i].standard);
        cprov_buf_reset(&out);
        cprov_base64url_encode(&out, encodings[i].bytes);
        assert_string_equal(cprov_buf_text(&out), encodings[i].url);
        check_decodes(encodings[i].standard, encodings[i].bytes);
        check_decodes(encodings[i].url, encodings[i].bytes);
    }
}

static void test_base64_refused(void **state)
{
    (void)state;
    static const char *const cases[] = { "Z",    "Z===",    "Zg=",   "Zg===", "=",
                                         "==",   "Zm9vYg=", "Zm=v",  "Zm9 ",  "Zm9\n",
                                         "Zh==", "Zm9=",    "Zm9v=", "*m9v",  "Zm9v====" };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        auto_buf struct cprov_buf out;
        struct cprov_error err = CPROV_ERROR_INIT;

        print_message("'%s'\n", cases[i]);
        cprov_buf_init(&out, 100);
        cprov_buf_add_text(&out, "kept");
        assert_int_equal(cprov_base64_decode(cprov_span_of(cases[i]), &out, &err), CPROV_EINVAL);
        assert_string_equal(cprov_buf_text(&out), "kept");
    }
    auto_buf struct cprov_buf small;
    cprov_buf_init(&small, 2);
    assert_int_equal(cprov_base64_decode(CPROV_SPAN_LITERAL("Zm9v"), &small, CPROV_IGNORED),
                     CPROV_ELIMIT);
}

static double (*cosine)(double);
static double (*missing)(double);

static void test_library(void **state)
{
    (void)state;
    const struct cprov_library_symbol good[] = { { "cos", (void **)&cosine } };
    struct cprov_library lib = { "libm.so.6", "libc6", good, 1, NULL };

    assert_int_equal(cprov_library_load(&lib, CPROV_IGNORED), 0);
    assert_int_equal(cprov_library_load(&lib, CPROV_IGNORED), 0);
    assert_true(cosine(0) > 0.99);
}

static void test_library_missing(void **state)
{
    (void)state;
    const struct cprov_library_symbol bad[] = { { "cos", (void **)&cosine },
                                                { "no_such_function", (void **)&missing } };
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_library partial = { "libm.so.6", "libc6", bad, 2, NULL };

    assert_int_equal(cprov_library_load(&partial, &err), CPROV_EUNSUPPORTED);
    assert_null(partial.handle);
    assert_true(cosine == NULL);
    assert_non_null(strstr(err.msg, "no_such_function"));

    struct cprov_library absent = { "libnosuch.so.9", "libnosuch9", bad, 2, NULL };
    assert_int_equal(cprov_library_load(&absent, &err), CPROV_EUNSUPPORTED);
    assert_int_equal(err.hint, CPROV_HINT_INSTALL_PACKAGE);
    assert_string_equal(err.about, "libnosuch9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads), /* first, so that they race for the fetch */
        cmocka_unit_test(test_answers), cmocka_unit_test(test_random),
        cmocka_unit_test(test_base64),  cmocka_unit_test(test_base64_refused),
        cmocka_unit_test(test_library), cmocka_unit_test(test_library_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
