/* provider/staging.h - FILE.partial, where what is saved gathers beside its file. */
#ifndef CPROV_PROVIDER_STAGING_H
#define CPROV_PROVIDER_STAGING_H

#include "base/compiler.h"
#include "provider/session.h"

/*
 * Opens the folder as a store that is ours alone: it may lie among folders of others, who could
 * have put it there. CPROV_EREFUSED when it is another user's, or others may write in it, or it is
 * a symlink. Blobs that an earlier call left are read again, and wrong ones are gone.
 */
CPROV_MUST_CHECK
int cprov_staging_open(struct cprov_session *s, const char *path, struct cprov_store **out,
                       struct cprov_error *err);
/* Removes it with all that is in it; when it cannot be removed, that is a warning. */
void cprov_staging_drop(struct cprov_session *s, const char *path);

#endif
