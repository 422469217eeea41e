#include "manifest/platform.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "manifest/decode_private.h"
#include "manifest/platform_private.h"

#define FEATURES_MAX 64 /* of one platform; Windows knows one */

#if defined(__x86_64__)
#define LOCAL_ARCHITECTURE "amd64"
#elif defined(__i386__)
#define LOCAL_ARCHITECTURE "386"
#elif defined(__aarch64__)
#define LOCAL_ARCHITECTURE "arm64"
#elif defined(__arm__)
#define LOCAL_ARCHITECTURE "arm"
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define LOCAL_ARCHITECTURE "ppc64le"
#elif defined(__s390x__)
#define LOCAL_ARCHITECTURE "s390x"
#elif defined(__riscv) && __riscv_xlen == 64
#define LOCAL_ARCHITECTURE "riscv64"
#elif defined(__loongarch64)
#define LOCAL_ARCHITECTURE "loong64"
#else
#error "use Go's name for this architecture"
#endif

#if defined(__arm__) && __ARM_ARCH >= 7
#define LOCAL_VARIANT "v7"
#elif defined(__arm__) && __ARM_ARCH == 6
#define LOCAL_VARIANT "v6"
#elif defined(__arm__)
#define LOCAL_VARIANT "v5"
#else
#define LOCAL_VARIANT ""
#endif

/* What people and other tools write. A variant of NULL: any; a new one of NULL: as it was. */
static const struct alias {
    const char *architecture;
    const char *variant;
    const char *to_architecture;
    const char *to_variant;
} aliases[] = {
    { "x86_64", NULL, "amd64", NULL }, { "x86-64", NULL, "amd64", NULL },
    { "i386", NULL, "386", "" },       { "aarch64", NULL, "arm64", NULL },
    { "armhf", NULL, "arm", "v7" },    { "armel", NULL, "arm", "v6" },
    { "amd64", "v1", "amd64", "" },    { "arm64", "v8", "arm64", "" },
    { "arm64", "8", "arm64", "" },     { "arm", "", "arm", "v7" },
    { "arm", "5", "arm", "v5" },       { "arm", "6", "arm", "v6" },
    { "arm", "7", "arm", "v7" },       { "arm", "8", "arm", "v8" },
};

static bool is_name(struct cprov_span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!cprov_is_alnum(s.ptr[i]) && s.ptr[i] != '_' && s.ptr[i] != '.' && s.ptr[i] != '-')
            return false;
    return s.len > 0;
}

/* Other names of an architecture; with all of them set, the variants too, which a document of
 * others keeps as it has them. */
static void normalise(struct cprov_platform *p, bool all)
{
    if (strcmp(p->os, "macos") == 0)
        p->os = "darwin";
    for (size_t i = 0; i < CPROV_COUNT(aliases); i++) {
        const struct alias *a = &aliases[i];

        if (strcmp(p->architecture, a->architecture) != 0 ||
            (a->variant && (!all || strcmp(p->variant, a->variant) != 0)))
            continue;
        p->architecture = a->to_architecture;
        if (a->to_variant)
            p->variant = a->to_variant;
    }
}

static int read_features(struct cprov_span text, struct cprov_arena *arena,
                         struct cprov_platform *p, struct cprov_error *err)
{
    const char **list = cprov_arena_alloc(arena, FEATURES_MAX, sizeof(*list));
    struct cprov_span rest = text, feature;
    size_t n = 0;

    if (!list)
        return cprov_fail_memory(err);
    while (cprov_span_next(&rest, '+', &feature)) {
        if (!is_name(feature))
            return cprov_fail(err, CPROV_EINVAL, "platform: bad feature after '+'");
        if (n == FEATURES_MAX)
            return cprov_fail(err, CPROV_EINVAL, "platform: more than %d features", FEATURES_MAX);
        list[n++] = cprov_arena_text(arena, feature);
    }
    p->os_features = list;
    p->os_features_count = n;
    return 0;
}

/* "windows" or "windows(10.0.20348+win32k)"; the version may be empty when there are features. */
static int read_os(struct cprov_span text, struct cprov_arena *arena, struct cprov_platform *p,
                   struct cprov_error *err)
{
    struct cprov_span os = text, options, version, features;
    int rc = 0;

    if (cprov_span_cut(text, '(', &os, &options)) {
        if (!cprov_span_ends_with(options, ")"))
            return cprov_fail(err, CPROV_EINVAL, "platform: '(' without ')'");
        options.len--;
        version = options;
        if (cprov_span_cut(options, '+', &version, &features))
            rc = read_features(features, arena, p, err);
        else if (version.len == 0)
            return cprov_fail(err, CPROV_EINVAL, "platform: '()' is empty");
        if (version.len > 0 && !is_name(version))
            return cprov_fail(err, CPROV_EINVAL, "platform: bad version after '('");
        p->os_version = cprov_arena_text(arena, version);
    }
    if (!is_name(os))
        return cprov_fail(err, CPROV_EINVAL, "platform: bad operating system");
    p->os = cprov_arena_lower(arena, os);
    return rc;
}

static int read_platform(struct cprov_span text, struct cprov_arena *arena,
                         struct cprov_platform *p, struct cprov_error *err)
{
    struct cprov_span os, rest, architecture, variant;

