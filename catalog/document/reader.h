/* catalog/document/reader.h - documents that list images, read as a stream into entries. */
#ifndef CPROV_CATALOG_DOCUMENT_READER_H
#define CPROV_CATALOG_DOCUMENT_READER_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/error.h"
#include "catalog/document/entry.h"

struct cprov_catalog_reader;

/* What a document says beside its entries; whole when it has come to its end. */
struct cprov_catalog_facts {
    int64_t created;          /* its date in seconds; 0: it has none */
    uint64_t left_out;        /* versions whose `reference` is none: no place to look for them */
    struct cprov_error first; /* of them: "row 1 (app 2.0): reference 'x:y:z': ..." */
};

/*
 * Knows, by looking at the document itself: our own catalog (docs/catalog-format.md), the
 * ContainerImage array {Name, Version, Description, SasToken}, Docker's {channels, versions}, and
 * the Nano Server array {Name, Version, Description, Language, Dependencies, ...}. Our own may also
 * be YAML (then at most CPROV_CONF_FILE_MAX of it). A UTF-8 BOM is skipped. Memory does not grow
 * with the document; relative URLs are resolved against `base`. Texts are copied.
 */
struct cprov_catalog_reader_options {
    const char *base; /* URL or path ("/srv/catalog.json") the document came from; or NULL */
    const char *name; /* of the image in a document that names none (Docker's); or NULL */
    cprov_entry_fn *entry;
    void *arg;
    int64_t not_before; /* seconds: a document that says an earlier date, or none, is CPROV_EVERIFY;
                           0: no matter */
    struct cprov_catalog_facts *facts; /* written when it is over; or NULL */
};

CPROV_MUST_CHECK
int cprov_catalog_reader_new(const struct cprov_catalog_reader_options *options,
                             struct cprov_catalog_reader **out, struct cprov_error *err);
void cprov_catalog_reader_free(struct cprov_catalog_reader *r);
CPROV_DEFINE_CLEANUP(struct cprov_catalog_reader, cprov_catalog_reader, cprov_catalog_reader_free)
#define auto_catalog_reader CPROV_CLEANUP(cprov_catalog_reader_cleanup)

/*
 * The next piece. CPROV_EVERIFY with the byte offset (of YAML the line, or the row) when it is not
 * what it should be: "byte 40: row 1 (NanoServer 1.0): sha256: ...", "byte 50: index format 3 is
 * newer than this program". CPROV_ELIMIT past the CPROV_CATALOG_ caps, and the codes of the entry
 * callback with its message as it is. After a failure every call fails.
 */
CPROV_MUST_CHECK
int cprov_catalog_reader_feed(struct cprov_catalog_reader *r, const void *data, size_t len,
                              struct cprov_error *err);
/* The document ends here: CPROV_EVERIFY when it must not. */
CPROV_MUST_CHECK
int cprov_catalog_reader_finish(struct cprov_catalog_reader *r, struct cprov_error *err);

#endif
