/* The rules by which a Windows host runs a Windows image. */
#include "manifest/platform.h"

#define BUILD_2016 14393
#define BUILD_2019 17763
#define BUILD_2022 20348

/* From 2022 on a host also runs images that are older than itself, down to one LTSC build. */
static const uint64_t ltsc_builds[] = { 20348, 26100 };

/* The first revisions of 2019 with the security update of February 2020. */
#define BASELINE_HOST  1039
#define BASELINE_IMAGE 1040

enum version_part { MAJOR, MINOR, BUILD, REVISION };

struct os_verdict {
    enum cprov_compat compat;
    const char *why;
};

static bool is_empty(const struct cprov_os_version *v)
{
    return !v || (v->part[MAJOR] == 0 && v->part[MINOR] == 0 && v->part[BUILD] == 0);
}

/* The oldest build that the host runs without a virtual machine. */
static uint64_t oldest_build(uint64_t host)
{
    uint64_t oldest = BUILD_2022;

    for (size_t i = 0; i < CPROV_COUNT(ltsc_builds); i++)
        if (ltsc_builds[i] < host)
            oldest = ltsc_builds[i];
    return oldest;
}

/* Equal builds, where the revision may count as well; a revision of 0 was not given. */
static struct os_verdict same_build(uint64_t build, uint64_t host, uint64_t image)
{
    if (host == 0 || image == 0)
        return (struct os_verdict){ CPROV_COMPAT_YES, "the builds are equal" };
    if (build <= BUILD_2016 && host != image)
        return (struct os_verdict){ CPROV_COMPAT_NO, "up to Windows Server 2016, process isolation "
                                                     "needs the same build and revision" };
    if (build == BUILD_2019 && (host >= BASELINE_HOST) != (image >= BASELINE_IMAGE))
        return (struct os_verdict){ CPROV_COMPAT_WARN,
                                    "only one of host and image has the security update of "
                                    "February 2020 (17763.1039 and later)" };
    return (struct os_verdict){ CPROV_COMPAT_YES, "the builds are equal" };
}

static struct os_verdict by_process(const struct cprov_os_version *host,
                                    const struct cprov_os_version *image)
{
    uint64_t host_build = host->part[BUILD], image_build = image->part[BUILD];

    if (host->part[MAJOR] != image->part[MAJOR] || host->part[MINOR] != image->part[MINOR])
        return (struct os_verdict){ CPROV_COMPAT_NO,
                                    "process isolation needs the same major and minor version" };
    if (host_build == image_build)
        return same_build(host_build, host->part[REVISION], image->part[REVISION]);
    if (image_build > host_build)
        return (struct os_verdict){ CPROV_COMPAT_NO, "the image is newer than the host" };
    if (host_build < BUILD_2022)
        return (struct os_verdict){ CPROV_COMPAT_NO,
                                    "before Windows Server 2022, process isolation "
                                    "needs the same build" };
    if (image_build < oldest_build(host_build))
        return (struct os_verdict){ CPROV_COMPAT_NO, "the image is older than the last long-term "
                                                     "build before the host's" };
    return (struct os_verdict){ CPROV_COMPAT_YES,
                                "the host runs images since its last long-term build" };
}

static struct os_verdict by_hyperv(const struct cprov_os_version *host,
                                   const struct cprov_os_version *image)
{
    for (int i = MAJOR; i <= BUILD; i++) {
        bool lower_version = i < BUILD && image->part[i] < host->part[i];

        if (image->part[i] > host->part[i])
            return (struct os_verdict){ CPROV_COMPAT_NO, "the image is newer than the host" };
        if (lower_version)
            break;
    }
    return (struct os_verdict){ CPROV_COMPAT_YES,
                                "with Hyper-V isolation the host runs images that are not newer" };
}

static struct os_verdict decide(const struct cprov_os_version *host,
                                const struct cprov_os_version *image,
                                enum cprov_isolation isolation)
{
    if (is_empty(host))
        return (struct os_verdict){ CPROV_COMPAT_YES, "the version of the host is not given" };
    if (is_empty(image))
        return (struct os_verdict){ CPROV_COMPAT_YES, "the image has no version" };
    if (isolation == CPROV_ISOLATION_HYPERV)
        return by_hyperv(host, image);

    struct os_verdict v = by_process(host, image);
    if (v.compat == CPROV_COMPAT_NO && isolation == CPROV_ISOLATION_AUTO)
        v = by_hyperv(host, image);
    return v;
}

bool cprov_os_version_parse(struct cprov_span text, struct cprov_os_version *out)
{
    struct cprov_os_version v = { { 0 } };
    struct cprov_span rest = text, part;
    size_t n = 0;

    if (text.len == 0)
        return false;
    for (; cprov_span_next(&rest, '.', &part); n++)
        if (n == CPROV_COUNT(v.part) || !cprov_span_u64(part, &v.part[n]))
            return false;
    *out = v;
    return true;
}

enum cprov_compat cprov_os_compat(const struct cprov_os_version *host,
                                  const struct cprov_os_version *image,
                                  enum cprov_isolation isolation, const char **why)
{
    struct os_verdict v = decide(host, image, isolation);

    if (why)
        *why = v.why;
    return v.compat;
}
