/* manifest/manifest.h - image manifests and indexes of OCI and Docker, in one form. */
#ifndef CPROV_MANIFEST_MANIFEST_H
#define CPROV_MANIFEST_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/span.h"
#include "manifest/descriptor.h"
#include "manifest/media_type.h"

struct cprov_error;
struct cprov_json_writer;

/* Immutable after parse; owns an arena that holds everything it points to, the raw bytes too. */
struct cprov_manifest {
    struct cprov_arena arena;
    struct cprov_span raw;     /* the bytes as they came: what the digest is of */
    enum cprov_document kind;  /* CPROV_DOC_MANIFEST or CPROV_DOC_INDEX */
    const char *media_type;    /* never NULL; implied by the shape when the document has none */
    const char *artifact_type; /* or NULL */
    bool is_docker;            /* Docker's types rather than OCI's */
    struct cprov_descriptor config; /* manifest */
    const struct cprov_descriptor *layers;
    size_t layers_count;
    const struct cprov_descriptor *manifests; /* index */
    size_t manifests_count;
    struct cprov_descriptor subject;
    bool has_subject;
    const struct cprov_annotation *annotations;
    size_t annotations_count;
};

/*
 * Reads a manifest or an index. content_type is what the server or the descriptor called it (""
 * when unknown); it must not contradict the document's own mediaType or shape. CPROV_EVERIFY for
 * anything malformed or ambiguous (both `layers` and `manifests`: CVE-2021-41190; config in an
 * index), CPROV_ELIMIT past the caps, CPROV_EUNSUPPORTED with a clear text for schema 1. Spec: OCI
 * image-spec v1.1, manifest.md, image-index.md; Docker image manifest v2 schema 2.
 */
CPROV_MUST_CHECK
int cprov_manifest_parse(struct cprov_span bytes, struct cprov_span content_type,
                         struct cprov_manifest **out, struct cprov_error *err);
void cprov_manifest_free(struct cprov_manifest *m);
CPROV_DEFINE_CLEANUP(struct cprov_manifest, cprov_manifest, cprov_manifest_free)
#define auto_manifest CPROV_CLEANUP(cprov_manifest_cleanup)

/* Begins the JSON object of a manifest or an index: its version and its type. */
void cprov_manifest_begin(struct cprov_json_writer *w, const char *media_type);

/*
 * An artifact (signature, SBOM, attestation, chart) rather than an image; the one place that says
 * so. What the manifest holds decides: an image has an image config, and layers of which one at
 * least is a file system, or none. A config type that says nothing (cprov_media_type_is_generic())
 * counts for an image config where a layer is a file system and no artifactType is given.
 */
bool cprov_manifest_is_artifact(const struct cprov_manifest *m);

/* What a manifest or index is, as people call it; the numbers are kept in files. */
enum cprov_kind {
    CPROV_KIND_UNKNOWN = 0,
    CPROV_KIND_IMAGE = 1,
    CPROV_KIND_CHART = 2, /* of Helm */
    CPROV_KIND_ARTIFACT = 3,
};
/* An index of which no child is an image tells nothing. */
enum cprov_kind cprov_manifest_kind(const struct cprov_manifest *m);
/* "image", "chart", "artifact", or "". */
const char *cprov_kind_name(enum cprov_kind kind);

/*
 * The child for the host by the rules of cprov_platform_choose(), or NULL when none fits; NULL
 * host: the first that is an image. Attestations and artifacts are left out. Image manifests come
 * first; when none fits, a nested index may be returned, which the caller must fetch and choose
 * from in turn, at most CPROV_INDEX_DEPTH_MAX deep. A child without a platform is taken when none
 * that has one fits.
 */
const struct cprov_descriptor *cprov_manifest_choose(const struct cprov_manifest *index,
                                                     const struct cprov_host *host);
/* The platforms offered, "windows(10.0.20348.1)/amd64, linux/arm64", for messages; attestations
 * left out. */
void cprov_manifest_offers(const struct cprov_manifest *index, struct cprov_buf *out);

const char *cprov_manifest_annotation(const struct cprov_manifest *m, const char *key);

#endif
