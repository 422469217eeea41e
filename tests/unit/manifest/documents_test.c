/* tests/unit/manifest/documents_test.c - every file of tests/data/manifest: its name is the
 * verdict. */
#include <dirent.h>
#include <stdlib.h>

#include "manifest/manifest.h"
#include "unit.h"

#define DIRECTORY CPROV_TEST_DATA "/manifest"

static size_t read_file(const char *name, char *buf, size_t size)
{
    char path[512];

    assert_true(snprintf(path, sizeof(path), "%s/%s", DIRECTORY, name) < (int)sizeof(path));
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t len = fread(buf, 1, size, f);
    assert_true(feof(f));
    fclose(f);
    return len;
}

static void run(const char *name)
{
    static char bytes[65536];
    size_t len = read_file(name, bytes, sizeof(bytes));
    auto_manifest struct cprov_manifest *m = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;
    bool valid = strncmp(name, "valid-", 6) == 0;
    int expected = strstr(name, "schema-1.") ? CPROV_EUNSUPPORTED : CPROV_EVERIFY;
    int rc = cprov_manifest_parse(cprov_span_make(bytes, len), S(""), &m, &err);

    print_message("%s: %s\n", name, rc < 0 ? err.msg : "ok");
    assert_int_equal(rc, valid ? 0 : expected);
    if (!valid) {
        assert_null(m);
        assert_int_not_equal(err.msg[0], '\0');
        return;
    }
    assert_true(cprov_span_equal(m->raw, cprov_span_make(bytes, len)));
    assert_int_equal(m->kind, strstr(name, "index") || strstr(name, "list") ? CPROV_DOC_INDEX
                                                                            : CPROV_DOC_MANIFEST);
    assert_int_equal(m->is_docker, strstr(name, "docker") != NULL);
    assert_int_equal(cprov_manifest_is_artifact(m), strstr(name, "artifact") != NULL);
}

static void test_documents(void **state)
{
    size_t valid = 0, refused = 0;
    DIR *dir = opendir(DIRECTORY);

    (void)state;
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (entry->d_name[0] == '.')
            continue;
        bool is_valid = strncmp(entry->d_name, "valid-", 6) == 0;

        assert_true(is_valid || strncmp(entry->d_name, "should-fail-", 12) == 0);
        valid += is_valid;
        refused += !is_valid;
        run(entry->d_name);
    }
    closedir(dir);
    assert_true(valid > 0 && refused > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_documents) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
