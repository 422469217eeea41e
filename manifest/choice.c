#include "manifest/choice.h"

enum choice_match { MATCH_NO, MATCH_LOOSE, MATCH_YES };

static const char *text_of(const char *text)
{
    return text ? text : "";
}

static bool is(const char *text, const char *what)
{
    return strcmp(text_of(text), what) == 0;
}

static bool is_open(const char *text)
{
    return text_of(text)[0] == '\0';
}

/* "v8" is 800, "v8.2" 802, so that variants compare as numbers; false when it is not of that form.
 */
static bool variant_level(struct cprov_span variant, uint64_t *level)
{
    struct cprov_span major = variant, minor;
    uint64_t high, low = 0;

    if (variant.len < 2 || variant.ptr[0] != 'v')
        return false;
    major = cprov_span_from(variant, 1);
    if (cprov_span_cut(major, '.', &major, &minor) && (!cprov_span_u64(minor, &low) || low > 99))
        return false;
    if (!cprov_span_u64(major, &high) || high > 99)
        return false;
    *level = high * 100 + low;
    return true;
}

/* What an architecture without a variant stands for. */
static uint64_t plain_level(const char *architecture)
{
    if (is(architecture, "amd64"))
        return 100;
    if (is(architecture, "arm64"))
        return 800;
    return is(architecture, "arm") ? 700 : 0;
}

static bool level_of(const char *architecture, const char *variant, uint64_t *level)
{
    *level = plain_level(architecture);
    return is_open(variant) || variant_level(cprov_span_of(variant), level);
}

static bool match_variant(const char *architecture, const char *host, const char *image,
                          uint64_t *rank)
{
    uint64_t host_level, level;

    if (level_of(architecture, host, &host_level) && level_of(architecture, image, &level)) {
        /* Images of the first years say arm alone and mean any: the last choice of an older arm. */
        bool any_arm = is(architecture, "arm") && is_open(image) && level > host_level;

        *rank = any_arm ? 0 : level;
        return any_arm || level <= host_level;
    }
    *rank = is(image, text_of(host));
    return *rank || is_open(image);
}

static const char *const *host_features(const struct cprov_host *host, size_t *count)
{
    *count = host->has_features ? host->features_count : host->platform.os_features_count;
    return host->has_features ? host->features : host->platform.os_features;
}

static bool has_features(const struct cprov_host *host, const struct cprov_platform *p)
{
    size_t count, found = 0;
    const char *const *have = host_features(host, &count);

    if (!host->has_features && count == 0)
        return true;
    for (size_t i = 0; i < p->os_features_count; i++)
        for (size_t j = 0; j < count; j++)
            if (is(have[j], p->os_features[i])) {
                found++;
                break;
            }
    return found == p->os_features_count;
}

static enum choice_match match_architecture(const struct cprov_host *host,
                                            const struct cprov_platform *p,
                                            uint64_t rank[CPROV_RANKS])
{
    struct cprov_platform want = host->platform;
    bool open = is_open(want.architecture);

    if (open)
        cprov_platform_local(&want);
    if (is_open(p->architecture))
        return MATCH_YES;
    rank[CPROV_RANK_EXACT] = 1;
    if (is(p->architecture, want.architecture) &&
        match_variant(want.architecture, want.variant, p->variant, &rank[CPROV_RANK_VARIANT]))
        return MATCH_YES;
    return open ? MATCH_LOOSE : MATCH_NO;
}

static bool match_os(const struct cprov_choice *c, const struct cprov_platform *p,
                     uint64_t rank[CPROV_RANKS])
{
    /* A host build is a Windows build: who gives one wants a Windows image, where there is one. */
    const char *preferred = c->has_version ? "windows" : "linux";

    if (!is_open(c->host->platform.os) && !is_open(p->os))
        return is(p->os, c->host->platform.os);
    if (!is_open(p->os))
        rank[CPROV_RANK_OS] = is(p->os, preferred) ? 3 : is(p->os, "windows") ? 2 : 1;
    return true;
}

