/* serve/served_catalog_private.h - the catalog of what is served, as a file without a name. */
#ifndef CPROV_SERVE_SERVED_CATALOG_PRIVATE_H
#define CPROV_SERVE_SERVED_CATALOG_PRIVATE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/limits.h"
#include "manifest/digest.h"

struct cprov_cards;
struct cprov_error;
struct cprov_served_catalog;

/*
 * One file, and a list of the places in it where a reference begins: the host by which a client
 * knows us is put there while the document is read. So a client, by whatever name it comes, costs
 * nothing but the bytes on their way. Immutable; any thread.
 */
CPROV_MUST_CHECK
int cprov_served_catalog_new(const struct cprov_cards *cards, struct cprov_served_catalog **out,
                             struct cprov_error *err);
/* One holder more; returns c. */
struct cprov_served_catalog *cprov_served_catalog_hold(struct cprov_served_catalog *c);
void cprov_served_catalog_release(struct cprov_served_catalog *c); /* NULL-safe */
CPROV_DEFINE_CLEANUP(struct cprov_served_catalog, cprov_served_catalog,
                     cprov_served_catalog_release)
#define auto_served_catalog CPROV_CLEANUP(cprov_served_catalog_cleanup)

/* Of the document for clients that reach us as `host`: its bytes, and a digest that is another when
 * a byte is, in the text form. */
uint64_t cprov_served_catalog_size(const struct cprov_served_catalog *c, const char *host);
void cprov_served_catalog_etag(const struct cprov_served_catalog *c, const char *host,
                               char out[CPROV_DIGEST_TEXT_MAX]);
/* At most len bytes of it from `offset`; 0 at the end, -1 when the file cannot be read. */
ssize_t cprov_served_catalog_read(const struct cprov_served_catalog *c, const char *host,
                                  uint64_t offset, void *out, size_t len);

#endif
