/* tests/unit/store/containers_test.c - records of containers, whole, damaged and contended. */
#include "store/containers.h"

#include "tests/unit/store/made.h"

#define NO_ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* An installed image, and a record that refers to it. */
static struct cprov_container sample(struct fixture *f, char digest[CPROV_DIGEST_TEXT_MAX])
{
    struct cprov_descriptor d = describe(cprov_span_of("m"), CPROV_MT_OCI_MANIFEST);
    struct cprov_image image = image_named("NanoServer", "1.0", &d);

    assert_ok(f, cprov_images_add(f->store, &image, &f->err));
    return (struct cprov_container){ .id = "",
                                     .name = "TST",
                                     .image_name = "NanoServer",
                                     .image_version = "1.0",
                                     .digest = cprov_digest_format(&d.digest, digest),
                                     .path = "",
                                     .created = "2026-11-23T17:52:00Z",
                                     .isolation = "",
                                     .runtime = "crun" };
}

static size_t count(struct fixture *f)
{
    auto_containers struct cprov_containers *c = NULL;

    assert_ok(f, cprov_containers_read(f->store, &c, &f->err));
    return c->count;
}

static void lives_and_goes(void **state)
{
    struct fixture *f = *state;
    char digest[CPROV_DIGEST_TEXT_MAX], id[65] = "", other[65];
    struct cprov_container c = sample(f, digest);

    assert_int_equal(count(f), 0);
    assert_ok(f, cprov_containers_add(f->store, &c, id, &f->err));
    assert_int_equal(strlen(id), 64);
    c.name = "ALPHA";
    assert_ok(f, cprov_containers_add(f->store, &c, other, &f->err));
    assert_string_not_equal(id, other);
    assert_ok(f, cprov_containers_set_path(f->store, id, "/srv/b\xc3\xbcndel", &f->err));

    auto_containers struct cprov_containers *list = NULL;
    assert_ok(f, cprov_containers_read(f->store, &list, &f->err));
    assert_int_equal(list->count, 2);
    assert_string_equal(list->list[0].name, "ALPHA");
    assert_string_equal(list->list[0].path, "");
    assert_string_equal(list->list[1].id, id);
    assert_string_equal(list->list[1].path, "/srv/b\xc3\xbcndel");
    assert_string_equal(list->list[1].image_name, "NanoServer");
    assert_string_equal(list->list[1].image_version, "1.0");
    assert_string_equal(list->list[1].digest, digest);
    assert_string_equal(list->list[1].created, "2026-11-23T17:52:00Z");
    assert_string_equal(list->list[1].isolation, "");
    assert_string_equal(list->list[1].runtime, "crun");

    assert_ok(f, cprov_containers_remove(f->store, id, &f->err));
    assert_int_equal(cprov_containers_remove(f->store, id, &f->err), CPROV_ENOTFOUND);
    assert_int_equal(count(f), 1);
}

static void refuses(void **state)
{
    static char long_name[130], long_path[70000];
    struct fixture *f = *state;
    char digest[CPROV_DIGEST_TEXT_MAX], id[65] = "untouched";
    const struct cprov_container good = sample(f, digest);
    const struct {
        const char *name, *path, *digest;
        int code;
    } cases[] = {
        { "", "", digest, CPROV_EINVAL },        { "-x", "", digest, CPROV_EINVAL },
        { "a b", "", digest, CPROV_EINVAL },     { "../x", "", digest, CPROV_EINVAL },
        { long_name, "", digest, CPROV_EINVAL }, { "ok", "relative", digest, CPROV_EINVAL },
        { "ok", "/\xff", digest, CPROV_EINVAL }, { "ok", long_path, digest, CPROV_ELIMIT },
        { "ok", "", "sha256:00", CPROV_EINVAL }, { "ok", "", "sha256:" NO_ID, CPROV_ENOTFOUND },
        { "TST", "", digest, CPROV_EEXISTS },
    };

    memset(long_name, 'a', sizeof(long_name) - 1);
    memset(long_path, '/', sizeof(long_path) - 1);
    char made[65];
    assert_ok(f, cprov_containers_add(f->store, &good, made, &f->err));
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_container c = good;

        c.name = cases[i].name;
        c.path = cases[i].path;
        c.digest = cases[i].digest;
        print_message("name '%.20s' path '%.20s'\n", c.name, c.path);
        assert_int_equal(cprov_containers_add(f->store, &c, id, &f->err), cases[i].code);
        assert_string_equal(id, "untouched");
        assert_int_equal(count(f), 1);
    }
    assert_int_equal(cprov_containers_set_path(f->store, NO_ID, "/x", &f->err), CPROV_ENOTFOUND);
    assert_int_equal(cprov_containers_set_path(f->store, "../../x", "/x", &f->err), CPROV_EINVAL);
    assert_int_equal(cprov_containers_remove(f->store, "", &f->err), CPROV_EINVAL);
}

