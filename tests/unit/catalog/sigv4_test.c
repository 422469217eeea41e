/* Tests of catalog/source/sigv4_private.h, with the example of AWS's documentation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/limits.h"
#include "catalog/source/sigv4_private.h"

static void example(void **state)
{
    static const struct cprov_header headers[] = {
        { "content-type", "application/x-www-form-urlencoded; charset=utf-8" },
        { "host", "iam.amazonaws.com" },
        { "x-amz-date", "20150830T123600Z" },
    };
    const struct cprov_sigv4 request = {
        .key_id = "AKIDEXAMPLE",
        .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        .region = "us-east-1",
        .service = "iam",
        .time = 1440938160,
        .method = "GET",
        .path = "/",
        .query = "Action=ListUsers&Version=2010-05-08",
        .headers = headers,
        .headers_count = 3,
    };
    auto_buf struct cprov_buf out = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;

    (void)state;
    cprov_buf_init(&out, CPROV_KIB);
    assert_int_equal(cprov_sigv4_sign(&request, &out, &err), 0);
    assert_string_equal(
        cprov_buf_text(&out),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

static void dates(void **state)
{
    char date[CPROV_SIGV4_DATE_MAX];

    (void)state;
    cprov_sigv4_date(0, date);
    assert_string_equal(date, "19700101T000000Z");
    cprov_sigv4_date(1440938160, date);
    assert_string_equal(date, "20150830T123600Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(example), cmocka_unit_test(dates) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
