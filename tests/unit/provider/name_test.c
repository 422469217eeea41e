/* What users write for an image: references, names to look up, refs of find. */
#include "world.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "provider/name.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int read_name(struct world *w, const char *text, const struct cprov_version_options *v,
                     bool patterns, struct cprov_name *out, struct cprov_error *err)
{
    const struct cprov_version_options any = CPROV_INIT(struct cprov_version_options);

    *err = (struct cprov_error)CPROV_ERROR_INIT;
    return cprov_name_read(w->session, text, v ? v : &any, patterns, out, err);
}

static void assert_span(struct cprov_span got, const char *want)
{
    if (!cprov_span_is(got, want))
        fail_msg("'%.*s' is not '%s'", CPROV_SPAN_ARG(got), want);
}

static void references_are_known_by_their_host(void **state)
{
    static const struct {
        const char *text, *host, *repository, *tag;
        bool digest;
    } table[] = {
        { "localhost/app", "localhost", "app", "", false },
        { "localhost:5000/app:1.0", "localhost:5000", "app", "1.0", false },
        { "team:5000/app", "team:5000", "app", "", false },
        { "reg.example/a/b:t@sha256:" HEX64, "reg.example", "a/b", "t", true },
        { "[::1]:5000/a/b", "[::1]:5000", "a/b", "", false },
        { "docker.io/alpine", "docker.io", "library/alpine", "", false },
        { "docker://alpine:3", "docker.io", "library/alpine", "3", false },
        { "DOCKER://team/app", "docker.io", "team/app", "", false },
        { "oci://reg.example/a", "reg.example", "a", "", false },
        { "https://reg.example/a:1", "reg.example", "a", "1", false },
        { "http://[::1]:5000/a", "[::1]:5000", "a", "", false },
    };
    struct world *w = *state;
    struct cprov_error err;
    struct cprov_name n;

    world_session(w);
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        print_message("%s\n", table[i].text);
        assert_int_equal(read_name(w, table[i].text, NULL, false, &n, &err), 0);
        assert_true(n.is_reference);
        assert_string_equal(n.text, table[i].text);
        assert_string_equal(n.reference.host, table[i].host);
        assert_string_equal(n.reference.repository, table[i].repository);
        assert_string_equal(n.reference.tag, table[i].tag);
        assert_int_equal(n.reference.has_digest, table[i].digest);
    }
}

static void everything_else_is_looked_up(void **state)
{
    static const struct {
        const char *text, *lookup, *exact;
        bool patterns, digest;
    } table[] = {
        { "NanoServer", "NanoServer", "", false, false },
        { "NanoServer:10.0.1", "NanoServer", "10.0.1", false, false },
        { "team/app:1.0", "team/app", "1.0", false, false },
        { "team/app", "team/app", "", false, false },
        { "app:latest", "app", "latest", false, false },
        { "NanoServer@sha256:" HEX64, "NanoServer", "", false, true },
        { "nano*", "nano*", "", true, false },
        { "[N]anoServe?", "[N]anoServe?", "", true, false },
    };
    struct world *w = *state;
    struct cprov_error err;
    struct cprov_name n;

    world_session(w);
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        print_message("%s\n", table[i].text);
        assert_int_equal(read_name(w, table[i].text, NULL, table[i].patterns, &n, &err), 0);
        assert_false(n.is_reference);
        assert_span(n.lookup, table[i].lookup);
        assert_span(n.range.exact, table[i].exact);
        assert_int_equal(n.has_digest, table[i].digest);
    }
}

static void nonsense_is_refused(void **state)
{
    static const struct {
        const char *text;
        bool patterns;
        const char *says;
    } table[] = {
        { "", true, "the name is empty" },
        { ":1.0", true, "the name is empty" },
        { "NanoServer:", true, "the version is empty" },
        { "@sha256:" HEX64, true, "the name is empty" },
        { "NanoServer@sha256:12", true, "" },
        { "NanoServer@", true, "" },
        { "nano\x01server", true, "control characters" },
        { "ftp://reg.example/a", true, "the scheme 'ftp' is not supported" },
        { "://reg.example/a", true, "the scheme '' is not supported" },
        { "https://", true, "" },
        { "reg.example/UPPER", true, "" },
        { "reg.example/nano*", true, "" },
        { "nano*", false,
          "The specified name 'nano*' should not contain any wildcard characters, please correct "
          "it and try again." },
        { "[N]anoServer", false, "should not contain any wildcard characters" },
        { "nano?:1.0", false, "should not contain any wildcard characters" },
    };
    struct world *w = *state;
    struct cprov_error err;

    world_session(w);
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        struct cprov_name n = { .text = "untouched" };

        print_message("'%s'\n", table[i].text);
        assert_int_equal(read_name(w, table[i].text, NULL, table[i].patterns, &n, &err),
                         CPROV_EINVAL);
        assert_non_null(strstr(err.msg, table[i].says));
        assert_string_equal(n.text, "untouched");
    }
}

