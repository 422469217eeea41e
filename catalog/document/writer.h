/* catalog/document/writer.h - our own catalog document, written as a stream. */
#ifndef CPROV_CATALOG_DOCUMENT_WRITER_H
#define CPROV_CATALOG_DOCUMENT_WRITER_H

#include "base/compiler.h"
#include "base/span.h"
#include "catalog/document/entry.h"

struct cprov_error;
struct cprov_catalog_writer;

#define CPROV_CATALOG_FORMAT 1
/* Where our own server has the one of what it serves; a Link of /v2/ says so. */
#define CPROV_CATALOG_PATH       "/_cprov/catalog.json"
#define CPROV_CATALOG_MEDIA_TYPE "application/vnd.container-provider.catalog.v1+json"

/* Where the document goes, piece by piece. */
typedef int cprov_catalog_write_fn(void *arg, struct cprov_span text, struct cprov_error *err);

/* title and created (RFC 3339) may be NULL. Deterministic: the same entries give the same bytes. */
CPROV_MUST_CHECK
int cprov_catalog_writer_new(const char *title, const char *created, cprov_catalog_write_fn *write,
                             void *arg, struct cprov_catalog_writer **out, struct cprov_error *err);
/* Entries of one repository that follow each other become one image of the document. Query strings
 * of URLs are left out: they are signatures. */
CPROV_MUST_CHECK
int cprov_catalog_writer_add(struct cprov_catalog_writer *c, const struct cprov_entry *entry,
                             struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_catalog_writer_finish(struct cprov_catalog_writer *c, struct cprov_error *err);
void cprov_catalog_writer_free(struct cprov_catalog_writer *c);
CPROV_DEFINE_CLEANUP(struct cprov_catalog_writer, cprov_catalog_writer, cprov_catalog_writer_free)
#define auto_catalog_writer CPROV_CLEANUP(cprov_catalog_writer_cleanup)

#endif
