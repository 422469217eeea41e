/* tests/unit/base/hash_table_test.c - what was added is in, and chosen names do not slow it down.
 */
#include "base/hash_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

#define NAMES 20000u

static const char *name_of(unsigned i, char name[64])
{
    snprintf(name, 64, "%.*s%u", (int)(i % 20), "aaaaaaaaaaaaaaaaaaaa", i);
    return name;
}

static void a_set_holds_what_was_noted(void **state)
{
    auto_hash_table struct cprov_hash_table t = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;
    char name[64];

    (void)state;
    assert_false(cprov_hash_table_noted(&t, 0, ""));
    for (unsigned i = 0; i < NAMES; i++) {
        assert_int_equal(cprov_hash_table_note(&t, i % 7, name_of(i, name), &err), 0);
        assert_int_equal(cprov_hash_table_note(&t, i % 7, name, &err), 0); /* twice is once */
        assert_int_equal(t.count, i + 1);
    }
    for (unsigned i = 0; i < NAMES; i++) {
        assert_true(cprov_hash_table_noted(&t, i % 7, name_of(i, name)));
        assert_false(cprov_hash_table_noted(&t, i % 7 + 7, name));
    }
    assert_false(cprov_hash_table_noted(&t, 0, ""));
    assert_int_equal(cprov_hash_table_note(&t, 0, "", &err), 0);
    assert_true(cprov_hash_table_noted(&t, 0, ""));
    cprov_hash_table_clear(&t);
    assert_false(cprov_hash_table_noted(&t, 0, ""));
}

/* Values are the numbers of the names plus 1. */
static bool has(const struct cprov_hash_table *t, unsigned i)
{
    char name[64];
    size_t len = strlen(name_of(i, name));
    struct cprov_hash_walk walk = cprov_hash_table_walk(t, 0, name, len);
    uint32_t value;

    while ((value = cprov_hash_table_next(t, &walk)) != 0)
        if (value == i + 1)
            return true;
    return false;
}

static void a_map_gives_values_until_they_are_removed(void **state)
{
    auto_hash_table struct cprov_hash_table t = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;
    char name[64];

    (void)state;
    assert_false(has(&t, 0));
    for (unsigned i = 0; i < NAMES; i++) {
        name_of(i, name);
        assert_int_equal(cprov_hash_table_add(&t, 0, name, strlen(name), i + 1, &err), 0);
    }
    for (unsigned i = 0; i < NAMES; i++)
        assert_true(has(&t, i));
    for (unsigned i = 0; i < NAMES; i += 3) {
        name_of(i, name);
        cprov_hash_table_remove(&t, 0, name, strlen(name), NAMES + 1); /* not its value */
        assert_true(has(&t, i));
        cprov_hash_table_remove(&t, 0, name, strlen(name), i + 1);
        cprov_hash_table_remove(&t, 0, name, strlen(name), i + 1);
    }
    assert_int_equal(t.count, NAMES - (NAMES + 2) / 3);
    for (unsigned i = 0; i < NAMES; i++)
        assert_int_equal(has(&t, i), i % 3 != 0);
}

/* --- chosen names --- */

#define CHOSEN 512u
#define HOMES  1024u /* slots of a table with as many names */

/* Slots that are looked at for every name once. */
static size_t all_steps(const struct cprov_hash_table *t, const uint64_t names[CHOSEN])
{
    size_t steps = 0;

    for (size_t i = 0; i < CHOSEN; i++) {
        struct cprov_hash_walk walk = cprov_hash_table_walk(t, 0, &names[i], sizeof(names[i]));

        while (cprov_hash_table_next(t, &walk) != 0)
            continue;
        steps += walk.steps;
    }
    return steps;
}

static void add_all(struct cprov_hash_table *t, const uint64_t names[CHOSEN])
{
    struct cprov_error err = CPROV_ERROR_INIT;

    for (size_t i = 0; i < CHOSEN; i++)
        assert_int_equal(
            cprov_hash_table_add(t, 0, &names[i], sizeof(names[i]), (uint32_t)i + 1, &err), 0);
}

/* Names that fall together in one table do so in no other: nobody outside knows its key. */
static void chosen_names_stay_linear(void **state)
{
    auto_hash_table struct cprov_hash_table known = { 0 }, other = { 0 };
    static uint64_t names[CHOSEN];
    uint64_t name = 0;

    (void)state;
    add_all(&known, names); /* draws the key */
    for (size_t i = 0; i < CHOSEN; name++)
        if ((cprov_hash_table_walk(&known, 0, &name, sizeof(name)).hash >> 32) % HOMES == 0)
            names[i++] = name;
    memset(known.slots, 0, known.room * sizeof(*known.slots));
    known.count = 0;
    add_all(&known, names);
    add_all(&other, names);
    assert_int_equal(known.room, HOMES);
    assert_int_equal(other.room, HOMES);
    assert_true(all_steps(&known, names) >= (size_t)CHOSEN * CHOSEN / 2); /* what is prevented */
    assert_true(all_steps(&other, names) < (size_t)CHOSEN * 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_holds_what_was_noted),
        cmocka_unit_test(a_map_gives_values_until_they_are_removed),
        cmocka_unit_test(chosen_names_stay_linear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
