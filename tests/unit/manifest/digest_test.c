/* tests/unit/manifest/digest_test.c - digests as text and as values; the header included twice. */
#include "manifest/digest.h"

#include "base/error.h"
#include "unit.h"

#define ZEROS "00000000000000000000000000000000000000000000000000000000000000"

static void test_round_trip(void **state)
{
    static const struct {
        const char *text;
        enum cprov_digest_algo algo;
    } cases[] = {
        { SHA256_EMPTY, CPROV_SHA256 },
        { SHA512_EMPTY, CPROV_SHA512 },
        { "sha256:" ZEROS "00", CPROV_SHA256 },
        { "sha256:" ZEROS "01", CPROV_SHA256 },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_digest d;
        char buf[CPROV_DIGEST_TEXT_MAX];

        print_message("%s\n", cases[i].text);
        assert_int_equal(cprov_digest_parse(cprov_span_of(cases[i].text), &d, CPROV_IGNORED), 0);
        assert_int_equal(d.algo, cases[i].algo);
        assert_string_equal(cprov_digest_format(&d, buf), cases[i].text);
        assert_string_equal(cprov_digest_hex(&d, buf), cases[i].text + strlen("sha256:"));
        assert_int_equal(strncmp(cprov_digest_algo_name(d.algo), cases[i].text, 6), 0);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *text;
        int code;
    } cases[] = {
        { "", CPROV_EINVAL },
        { ":", CPROV_EUNSUPPORTED },
        { "sha256", CPROV_EINVAL },
        { "sha256:", CPROV_EINVAL },
        { "sha256:" ZEROS "0", CPROV_EINVAL },
        { "sha256:" ZEROS "000", CPROV_EINVAL },
        { "sha256:" ZEROS "0A", CPROV_EINVAL },
        { "sha256:" ZEROS "0g", CPROV_EINVAL },
        { "sha256:" ZEROS "0 ", CPROV_EINVAL },
        { "sha512:" ZEROS "00", CPROV_EINVAL },
        { "SHA256:" ZEROS "00", CPROV_EUNSUPPORTED },
        { "md5:d41d8cd98f00b204e9800998ecf8427e", CPROV_EUNSUPPORTED },
        { SHA512_EMPTY "0", CPROV_EINVAL },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_digest d, before;
        struct cprov_error err = CPROV_ERROR_INIT;

        memset(&d, 0x5a, sizeof(d));
        before = d;
        print_message("'%s'\n", cases[i].text);
        assert_int_equal(cprov_digest_parse(cprov_span_of(cases[i].text), &d, &err), cases[i].code);
        assert_int_equal(err.code, cases[i].code);
        assert_memory_equal(&d, &before, sizeof(d));
    }
}

/* Only the last byte differs: a comparison that stops early would not see it. */
static void test_equal(void **state)
{
    struct cprov_digest a, b, c;

    (void)state;
    assert_int_equal(cprov_digest_parse(S("sha256:" ZEROS "00"), &a, CPROV_IGNORED), 0);
    assert_int_equal(cprov_digest_parse(S("sha256:" ZEROS "01"), &b, CPROV_IGNORED), 0);
    assert_int_equal(cprov_digest_parse(S("sha256:" ZEROS "01"), &c, CPROV_IGNORED), 0);
    assert_false(cprov_digest_equal(&a, &b));
    assert_true(cprov_digest_equal(&b, &c));
    c.algo = CPROV_SHA512;
    assert_false(cprov_digest_equal(&b, &c));
}

static void test_of_bytes(void **state)
{
    struct cprov_digest d, e;
    char buf[CPROV_DIGEST_TEXT_MAX];
    auto_hasher struct cprov_hasher *h = NULL;

    (void)state;
    assert_int_equal(cprov_digest_of(CPROV_SHA256, S(""), &d, CPROV_IGNORED), 0);
    assert_string_equal(cprov_digest_format(&d, buf), SHA256_EMPTY);
    assert_int_equal(cprov_digest_of(CPROV_SHA512, cprov_span_of(NULL), &d, CPROV_IGNORED), 0);
    assert_string_equal(cprov_digest_format(&d, buf), SHA512_EMPTY);
    assert_int_equal(cprov_digest_of(CPROV_SHA256, S("{}"), &d, CPROV_IGNORED), 0);
    assert_string_equal(cprov_digest_format(&d, buf), SHA256_BRACES);

    assert_int_equal(cprov_digest_hasher(CPROV_SHA256, &h, CPROV_IGNORED), 0);
    assert_int_equal(cprov_hasher_update(h, "{", 1, CPROV_IGNORED), 0);
    assert_int_equal(cprov_hasher_update(h, "}", 1, CPROV_IGNORED), 0);
    assert_int_equal(cprov_digest_finish(h, CPROV_SHA256, &e, CPROV_IGNORED), 0);
    assert_true(cprov_digest_equal(&d, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_of_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
