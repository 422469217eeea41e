/* tests/unit/cli/out_test.c - every format, and the seed's tables byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/out.h"
#include "cli/records.h"

#define DESCRIPTION                                                                                \
    "Container OS Image of Windows Server 2016 Technical Preview 4 : Nano Server Installation"

static int write_buf(void *arg, struct cprov_span text, struct cprov_error *err)
{
    (void)err;
    cprov_buf_add_span(arg, text);
    return 0;
}

static struct cprov_item item_of(const char *name, const char *version, const char *description)
{
    struct cprov_item item = {
        .size = sizeof(item),
        .name = name,
        .version = version,
        .description = description,
        .source = "cat",
        .publisher = "CN=Microsoft",
        .is_os = true,
        .bytes = 44880000,
    };

    return item;
}

static int print(struct cprov_out_options options, const struct cprov_item *items, size_t count,
                 struct cprov_buf *text, struct cprov_error *err)
{
    auto_out struct cprov_out *out = NULL;

    options.record = &cprov_image_record;
    options.layout = options.layout ? options.layout : &cprov_find_layout;
    options.write = write_buf;
    options.arg = text;
    if (cprov_out_open(&options, &out, err) < 0)
        return err->code;
    for (size_t i = 0; i < count; i++)
        cprov_out_row(out, &items[i]);
    return cprov_out_finish(out, err);
}

static void check(struct cprov_out_options options, const struct cprov_item *items, size_t count,
                  const char *expected)
{
    struct cprov_buf text;
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_buf_init(&text, 65536);
    if (print(options, items, count, &text, &err) < 0)
        fail_msg("%s", err.msg);
    assert_string_equal(cprov_buf_text(&text), expected);
    cprov_buf_clear(&text);
}

static void test_find_table(void **state)
{
    const struct cprov_item items[] = {
        item_of("NanoServer", "10.0.10586.8", DESCRIPTION),
        item_of("WindowsServerCore", "10.0.10579.0", "short"),
        item_of("a-name-that-is-too-long-for-it", "1", ""),
    };

    (void)state;
    check((struct cprov_out_options){ .format = NULL }, items, 3,
          "Name                 Version                 Description\n"
          "----                 -------                 -----------\n"
          "NanoServer           10.0.10586.8            "
          "Container OS Image of Windows Server 2016 Techn...\n"
          "WindowsServerCore    10.0.10579.0            short\n"
          "a-name-that-is-too-long-for-it 1\n");
    check((struct cprov_out_options){ .columns = "name,VERSION, source,Description" }, items, 1,
          "Name                 Version                 Source               Description\n"
          "----                 -------                 ------               -----------\n"
          "NanoServer           10.0.10586.8            cat                  "
          "Container OS Image of Windows Se...\n");
    check((struct cprov_out_options){ .format = "oneget" }, items + 1, 1,
          "Name                           Version          Source           Summary\n"
          "----                           -------          ------           -------\n"
          "WindowsServerCore              10.0.10579.0     cat              short\n");
    check((struct cprov_out_options){ .no_header = true }, items + 1, 1,
          "WindowsServerCore    10.0.10579.0            short\n");
    check((struct cprov_out_options){ .format = "table" }, items, 0, "");
}

/* B9: names and versions are never cut, descriptions where the terminal ends, and nothing with
 * --wide. */
