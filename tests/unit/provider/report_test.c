/* Full names and the ids that follow from them, messages, the event log. */
#include "world.h"

#include <fcntl.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "provider/change.h"
#include "provider/session.h"

static void full_names(void **state)
{
    static const struct {
        const char *publisher, *name, *version, *full;
    } table[] = {
        { "Microsoft", "NanoServer", "10.0.10586.8", "CN=Microsoft_NanoServer_10.0.10586.8" },
        { "CN=Microsoft", "NanoServer", "10.0.10586.8", "CN=Microsoft_NanoServer_10.0.10586.8" },
        { "Demo", "DemoImage", "1.0", "CN=Demo_DemoImage_1.0.0.0" },
        { "Demo", "DemoImage", "v2", "CN=Demo_DemoImage_2.0.0.0" },
        { "cn=Demo", "DemoImage", "1", "CN=cn=Demo_DemoImage_1.0.0.0" },
        { "Demo", "app", "latest", "CN=Demo_app_latest" },
        { "Demo", "app", "1.2.3-rc.1", "CN=Demo_app_1.2.3-rc.1" },
        { "", "app", "1.0", "_app_1.0.0.0" },
        { "", "", "", "__" },
    };
    char full[CPROV_ITEM_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        print_message("%s\n", table[i].full);
        cprov_full_name(table[i].publisher, table[i].name, table[i].version, full);
        assert_string_equal(full, table[i].full);
    }
}

static void a_full_name_too_long_is_cut(void **state)
{
    char full[CPROV_ITEM_TEXT_MAX], name[2 * CPROV_ITEM_TEXT_MAX];

    (void)state;
    memset(name, 'a', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    cprov_full_name("P", name, "1.0", full);
    assert_int_equal(strlen(full), CPROV_ITEM_TEXT_MAX - 1);
    assert_string_equal(full + CPROV_ITEM_TEXT_MAX - 4, "...");

    name[CPROV_ITEM_TEXT_MAX - 1 -
         strlen("CN=P_"
                "_1.0.0.0")] = '\0'; /* just fits */
    cprov_full_name("P", name, "1.0", full);
    assert_int_equal(strlen(full), CPROV_ITEM_TEXT_MAX - 1);
    assert_string_equal(full + strlen(full) - 8, "_1.0.0.0");
}

/* The ids that Docker of late 2015 printed for these base images. */
static void legacy_ids(void **state)
{
    static const struct {
        const char *name, *version, *begins;
    } table[] = {
        { "NanoServer", "10.0.10586.0",
          "8572198a60f11d10f72b13d6b23855c2d48a9f14aa920da0ce6b265bd37e476a" },
        { "WindowsServerCore", "10.0.10586.0",
          "6801d964fda5b67eb36e005261c1529ec96974bb02dfad52ee249638a18a93d1" },
        { "NanoServer", "10.0.10586.8", "700e0f83afc332f4" },
        { "WindowsServerCore", "10.0.10586.8", "7948a645c5f06fba" },
    };
    char full[CPROV_ITEM_TEXT_MAX], id[65];

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        print_message("%s %s\n", table[i].name, table[i].version);
        cprov_full_name("Microsoft", table[i].name, table[i].version, full);
        assert_int_equal(cprov_legacy_id(full, id, CPROV_IGNORED), 0);
        assert_int_equal(strlen(id), 64);
        assert_memory_equal(id, table[i].begins, strlen(table[i].begins));
    }
    assert_int_equal(cprov_legacy_id("", id, CPROV_IGNORED), 0); /* SHA-384 of nothing */
    assert_memory_equal(id, "38b060a751ac96384cd9327eb1b1e36a", 32);
}

static void items_begin_without_null(void **state)
{
    struct cprov_item item;

    (void)state;
    cprov_item_init(&item);
    const char *const texts[] = { item.name,      item.version,    item.description, item.publisher,
                                  item.source,    item.location,   item.reference,   item.digest,
                                  item.platforms, item.media_type, item.os_version,  item.created,
                                  item.installed, item.image_id,   item.full_name,   item.parent,
                                  item.ref,       item.path,       item.legacy_id };
    assert_int_equal(item.size, sizeof(item));
    for (size_t i = 0; i < CPROV_COUNT(texts); i++)
        assert_string_equal(texts[i], "");
}

static bool cancelled(void *arg)
{
    (void)arg;
    return true;
}

