/* base/version.h - versions of images: their order, and what the user may ask of them. */
#ifndef CPROV_BASE_VERSION_H
#define CPROV_BASE_VERSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/span.h"

struct cprov_error;

enum cprov_version_kind {
    CPROV_VERSION_NUMERIC, /* 1 to 4 dotted numbers, an optional leading "v": 10.0.10586.8 */
    CPROV_VERSION_SEMVER,  /* three numbers and -pre and/or +build: 1.2.3-rc.1 */
    CPROV_VERSION_OTHER,   /* any other tag: latest, ltsc2022 */
};

enum cprov_version_kind cprov_version_kind(struct cprov_span text);

/*
 * Total order: OTHER before SEMVER and NUMERIC (which share one scale: 1.2.3-rc < 1.2.3; missing
 * parts are 0), OTHER by bytes. Equal values with different spelling (1.0, 1.0.0) compare by
 * spelling last, so that sorting is stable. <0, 0, >0.
 */
int cprov_version_compare(struct cprov_span a, struct cprov_span b);
/* Equal on the scale: 10.0.10586 and 10.0.10586.0. For OTHER: equal bytes. */
bool cprov_version_same(struct cprov_span a, struct cprov_span b);

/* First four numbers of a dotted version, missing ones 0; false when it is not NUMERIC. */
bool cprov_version_numbers(struct cprov_span text, uint64_t out[4]);

/*
 * Whether a tag names what belongs to an image rather than an image: cosign's signature,
 * attestation and SBOM (sha256-HEX.sig, .att, .sbom), the referrers' fallback and other tags that
 * are a digest (sha256-HEX). Such a tag is never a version: it is nobody's newest, and is listed
 * only for who asks for it by name, or for everything.
 * Spec: OCI distribution-spec v1.1, "Referrers Tag Schema".
 */
bool cprov_version_is_attachment(struct cprov_span tag);

/* What the user asked for; borrowed texts. {0} admits everything. */
struct cprov_version_range {
    struct cprov_span exact;   /* wins over everything; may be an OTHER tag */
    struct cprov_span prefix;  /* "10.0." of 10.0.* */
    struct cprov_span minimum; /* .len 0: none */
    struct cprov_span maximum;
    bool minimum_open; /* (a, ...) */
    bool maximum_open;
    size_t same; /* of ^ and ~: so many of the first numbers are those of the minimum */
};

/*
 * Reads --version: exact ("10.0.10585", a tag), a prefix ("10.0.*"), an interval of NuGet's form
 * ("[a,b)", "(,b]", "[a]"), or as people write it: ">=1.25", "<2", ">=1.25,<2" ("=1.25" is exact);
 * "^1.25": from there on with the same first number that is not 0; "~1.25": with the same first
 * two, or one where one is written. The parts of an interval must be NUMERIC or SEMVER. Text that
 * is all digits and dots must be 1 to 4 numbers ("1.2.3.4.5" and "1..2" are refused); a text that
 * begins with a digit and a dot but has a bare letter x or * elsewhere ("1.x") is refused, since it
 * would be taken for a range. CPROV_EINVAL.
 */
CPROV_MUST_CHECK
int cprov_version_range_parse(struct cprov_span text, struct cprov_version_range *out,
                              struct cprov_error *err);
/* Adds --minimum-version / --maximum-version (closed, must be NUMERIC or SEMVER; empty span: none).
 * With an exact one or an interval in place, or minimum above maximum: CPROV_EINVAL ("Minimum
 * Version cannot be more than Maximum Version"). */
CPROV_MUST_CHECK
int cprov_version_range_limit(struct cprov_version_range *r, struct cprov_span minimum,
                              struct cprov_span maximum, struct cprov_error *err);

/* Whether v is admitted. For `exact`, cprov_version_same(). */
bool cprov_version_range_has(const struct cprov_version_range *r, struct cprov_span v);
bool cprov_version_range_is_any(const struct cprov_version_range *r);

/*
 * Which of count versions is "the newest" for people: dotted numbers and releases first, then
 * pre-releases, then bare numbers (dates, majors), then "latest", then other tags, attachments
 * last; among equals by cprov_version_compare(). In any order.
 */
size_t cprov_version_newest(const char *const *versions, size_t count);

/* Newest first by cprov_version_compare(), each once: returns how many are left. */
size_t cprov_version_sort(const char **versions, size_t count);

#endif
