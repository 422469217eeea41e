/* Tests of base/secrets.h and of the harmless texts of base/text.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/secrets.h"
#include "base/text.h"

static void check(const struct cprov_secrets *s, const char *in, const char *expected)
{
    char text[512];

    snprintf(text, sizeof(text), "%s", in);
    print_message("%s\n", in);
    cprov_secrets_hide(s, text);
    assert_string_equal(text, expected);
}

static void S6_secrets_in_every_form(void **state)
{
    auto_secrets struct cprov_secrets *s = cprov_secrets_new();

    (void)state;
    cprov_secrets_add_login(s, "me", "p/ss w\xc3\xb6rd");
    check(s, "", "");
    check(s, "nothing here", "nothing here");
    check(s, "you said p/ss w\xc3\xb6rd!", "you said ***!");
    check(s, "?x=p%2Fss%20w%C3%B6rd&y=p%2fss%20w%c3%b6rd", "?x=***&y=***");
    check(s, "Basic bWU6cC9zcyB3w7ZyZA==", "Basic ***==");
    check(s, "cC9zcyB3w7ZyZA", "***");
    cprov_secrets_add_authorization(s, cprov_span_of("Bearer token-1234"));
    check(s, "token-1234token-123 token-1234", "***token-123 ***");
    cprov_secrets_add_authorization(s, cprov_span_of("Basic YWJjOmRlZmc="));
    check(s, "abc:defg YWJjOmRlZmc= defgh", "abc:*** *** ***h");
    cprov_secrets_add_query(s,
                            cprov_span_of("n=1000&last=library&X-Amz-Signature=abc%2Fdef&sig=1"));
    check(s, "1000 library abc%2Fdef abc/def 1", "1000 library *** *** 1");
    /* too short to be told from words; the longest of several wins */
    cprov_secrets_add(s, cprov_span_of("the"));
    cprov_secrets_add(s, cprov_span_of("token-1234-long"));
    check(s, "the token-1234-long end", "the *** end");
    check(NULL, "token-1234", "token-1234");
}

static void S6_old_secrets_make_room(void **state)
{
    auto_secrets struct cprov_secrets *s = cprov_secrets_new();
    char text[32];

    (void)state;
    for (int i = 0; i < 2 * CPROV_SECRETS_MAX; i++) {
        snprintf(text, sizeof(text), "token-%06d", i);
        cprov_secrets_add(s, cprov_span_of(text));
    }
    check(s, text, "***");
    check(s, "token-000000", "token-000000");
}

static void H9_a_login_inside_a_reference(void **state)
{
    static const struct {
        const char *in, *expected;
    } cases[] = {
        { "127.0.0.1:1/a:1?token=SECRET", "127.0.0.1:1/a:1?***" },
        { "x: https://u:SECRET@h/a?sig=SECRET", "x: https://u:***@h/a?***" },
        { "did you mean 'a?b'? yes", "did you mean 'a?b'? yes" },
        { "", "" },
        { "https://me:secret@host/app:1: no", "https://me:***@host/app:1: no" },
        { "'me:s@cr/t@host:5000/app:1'", "'me:***@host:5000/app:1'" },
        { "a me:x@h b me:secret@h c", "a me:*@h b me:***@h c" },
        { "me:secret@host/app@sha256:"
          "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
          "me:***@host/app@sha256:"
          "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" },
        /* no logins */
        { "host:5000/app:1@sha256:0123456789abcdef0123456789abcdef",
          "host:5000/app:1@sha256:0123456789abcdef0123456789abcdef" },
        { "manifest host:5000/app@sha256:0123456789ab: no",
          "manifest host:5000/app@sha256:0123456789ab: no" },
        { "host/app:1@latest", "host/app:1@latest" },
        { "host:5000/app@latest", "host:5000/app@latest" },
        { "https://host:8443/@scope/x.wim", "https://host:8443/@scope/x.wim" },
        { "somebody@example.com: hello", "somebody@example.com: hello" },
        { "http://host:80/a", "http://host:80/a" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        char text[256];

        snprintf(text, sizeof(text), "%s", cases[i].in);
        cprov_text_hide_login(text);
        assert_string_equal(text, cases[i].expected);
    }
}

static void S13_controls_in_place(void **state)
{
    char text[] = "a\x1b[1m\xc2\x9b\xe2\x80\xae\xd8\x9c\x7f\xff\xef\xbf\xbd\n\xc3\xa9";

    (void)state;
    cprov_text_clean(text);
    assert_string_equal(text, "a?[1m?????\xef\xbf\xbd \xc3\xa9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(S6_secrets_in_every_form),
        cmocka_unit_test(S6_old_secrets_make_room),
        cmocka_unit_test(H9_a_login_inside_a_reference),
        cmocka_unit_test(S13_controls_in_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
