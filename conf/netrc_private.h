/* conf/netrc_private.h - logins in ~/.netrc; for conf/ alone. */
#ifndef CPROV_CONF_NETRC_PRIVATE_H
#define CPROV_CONF_NETRC_PRIVATE_H

#include "base/compiler.h"
#include "base/span.h"
#include "conf/credentials.h"

struct cprov_error;

/*
 * The first entry for the host (with or without its port) or "default". Tokens may be quoted, as
 * curl reads them; a line that begins with '#' is a comment; macros are passed over. Nothing found:
 * 0 and *out stays as it was. CPROV_EINVAL "LINE: ..." for a quote that is not closed.
 */
CPROV_MUST_CHECK
int cprov_netrc_find(struct cprov_span text, struct cprov_span host, struct cprov_credentials *out,
                     struct cprov_error *err);

#endif
