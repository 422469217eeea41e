/* provider/ping.h - does a registry answer, and does it take the session's login. */
#ifndef CPROV_PROVIDER_PING_H
#define CPROV_PROVIDER_PING_H

#include "provider/session.h"

/*
 * Asks the registry of one place, reached as that place says: for this call it is the only source
 * of the session. CPROV_EAUTH when need_login and the login is refused; CPROV_ENETWORK and its kin
 * otherwise.
 */
CPROV_MUST_CHECK
int cprov_ping(struct cprov_session *s, struct cprov_place *place, bool need_login,
               struct cprov_error *err);

/* Which kind of source the registry of a place is, by asking it; *type is static text. */
CPROV_MUST_CHECK
int cprov_ask_type(struct cprov_session *s, struct cprov_place *place, const char **type,
                   struct cprov_error *err);

#endif
