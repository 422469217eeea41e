/* manifest/media_type.h - the media types of OCI and Docker, mapped to what they are. */
#ifndef CPROV_MANIFEST_MEDIA_TYPE_H
#define CPROV_MANIFEST_MEDIA_TYPE_H

#include <stdbool.h>

#include "base/span.h"

#define CPROV_MT_OCI_MANIFEST    "application/vnd.oci.image.manifest.v1+json"
#define CPROV_MT_OCI_INDEX       "application/vnd.oci.image.index.v1+json"
#define CPROV_MT_OCI_CONFIG      "application/vnd.oci.image.config.v1+json"
#define CPROV_MT_OCI_LAYER       "application/vnd.oci.image.layer.v1.tar"
#define CPROV_MT_OCI_EMPTY       "application/vnd.oci.empty.v1+json"
#define CPROV_MT_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define CPROV_MT_DOCKER_LIST     "application/vnd.docker.distribution.manifest.list.v2+json"
#define CPROV_MT_DOCKER_CONFIG   "application/vnd.docker.container.image.v1+json"
#define CPROV_MT_DOCKER_SCHEMA1  "application/vnd.docker.distribution.manifest.v1+json"

/* What we ask for, most wanted first: the value of an Accept header. */
extern const char cprov_accept_manifests[];

enum cprov_document { CPROV_DOC_UNKNOWN, CPROV_DOC_MANIFEST, CPROV_DOC_INDEX, CPROV_DOC_SCHEMA1 };
/* Parameters (";charset=") and letter case of the type are ignored, as servers get them wrong. */
enum cprov_document cprov_media_type_document(struct cprov_span type);

enum cprov_layer_packing { CPROV_LAYER_NONE, CPROV_LAYER_TAR, CPROV_LAYER_GZIP, CPROV_LAYER_ZSTD };
struct cprov_layer_type {
    enum cprov_layer_packing packing; /* CPROV_LAYER_NONE: not a file system layer */
    bool foreign;                     /* nondistributable: may have to be fetched from `urls` */
};
struct cprov_layer_type cprov_media_type_layer(struct cprov_span type);
/* An image config of OCI or Docker. */
bool cprov_media_type_is_config(struct cprov_span type);
/* A type that says nothing of its content, as tools write that do not know better: "",
 * application/octet-stream, application/json, text/plain, text/html. */
bool cprov_media_type_is_generic(struct cprov_span type);

#endif
