/* tests/unit/base/error_test.c - messages, codes and what outsiders may put into them. */
#include "base/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/span.h"

static void test_fail(void **state)
{
    (void)state;
    struct cprov_error err = {
        .code = -9, .http = 500, .os = 3, .msg = "old", .hint = CPROV_HINT_LOGIN
    };

    assert_int_equal(cprov_fail(&err, CPROV_ENOTFOUND, "no tag %s", "x"), CPROV_ENOTFOUND);
    assert_int_equal(err.code, CPROV_ENOTFOUND);
    assert_int_equal(err.http, 0);
    assert_int_equal(err.os, 0);
    assert_string_equal(err.msg, "no tag x");
    assert_int_equal(err.hint, CPROV_HINT_NONE);
    assert_int_equal(cprov_fail(NULL, CPROV_EINVAL, "%s", ""), CPROV_EINVAL);
    cprov_fail(&err, CPROV_EINVAL, "%s", "");
    assert_string_equal(err.msg, "");
}

static void test_fail_with_its_own_text(void **state)
{
    (void)state;
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_fail(&err, CPROV_EFAIL, "inner");
    cprov_fail(&err, CPROV_EVERIFY, "outer (%s)", err.msg);
    assert_string_equal(err.msg, "outer (inner)");
}

static void test_cut(void **state)
{
    (void)state;
    struct cprov_error err = CPROV_ERROR_INIT;
    char text[sizeof(err.msg) + 8];

    memset(text, 'a', sizeof(text));
    text[sizeof(err.msg) - 1] = '\0';
    cprov_fail(&err, CPROV_EFAIL, "%s", text);
    assert_string_equal(err.msg, text); /* just fits */

    text[sizeof(err.msg) - 1] = 'a';
    text[sizeof(err.msg)] = '\0';
    cprov_fail(&err, CPROV_EFAIL, "%s", text); /* one past */
    assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
    assert_string_equal(err.msg + sizeof(err.msg) - 5, "a...");

    /* a two-byte character across the cut goes as a whole */
    text[sizeof(err.msg) - 5] = '\xc3';
    text[sizeof(err.msg) - 4] = '\xa9';
    cprov_fail(&err, CPROV_EFAIL, "%s", text);
    assert_string_equal(err.msg + sizeof(err.msg) - 6, "a...");
    assert_true(cprov_span_is_utf8(cprov_span_of(err.msg)));
}

static void test_clean(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        const char *expected;
    } cases[] = {
        { "", "" },
        { "plain \xc3\xa9 \xf0\x9f\x90\xb3", "plain \xc3\xa9 \xf0\x9f\x90\xb3" },
        { "\x1b[31mred\r\n\x7f", "?[31mred  ?" },
        { "c1 \xc2\x9b", "c1 ?" },
        { "bidi \xe2\x80\xae\xe2\x81\xa6 end", "bidi ?? end" },
        { "c1 end \xc2\xa0", "c1 end \xc2\xa0" },
        { "bad \xff\xc3", "bad ??" },
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_error err = CPROV_ERROR_INIT;
        print_message("%zu\n", i);
        cprov_fail(&err, CPROV_EFAIL, "%s", cases[i].in);
        assert_string_equal(err.msg, cases[i].expected);
    }
}

static void test_os(void **state)
{
    (void)state;
    static const struct {
        int os;
        int code;
    } cases[] = {
        { ENOSPC, CPROV_ENOSPACE }, { EDQUOT, CPROV_ENOSPACE },  { ENOMEM, CPROV_ENOMEM },
        { EACCES, CPROV_EREFUSED }, { EPERM, CPROV_EREFUSED },   { EROFS, CPROV_EREFUSED },
        { EIO, CPROV_EFAIL },       { ENOENT, CPROV_ENOTFOUND }, { 99999, CPROV_EFAIL },
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_error err = CPROV_ERROR_INIT;
        assert_int_equal(cprov_fail_os(&err, cases[i].os, "open x"), cases[i].code);
        assert_int_equal(err.code, cases[i].code);
        assert_int_equal(err.os, cases[i].os);
    }
    struct cprov_error err = CPROV_ERROR_INIT;
    cprov_fail_os(&err, ENOENT, "open %s", "x");
    assert_string_equal(err.msg, "open x: No such file or directory");
    cprov_fail_os(&err, 99999, "open");
    assert_string_equal(err.msg, "open: error 99999");
    assert_int_equal(cprov_fail_os(NULL, ENOSPC, "x"), CPROV_ENOSPACE);
}

