/* manifest/decode_private.h - what the decoders of this folder share; not for other folders. */
#ifndef CPROV_MANIFEST_DECODE_PRIVATE_H
#define CPROV_MANIFEST_DECODE_PRIVATE_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/span.h"

struct cprov_annotation;
struct cprov_arena;
struct cprov_error;
struct cprov_json;
struct cprov_json_writer;
struct cprov_platform;

/*
 * Reads an array of strings of the document in the arena. NULL array: none. CPROV_EVERIFY when an
 * item is not a string, CPROV_ELIMIT past max.
 */
CPROV_MUST_CHECK
int cprov_texts_decode(const struct cprov_json *array, size_t max, struct cprov_arena *arena,
                       const char *const **out, size_t *count, struct cprov_error *err);

/*
 * Reads os, architecture, variant, os.version, os.features of an object; what is missing is "".
 * Letter case and other names of an operating system or architecture ("Linux", "x86_64") become
 * Go's; a variant stays as the document has it.
 */
CPROV_MUST_CHECK
int cprov_platform_decode(const struct cprov_json *obj, struct cprov_arena *arena,
                          struct cprov_platform *out, struct cprov_error *err);
/* Copies in the arena of what these point to; NULL stays NULL. What fails, the arena tells. */
const char *cprov_text_keep(const char *text, struct cprov_arena *arena);
const struct cprov_annotation *cprov_annotations_keep(const struct cprov_annotation *list,
                                                      size_t count, struct cprov_arena *arena);
void cprov_platform_write(struct cprov_json_writer *w, const struct cprov_platform *p);

/* The name of a manifest or index type as its registration spells it, or NULL. Static text. */
const char *cprov_media_type_name(struct cprov_span type);

#endif
