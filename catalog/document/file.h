/* catalog/document/file.h - a document that lists images and lies on this machine. */
#ifndef CPROV_CATALOG_DOCUMENT_FILE_H
#define CPROV_CATALOG_DOCUMENT_FILE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "catalog/document/entry.h"

struct cprov_catalog_facts;
struct cprov_error;

struct cprov_catalog_file {
    const char *path;      /* absolute, without file:// */
    const char *name;      /* of the image in a document that names none, or NULL */
    const char *key;       /* PEM file: PATH.sig must be its signature of the file; or NULL */
    const char *validator; /* what was given the last time; "" or NULL */
    int64_t not_before;    /* these two as in catalog_reader.h */
    struct cprov_catalog_facts *facts;
    cprov_entry_fn *entry;
    void *arg;
};

/*
 * Hands over every entry, as catalog_reader.h reads them. *unchanged: the file is the one of
 * file->validator (by time, size and inode), and no entry came. validator is replaced by what to
 * give the next time. On failure the entries that came are worth nothing: CPROV_EVERIFY for a
 * document that is wrong, not signed by the key, or changed while it was read; CPROV_ENOTFOUND,
 * CPROV_EREFUSED, CPROV_EINVAL (no regular file), and the codes of the reader.
 */
CPROV_MUST_CHECK
int cprov_catalog_read_file(const struct cprov_catalog_file *file, struct cprov_buf *validator,
                            bool *unchanged, struct cprov_error *err);

/* What validators of documents that must be signed with this key begin with, so that what was read
 * under another key, or none, is never taken for verified. */
CPROV_MUST_CHECK
int cprov_catalog_key_mark(const char *key, struct cprov_buf *out, struct cprov_error *err);

#endif
