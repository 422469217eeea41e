/* tests/unit/serve/family_test.c - which image stands on which. */
#include "serve/family_private.h"

#include "layout.h"
#include "serve/cards_private.h"
#include "serve/served_private.h"

#define DEPTH 300

struct fixture {
    struct layout layout;
    struct cprov_served *served;
    struct cprov_view *view;
    const struct cprov_cards *cards;
    const struct cprov_family *family;
    const struct cprov_member *members;
    uint32_t count;
};

static void read_family(struct fixture *f)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    layout_write(&f->layout);
    if (cprov_served_new(f->layout.store, &f->served, &err) < 0)
        fail_msg("%s", err.msg);
    f->view = cprov_served_view(f->served);
    if (cprov_view_family(f->view, &f->family, &err) < 0 ||
        cprov_view_cards(f->view, &f->cards, &err) < 0)
        fail_msg("%s", err.msg);
    f->members = cprov_family_members(f->family, &f->count);
}

static void forget(struct fixture *f)
{
    cprov_view_release(f->view);
    cprov_served_free(f->served);
    layout_close(&f->layout);
}

static const char *name_of(const struct fixture *f, uint32_t member)
{
    return member == CPROV_NOBODY ? "-" : f->cards->list[f->members[member].card].repository;
}

static void assert_parent(const struct fixture *f, const struct cprov_descriptor *child,
                          const char *parent)
{
    uint32_t i = cprov_family_find(f->family, &child->digest);

    assert_int_not_equal(i, CPROV_NOBODY);
    assert_string_equal(name_of(f, f->members[i].parent), parent);
}

static void test_layers(void **state)
{
    struct fixture f;
    struct layout *l = &f.layout;

    (void)state;
    layout_open(l);
    struct cprov_descriptor base = LAYOUT_STACK(l, "{}", "1");
    struct cprov_descriptor middle = LAYOUT_STACK(l, "{}", "1", "2");
    struct cprov_descriptor top = LAYOUT_STACK(l, "{}", "1", "2", "3", "4");
    struct cprov_descriptor other = LAYOUT_STACK(l, "{}", "2", "1");
    struct cprov_descriptor twin = LAYOUT_STACK(l, "{ }", "1", "2");
    struct cprov_descriptor artifact = layout_image(l, "signature", NULL, "x/y");
    LAYOUT_ENTRY(l, &top, "top", "1");
    LAYOUT_ENTRY(l, &base, "base", "1");
    LAYOUT_ENTRY(l, &middle, "Middle", "1", "r.example/the/middle:1");
    LAYOUT_ENTRY(l, &other, "other", "1");
    LAYOUT_ENTRY(l, &twin, "twin", "1");
    LAYOUT_ENTRY(l, &artifact, "signature", "1");
    read_family(&f);
    assert_int_equal(f.count, 6);
    assert_parent(&f, &base, "-");
    assert_parent(&f, &middle, "base");
    assert_parent(&f, &top, "the/middle"); /* the name at home, though "middle" comes first */
    assert_parent(&f, &other, "-");
    /* C: images with the same layers are told of each other, the later below the first. */
    assert_parent(&f, &twin, "the/middle");
    assert_true(f.members[cprov_family_find(f.family, &twin.digest)].same);
    assert_false(f.members[cprov_family_find(f.family, &middle.digest)].same);
    uint32_t twins = cprov_family_find(f.family, &twin.digest);
    assert_string_equal(name_of(&f, cprov_family_base(f.family, &twin.digest, twins)), "base");
    assert_parent(&f, &artifact, "-");
    const struct cprov_member *b = &f.members[cprov_family_find(f.family, &base.digest)];
    assert_string_equal(name_of(&f, b->first_child), "the/middle");
    assert_int_equal(b->first_child, b->last_child);
    assert_int_equal(cprov_family_base(f.family, &base.digest, CPROV_NOBODY), CPROV_NOBODY);
    forget(&f);
}

/* Each of two indexes holds a base of the other; one holds a base of itself. */
static void test_circles(void **state)
{
    struct fixture f;
    struct layout *l = &f.layout;

    (void)state;
    layout_open(l);
    struct cprov_descriptor one = LAYOUT_STACK(l, "{}", "1");
    struct cprov_descriptor two = LAYOUT_STACK(l, "{}", "1", "2");
    struct cprov_descriptor other_one = LAYOUT_STACK(l, "{}", "a");
    struct cprov_descriptor other_two = LAYOUT_STACK(l, "{}", "a", "b");
    struct cprov_descriptor left = layout_index(l, &two, &other_one);
    struct cprov_descriptor right = layout_index(l, &other_two, &one);
    struct cprov_descriptor self = layout_index(l, &two, &one);
    LAYOUT_ENTRY(l, &left, "left", "1");
    LAYOUT_ENTRY(l, &right, "right", "1");
    LAYOUT_ENTRY(l, &self, "self", "1");
    read_family(&f);
    assert_parent(&f, &left, "right");
    assert_parent(&f, &right, "-");
    assert_parent(&f, &self, "left"); /* the same layers */
    for (uint32_t i = 0; i < f.count; i++) {
        uint32_t steps = 0;

        for (uint32_t m = i; m != CPROV_NOBODY; m = f.members[m].parent)
            assert_true(steps++ <= f.count);
    }
    uint32_t s = cprov_family_find(f.family, &right.digest);
    assert_string_equal(name_of(&f, cprov_family_base(f.family, &other_two.digest, s)), "left");
    forget(&f);
}

static void test_depth(void **state)
{
    static const char *texts[DEPTH + 1];
    static char numbers[DEPTH][8];
    struct fixture f;
    char version[8];

    (void)state;
    layout_open(&f.layout);
    for (size_t i = 0; i < DEPTH; i++) {
        snprintf(numbers[i], sizeof(numbers[i]), "%zu", i);
        texts[i] = numbers[i];
        struct cprov_descriptor d = layout_stack(&f.layout, "{}", texts);
        snprintf(version, sizeof(version), "%zu", i + 1);
        LAYOUT_ENTRY(&f.layout, &d, "deep", version);
    }
    read_family(&f);
    assert_int_equal(f.count, DEPTH);
    for (uint32_t i = 0; i < f.count; i++) {
        uint32_t parent = f.members[i].parent;

        if (f.members[i].layers == 1)
            assert_int_equal(parent, CPROV_NOBODY);
        else
            assert_int_equal(f.members[parent].layers, f.members[i].layers - 1);
    }
    forget(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_circles),
        cmocka_unit_test(test_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
