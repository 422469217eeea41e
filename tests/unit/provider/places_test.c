/* Which sources a session asks: the fallback, --source by name, pattern and location. */
#include "world.h"

#include "provider/session.h"

static const char own[] = "sources:\n"
                          "  - {name: cat, location: 'http://127.0.0.1:5001'}\n"
                          "  - {name: copy, location: reg.example/team}\n"
                          "  - {name: other, location: reg.example:8443}\n";

/* Opens a session with these sources and joins the names of its places. */
static int places(struct world *w, const char *const *sources, size_t count, char out[256],
                  struct cprov_error *err)
{
    struct cprov_session_options o = CPROV_INIT(struct cprov_session_options);
    size_t len = 0;

    *err = (struct cprov_error)CPROV_ERROR_INIT;
    o.sources = sources;
    o.sources_count = count;
    assert_int_equal(world_open(w, &o), 0);
    int code = cprov_session_places(w->session, err);
    out[0] = '\0';
    for (size_t i = 0; i < w->session->places_count; i++)
        len += (size_t)snprintf(out + len, 256 - len, "%s%s", i ? " " : "",
                                w->session->places[i].source->name);
    return code;
}

static void the_shipped_source_is_a_fallback(void **state)
{
    static const struct {
        const char *yaml, *names;
    } table[] = {
        { "", "dockerhub" },
        { own, "cat copy other" },
        { "sources: [{name: dockerhub, removed: true}]\n", "" },
        { "sources: [{name: dockerhub, location: docker.io}, {name: cat, location: a.example}]\n",
          "dockerhub cat" },
    };
    struct world *w = *state;
    struct cprov_error err;
    char names[256];

    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        print_message("%s\n", table[i].yaml);
        world_configure(w, table[i].yaml);
        assert_int_equal(places(w, NULL, 0, names, &err), 0);
        assert_string_equal(names, table[i].names);
    }
}

static void sources_are_chosen(void **state)
{
    static const struct {
        const char *sources[3];
        const char *names;
    } table[] = {
        { { "cat" }, "cat" },
        { { "CAT" }, "cat" },
        { { "c*" }, "cat copy" },
        { { "[co]*" }, "cat copy other" },
        { { "other", "cat" }, "other cat" },
        { { "cat", "c*" }, "cat copy" },
        { { "cat", "cat" }, "cat" },
        { { "dockerhub" }, "dockerhub" },
        { { "http://127.0.0.1:5001" }, "cat" },
        { { "127.0.0.1:5001" }, "cat" },
        { { "https://reg.example/team" }, "copy" },
        { { "reg.example/team", "copy" }, "copy" },
        { { "reg.example" }, "reg.example" },
        { { "localhost/x", "cat" }, "localhost/x cat" },
        { { "new.example", "new.example" }, "new.example" },
    };
    struct world *w = *state;
    struct cprov_error err;
    char names[256];

    world_configure(w, own);
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        size_t count = 0;

        while (count < CPROV_COUNT(table[i].sources) && table[i].sources[count])
            count++;
        print_message("%s ... → %s\n", table[i].sources[0], table[i].names);
        assert_int_equal(places(w, table[i].sources, count, names, &err), 0);
        assert_string_equal(names, table[i].names);
    }
}

static void unknown_sources_are_told(void **state)
{
    static const struct {
        const char *source;
        int code;
        const char *says;
    } table[] = {
        { "nowhere", CPROV_ENOTFOUND, "Unable to find package source 'nowhere'" },
        { "nope*", CPROV_ENOTFOUND, "Unable to find package source 'nope*'" },
        { "", CPROV_ENOTFOUND, "Unable to find package source ''" },
        { "ftp://a.example", CPROV_EINVAL, "ftp" },
        { "http://", CPROV_EINVAL, "" },
        { "a.example/UPPER", CPROV_EINVAL, "" },
    };
    struct world *w = *state;
    char names[256];

    world_configure(w, own);
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        const char *sources[] = { "cat", table[i].source };
        struct cprov_error err;

        print_message("'%s'\n", table[i].source);
        assert_int_equal(places(w, sources, 2, names, &err), table[i].code);
        assert_non_null(strstr(err.msg, table[i].says));
        assert_null(w->session->places);
        assert_int_equal(w->session->places_count, 0);
        /* it fails again: half a list is never asked */
        assert_int_equal(cprov_session_places(w->session, &err), table[i].code);
    }
}

static void a_location_is_no_registered_source(void **state)
{
    const char *sources[] = { "new.example:5000/team" };
    struct world *w = *state;
    struct cprov_error err;
    char names[256];

    assert_int_equal(places(w, sources, 1, names, &err), 0);
    const struct cprov_place *p = &w->session->places[0];
    assert_false(p->source->registered);
    assert_false(p->source->trusted);
    assert_string_equal(p->base.host, "new.example:5000");
    assert_string_equal(p->base.repository, "team");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(the_shipped_source_is_a_fallback),
        WORLD_TEST(sources_are_chosen),
        WORLD_TEST(unknown_sources_are_told),
        WORLD_TEST(a_location_is_no_registered_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
