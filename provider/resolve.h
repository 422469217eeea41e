/* provider/resolve.h - from what the user wrote to one image in one registry. */
#ifndef CPROV_PROVIDER_RESOLVE_H
#define CPROV_PROVIDER_RESOLVE_H

#include "provider/name.h"

/* Texts live in the call's arena. */
struct cprov_target {
    const char *text;                 /* as written */
    const char *name;                 /* how it will be called */
    const char *version;              /* tag, or "sha256-" and 12 digits of a digest */
    struct cprov_reference reference; /* with a tag or a digest */
    bool or_newest; /* "latest" was nobody's wish: the newest will do where there is none */
    const struct cprov_source
        *source;             /* where a name was found; NULL: a reference named its registry */
    const char *source_name; /* name of the source, or the registry host */
    /* The image lies in a layout or an archive: of this place, by the reference's digest. Or NULL.
     */
    const struct cprov_place *place;
    const char *url; /* it is a file, and no image: never shown whole; or NULL */
    uint64_t bytes;  /* of the file; 0: unknown. Its hash is the reference's digest, if known */
};

/*
 * One name, exactly one image: CPROV_ENOTFOUND (with the newest version there is), CPROV_EINVAL
 * when several sources or repositories have it and neither --source nor the whole name decides
 * (each is told as a warning). Two sources that list one reference, and repositories of one source
 * that hold one digest, are one image.
 * version->all is CPROV_EINVAL here.
 */
CPROV_MUST_CHECK
int cprov_resolve(struct cprov_session *s, const char *text,
                  const struct cprov_version_options *version, struct cprov_target *out,
                  struct cprov_error *err);

/* What a name means when it may mean several versions. The list lives in the call's arena. */
struct cprov_targets {
    struct cprov_target *list;
    size_t count;
};

/*
 * The same; with version->all every version of that one image that is admitted, newest first (at
 * most CPROV_TARGETS_MAX: CPROV_ELIMIT). On success there is at least one.
 */
CPROV_MUST_CHECK
int cprov_resolve_all(struct cprov_session *s, const char *text,
                      const struct cprov_version_options *version, struct cprov_targets *out,
                      struct cprov_error *err);

/* Replaces the "latest" of a target that has or_newest by the newest version that its repository
 * has. */
CPROV_MUST_CHECK
int cprov_resolve_newest(struct cprov_session *s, struct cprov_target *target,
                         struct cprov_error *err);

/* Asks whether to trust the target's source, once per source and call. CPROV_EREFUSED. */
CPROV_MUST_CHECK
int cprov_resolve_trust(struct cprov_session *s, const struct cprov_target *target,
                        struct cprov_error *err);

/* Whether the session's host runs one of the platforms that a row with details offers, as
 * installing judges it. What nobody says of an image keeps it in. */
bool cprov_runs_here(struct cprov_session *s, const struct cprov_listing *row);

#endif
