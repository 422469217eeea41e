/* base/json.h - strict JSON in, deterministic JSON out; the home of yajl. */
#ifndef CPROV_BASE_JSON_H
#define CPROV_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/span.h"

struct cprov_arena;
struct cprov_error;

enum cprov_json_type {
    CPROV_JSON_NULL,
    CPROV_JSON_BOOL,
    CPROV_JSON_NUMBER,
    CPROV_JSON_STRING,
    CPROV_JSON_ARRAY,
    CPROV_JSON_OBJECT,
    CPROV_JSON_UNUSABLE, /* a string with a NUL in it: whoever wants a text refuses it, or has none
                          */
};

/* One value of a parsed document; everything it points to lives in the arena it was parsed into. */
struct cprov_json {
    enum cprov_json_type type;
    bool boolean;
    struct cprov_span key;  /* the name, when it is a member of an object; decoded, NUL after it */
    struct cprov_span text; /* STRING, UNUSABLE: decoded, with a NUL after it; NUMBER: as written */
    struct cprov_json *child; /* first element or member */
    struct cprov_json *next;  /* next sibling */
    size_t count;             /* of children */
};

/*
 * Parses one whole document. Refused with CPROV_EVERIFY: bad syntax, anything but blanks after the
 * document, duplicate keys in one object, invalid UTF-8, a NUL inside a key, nesting past
 * CPROV_JSON_DEPTH_MAX; with CPROV_ELIMIT: more than CPROV_JSON_VALUES_MAX values, which is what
 * bounds the memory of a tree: about 20 MiB beside the texts. A BOM is refused. The input need not
 * outlive the call.
 */
CPROV_MUST_CHECK
int cprov_json_parse(struct cprov_span input, struct cprov_arena *arena, struct cprov_json **out,
                     struct cprov_error *err);
/* The same for a document of our own, with up to CPROV_JSON_OWN_VALUES_MAX values. */
CPROV_MUST_CHECK
int cprov_json_parse_own(struct cprov_span input, struct cprov_arena *arena,
                         struct cprov_json **out, struct cprov_error *err);
/* The same for a piece of a larger text, which knows better where it is: the message is without
 * "JSON, byte N: ", and *at is that byte of input (0 when the fault is of no one place). */
CPROV_MUST_CHECK
int cprov_json_parse_piece(struct cprov_span input, struct cprov_arena *arena,
                           struct cprov_json **out, size_t *at, struct cprov_error *err);

/* The member, or NULL; obj may be NULL or not an object. */
const struct cprov_json *cprov_json_get(const struct cprov_json *obj, const char *name);
/* The member's text when it is a string, else NULL. */
const char *cprov_json_get_text(const struct cprov_json *obj, const char *name);
/* A number that is a plain non-negative integer; false otherwise ("-1", "1.0", "1e3", too large).
 */
bool cprov_json_u64(const struct cprov_json *v, uint64_t *out);

/*
 * Decoding through static tables: the table is the schema. Unknown members pass. A member of the
 * wrong type, a missing required one, a number that is negative, fractional or too large for its
 * field, a member whose name differs from a field's in letter case alone (other readers take it for
 * the field): CPROV_EVERIFY with the path of the member. null counts as absent.
 */
enum cprov_json_field_type {
    CPROV_FIELD_TEXT,   /* const char *            (arena) */
    CPROV_FIELD_U64,    /* uint64_t */
    CPROV_FIELD_BOOL,   /* bool */
    CPROV_FIELD_VALUE,  /* const struct cprov_json *  any type, for the caller to walk */
    CPROV_FIELD_OBJECT, /* const struct cprov_json *  must be an object */
    CPROV_FIELD_ARRAY,  /* const struct cprov_json *  must be an array */
};

struct cprov_json_field {
    const char *name;
    enum cprov_json_field_type type;
    size_t offset;
    bool required;
};

/* cprov_json_parse() for a document of such members: of the others in its top object no more than
 * their syntax and depth is looked at, and null stands for each. */
CPROV_MUST_CHECK
int cprov_json_parse_known(struct cprov_span input, const struct cprov_json_field *fields,
                           size_t count, struct cprov_arena *arena, struct cprov_json **out,
                           struct cprov_error *err);

/* Whether Go's decoder, and with it most other tools, takes a member for the one of that name
 * though it is spelled otherwise: letter case, and the two letters of Unicode that fold to ASCII.
 */
bool cprov_json_is_misspelled(struct cprov_span key, const char *name);

CPROV_MUST_CHECK
int cprov_json_decode(const struct cprov_json *obj, const struct cprov_json_field *fields,
                      size_t count, void *out, struct cprov_error *err);

/*
 * Writer: appends to a buffer the caller owns; sticky through it. Compact unless `indent` > 0
 * (then one member per line, that many blanks a level, no trailing newline). Strings are escaped,
 * and bytes that are not UTF-8 become U+FFFD, so that the output is always valid JSON.
 */
struct cprov_json_writer {
    struct cprov_buf *out;
    int indent;
    int depth;
    bool first;     /* nothing written yet at this level */
    bool after_key; /* a value must follow on this line */
};

void cprov_json_writer_init(struct cprov_json_writer *w, struct cprov_buf *out, int indent);
void cprov_json_begin_object(struct cprov_json_writer *w);
void cprov_json_end_object(struct cprov_json_writer *w);
void cprov_json_begin_array(struct cprov_json_writer *w);
void cprov_json_end_array(struct cprov_json_writer *w);
void cprov_json_key(struct cprov_json_writer *w, const char *name);
void cprov_json_text(struct cprov_json_writer *w, const char *text); /* NULL: null */
void cprov_json_span(struct cprov_json_writer *w, struct cprov_span text);
void cprov_json_number(struct cprov_json_writer *w, uint64_t n);
void cprov_json_bool(struct cprov_json_writer *w, bool b);
void cprov_json_null(struct cprov_json_writer *w);
/* Writes a parsed value again, members in their order. */
void cprov_json_value(struct cprov_json_writer *w, const struct cprov_json *v);
/* key + text, when text is not NULL. */
void cprov_json_member(struct cprov_json_writer *w, const char *name, const char *text);

#endif
