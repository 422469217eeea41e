/* manifest/decode_private.h - texts of documents, as the decoders of this folder read them. */
#ifndef CPROV_MANIFEST_DECODE_PRIVATE_H
#define CPROV_MANIFEST_DECODE_PRIVATE_H

#include <stddef.h>

#include "base/compiler.h"

struct cprov_arena;
struct cprov_error;
struct cprov_json;

/*
 * Reads an array of strings of the document in the arena. NULL array: none. CPROV_EVERIFY when an
 * item is not a string, CPROV_ELIMIT past max.
 */
CPROV_MUST_CHECK
int cprov_texts_decode(const struct cprov_json *array, size_t max, struct cprov_arena *arena,
                       const char *const **out, size_t *count, struct cprov_error *err);

/* A copy in the arena; NULL stays NULL. What fails, the arena tells. */
const char *cprov_text_keep(const char *text, struct cprov_arena *arena);

#endif