static void names_have_a_limit(void **state)
{
    struct world *w = *state;
    char text[CPROV_NAME_MAX + 2];
    struct cprov_error err;
    struct cprov_name n;

    world_session(w);
    memset(text, 'a', sizeof(text));
    text[CPROV_NAME_MAX + 1] = '\0';
    assert_int_equal(read_name(w, text, NULL, true, &n, &err), CPROV_EINVAL);
    text[CPROV_NAME_MAX] = '\0';
    assert_int_equal(read_name(w, text, NULL, true, &n, &err), 0);
    assert_int_equal(n.lookup.len, CPROV_NAME_MAX);
}

static void contradictions_are_usage_errors(void **state)
{
    static const struct {
        const char *text;
        struct cprov_version_options v;
        int code;
        const char *says;
    } table[] = {
        { "N", { .required = "10.0.1", .minimum = "10.0.0" }, CPROV_EINVAL, "" },
        { "N", { .required = "10.0.1", .maximum = "10.0.2" }, CPROV_EINVAL, "" },
        { "N", { .required = "10.0.1", .all = true }, CPROV_EINVAL, "" },
        { "N", { .required = "10.0.*", .all = true }, 0, "" },
        { "N",
          { .minimum = "3", .maximum = "2" },
          CPROV_EINVAL,
          "Minimum Version cannot be more than Maximum Version" },
        { "N", { .minimum = "2", .maximum = "2" }, 0, "" },
        { "N", { .required = "" }, CPROV_EINVAL, "" },
        { "N", { .required = "1.x" }, CPROV_EINVAL, "" },
        { "N", { .required = "1.2.3.4.5" }, CPROV_EINVAL, "" },
        { "N", { .required = "(1," }, CPROV_EINVAL, "" },
        { "N", { .minimum = "latest" }, CPROV_EINVAL, "" },
        { "N:10.0.1", { .required = "10.0.1.0" }, 0, "" },
        { "N:10.0.1", { .required = "10.0.2" }, CPROV_EINVAL, "'10.0.1' contradicts" },
        { "N:10.0.1", { .minimum = "10.0.2" }, CPROV_EINVAL, "'10.0.1' contradicts" },
        { "N:10.0.1", { .required = "[10.0.0,10.0.2)" }, 0, "" },
        { "reg.example/a:1.0", { .required = "2.0" }, CPROV_EINVAL, "'1.0' contradicts" },
        { "reg.example/a:1.0", { .required = "1.0" }, 0, "" },
        { "reg.example/a:1.0", { .all = true }, CPROV_EINVAL, "contradicts all versions" },
        { "N:1.0", { .all = true }, CPROV_EINVAL, "contradicts all versions" },
        { "N@sha256:" HEX64, { .all = true }, CPROV_EINVAL, "contradicts all versions" },
        { "reg.example/a@sha256:" HEX64, { .all = true }, CPROV_EINVAL, "all versions" },
        { "N:10.0.*", { .all = true }, 0, "" },
    };
    struct world *w = *state;
    struct cprov_error err;

    world_session(w);
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        struct cprov_name n = { .text = "untouched" };
        const struct cprov_version_options *v = &table[i].v;

        print_message("%s %s [%s,%s]\n", table[i].text, v->required ? v->required : "-",
                      v->minimum ? v->minimum : "", v->maximum ? v->maximum : "");
        assert_int_equal(read_name(w, table[i].text, v, true, &n, &err), table[i].code);
        assert_non_null(strstr(err.msg, table[i].says));
        assert_string_equal(n.text, table[i].code ? "untouched" : table[i].text);
    }
}

static void all_versions_of_a_repository(void **state)
{
    const struct cprov_version_options all = { .size = sizeof(all), .all = true };
    struct world *w = *state;
    struct cprov_error err;
    struct cprov_name n;

    world_session(w);
    assert_int_equal(read_name(w, "reg.example/a", &all, true, &n, &err), 0);
    assert_true(n.all_versions);
}

/* A name is copied by those who read it: what it holds must outlive the one it was read into. */
static void A3_nothing_points_into_the_name(void **state)
{
    static const char *const table[] = { "reg.example/a:1.0", "N:1.0" };
    const struct cprov_version_options any = { .size = sizeof(any) };
    struct world *w = *state;
    struct cprov_error err;

    world_session(w);
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        struct cprov_name n;

        assert_int_equal(read_name(w, table[i], &any, true, &n, &err), 0);
        struct cprov_name copy = n;
        memset(&n, 0xee, sizeof(n));
        assert_true(cprov_span_is(copy.range.exact, "1.0"));
    }
}

/* --- refs --- */

