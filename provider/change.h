/* provider/change.h - a change is told, or asked about, before it is made. */
#ifndef CPROV_PROVIDER_CHANGE_H
#define CPROV_PROVIDER_CHANGE_H

#include "provider/session.h"

/*
 * Called once everything about the change is known and nothing of it is done; fields that the kind
 * does not have are left out. ShouldProcess of OneGet.
 *
 * Returns 1: do it; 0: the session changes nothing (what_if); CPROV_EREFUSED: asked about and not
 * confirmed; CPROV_ECANCELLED.
 */
CPROV_MUST_CHECK
int cprov_should(struct cprov_session *s, const struct cprov_change *change,
                 struct cprov_error *err);

#endif