static void test_wrap(void **state)
{
    (void)state;
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_fail(&err, CPROV_ENETWORK, "connection reset");
    err.http = 503;
    assert_int_equal(cprov_wrap(&err, "layer %d", 2), CPROV_ENETWORK);
    assert_string_equal(err.msg, "layer 2: connection reset");
    assert_int_equal(err.http, 503);
    assert_true(cprov_wrap(NULL, "x") < 0);

    assert_int_equal(cprov_wrap_as(&err, CPROV_EVERIFY, "m"), CPROV_EVERIFY);
    assert_string_equal(err.msg, "m: layer 2: connection reset");
    assert_int_equal(cprov_fail_memory(&err), CPROV_ENOMEM);
    assert_int_equal(cprov_wrap_as(&err, CPROV_EVERIFY, "m"), CPROV_ENOMEM);
    assert_int_equal(err.code, CPROV_ENOMEM);

    struct cprov_error unset = CPROV_ERROR_INIT;
    assert_true(cprov_wrap(&unset, "x") < 0); /* never a success by mistake */
}

static void test_wrap_cuts(void **state)
{
    (void)state;
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_fail(&err, CPROV_EFAIL, "inner");
    for (int i = 0; i < 100; i++)
        cprov_wrap(&err, "a context");
    assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
    assert_true(cprov_span_ends_with(cprov_span_of(err.msg), "..."));
}

static void test_hint(void **state)
{
    (void)state;
    struct cprov_error err = CPROV_ERROR_INIT;

    char text[CPROV_HINT_SENTENCE_MAX];

    cprov_hint(NULL, CPROV_HINT_UNMOUNT);
    cprov_hint_about(&err, CPROV_HINT_LOGIN, "first%d.example", 1);
    cprov_hint(&err, CPROV_HINT_UNMOUNT);
    assert_int_equal(err.hint, CPROV_HINT_LOGIN);
    assert_string_equal(err.about, "first1.example");
    assert_string_equal(cprov_hint_sentence(err.hint, NULL, err.about, text),
                        "log in to first1.example first");
    assert_string_equal(cprov_hint_sentence(err.hint, "% %", "100%", text), "100% %");
    assert_string_equal(cprov_hint_sentence(CPROV_HINT_NONE, NULL, "", text), "");
    assert_int_equal(cprov_hint_named(cprov_hint_name(err.hint)), CPROV_HINT_LOGIN);
    assert_int_equal(cprov_hint_named(""), CPROV_HINT_NONE);
    assert_int_equal(cprov_hint_named("Nosuch"), CPROV_HINT_NONE);
}

static void test_codes(void **state)
{
    (void)state;
    static const struct {
        int code;
        int exit_code;
    } cases[] = {
        { 0, 0 },
        { CPROV_EFAIL, 1 },
        { CPROV_EINVAL, 2 },
        { CPROV_ENOTFOUND, 3 },
        { CPROV_EVERIFY, 4 },
        { CPROV_EINUSE, 5 },
        { CPROV_ENETWORK, 6 },
        { CPROV_ENOSPACE, 7 },
        { CPROV_EREFUSED, 8 },
        { CPROV_EINCOMPATIBLE, 9 },
        { CPROV_EEXISTS, 10 },
        { CPROV_EAUTH, 11 },
        { CPROV_EPARTIAL, 12 },
        { CPROV_ECANCELLED, 130 },
        { CPROV_ENOMEM, 1 },
        { CPROV_EUNSUPPORTED, 1 },
        { CPROV_ELIMIT, 4 },
        { 1, 1 },
        { -17, 1 },
        { INT32_MIN, 1 },
        { INT32_MAX, 1 },
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        print_message("%d\n", cases[i].code);
        assert_int_equal(cprov_exit_code(cases[i].code), cases[i].exit_code);
        assert_true(strlen(cprov_code_id(cases[i].code)) > 0);
        assert_true(strlen(cprov_code_category(cases[i].code)) > 0);
    }
    assert_string_equal(cprov_code_id(CPROV_ENOTFOUND), "NoMatchFoundForCriteria");
    assert_string_equal(cprov_code_category(CPROV_ENOTFOUND), "ObjectNotFound");
    assert_string_equal(cprov_code_category(CPROV_EVERIFY), "SecurityError");
}

static void keep_line(void *arg, const char *line)
{
    snprintf(arg, 64, "%s", line);
}

static void test_log(void **state)
{
    (void)state;
    char line[64] = "";
    struct cprov_log log = { keep_line, line };
    struct cprov_log silent = { NULL, NULL };

    cprov_debug(&log, "a %d\nb", 1);
    assert_string_equal(line, "a 1 b");
    cprov_debug(&silent, "x");
    cprov_debug(NULL, "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fail),  cmocka_unit_test(test_fail_with_its_own_text),
        cmocka_unit_test(test_cut),   cmocka_unit_test(test_clean),
        cmocka_unit_test(test_os),    cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_hint),  cmocka_unit_test(test_wrap_cuts),
        cmocka_unit_test(test_codes), cmocka_unit_test(test_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
