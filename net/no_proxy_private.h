/* net/no_proxy_private.h - which hosts no_proxy takes from the proxy. */
#ifndef CPROV_NET_NO_PROXY_PRIVATE_H
#define CPROV_NET_NO_PROXY_PRIVATE_H

#include <stdbool.h>

#include "base/span.h"
#include "net/url.h"

/*
 * Judged by us and not by libcurl, by the rules that Go programs follow: entries are parted by
 * commas; "*" is every host; "domain" that host and all below it, ".domain" and "*.domain" those
 * below it alone; an address; a network ("10.0.0.0/8", "fd00::/8"); each but a network may end in
 * ":port". Names without regard to case; nothing is looked up. An entry that is none of these is
 * passed over.
 */
bool cprov_no_proxy_has(struct cprov_span list, const struct cprov_url *url);

/* The value of NO_PROXY, else of no_proxy; "" for neither. */
struct cprov_span cprov_no_proxy_environment(void);

#endif
