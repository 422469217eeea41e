/* Which version is the newest for people, and what repositories are called. */
#include "world.h"

#include "base/error.h"
#include "catalog/search/search.h"

static void the_newest(void **state)
{
    static const struct {
        const char *versions[6];
        const char *newest;
    } table[] = {
        { { "1.0" }, "1.0" },
        { { "10.0.10586.10", "10.0.10586.8", "10.0.9200.0" }, "10.0.10586.10" },
        { { "2.0.0-rc.1", "1.9.0", "1.8.0" }, "1.9.0" },
        { { "2.0.0-rc.1", "1.0.0-rc.1" }, "2.0.0-rc.1" },
        { { "20260127", "3.20", "3.19" }, "3.20" },
        { { "20260127", "3", "latest" }, "20260127" },
        { { "20260127", "1.0.0-rc.1", "latest" }, "1.0.0-rc.1" },
        { { "ltsc2022", "latest", "edge" }, "latest" },
        { { "stable", "edge" }, "stable" },
        { { "1.2.3+build.5", "1.2.2" }, "1.2.3+build.5" },
        { { "v2.1", "v2.0", "latest" }, "v2.1" },
        { { "latest", "9.0.1", "10.0.1", "10.0.0", "11.0.0-rc.1" }, "10.0.1" },
        { { "edge", "3", "20260127", "stable" }, "20260127" },
        { { "1.0", "1.0.0" }, "1.0.0" },
        { { "" }, "" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        size_t count = 0;

        while (count < CPROV_COUNT(table[i].versions) && table[i].versions[count])
            count++;
        size_t best = cprov_version_newest(table[i].versions, count);
        print_message("case %zu: %s\n", i, table[i].versions[best]);
        assert_in_range(best, 0, count - 1);
        assert_string_equal(table[i].versions[best], table[i].newest);
    }
}

static void names_of_repositories(void **state)
{
    static const struct cprov_alias aliases[] = { { "windows/nanoserver", "NanoServer" } };
    static const struct {
        const char *location, *repository, *name;
    } table[] = {
        { "reg.example", "windows/nanoserver", "NanoServer" },
        { "reg.example/team", "team/windows/nanoserver", "NanoServer" },
        { "reg.example/team", "team/app", "app" },
        { "reg.example/team", "teamwork/app", "teamwork/app" },
        { "reg.example", "library/alpine", "library/alpine" },
        { "docker.io", "library/alpine", "alpine" },
        { "docker.io", "team/app", "team/app" },
    };
    const struct cprov_search_scope what = { .aliases = aliases, .aliases_count = 1 };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        struct cprov_source source = { .name = "s", .location = table[i].location, .type = "oci" };
        struct cprov_place place;

        print_message("%s %s\n", table[i].location, table[i].repository);
        assert_int_equal(cprov_place_init(&source, cprov_network_kinds, &place, CPROV_IGNORED), 0);
        struct cprov_reference r = place.base;
        snprintf(r.repository, sizeof(r.repository), "%s", table[i].repository);
        assert_string_equal(cprov_search_name(&what, &place, &r), table[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest),
        cmocka_unit_test(names_of_repositories),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
