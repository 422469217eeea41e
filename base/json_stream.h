/* base/json_stream.h - JSON documents of any size, a record at a time. */
#ifndef CPROV_BASE_JSON_STREAM_H
#define CPROV_BASE_JSON_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/json.h"

struct cprov_error;
struct cprov_json_stream;

/*
 * What a record is: of a document that is an array, each element (member is NULL); of one that is
 * an object, each scalar member (member is NULL, value->key its name), and of each member that is
 * an array or object each of its elements or members (member is its name, value->key the inner
 * one's). The value lives until the callback returns; a negative code ends the parse with it.
 * Memory is that of one record.
 */
typedef int cprov_json_record_fn(void *arg, const char *member, const struct cprov_json *value,
                                 struct cprov_error *err);

struct cprov_json_stream_options {
    size_t record_max; /* bytes of one record, or one key, as it stands in the document */
    uint64_t offset;   /* of the first byte that will be fed, for messages */
    cprov_json_record_fn *record;
    /* May be NULL: a member of the top object begins whose value is an array (or object, if
     * `object`), so that an empty one is seen too. */
    int (*begin)(void *arg, const char *member, bool object, struct cprov_error *err);
    void *arg;
};

CPROV_MUST_CHECK
int cprov_json_stream_new(const struct cprov_json_stream_options *options,
                          struct cprov_json_stream **out, struct cprov_error *err);
void cprov_json_stream_free(struct cprov_json_stream *s);
CPROV_DEFINE_CLEANUP(struct cprov_json_stream, cprov_json_stream, cprov_json_stream_free)
#define auto_json_stream CPROV_CLEANUP(cprov_json_stream_cleanup)

/*
 * As strict as cprov_json_parse() is with each record and with the names in the top object; that
 * the members of an object within it differ in name is for the callback to see, since they may be
 * any number. CPROV_EVERIFY ("byte 1234: ..."), CPROV_ELIMIT, or what the callback returned. Pieces
 * may be cut anywhere. After a failure every call fails.
 */
CPROV_MUST_CHECK
int cprov_json_stream_feed(struct cprov_json_stream *s, const void *data, size_t len,
                           struct cprov_error *err);
/* The document ends here: CPROV_EVERIFY when it must not. */
CPROV_MUST_CHECK
int cprov_json_stream_finish(struct cprov_json_stream *s, struct cprov_error *err);

/* Within a callback: the byte of the document at which the record (its key) begins. */
uint64_t cprov_json_stream_offset(const struct cprov_json_stream *s);

#endif
