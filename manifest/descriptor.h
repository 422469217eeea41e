/* manifest/descriptor.h - what a document says of a blob: type, digest, size. */
#ifndef CPROV_MANIFEST_DESCRIPTOR_H
#define CPROV_MANIFEST_DESCRIPTOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/span.h"
#include "manifest/digest.h"
#include "manifest/platform.h"

struct cprov_arena;
struct cprov_error;
struct cprov_json;
struct cprov_json_writer;

struct cprov_annotation {
    const char *key;
    const char *value;
};

/* Part of a document: the pointers live as long as the document's arena. Copy by assignment. */
struct cprov_descriptor {
    const char *media_type; /* never NULL; "" when unknown */
    struct cprov_digest digest;
    uint64_t size;             /* bytes */
    const char *artifact_type; /* or NULL */
    const char *const *urls;
    size_t urls_count;
    const struct cprov_annotation *annotations;
    size_t annotations_count;
    struct cprov_span
        data; /* embedded content, decoded and compared with digest and size; or empty */
    bool has_data;
    struct cprov_platform platform; /* all "" when absent */
    bool has_platform;
};

/*
 * Reads a descriptor. mediaType, digest and size are required; a negative, fractional or huge size,
 * more than CPROV_URLS_MAX urls, `data` that does not match: CPROV_EVERIFY, with the member named.
 * Spec: OCI image-spec v1.1, descriptor.md.
 */
CPROV_MUST_CHECK
int cprov_descriptor_decode(const struct cprov_json *obj, struct cprov_arena *arena,
                            struct cprov_descriptor *out, struct cprov_error *err);

/* Makes copies in the arena of all that the descriptor points to. What fails, the arena tells. */
void cprov_descriptor_keep(struct cprov_descriptor *d, struct cprov_arena *arena);

/* Compares bytes in memory with size, then digest: CPROV_EVERIFY with what was expected and found.
 */
CPROV_MUST_CHECK
int cprov_descriptor_check(const struct cprov_descriptor *want, struct cprov_span bytes,
                           struct cprov_error *err);

/* Writes the JSON object. */
void cprov_descriptor_write(struct cprov_json_writer *w, const struct cprov_descriptor *d);

/* The value of an annotation, or NULL. */
const char *cprov_annotation_get(const struct cprov_annotation *list, size_t count,
                                 const char *key);

/* Reads a {"key":"value"} object; CPROV_EVERIFY when a value is not a string. One with a NUL in it
 * is left out. NULL object: none. */
CPROV_MUST_CHECK
int cprov_annotations_decode(const struct cprov_json *obj, struct cprov_arena *arena,
                             const struct cprov_annotation **out, size_t *count,
                             struct cprov_error *err);

/* A copy in the arena. What fails, the arena tells. */
const struct cprov_annotation *cprov_annotations_keep(const struct cprov_annotation *list,
                                                      size_t count, struct cprov_arena *arena);

#endif
