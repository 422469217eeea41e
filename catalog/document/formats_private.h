/* catalog/document/formats_private.h - which document it is that lists images, and its records. */
#ifndef CPROV_CATALOG_DOCUMENT_FORMATS_PRIVATE_H
#define CPROV_CATALOG_DOCUMENT_FORMATS_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/json.h"
#include "catalog/document/reader.h"

struct cprov_error;

#define CPROV_CATALOG_FORMAT_NAME "container-provider/catalog"

enum cprov_catalog_kind {
    CPROV_CATALOG_UNKNOWN, /* an object that has not told yet */
    CPROV_CATALOG_OWN,
    CPROV_CATALOG_ARRAY, /* Microsoft's two */
    CPROV_CATALOG_DOCKER,
};

/* Takes a document apart as json_stream.h gives it: an object's first telling member decides. {0}
 * with the options set is ready; clear the arena at the end. */
struct cprov_catalog_format {
    struct cprov_catalog_reader_options options;
    enum cprov_catalog_kind kind;
    bool has_format;
    bool has_version;
    struct cprov_catalog_facts facts;
    uint64_t rows;            /* records that are images or versions */
    uint64_t entries;         /* handed over */
    bool refused;             /* the failure is the entry callback's */
    struct cprov_arena arena; /* of the record */
    uint64_t read;            /* bytes of the document so far; kept by who feeds it */
    bool shares;              /* the version before has the description of its image */
    uint64_t texts;           /* bytes of the texts that were handed over for single versions */
};

CPROV_MUST_CHECK
int cprov_catalog_format_begin(struct cprov_catalog_format *f, const char *member, bool object,
                               struct cprov_error *err);
/* CPROV_EVERIFY with the row and, as far as known, name and version; CPROV_ELIMIT. */
CPROV_MUST_CHECK
int cprov_catalog_format_record(struct cprov_catalog_format *f, const char *member,
                                const struct cprov_json *value, struct cprov_error *err);
/* The document is over: CPROV_EVERIFY when it was none of those known, or lacks its header. */
CPROV_MUST_CHECK
int cprov_catalog_format_finish(struct cprov_catalog_format *f, struct cprov_error *err);

#endif
