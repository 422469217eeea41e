/* provider/containers.h - which container is meant. */
#ifndef CPROV_PROVIDER_CONTAINERS_H
#define CPROV_PROVIDER_CONTAINERS_H

#include "engine/runtime_state.h"
#include "provider/session.h"
#include "store/containers.h"

/* The one of that name, or whose id begins so. CPROV_ENOTFOUND; CPROV_EINVAL: several could be
 * meant. */
CPROV_MUST_CHECK
int cprov_container_pick(struct cprov_session *s, const struct cprov_containers *all,
                         const char *name, const struct cprov_container **out,
                         struct cprov_error *err);

/* CPROV_EINUSE: it runs, or is paused; with how to stop it. */
CPROV_MUST_CHECK
int cprov_container_check_idle(const struct cprov_container *c,
                               const struct cprov_runtime_state *state, struct cprov_error *err);

#endif
