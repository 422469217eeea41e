/* manifest/platform.h - operating system, architecture, Windows build; who can run what. */
#ifndef CPROV_MANIFEST_PLATFORM_H
#define CPROV_MANIFEST_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/span.h"

struct cprov_arena;
struct cprov_error;

/* Texts are borrowed, never NULL once decoded or parsed; "" is unknown. */
struct cprov_platform {
    const char *os;
    const char *architecture;
    const char *variant;
    const char *os_version;
    const char *const *os_features;
    size_t os_features_count;
};

/* "linux/amd64", "linux/arm/v7", "windows(10.0.20348+win32k)/amd64"; "" for an empty platform. */
void cprov_platform_format(const struct cprov_platform *p, struct cprov_buf *out);

/*
 * Reads os[(osversion[+feature]...)]/arch[/variant], or "local". Names are normalised as containerd
 * does: aarch64 → arm64, x86_64 → amd64, armhf → arm/v7, arm64/v8 → arm64. Text is copied into
 * arena. CPROV_EINVAL.
 */
CPROV_MUST_CHECK
int cprov_platform_parse(struct cprov_span text, struct cprov_arena *arena,
                         struct cprov_platform *out, struct cprov_error *err);
/* The platform this program runs on (static text). */
void cprov_platform_local(struct cprov_platform *out);

enum cprov_isolation { CPROV_ISOLATION_AUTO, CPROV_ISOLATION_PROCESS, CPROV_ISOLATION_HYPERV };
/* "process", "hyperv", "auto"/"any"; CPROV_EINVAL otherwise. */
CPROV_MUST_CHECK
int cprov_isolation_parse(struct cprov_span text, enum cprov_isolation *out,
                          struct cprov_error *err);

/* What the image must run on. */
struct cprov_host {
    struct cprov_platform platform; /* empty os: any; empty architecture: see the choice below */
    struct cprov_span
        os_version; /* Windows host build "10.0.20348.2113"; .len 0: any, newest wins */
    enum cprov_isolation isolation;
    bool has_features; /* os.features below are all that the host has; otherwise those of
                          platform count, and when it has none, every image's are met */
    const char *const *features;
    size_t features_count;
};

struct cprov_os_version {
    uint64_t part[4]; /* major, minor, build, revision */
};
/* "10.0.20348.2113"; 1 to 4 numbers; false otherwise. */
bool cprov_os_version_parse(struct cprov_span text, struct cprov_os_version *out);

enum cprov_compat {
    CPROV_COMPAT_YES,
    CPROV_COMPAT_WARN, /* runs by rule, but across the baseline of February 2020: see the text */
    CPROV_COMPAT_NO,
};
/*
 * Whether a Windows host runs a Windows image; an empty image version is compatible with all. *why
 * gets a static sentence with the rule that decided, for messages. Process isolation: builds equal,
 * or from 20348 on the newest LTSC build older than the host (host 20348: itself) ≤ image build ≤
 * host build; on 14393 the revision must be equal as well. Hyper-V: image build not newer than the
 * host's. major.minor must fit. AUTO: either. A revision of 0 counts as not given; all zero: any.
 * why may be NULL.
 */
enum cprov_compat cprov_os_compat(const struct cprov_os_version *host,
                                  const struct cprov_os_version *image,
                                  enum cprov_isolation isolation, const char **why);

/*
 * Chooses among count candidates: returns the index of the best, or -1 when none fits. Candidates
 * with os or architecture "unknown" (attestations) are never chosen. Variants fall back (arm
 * v8→v7→v6→v5→none; arm64 v8 = none). Windows: by os_version as host and isolation say (same build
 * first, then higher build, then higher revision not above the host's, then higher revision, then
 * entries without a version, then list order), numerically; entries that need a feature the host
 * lacks are skipped. A host without an os prefers linux (windows when it has an os_version), then
 * windows, then others; one without an architecture wants the local one, unless the only image is
 * for another. A candidate without a platform fits when nothing else does. A host os_version that
 * is no version fits no Windows image.
 */
int cprov_platform_choose(const struct cprov_host *host, const struct cprov_platform *candidates,
                          size_t count);
/* One candidate against the host, by the same rules. */
bool cprov_platform_fits(const struct cprov_host *host, const struct cprov_platform *candidate);

#endif