    if (!cprov_span_cut(text, '/', &os, &rest))
        return cprov_fail(err, CPROV_EINVAL, "not os/architecture, such as linux/arm64");
    architecture = rest;
    if (cprov_span_cut(rest, '/', &architecture, &variant)) {
        if (!is_name(variant))
            return cprov_fail(err, CPROV_EINVAL, "platform: bad variant");
        p->variant = cprov_arena_lower(arena, variant);
    }
    if (!is_name(architecture))
        return cprov_fail(err, CPROV_EINVAL, "platform: bad architecture");
    p->architecture = cprov_arena_lower(arena, architecture);
    return read_os(os, arena, p, err);
}

static bool is_set(const char *text)
{
    return text && text[0];
}

void cprov_platform_format(const struct cprov_platform *p, struct cprov_buf *out)
{
    bool has_version = is_set(p->os_version) || p->os_features_count > 0;

    if (!is_set(p->os) && !is_set(p->architecture))
        return;
    cprov_buf_add_text(out, is_set(p->os) ? p->os : "unknown");
    if (has_version)
        cprov_buf_addf(out, "(%s", is_set(p->os_version) ? p->os_version : "");
    for (size_t i = 0; i < p->os_features_count; i++)
        cprov_buf_addf(out, "+%s", p->os_features[i]);
    if (has_version)
        cprov_buf_add_char(out, ')');
    cprov_buf_addf(out, "/%s", is_set(p->architecture) ? p->architecture : "unknown");
    if (is_set(p->variant))
        cprov_buf_addf(out, "/%s", p->variant);
}

int cprov_platform_parse(struct cprov_span text, struct cprov_arena *arena,
                         struct cprov_platform *out, struct cprov_error *err)
{
    struct cprov_platform p = { .os = "", .architecture = "", .variant = "", .os_version = "" };

    if (text.len > CPROV_NAME_MAX)
        return cprov_fail(err, CPROV_EINVAL, "platform is longer than %d bytes", CPROV_NAME_MAX);
    if (cprov_span_is(text, "local")) {
        cprov_platform_local(out);
        return 0;
    }
    int rc = read_platform(text, arena, &p, err);
    if (rc == 0)
        rc = cprov_arena_check(arena, err);
    if (rc < 0)
        return rc;
    normalise(&p, true);
    *out = p;
    return 0;
}

void cprov_platform_local(struct cprov_platform *out)
{
    *out = (struct cprov_platform){
        .os = "linux",
        .architecture = LOCAL_ARCHITECTURE,
        .variant = LOCAL_VARIANT,
        .os_version = "",
    };
}

int cprov_isolation_parse(struct cprov_span text, enum cprov_isolation *out,
                          struct cprov_error *err)
{
    static const struct word {
        const char *text;
        enum cprov_isolation isolation;
    } words[] = {
        { "process", CPROV_ISOLATION_PROCESS },
        { "hyperv", CPROV_ISOLATION_HYPERV },
        { "auto", CPROV_ISOLATION_AUTO },
        { "any", CPROV_ISOLATION_AUTO },
    };

    for (size_t i = 0; i < CPROV_COUNT(words); i++)
        if (cprov_span_is_nocase(text, words[i].text)) {
            *out = words[i].isolation;
            return 0;
        }
    return cprov_fail(err, CPROV_EINVAL, "isolation is not process, hyperv or any");
}

int cprov_platform_decode(const struct cprov_json *obj, struct cprov_arena *arena,
                          struct cprov_platform *out, struct cprov_error *err)
{
    struct raw {
        const char *os, *architecture, *variant, *os_version;
        const struct cprov_json *os_features;
    } raw = { .os = "", .architecture = "", .variant = "", .os_version = "" };
    static const struct cprov_json_field fields[] = {
        { "os", CPROV_FIELD_TEXT, offsetof(struct raw, os), false },
        { "architecture", CPROV_FIELD_TEXT, offsetof(struct raw, architecture), false },
        { "variant", CPROV_FIELD_TEXT, offsetof(struct raw, variant), false },
        { "os.version", CPROV_FIELD_TEXT, offsetof(struct raw, os_version), false },
        { "os.features", CPROV_FIELD_ARRAY, offsetof(struct raw, os_features), false },
    };

    if (obj && cprov_json_decode(obj, fields, CPROV_COUNT(fields), &raw, err) < 0)
        return err->code;
    struct cprov_platform p = {
        .os = cprov_arena_lower(arena, cprov_span_of(raw.os)),
        .architecture = cprov_arena_lower(arena, cprov_span_of(raw.architecture)),
        .variant = cprov_arena_lower(arena, cprov_span_of(raw.variant)),
        .os_version = raw.os_version,
    };
    if (cprov_arena_check(arena, err) < 0)
        return err->code;
    if (cprov_texts_decode(raw.os_features, FEATURES_MAX, arena, &p.os_features,
                           &p.os_features_count, err) < 0)
        return cprov_wrap(err, "os.features");
    normalise(&p, false);
    *out = p;
    return 0;
}

void cprov_platform_write(struct cprov_json_writer *w, const struct cprov_platform *p)
{
    cprov_json_begin_object(w);
    cprov_json_member(w, "architecture", p->architecture ? p->architecture : "");
    cprov_json_member(w, "os", p->os ? p->os : "");
    if (is_set(p->os_version))
        cprov_json_member(w, "os.version", p->os_version);
    if (p->os_features_count > 0) {
        cprov_json_key(w, "os.features");
        cprov_json_begin_array(w);
        for (size_t i = 0; i < p->os_features_count; i++)
            cprov_json_text(w, p->os_features[i]);
        cprov_json_end_array(w);
    }
    if (is_set(p->variant))
        cprov_json_member(w, "variant", p->variant);
    cprov_json_end_object(w);
}