static void names_the_damaged_record(void **state)
{
    static const char *const texts[] = {
        "",
        "{}",
        "[]",
        "{\"id\":\"" NO_ID "\"}",
        "{\"id\":\"x\",\"name\":\"n\",\"imageName\":\"\",\"imageVersion\":\"\",\"digest\":\"\","
        "\"path\":\"\",\"created\":\"\",\"isolation\":\"\",\"runtime\":\"\"}",
        "{\"id\":\"" NO_ID "\",\"name\":\"../n\",\"imageName\":\"\",\"imageVersion\":\"\","
        "\"digest\":\"\",\"path\":\"\",\"created\":\"\",\"isolation\":\"\",\"runtime\":\"\"}",
    };
    struct fixture *f = *state;
    char digest[CPROV_DIGEST_TEXT_MAX], id[65];
    struct cprov_container c = sample(f, digest);

    assert_ok(f, cprov_containers_add(f->store, &c, id, &f->err));
    write_file(f, "cprov/containers/.tmp-1", cprov_span_of("half"));
    write_file(f, "cprov/containers/notes.json", cprov_span_of("of a person"));
    assert_int_equal(count(f), 1);
    for (size_t i = 0; i < CPROV_COUNT(texts); i++) {
        struct cprov_containers *list = NULL;

        print_message("%s\n", texts[i]);
        write_file(f, "cprov/containers/" NO_ID ".json", cprov_span_of(texts[i]));
        assert_int_equal(cprov_containers_read(f->store, &list, &f->err), CPROV_EVERIFY);
        assert_null(list);
        assert_non_null(strstr(f->err.msg, NO_ID));
    }
}

/* Ten processes want one name. */
static void one_of_many_gets_the_name(void **state)
{
    struct fixture *f = *state;
    char digest[CPROV_DIGEST_TEXT_MAX];
    struct cprov_container c = sample(f, digest);
    pid_t children[10];
    int won = 0;

    for (size_t i = 0; i < CPROV_COUNT(children); i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            struct cprov_error err = CPROV_ERROR_INIT;
            char id[65];

            _exit(-cprov_containers_add(f->store, &c, id, &err));
        }
    }
    for (size_t i = 0; i < CPROV_COUNT(children); i++) {
        int status = wait_for(children[i]);

        assert_true(status == 0 || status == -CPROV_EEXISTS);
        won += status == 0;
    }
    assert_int_equal(won, 1);
    assert_int_equal(count(f), 1);
}

static void reads_without_writing(void **state)
{
    struct fixture *f = *state;
    char digest[CPROV_DIGEST_TEXT_MAX], id[65];
    struct cprov_container c = sample(f, digest);
    auto_store struct cprov_store *reader = NULL;

    assert_ok(f, cprov_store_open(f->root, CPROV_STORE_READ, NULL, &reader, &f->err));
    assert_int_equal(cprov_containers_add(reader, &c, id, &f->err), CPROV_EREFUSED);
    assert_int_equal(cprov_containers_remove(reader, NO_ID, &f->err), CPROV_EREFUSED);
    assert_int_equal(count(f), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lives_and_goes),           TEST(refuses),
        TEST(names_the_damaged_record), TEST(one_of_many_gets_the_name),
        TEST(reads_without_writing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
