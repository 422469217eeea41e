/* manifest/platform_private.h - platforms in the JSON of descriptors and configs. */
#ifndef CPROV_MANIFEST_PLATFORM_PRIVATE_H
#define CPROV_MANIFEST_PLATFORM_PRIVATE_H

#include "base/compiler.h"

struct cprov_arena;
struct cprov_error;
struct cprov_json;
struct cprov_json_writer;
struct cprov_platform;

/*
 * Reads os, architecture, variant, os.version, os.features of an object; what is missing is "".
 * Letter case and other names of an operating system or architecture ("Linux", "x86_64") become
 * Go's; a variant stays as the document has it.
 */
CPROV_MUST_CHECK
int cprov_platform_decode(const struct cprov_json *obj, struct cprov_arena *arena,
                          struct cprov_platform *out, struct cprov_error *err);
void cprov_platform_write(struct cprov_json_writer *w, const struct cprov_platform *p);

#endif
