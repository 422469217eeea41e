/* provider/select.h - which installed images are meant: names, patterns, ids, versions, publisher.
 */
#ifndef CPROV_PROVIDER_SELECT_H
#define CPROV_PROVIDER_SELECT_H

#include "provider/outcome.h"
#include "store/images.h"

/*
 * The one rule for what a text means among installed images. Of what it may mean the best counts
 * alone: a whole name, name:version, name@digest, reference or digest; else a path or last
 * component of a name; else the beginning of an image id or digest (4 digits at least). A version
 * that is spelled as wanted goes before an equal one. A pattern is all that it matches. With
 * --platform or --os-version only what fits counts.
 */
struct cprov_selection {
    const char *const *names;
    size_t names_count; /* 0: all */
    const struct cprov_version_options
        *version;          /* min or max alone: the newest of each name that fits */
    const char *publisher; /* pattern, or NULL */
};

/* Fills in *range. CPROV_EINVAL: the options contradict each other, or what a name says of its
 * version: for who wants to know before anything is looked at. */
CPROV_MUST_CHECK
int cprov_select_check(const struct cprov_selection *selection, struct cprov_version_range *range,
                       struct cprov_error *err);

/* Sets images->count flags. An exact name that nothing matches is told and counted in outcome
 * (CPROV_ENOTFOUND). CPROV_EINVAL as above. */
CPROV_MUST_CHECK
int cprov_select(struct cprov_session *s, const struct cprov_images *images,
                 const struct cprov_selection *selection, bool *selected,
                 struct cprov_outcome *outcome, struct cprov_error *err);
/* The same for a store that is not there: every exact name is told as not found. */
void cprov_select_nothing(struct cprov_session *s, const struct cprov_selection *selection,
                          struct cprov_outcome *outcome);

/* One name, without a word to anybody: flags as above, all false when nothing fits; *why then says
 * so. */
CPROV_MUST_CHECK
int cprov_select_quietly(struct cprov_session *s, const struct cprov_images *images,
                         const char *name, const struct cprov_version_options *version,
                         bool *selected, const char **why, struct cprov_error *err);

/* Whether two installed images are one, or platforms of one index. */
bool cprov_select_is_same(const struct cprov_image *a, const struct cprov_image *b);

/* Of the flagged images that are the i-th, or share its name and version, the index of the one for
 * this session's host: platforms of one image are told apart by that alone. */
size_t cprov_select_platform(struct cprov_session *s, const struct cprov_images *images,
                             const bool *selected, size_t i);

/* Whether the image is for this session's host; what nobody says of one does not speak against. */
bool cprov_select_is_for_host(struct cprov_session *s, const struct cprov_image *image);

/* Whether an installed image is the same bytes as a digest says: of its manifest, or of the index
 * that its registry has. */
bool cprov_image_has_digest(const struct cprov_image *image, const struct cprov_digest *digest);

#endif
