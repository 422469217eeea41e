/* provider/select.h - which installed images are meant: names, patterns, ids, versions, publisher.
 */
#ifndef CPROV_PROVIDER_SELECT_H
#define CPROV_PROVIDER_SELECT_H

#include "provider/outcome.h"
#include "store/images.h"

struct cprov_selection {
    const char *const
        *names; /* name, name:version, pattern, reference, image id or digest (4 digits at least) */
    size_t names_count; /* 0: all */
    const struct cprov_version_options
        *version;          /* min or max alone: the newest of each name that fits */
    const char *publisher; /* pattern, or NULL */
};

/* Sets images->count flags. An exact name that nothing matches is told and counted in outcome
 * (CPROV_ENOTFOUND). */
CPROV_MUST_CHECK
int cprov_select(struct cprov_session *s, const struct cprov_images *images,
                 const struct cprov_selection *selection, bool *selected,
                 struct cprov_outcome *outcome, struct cprov_error *err);
/* The same for a store that is not there: every exact name is told as not found. */
void cprov_select_nothing(struct cprov_session *s, const struct cprov_selection *selection,
                          struct cprov_outcome *outcome);

#endif
