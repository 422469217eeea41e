/* provider/refresh.h - what is known of one place, brought up to date. */
#ifndef CPROV_PROVIDER_REFRESH_H
#define CPROV_PROVIDER_REFRESH_H

#include "provider/session.h"

/* Lists everything in a place that is not yet one of the session's; the place must live as long as
 * the session. Fails with what the place failed with. */
CPROV_MUST_CHECK
int cprov_refresh_place(struct cprov_session *s, struct cprov_place *place,
                        struct cprov_error *err);

#endif
