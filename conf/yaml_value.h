/* conf/yaml_value.h - one YAML document as the values that JSON would have. */
#ifndef CPROV_CONF_YAML_VALUE_H
#define CPROV_CONF_YAML_VALUE_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/json.h"
#include "base/span.h"

struct cprov_arena;
struct cprov_error;

/*
 * Plain scalars that read as JSON's null, true, false or numbers are those (~ and nothing: null);
 * every other scalar is a string. Refused with CPROV_EVERIFY ("line 3, column 5: ..."): what is not
 * YAML, aliases, anchors, tags, a second document, a key that is no scalar, duplicate keys, a NUL,
 * nesting past CPROV_JSON_DEPTH_MAX; with CPROV_ELIMIT: more than CPROV_JSON_VALUES_MAX values.
 * The caller caps the text. An empty document is null. The values live in the arena.
 */
CPROV_MUST_CHECK
int cprov_yaml_value(struct cprov_span text, struct cprov_arena *arena, struct cprov_json **out,
                     struct cprov_error *err);

/* Counted from 1; line 0: nowhere. */
struct cprov_yaml_place {
    uint32_t line, column;
};

/* The same for a caller that words places by itself: the message is without one, and *fault is
 * where the fault is. */
CPROV_MUST_CHECK
int cprov_yaml_read(struct cprov_span text, struct cprov_arena *arena, struct cprov_json **out,
                    struct cprov_yaml_place *fault, struct cprov_error *err);

/* What YAML knows of a value beside what JSON does. */
struct cprov_yaml_source {
    struct cprov_yaml_place at, key_at;
    bool plain; /* a scalar without quotes */
};
/* Of a value that these functions made; borrowed from it. */
const struct cprov_yaml_source *cprov_yaml_source(const struct cprov_json *v);

#endif
