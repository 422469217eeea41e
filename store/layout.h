/* store/layout.h - the names of an OCI image layout, of ours and of others.
 * Spec: OCI image-spec v1.1, image-layout.md. */
#ifndef CPROV_STORE_LAYOUT_H
#define CPROV_STORE_LAYOUT_H

#include <stdbool.h>

#include "manifest/digest.h"

#define CPROV_STORE_LAYOUT "oci-layout"
#define CPROV_STORE_INDEX  "index.json"
#define CPROV_STORE_BLOBS  "blobs"

#define CPROV_LAYOUT_TEXT "{\"imageLayoutVersion\":\"1.0.0\"}"

#define CPROV_LAYOUT_ALGOS  2
#define CPROV_BLOB_PATH_MAX 160
/* "blobs/sha256/<hex>"; buf is returned. */
const char *cprov_layout_blob_path(const struct cprov_digest *d, char buf[CPROV_BLOB_PATH_MAX]);
/* "blobs/sha256"; buf is returned. */
const char *cprov_layout_blob_folder(enum cprov_digest_algo algo, char buf[CPROV_BLOB_PATH_MAX]);
/* The digest that a file in blobs/ALGO is named by; false: it is no blob. */
bool cprov_layout_blob_digest(const char *algo, const char *name, struct cprov_digest *out);

/* Every algorithm that has a folder. */
extern const enum cprov_digest_algo cprov_layout_algos[CPROV_LAYOUT_ALGOS];

#endif
