/* tests/unit/catalog/document_file_test.c - documents on this machine: known again, signed. */
#include "catalog/document/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/limits.h"
#include "entries.h"
#include "folder.h"

#define DOCUMENT "[{\"Name\":\"n\",\"Version\":\"1\",\"url\":\"n.wim\"}]"

static int set_up(void **state)
{
    (void)state;
    folder_open();
    folder_make_keys();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_close();
    return 0;
}

/* One reading: what came of it. */
struct reading {
    struct cprov_buf entries;
    struct cprov_buf validator;
    bool unchanged;
    struct cprov_error err;
};

static int read_again(const char *name, const char *key, struct reading *r)
{
    char before[256];
    struct cprov_catalog_file file = { .path = folder_path(name),
                                       .key = key ? folder_path(key) : NULL,
                                       .validator = before,
                                       .entry = entries_collect,
                                       .arg = &r->entries };

    snprintf(before, sizeof(before), "%s", cprov_buf_text(&r->validator));
    cprov_buf_reset(&r->entries);
    r->err = (struct cprov_error)CPROV_ERROR_INIT;
    int code = cprov_catalog_read_file(&file, &r->validator, &r->unchanged, &r->err);
    print_message("%s: %d %s\n", name, code, r->err.msg);
    return code;
}

static void reading_init(struct reading *r)
{
    memset(r, 0, sizeof(*r));
    cprov_buf_init(&r->entries, CPROV_MIB);
    cprov_buf_init(&r->validator, CPROV_KIB);
}

static void reading_clear(struct reading *r)
{
    cprov_buf_clear(&r->entries);
    cprov_buf_clear(&r->validator);
}

#define auto_reading CPROV_CLEANUP(reading_clear)

static void test_known_again(void **state)
{
    (void)state;
    auto_reading struct reading r;
    char wanted[256];

    reading_init(&r);
    folder_put("c.json", DOCUMENT);
    snprintf(wanted, sizeof(wanted), "n 1 url=%s\n", folder_path("n.wim"));
    assert_int_equal(read_again("c.json", NULL, &r), 0);
    assert_false(r.unchanged);
    assert_string_equal(cprov_buf_text(&r.entries), wanted);

    assert_int_equal(read_again("c.json", NULL, &r), 0);
    assert_true(r.unchanged);
    assert_int_equal(r.entries.len, 0);

    folder_put("c.json", "[{\"Name\":\"n\",\"Version\":\"2\"}]");
    assert_int_equal(read_again("c.json", NULL, &r), 0);
    assert_false(r.unchanged);
    assert_string_equal(cprov_buf_text(&r.entries), "n 2\n");
}

static void test_signed(void **state)
{
    (void)state;
    auto_reading struct reading r;

    reading_init(&r);
    folder_put("s.json", DOCUMENT);
    assert_int_equal(read_again("s.json", "key.pub", &r), CPROV_EVERIFY); /* no .sig yet */
    assert_non_null(strstr(r.err.msg, "s.json.sig"));
    folder_run("openssl dgst -sha256 -sign key.pem -out s.json.sig s.json");
    assert_int_equal(read_again("s.json", "key.pub", &r), 0);
    assert_false(r.unchanged);
    assert_int_equal(read_again("s.json", "key.pub", &r), 0);
    assert_true(r.unchanged);

    assert_int_equal(read_again("s.json", "other.pub", &r), CPROV_EVERIFY);
    assert_non_null(strstr(r.err.msg, "s.json"));
}

/* What was read without a key is not verified by being unchanged. */
static void test_key_comes_later(void **state)
{
    (void)state;
    auto_reading struct reading r;

    reading_init(&r);
    folder_put("l.json", DOCUMENT);
    assert_int_equal(read_again("l.json", NULL, &r), 0);
    folder_run("openssl dgst -sha256 -sign other.pem -out l.json.sig l.json");
    assert_int_equal(read_again("l.json", "key.pub", &r), CPROV_EVERIFY);
    assert_int_equal(read_again("l.json", "other.pub", &r), 0);
    assert_false(r.unchanged);
}

static int append(void *arg, const struct cprov_entry *entry, struct cprov_error *err)
{
    (void)arg;
    (void)entry;
    (void)err;
    folder_run("printf ' ' >>g.json");
    return 0;
}

static void test_changed_meanwhile(void **state)
{
    (void)state;
    auto_buf struct cprov_buf validator = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;
    bool unchanged = false;
    struct cprov_catalog_file file = { .path = folder_path("g.json"), .entry = append };

    cprov_buf_init(&validator, CPROV_KIB);
    folder_put("g.json", DOCUMENT);
    assert_int_equal(cprov_catalog_read_file(&file, &validator, &unchanged, &err), CPROV_EVERIFY);
    assert_int_equal(validator.len, 0);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *key;
        int code;
    } cases[] = {
        { "none.json", NULL, CPROV_ENOTFOUND }, { "folder", NULL, CPROV_EINVAL },
        { "pipe", NULL, CPROV_EINVAL },         { "cut.json", NULL, CPROV_EVERIFY },
        { "empty.json", NULL, CPROV_EVERIFY },  { "c.json", "none.pub", CPROV_ENOTFOUND },
        { "c.json", "c.json", CPROV_EINVAL },
    };

    assert_int_equal(mkdir(folder_path("folder"), 0755), 0);
    assert_int_equal(mkfifo(folder_path("pipe"), 0644), 0);
    folder_put("c.json", DOCUMENT);
    folder_put("cut.json", "[{\"Name\":\"n\"");
    folder_put("empty.json", "");
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        auto_reading struct reading r;

        reading_init(&r);
        assert_int_equal(read_again(cases[i].name, cases[i].key, &r), cases[i].code);
        assert_int_equal(r.validator.len, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_again),     cmocka_unit_test(test_signed),
        cmocka_unit_test(test_key_comes_later), cmocka_unit_test(test_changed_meanwhile),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