static int should(struct world *w, struct cprov_error *err)
{
    const struct cprov_change change = { .kind = CPROV_CHANGE_SAVE,
                                         .name = "a",
                                         .version = "1",
                                         .place = "https://me:secret@x.example/" };

    *err = (struct cprov_error)CPROV_ERROR_INIT;
    return cprov_should(w->session, &change, err);
}

static void changes_are_told_or_asked(void **state)
{
    static const struct {
        bool what_if, confirm, yes;
        enum cprov_answer answer;
        int result;
        bool told;
    } table[] = {
        { false, false, false, CPROV_NO, 1, false },
        { false, true, false, CPROV_NO, CPROV_EREFUSED, true },
        { false, true, false, CPROV_NO_TO_ALL, CPROV_EREFUSED, true },
        { false, true, false, CPROV_YES, 1, true },
        { false, true, false, CPROV_YES_TO_ALL, 1, true },
        { false, true, true, CPROV_NO, 1, false },
        { true, false, false, CPROV_YES, 0, true },
        { true, true, true, CPROV_YES, 0, true },
    };
    struct world *w = *state;
    struct cprov_error err;

    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        struct cprov_session_options o = CPROV_INIT(struct cprov_session_options);

        print_message("%zu\n", i);
        o.what_if = table[i].what_if;
        o.confirm = table[i].confirm;
        o.yes = table[i].yes;
        assert_int_equal(world_open(w, &o), 0);
        world_forget(w);
        w->heard.answer = table[i].answer;
        world_begin(w, &w->callbacks);
        assert_int_equal(should(w, &err), table[i].result);
        assert_int_equal(err.code, table[i].result < 0 ? table[i].result : 0);
        assert_string_equal(w->heard.changes,
                            table[i].told ? "2 a 1 https://me:***@x.example/\n" : "");
        assert_string_equal(w->heard.messages, "");
    }
}

static void nobody_to_ask_is_no(void **state)
{
    struct cprov_session_options o = CPROV_INIT(struct cprov_session_options);
    struct world *w = *state;
    struct cprov_error err;

    o.confirm = true;
    assert_int_equal(world_open(w, &o), 0);
    w->callbacks.change = NULL;
    world_begin(w, &w->callbacks);
    assert_int_equal(should(w, &err), CPROV_EREFUSED);
    world_begin(w, NULL);
    assert_int_equal(should(w, &err), CPROV_EREFUSED);
    w->callbacks.change = NULL;
    w->callbacks.cancelled = cancelled;
    world_begin(w, &w->callbacks);
    assert_int_equal(should(w, &err), CPROV_ECANCELLED);
}

static void events_are_lines(void **state)
{
    struct cprov_session_options o = CPROV_INIT(struct cprov_session_options);
    struct world *w = *state;
    struct cprov_buf text;
    char path[128];

    snprintf(path, sizeof(path), "%s/events", w->dir);
    o.log_file = path;
    assert_int_equal(world_open(w, &o), 0);
    world_begin(w, &w->callbacks);
    cprov_session_log(w->session, NULL, "install", "a \"b\"\n 1.0", "sha256:12");
    cprov_session_log(w->session, NULL, "repair", "", "");
    cprov_buf_init(&text, 1 << 16);
    assert_int_equal(cprov_fs_read(AT_FDCWD, path, 1 << 16, &text, CPROV_IGNORED), 0);
    assert_non_null(strstr(text.ptr, "\"Action\":\"install\",\"Image\":\"a \\\"b\\\"\\n 1.0\","
                                     "\"Digest\":\"sha256:12\"}\n{\"Time\":"));
    assert_string_equal(w->heard.messages, "");
    cprov_buf_clear(&text);
}

static void a_log_that_cannot_be_written_is_a_warning(void **state)
{
    struct cprov_session_options o = CPROV_INIT(struct cprov_session_options);
    struct world *w = *state;

    o.log_file = "/nonexistent/log";
    assert_int_equal(world_open(w, &o), 0);
    world_begin(w, &w->callbacks);
    cprov_session_log(w->session, NULL, "install", "a", "");
    assert_non_null(strstr(w->heard.messages, "the event was not logged"));
    assert_int_equal(w->heard.failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_names),
        cmocka_unit_test(a_full_name_too_long_is_cut),
        cmocka_unit_test(legacy_ids),
        cmocka_unit_test(items_begin_without_null),
        WORLD_TEST(changes_are_told_or_asked),
        WORLD_TEST(nobody_to_ask_is_no),
        WORLD_TEST(events_are_lines),
        WORLD_TEST(a_log_that_cannot_be_written_is_a_warning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