static void test_B09_what_is_cut(void **state)
{
    static const struct {
        bool wide;
        unsigned terminal;
        const char *name, *line;
    } cases[] = {
        { true, 0, "NanoServer", "NanoServer           10.0.10586.8            " DESCRIPTION "\n" },
        { true, 60, "NanoServer",
          "NanoServer           10.0.10586.8            " DESCRIPTION "\n" },
        { false, 60, "NanoServer",
          "NanoServer           10.0.10586.8            Container OS...\n" },
        { false, 20, "NanoServer", "NanoServer           10.0.10586.8            Container...\n" },
        { false, 200, "NanoServer",
          "NanoServer           10.0.10586.8            " DESCRIPTION "\n" },
        { false, 0, "a/name/that/takes/thirty/columns",
          "a/name/that/takes/thirty/columns 10.0.10586.8            "
          "Container OS Image of Windows Server 2016 Techn...\n" },
        { false, 80, "a/name/that/takes/thirty/columns",
          "a/name/that/takes/thirty/columns 10.0.10586.8            Container OS Image o...\n" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        const struct cprov_item item = item_of(cases[i].name, "10.0.10586.8", DESCRIPTION);

        check((struct cprov_out_options){ .wide = cases[i].wide,
                                          .terminal = cases[i].terminal,
                                          .no_header = true },
              &item, 1, cases[i].line);
    }
}

static void test_get_table(void **state)
{
    const struct cprov_item items[] = {
        item_of("NanoServer", "10.0.10586.8", ""),
        item_of("WindowsServerCore", "10.0.10586.8", ""),
    };

    (void)state;
    check((struct cprov_out_options){ .layout = &cprov_get_layout }, items, 2,
          "Name              Publisher    Version      IsOSImage\n"
          "----              ---------    -------      ---------\n"
          "NanoServer        CN=Microsoft 10.0.10586.8 True\n"
          "WindowsServerCore CN=Microsoft 10.0.10586.8 True\n");
}

static void test_list(void **state)
{
    const struct cprov_item items[] = { item_of("A", "1", ""), item_of("B", "2", "two\nlines") };

    (void)state;
    check((struct cprov_out_options){ .format = "list", .columns = "Name,Description,Size" }, items,
          2,
          "Name        : A\nDescription :\nSize        : 44.88 MB\n\n"
          "Name        : B\nDescription : two lines\nSize        : 44.88 MB\n");
}

static void test_data(void **state)
{
    static const struct {
        const char *format, *none, *two;
    } cases[] = {
        { "json", "[]\n",
          "[\n{\"Name\":\"A\",\"Size\":44880000,\"IsOSImage\":true},\n"
          "{\"Name\":\"true\",\"Description\":\"a, \\\"b\\\"\\n\\u009b\",\"Size\":44880000,"
          "\"IsOSImage\":true}\n]\n" },
        { "jsonl", "",
          "{\"Name\":\"A\",\"Size\":44880000,\"IsOSImage\":true}\n"
          "{\"Name\":\"true\",\"Description\":\"a, \\\"b\\\"\\n\\u009b\",\"Size\":44880000,"
          "\"IsOSImage\":true}\n" },
        { "yaml", "[]\n",
          "- Name: A\n  Description: null\n  Size: 44880000\n  IsOSImage: true\n"
          "- Name: \"true\"\n  Description: \"a, \\\"b\\\"\\n\\u009b\"\n  Size: 44880000\n"
          "  IsOSImage: true\n" },
        { "csv", "Name,Description,Size,IsOSImage\r\n",
          "Name,Description,Size,IsOSImage\r\nA,,44880000,true\r\n"
          "true,\"a, \"\"b\"\"\n?\",44880000,true\r\n" },
        { "template={{.Name}}\\t{{.Size}}", "", "A\t44880000\ntrue\t44880000\n" },
        { "{{json .Description}}", "", "null\n\"a, \\\"b\\\"\\n\\u009b\"\n" },
    };
    const struct cprov_item items[] = { item_of("A", "1", ""),
                                        item_of("true", "2", "a, \"b\"\n\xc2\x9b") };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_out_options options = { .format = cases[i].format,
                                             .columns = "Name,Description,Size,IsOSImage" };

        check(options, items, 0, cases[i].none);
        check(options, items, 2, cases[i].two);
    }
}

static void test_refusals(void **state)
{
    static const struct {
        struct cprov_out_options options;
        const char *message, *hint;
    } cases[] = {
        { { .format = "tabel" }, "'tabel'", "'table'" },
        { { .format = "" }, "''", "" },
        { { .format = "template" }, "'template'", "" },
        { { .format = "template={{.Nmae}}" }, "unknown column 'Nmae'", "Name" },
        { { .format = "{{.Name" }, "without '}}'", "" },
        { { .columns = "Name,Sizes" }, "unknown column 'Sizes'", "Size" },
        { { .columns = "" }, "unknown column ''", "" },
        { { .columns = "Name," }, "unknown column ''", "" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_buf text;
        struct cprov_error err = CPROV_ERROR_INIT;

        cprov_buf_init(&text, 1024);
        assert_int_equal(print(cases[i].options, NULL, 0, &text, &err), CPROV_EINVAL);
        if (!strstr(err.msg, cases[i].message) || !strstr(err.about, cases[i].hint))
            fail_msg("case %zu: '%s', hint '%s'", i, err.msg, err.about);
        assert_int_equal(text.len, 0);
    }
}

static void test_shows(void **state)
{
    static const struct {
        const char *format, *columns;
        bool description, parent;
    } cases[] = {
        { NULL, NULL, true, false },
        { NULL, "name,version", false, false },
        { "json", NULL, true, true },
        { "template={{.Name}}", NULL, false, false },
        { "{{.parent}}", "description", false, true },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_out_options options = { .format = cases[i].format,
                                             .columns = cases[i].columns,
                                             .record = &cprov_image_record,
                                             .layout = &cprov_find_layout };
        struct cprov_out *out = NULL;

        assert_int_equal(cprov_out_open(&options, &out, CPROV_IGNORED), 0);
        assert_int_equal(cprov_out_shows(out, "Description"), cases[i].description);
        assert_int_equal(cprov_out_shows(out, "Parent"), cases[i].parent);
        cprov_out_close(out);
    }
}

static int write_nothing(void *arg, struct cprov_span text, struct cprov_error *err)
{
    (void)text;
    (*(int *)arg)++;
    return cprov_fail(err, CPROV_ENOSPACE, "disk full");
}

static void test_full_disk(void **state)
{
    int writes = 0;
    struct cprov_out_options options = { .format = "jsonl",
                                         .record = &cprov_image_record,
                                         .layout = &cprov_find_layout,
                                         .write = write_nothing,
                                         .arg = &writes };
    const struct cprov_item item = item_of("A", "1", "");
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_out *out = NULL;

    (void)state;
    assert_int_equal(cprov_out_open(&options, &out, &err), 0);
    cprov_out_row(out, &item);
    assert_true(cprov_out_failed(out));
    cprov_out_row(out, &item);
    assert_int_equal(cprov_out_finish(out, &err), CPROV_ENOSPACE);
    assert_string_equal(err.msg, "disk full");
    assert_int_equal(writes, 1);
    cprov_out_close(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find_table), cmocka_unit_test(test_B09_what_is_cut),
        cmocka_unit_test(test_get_table),  cmocka_unit_test(test_list),
        cmocka_unit_test(test_data),       cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_shows),      cmocka_unit_test(test_full_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
