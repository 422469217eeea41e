/* provider/compat.c - Windows builds compared, for people and scripts. */
#include "manifest/platform.h"
#include "provider/session.h"

int cprov_compat_check(const char *host_version, const char *image_version, const char *isolation,
                       const char **why)
{
    enum cprov_isolation how = CPROV_ISOLATION_AUTO;
    struct cprov_os_version host, image;
    struct cprov_error ignored = CPROV_ERROR_INIT;

    *why = "a version like 10.0.20348.2113 is needed, and an isolation of process, hyperv or any";
    if (!host_version || !image_version ||
        !cprov_os_version_parse(cprov_span_of(host_version), &host) ||
        !cprov_os_version_parse(cprov_span_of(image_version), &image) ||
        (isolation && cprov_isolation_parse(cprov_span_of(isolation), &how, &ignored) < 0))
        return CPROV_USAGE;
    switch (cprov_os_compat(&host, &image, how, why)) {
    case CPROV_COMPAT_YES:
        return CPROV_DONE;
    case CPROV_COMPAT_WARN:
        return CPROV_COMPATIBLE_WITH_WARNING;
    case CPROV_COMPAT_NO:
        break;
    }
    return CPROV_INCOMPATIBLE;
}