static bool match_version(const struct cprov_choice *c, const struct cprov_platform *p,
                          uint64_t rank[CPROV_RANKS])
{
    struct cprov_os_version image;
    const char *why;

    if (!is(p->os, "windows"))
        return true;
    if (c->bad_version)
        return false;
    if (!cprov_os_version_parse(cprov_span_of(p->os_version), &image))
        return is_open(p->os_version) || !c->has_version;

    rank[CPROV_RANK_VERSION] = 1;
    rank[CPROV_RANK_MAJOR] = image.part[0];
    rank[CPROV_RANK_MINOR] = image.part[1];
    rank[CPROV_RANK_BUILD] = image.part[2];
    rank[CPROV_RANK_REVISION] = image.part[3];
    if (!c->has_version)
        return true;
    rank[CPROV_RANK_PROCESS] =
        c->host->isolation == CPROV_ISOLATION_AUTO &&
        cprov_os_compat(&c->version, &image, CPROV_ISOLATION_PROCESS, &why) != CPROV_COMPAT_NO;
    rank[CPROV_RANK_SAME] = memcmp(image.part, c->version.part, 3 * sizeof(image.part[0])) == 0;
    rank[CPROV_RANK_NOT_ABOVE] = image.part[3] <= c->version.part[3];
    return cprov_os_compat(&c->version, &image, c->host->isolation, &why) != CPROV_COMPAT_NO;
}

static enum choice_match match(const struct cprov_choice *c, const struct cprov_platform *p,
                               uint64_t rank[CPROV_RANKS])
{
    if (is(p->os, "unknown") || is(p->architecture, "unknown"))
        return MATCH_NO;
    rank[CPROV_RANK_NAMED] = !is_open(p->os) || !is_open(p->architecture);
    if (!match_os(c, p, rank) || !has_features(c->host, p) || !match_version(c, p, rank))
        return MATCH_NO;
    return match_architecture(c->host, p, rank);
}

static bool is_better(const uint64_t a[CPROV_RANKS], const uint64_t b[CPROV_RANKS])
{
    for (size_t i = 0; i < CPROV_RANKS; i++)
        if (a[i] != b[i])
            return a[i] > b[i];
    return false;
}

void cprov_choice_init(struct cprov_choice *c, const struct cprov_host *host)
{
    struct cprov_span version = host->os_version;

    *c = (struct cprov_choice){ .host = host };
    if (version.len == 0)
        version = cprov_span_of(host->platform.os_version);
    c->has_version = version.len > 0 && cprov_os_version_parse(version, &c->version);
    c->bad_version = version.len > 0 && !c->has_version;
}

void cprov_choice_offer(struct cprov_choice *c, const struct cprov_platform *p, size_t index)
{
    static const struct cprov_platform none = { 0 };
    uint64_t rank[CPROV_RANKS] = { 0 };

    switch (match(c, p ? p : &none, rank)) {
    case MATCH_NO:
        return;
    case MATCH_LOOSE:
        c->loose_index = index;
        c->loose_count++;
        return;
    case MATCH_YES:
        if (c->found && !is_better(rank, c->best))
            return;
        memcpy(c->best, rank, sizeof(c->best));
        c->best_index = index;
        c->found = true;
        return;
    }
}

bool cprov_choice_result(const struct cprov_choice *c, size_t *index)
{
    /* When the host left it open, an image for one other architecture alone is not ambiguous. */
    if (!c->found && c->loose_count != 1)
        return false;
    *index = c->found ? c->best_index : c->loose_index;
    return true;
}

int cprov_platform_choose(const struct cprov_host *host, const struct cprov_platform *candidates,
                          size_t count)
{
    struct cprov_choice c;
    size_t index;

    cprov_choice_init(&c, host);
    for (size_t i = 0; i < count; i++)
        cprov_choice_offer(&c, &candidates[i], i);
    return cprov_choice_result(&c, &index) ? (int)index : -1;
}

bool cprov_platform_fits(const struct cprov_host *host, const struct cprov_platform *candidate)
{
    return cprov_platform_choose(host, candidate, 1) == 0;
}
