/* net/url.h - URLs as values: taken apart, resolved, compared, and built with escapes. */
#ifndef CPROV_NET_URL_H
#define CPROV_NET_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/limits.h"
#include "base/span.h"

struct cprov_error;

/*
 * An absolute http or https URL, split. Spans point into the text it was parsed from, which the
 * caller keeps. User-info is refused: it would end in logs and error texts.
 */
struct cprov_url {
    bool https;
    struct cprov_span host;  /* with brackets for IPv6, as written */
    uint16_t port;           /* 80 or 443 when none is written */
    struct cprov_span path;  /* begins with '/', or is empty */
    struct cprov_span query; /* without '?', or empty */
};

/* CPROV_EINVAL: another scheme (named), user-info, control characters or blanks, no host, port 0 or
 * > 65535, too long. A fragment is cut off. */
CPROV_MUST_CHECK
int cprov_url_parse(struct cprov_span text, struct cprov_url *out, struct cprov_error *err);

/* Resolves a reference (absolute, //host/.., /path, relative, ?query) against an absolute base and
 * appends the result to out. RFC 3986, section 5. */
CPROV_MUST_CHECK
int cprov_url_resolve(struct cprov_span base, struct cprov_span reference, struct cprov_buf *out,
                      struct cprov_error *err);

/* Same scheme, host (case-insensitive) and port. */
bool cprov_url_same_origin(const struct cprov_url *a, const struct cprov_url *b);

/* "https://host:port/path" without query: what may be shown to people. */
void cprov_url_shown(struct cprov_span text, struct cprov_buf *out);
/* "host:port", default port left out. */
void cprov_url_authority(const struct cprov_url *u, struct cprov_buf *out);
/* The same after "https://". */
void cprov_url_origin(const struct cprov_url *u, struct cprov_buf *out);

/* Percent-encodes everything but unreserved characters (RFC 3986), '/' kept where keep_slash. */
void cprov_url_escape(struct cprov_buf *out, struct cprov_span text, bool keep_slash);
/* Appends "?name=value" or "&name=value" (both escaped) as the text in out so far demands. */
void cprov_url_add_query(struct cprov_buf *out, const char *name, struct cprov_span value);

/* A number for a URL or cursor: to recognise one that was seen. Who makes two collide ends his own
 * redirects or pages. */
uint64_t cprov_url_mark(struct cprov_span text);

#endif