static void refs_lead_back(void **state)
{
    static const struct {
        const char *source, *name, *reference;
    } table[] = {
        { "cat", "NanoServer", "reg.example/windows/nanoserver:10.0.1" },
        { "", "", "127.0.0.1:5000/a" },
        { "a \"quoted\" one", "Größe", "[::1]:5000/a/b:t@sha256:" HEX64 },
    };
    struct world *w = *state;
    struct cprov_error err;
    struct cprov_name n;

    world_session(w);
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        struct cprov_buf ref, again;
        struct cprov_reference r;

        cprov_buf_init(&ref, CPROV_URL_MAX);
        cprov_buf_init(&again, CPROV_URL_MAX);
        assert_int_equal(cprov_reference_parse(cprov_span_of(table[i].reference), &r, &err), 0);
        cprov_ref_write(&ref, table[i].source, table[i].name, &r, NULL);
        print_message("%s\n", cprov_buf_text(&ref));
        assert_null(strpbrk(cprov_buf_text(&ref), "?@/+= "));
        assert_int_equal(read_name(w, cprov_buf_text(&ref), NULL, false, &n, &err), 0);
        assert_true(n.is_reference);
        assert_string_equal(n.source, table[i].source);
        assert_string_equal(n.shown_name, table[i].name);
        cprov_reference_format(&n.reference, &again);
        assert_string_equal(cprov_buf_text(&again), table[i].reference);
        cprov_buf_clear(&ref);
        cprov_buf_clear(&again);
    }
}

static void write_ref(struct cprov_buf *out, const char *json)
{
    cprov_buf_init(out, CPROV_URL_MAX);
    cprov_buf_add_text(out, "ci1:");
    cprov_base64url_encode(out, cprov_span_of(json));
}

static void damaged_refs_are_usage_errors(void **state)
{
    static const char *const documents[] = {
        "",
        "{}",
        "[]",
        "{\"r\":5}",
        "{\"r\":\"\"}",
        "{\"r\":\"reg.example/UPPER\"}",
        "{\"r\":\"reg.example/a\"",
        "{\"r\":\"reg.example/a\"} more",
        "{\"r\":\"reg.example/a\",\"r\":\"reg.example/b\"}",
        "{\"r\":\"reg.example/a\",\"n\":\"a\\u0007b\"}",
    };
    struct world *w = *state;
    struct cprov_error err;

    world_session(w);
    for (size_t i = 0; i < CPROV_COUNT(documents); i++) {
        struct cprov_name n = { .text = "untouched" };
        struct cprov_buf ref;

        print_message("%s\n", documents[i]);
        write_ref(&ref, documents[i]);
        assert_int_equal(read_name(w, cprov_buf_text(&ref), NULL, false, &n, &err), CPROV_EINVAL);
        assert_non_null(strstr(err.msg, "damaged ref"));
        assert_string_equal(n.text, "untouched");
        cprov_buf_clear(&ref);
    }
    struct cprov_name n = { .text = "untouched" };
    assert_int_equal(read_name(w, "ci1:!!!!", NULL, false, &n, &err), CPROV_EINVAL);
    assert_int_equal(read_name(w, "ci1:eyJ", NULL, false, &n, &err), CPROV_EINVAL);
    assert_string_equal(n.text, "untouched");
}

static void refs_and_version_options_agree(void **state)
{
    const struct cprov_version_options other = { .size = sizeof(other), .required = "2.0" };
    const struct cprov_version_options same = { .size = sizeof(same), .required = "1.0" };
    struct world *w = *state;
    struct cprov_buf ref;
    struct cprov_error err;
    struct cprov_name n;

    world_session(w);
    write_ref(&ref, "{\"r\":\"reg.example/a:1.0\"}");
    assert_int_equal(read_name(w, cprov_buf_text(&ref), &same, false, &n, &err), 0);
    assert_null(n.shown_name);
    assert_null(n.source);
    assert_int_equal(read_name(w, cprov_buf_text(&ref), &other, false, &n, &err), CPROV_EINVAL);
    cprov_buf_clear(&ref);
}

static void repositories_have_names(void **state)
{
    static const struct {
        const char *reference, *name;
    } table[] = {
        { "reg.example/windows/nanoserver:10.0.1", "NanoServer" },
        { "docker.io/library/alpine:3", "alpine" },
        { "docker.io/team/app@sha256:" HEX64, "team/app" },
        { "localhost:5000/app", "localhost:5000/app" },
    };
    struct world *w = *state;
    struct cprov_reference r;

    world_session(w);
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        assert_int_equal(
            cprov_reference_parse(cprov_span_of(table[i].reference), &r, CPROV_IGNORED), 0);
        assert_string_equal(cprov_name_of_reference(w->session, &r), table[i].name);
    }
    assert_string_equal(cprov_name_and_version(w->session, "a", "1"), "a 1");
    assert_string_equal(cprov_name_and_version(w->session, "a", ""), "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(references_are_known_by_their_host),
        WORLD_TEST(everything_else_is_looked_up),
        WORLD_TEST(nonsense_is_refused),
        WORLD_TEST(names_have_a_limit),
        WORLD_TEST(contradictions_are_usage_errors),
        WORLD_TEST(all_versions_of_a_repository),
        WORLD_TEST(A3_nothing_points_into_the_name),
        WORLD_TEST(refs_lead_back),
        WORLD_TEST(damaged_refs_are_usage_errors),
        WORLD_TEST(refs_and_version_options_agree),
        WORLD_TEST(repositories_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
