/* net/redirect.h - where a server may send us, and what we carry along. */
#ifndef CPROV_NET_REDIRECT_H
#define CPROV_NET_REDIRECT_H

#include <stdbool.h>

#include "base/compiler.h"
#include "net/url.h"

struct cprov_error;

/*
 * Whether what `from` says may lead us to `to`: a redirect, a foreign layer's URL. Never from https
 * to http, never to plain HTTP beyond loopback unless allow_http, never from a public host to a
 * private, link-local or loopback address.
 *
 * Returns 0 or CPROV_ENETWORK.
 */
CPROV_MUST_CHECK
int cprov_redirect_check(const struct cprov_url *from, const struct cprov_url *to, bool allow_http,
                         struct cprov_error *err);

/* 301, 302, 303, 307, 308. */
bool cprov_redirect_status(int http);

#endif
