/* tests/unit/serve/cards_test.c - what is told of versions: from index.json, else from documents.
 */
#include "serve/cards_private.h"

#include "base/error.h"
#include "layout.h"
#include "serve/served_private.h"

#define CONFIG                                                                                     \
    "{\"created\":\"2026-01-02T03:04:05Z\",\"os\":\"linux\",\"architecture\":\"arm64\","           \
    "\"config\":{\"Labels\":{\"org.opencontainers.image.description\":\"words\","                  \
    "\"org.opencontainers.image.vendor\":\"somebody\"}},"                                          \
    "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}"

struct fixture {
    struct layout layout;
    struct cprov_served *served;
    struct cprov_view *view;
    const struct cprov_cards *cards;
};

static void read_cards(struct fixture *f)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    layout_write(&f->layout);
    if (cprov_served_new(f->layout.store, &f->served, &err) < 0)
        fail_msg("%s", err.msg);
    f->view = cprov_served_view(f->served);
    if (cprov_view_cards(f->view, &f->cards, &err) < 0)
        fail_msg("%s", err.msg);
}

static void forget(struct fixture *f)
{
    cprov_view_release(f->view);
    cprov_served_free(f->served);
    layout_close(&f->layout);
}

static const struct cprov_entry *card(const struct fixture *f, const char *repository,
                                      const char *version)
{
    const struct cprov_card_group *g = cprov_cards_group(f->cards, cprov_span_of(repository));

    assert_non_null(g);
    const struct cprov_entry *c = cprov_cards_find(f->cards, g, cprov_span_of(version));
    assert_non_null(c);
    return c;
}

static void test_groups(void **state)
{
    static const char *const versions[] = { "1.0", "2.0.0-rc.1", "latest", "1.10" };
    static const char *const sorted[] = { "2.0.0-rc.1", "1.10", "1.0", "latest" };
    struct fixture f;
    char reference[64];

    (void)state;
    layout_open(&f.layout);
    struct cprov_descriptor d = layout_image(&f.layout, "x", NULL, NULL);
    for (size_t i = 0; i < CPROV_COUNT(versions); i++) {
        snprintf(reference, sizeof(reference), "r.example/win/server:%s", versions[i]);
        LAYOUT_ENTRY(&f.layout, &d, "Server", versions[i], reference);
    }
    read_cards(&f);
    assert_int_equal(f.cards->groups_count, 2);
    assert_string_equal(f.cards->groups[0].repository, "server");
    assert_string_equal(f.cards->groups[1].repository, "win/server");
    assert_false(f.cards->groups[0].own);
    assert_true(f.cards->groups[1].own);
    const struct cprov_card_group *g = &f.cards->groups[1];
    assert_int_equal(g->count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(f.cards->list[g->first + i].version, sorted[i]);
    assert_string_equal(f.cards->list[g->newest].version, "1.10");
    assert_string_equal(f.cards->list[g->newest].name, "Server");
    assert_null(cprov_cards_group(f.cards, S("win")));
    assert_null(cprov_cards_find(f.cards, g, S("3")));
    forget(&f);
}

static void test_documents(void **state)
{
    struct fixture f;
    struct cprov_platform arm = { "linux", "arm64", "", "", NULL, 0 };
    struct cprov_platform win = { "windows", "amd64", "", "10.0.1", NULL, 0 };

    (void)state;
    layout_open(&f.layout);
    struct cprov_descriptor one = LAYOUT_STACK(&f.layout, CONFIG, "ab", "cde");
    struct cprov_descriptor two = LAYOUT_STACK(&f.layout, CONFIG, "ab", "cde", "fghi");
    LAYOUT_ENTRY(&f.layout, &one, "a", "1");
    one.platform = arm;
    two.platform = win;
    one.has_platform = two.has_platform = true;
    struct cprov_descriptor both = layout_index(&f.layout, &one, &two);
    LAYOUT_ENTRY(&f.layout, &both, "both", "1");
    read_cards(&f);
    const struct cprov_entry *c = card(&f, "a", "1");
    assert_string_equal(c->description, "words");
    assert_string_equal(c->publisher, "somebody");
    assert_string_equal(c->created, "2026-01-02T03:04:05Z");
    assert_string_equal(c->platforms, "linux/arm64");
    assert_int_equal(c->bytes, one.size + strlen(CONFIG) + 5);
    c = card(&f, "both", "1");
    assert_string_equal(c->platforms, "linux/arm64, windows(10.0.1)/amd64");
    assert_string_equal(c->os_version, "10.0.1");
    /* what the two share is counted once */
    assert_int_equal(c->bytes, one.size + two.size + strlen(CONFIG) + 9);
    forget(&f);
}

/* Unreadable, missing and endless things stay unknown. */
static void test_damage(void **state)
{
    struct fixture f;
    struct cprov_descriptor gone = { .media_type = CPROV_MT_OCI_MANIFEST, .size = 3 };

    (void)state;
    layout_open(&f.layout);
    assert_int_equal(cprov_digest_of(CPROV_SHA256, S("gone"), &gone.digest, CPROV_IGNORED), 0);
    struct cprov_descriptor junk = layout_put(&f.layout, CPROV_MT_OCI_MANIFEST, S("{]"));
    struct cprov_descriptor odd = LAYOUT_STACK(&f.layout, "[1]", "x");
    struct cprov_descriptor deep = layout_index(&f.layout, &gone, &odd);
    for (int i = 0; i < CPROV_INDEX_DEPTH_MAX + 2; i++)
        deep = layout_index(&f.layout, &deep, &deep);
    LAYOUT_ENTRY(&f.layout, &gone, "gone", "1");
    LAYOUT_ENTRY(&f.layout, &junk, "junk", "1");
    LAYOUT_ENTRY(&f.layout, &odd, "odd", "1");
    LAYOUT_ENTRY(&f.layout, &deep, "deep", "1");
    read_cards(&f);
    assert_int_equal(card(&f, "gone", "1")->bytes, 0);
    assert_string_equal(card(&f, "junk", "1")->platforms, "");
    assert_string_equal(card(&f, "odd", "1")->created, "");
    assert_true(card(&f, "odd", "1")->bytes > 0);
    assert_int_equal(card(&f, "deep", "1")->bytes, 0);
    forget(&f);
}

static void test_long_texts(void **state)
{
    struct fixture f;
    struct cprov_buf config;

    (void)state;
    layout_open(&f.layout);
    cprov_buf_init(&config, CPROV_MIB);
    cprov_buf_add_text(&config, "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":"
                                "\"layers\",\"diff_ids\":[]},\"config\":{\"Labels\":{"
                                "\"org.opencontainers.image.vendor\":\"");
    for (size_t i = 0; i < 2 * CPROV_UI_TEXT_MAX; i++)
        cprov_buf_add_char(&config, 'x');
    cprov_buf_add_text(&config, "\"}}}");
    struct cprov_descriptor d = LAYOUT_STACK(&f.layout, cprov_buf_text(&config), "x");
    LAYOUT_ENTRY(&f.layout, &d, "a", "1");
    read_cards(&f);
    assert_int_equal(strlen(card(&f, "a", "1")->publisher), CPROV_UI_TEXT_MAX);
    cprov_buf_clear(&config);
    forget(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_long_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
