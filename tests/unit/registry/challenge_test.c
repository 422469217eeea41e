/* Tests of registry/challenge.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/error.h"
#include "registry/challenge.h"

#define BEARER CPROV_AUTH_BEARER
#define BASIC  CPROV_AUTH_BASIC
#define OTHER  CPROV_AUTH_OTHER

static const struct {
    const char *value;
    size_t count;
    struct cprov_challenge first, second;
} cases[] = {
    { "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
      "scope=\"repository:library/alpine:pull\"",
      1,
      { BEARER, "https://auth.docker.io/token", "registry.docker.io",
        "repository:library/alpine:pull", "" },
      { 0 } },
    { "Basic realm=\"Registry Realm\"", 1, { BASIC, "Registry Realm", "", "", "" }, { 0 } },
    { "bEaReR ReAlM=\"r\" , SERVICE=s", 1, { BEARER, "r", "s", "", "" }, { 0 } },
    { "Bearer realm=\"a,b=c\",scope=\"repository:x:pull,push repository:y:pull\"",
      1,
      { BEARER, "a,b=c", "", "repository:x:pull,push repository:y:pull", "" },
      { 0 } },
    { "Bearer realm=\"quote \\\" back \\\\ end\"",
      1,
      { BEARER, "quote \" back \\ end", "", "", "" },
      { 0 } },
    { "Bearer realm=\"r\",error=\"insufficient_scope\"",
      1,
      { BEARER, "r", "", "", "insufficient_scope" },
      { 0 } },
    { "Basic realm=\"b\", Bearer realm=\"r\",service=\"s\"",
      2,
      { BASIC, "b", "", "", "" },
      { BEARER, "r", "s", "", "" } },
    { "Negotiate, Basic realm=\"b\"", 2, { OTHER, "", "", "", "" }, { BASIC, "b", "", "", "" } },
    { "Negotiate TlRMTVNTUAAB==, Basic realm=b",
      2,
      { OTHER, "", "", "", "" },
      { BASIC, "b", "", "", "" } },
    { "NTLM", 1, { OTHER, "", "", "", "" }, { 0 } },
    { "Bearer realm = \"r\" , service = s", 1, { BEARER, "r", "s", "", "" }, { 0 } },
    { "Bearer realm=https://h/token?a=b,service=s",
      1,
      { BEARER, "https://h/token?a=b", "s", "", "" },
      { 0 } },
    { ",, Bearer , realm=\"r\"", 1, { BEARER, "r", "", "", "" }, { 0 } },
    { "Bearer realm=\"one\",realm=\"two\"", 1, { BEARER, "one", "", "", "" }, { 0 } },
    { "Bearer", 1, { BEARER, "", "", "", "" }, { 0 } },
    { "Bearer realm=", 1, { BEARER, "", "", "", "" }, { 0 } },
    { "Bearer realm=\"\"", 1, { BEARER, "", "", "", "" }, { 0 } },
    /* the malformed rest is dropped */
    { "Bearer realm=\"r\",service=\"never closed", 1, { BEARER, "r", "", "", "" }, { 0 } },
    { "Bearer realm=\"r\" service=\"s\"", 1, { BEARER, "r", "", "", "" }, { 0 } },
    { "Bearer realm=\"r\",\x01=x, Basic realm=b", 1, { BEARER, "r", "", "", "" }, { 0 } },
    { "Bearer realm=\"ends with \\", 1, { BEARER, "", "", "", "" }, { 0 } },
    { "realm=\"r\"", 0, { 0 }, { 0 } },
    { "\"Bearer\"", 0, { 0 }, { 0 } },
    { "", 0, { 0 }, { 0 } },
    { " , ,", 0, { 0 }, { 0 } },
};

static void assert_challenge(const struct cprov_challenge *got, const struct cprov_challenge *want)
{
    assert_int_equal(got->scheme, want->scheme);
    assert_string_equal(got->realm, want->realm);
    assert_string_equal(got->service, want->service);
    assert_string_equal(got->scope, want->scope);
    assert_string_equal(got->error, want->error);
}

static void reads_challenges(void **state)
{
    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_challenges c = { 0 };

        print_message("%s\n", cases[i].value);
        assert_int_equal(cprov_challenges_add(&c, cprov_span_of(cases[i].value), CPROV_IGNORED), 0);
        assert_int_equal(c.count, cases[i].count);
        if (c.count > 0)
            assert_challenge(&c.list[0], &cases[i].first);
        if (c.count > 1)
            assert_challenge(&c.list[1], &cases[i].second);
        cprov_challenges_clear(&c);
    }
}

static void headers_add_up_to_the_cap(void **state)
{
    struct cprov_challenges c = { 0 };
    char value[64];

    (void)state;
    for (unsigned i = 0; i <= CPROV_CHALLENGES_MAX; i++) {
        snprintf(value, sizeof(value), "Bearer realm=\"r%u\"", i);
        assert_int_equal(cprov_challenges_add(&c, cprov_span_of(value), CPROV_IGNORED), 0);
    }
    assert_int_equal(c.count, CPROV_CHALLENGES_MAX);
    assert_string_equal(c.list[0].realm, "r0");
    assert_string_equal(c.list[15].realm, "r15");
    cprov_challenges_clear(&c);
    assert_int_equal(c.count, 0);
}

static void chooses_the_best(void **state)
{
    static const struct {
        const char *value, *realm; /* NULL: none */
    } choices[] = {
        { "Basic realm=b, Bearer realm=r, Bearer realm=s", "r" },
        { "Bearer realm=r, Basic realm=b", "r" },
        { "Bearer, Basic realm=b", "b" },
        { "Negotiate, NTLM, Basic", "" },
        { "Negotiate, Digest realm=d", NULL },
        { "Bearer", NULL },
        { "", NULL },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(choices); i++) {
        struct cprov_challenges c = { 0 };

        print_message("%s\n", choices[i].value);
        assert_int_equal(cprov_challenges_add(&c, cprov_span_of(choices[i].value), CPROV_IGNORED),
                         0);
        const struct cprov_challenge *best = cprov_challenges_best(&c);
        assert_int_equal(best != NULL, choices[i].realm != NULL);
        if (best)
            assert_string_equal(best->realm, choices[i].realm);
        cprov_challenges_clear(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_challenges),
        cmocka_unit_test(headers_add_up_to_the_cap),
        cmocka_unit_test(chooses_the_best),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
