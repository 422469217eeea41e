/* catalog/document/artifact.h - a catalog in a registry: the manifest around its document. */
#ifndef CPROV_CATALOG_DOCUMENT_ARTIFACT_H
#define CPROV_CATALOG_DOCUMENT_ARTIFACT_H

#include "base/buf.h"
#include "base/compiler.h"
#include "catalog/document/writer.h"
#include "manifest/manifest.h"

struct cprov_error;

#define CPROV_CATALOG_PACKED_TYPE    CPROV_CATALOG_MEDIA_TYPE "+gzip"
#define CPROV_CATALOG_SIGNATURE_TYPE "application/vnd.container-provider.signature.v1"
#define CPROV_CATALOG_CONFIG         "{}" /* the content of its config, which says nothing */

/*
 * An image manifest with artifactType CPROV_CATALOG_MEDIA_TYPE, the empty config, a layer with the
 * document and, when it is signed, one with a detached signature (DER) of the document as it is
 * before it is packed. Spec: OCI image-spec v1.1, manifest.md, "Guidelines for Artifact Usage".
 */
struct cprov_catalog_artifact {
    struct cprov_descriptor config;
    struct cprov_descriptor document;  /* packed by gzip when written; read also plain or by zstd */
    struct cprov_descriptor signature; /* digest and size count when signed */
    bool is_signed;
    const char *title;   /* or NULL */
    const char *created; /* RFC 3339, or NULL */
};

/* The descriptor of CPROV_CATALOG_CONFIG. */
CPROV_MUST_CHECK
int cprov_catalog_artifact_config(struct cprov_descriptor *out, struct cprov_error *err);

/* Appends the manifest. The same parts give the same bytes. */
void cprov_catalog_artifact_write(const struct cprov_catalog_artifact *a, struct cprov_buf *out);

/* Finds the parts; they live as long as the manifest. CPROV_EVERIFY: it is no catalog, or has two
 * documents; CPROV_ELIMIT: a part is too large. */
CPROV_MUST_CHECK
int cprov_catalog_artifact_read(const struct cprov_manifest *m, struct cprov_catalog_artifact *out,
                                struct cprov_error *err);

#endif
