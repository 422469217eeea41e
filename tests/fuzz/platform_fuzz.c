/* A platform that is read is written as a text that reads the same; versions obey their rules. */
#include "base/arena.h"
#include "base/error.h"
#include "fuzz.h"
#include "manifest/platform.h"

static void check_platform(struct cprov_span text)
{
    struct cprov_arena arena = { 0 };
    struct cprov_platform p, again;
    auto_buf struct cprov_buf first, second;

    cprov_buf_init(&first, 1024);
    cprov_buf_init(&second, 1024);
    if (cprov_platform_parse(text, &arena, &p, CPROV_IGNORED) == 0) {
        struct cprov_host host = { .platform = p };

        cprov_platform_format(&p, &first);
        FUZZ_CHECK(cprov_platform_parse(cprov_buf_span(&first), &arena, &again, CPROV_IGNORED) ==
                   0);
        cprov_platform_format(&again, &second);
        FUZZ_CHECK(cprov_span_equal(cprov_buf_span(&first), cprov_buf_span(&second)));
        cprov_platform_fits(&host, &again);
    }
    cprov_arena_clear(&arena);
}

static void check_version(struct cprov_span text)
{
    static const struct cprov_os_version host = { { 10, 0, 20348, 2113 } };
    struct cprov_os_version v;
    const char *why;

    if (!cprov_os_version_parse(text, &v))
        return;
    FUZZ_CHECK(cprov_os_compat(&v, &v, CPROV_ISOLATION_PROCESS, &why) != CPROV_COMPAT_NO);
    FUZZ_CHECK(cprov_os_compat(&v, &v, CPROV_ISOLATION_HYPERV, &why) == CPROV_COMPAT_YES);
    if (cprov_os_compat(&host, &v, CPROV_ISOLATION_PROCESS, &why) != CPROV_COMPAT_NO)
        FUZZ_CHECK(cprov_os_compat(&host, &v, CPROV_ISOLATION_AUTO, &why) != CPROV_COMPAT_NO);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cprov_span text = cprov_span_make((const char *)data, size);
    enum cprov_isolation isolation;

    check_platform(text);
    check_version(text);
    FUZZ_CHECK(cprov_isolation_parse(text, &isolation, CPROV_IGNORED) <= 0);
    return 0;
}
