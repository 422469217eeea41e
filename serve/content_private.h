/* serve/content_private.h - everything that the images of one repository name. */
#ifndef CPROV_SERVE_CONTENT_PRIVATE_H
#define CPROV_SERVE_CONTENT_PRIVATE_H

#include <stddef.h>

#include "base/compiler.h"
#include "manifest/digest.h"
#include "store/store.h"

struct cprov_error;
struct cprov_manifest;
struct cprov_content;

/* What may be shown. */
struct cprov_served_item {
    struct cprov_digest digest;
    const char *media_type; /* of a manifest or index; NULL for any other blob */
};

/*
 * Reads the manifests below `roots`, each once, down to what they name. `strays` are entries of the
 * index without a name, such as signatures: one whose subject is in the repository is part of it.
 * A manifest that is missing or damaged names nothing. The media type of one that can be read is
 * its own: an index could call it something else. Only CPROV_ENOMEM and CPROV_ELIMIT fail. Texts
 * are copied.
 */
CPROV_MUST_CHECK
int cprov_content_read(struct cprov_store *store, const struct cprov_served_item *roots,
                       size_t roots_count, const struct cprov_served_item *strays,
                       size_t strays_count, struct cprov_content **out, struct cprov_error *err);
void cprov_content_free(struct cprov_content *c);
CPROV_DEFINE_CLEANUP(struct cprov_content, cprov_content, cprov_content_free)
#define auto_content CPROV_CLEANUP(cprov_content_cleanup)

/* NULL when nothing here names it. */
const struct cprov_served_item *cprov_content_find(const struct cprov_content *c,
                                                   const struct cprov_digest *digest);

/*
 * The next manifest whose subject is `subject`, after the item `after` (NULL: the first); NULL at
 * the end. The order is that of discovery and does not change.
 */
const struct cprov_served_item *cprov_content_referrer(const struct cprov_content *c,
                                                       const struct cprov_digest *subject,
                                                       const struct cprov_served_item *after);

/*
 * Reads a manifest; the caller frees it. *out is NULL when it is not there or
 * cannot be read: that is no failure.
 */
CPROV_MUST_CHECK
int cprov_served_manifest(struct cprov_store *store, const struct cprov_digest *digest,
                          struct cprov_manifest **out, struct cprov_error *err);

/* A text that may stand in a header as a media type: the text itself, or application/octet-stream.
 */
const char *cprov_media_type_for_header(const char *text);

#endif
