/* catalog/source/source.h - kinds of places to find images in, behind one small table. */
#ifndef CPROV_CATALOG_SOURCE_SOURCE_H
#define CPROV_CATALOG_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "catalog/document/entry.h"
#include "conf/conf.h"
#include "manifest/platform.h"
#include "manifest/reference.h"
#include "registry/listing.h"

struct cprov_catalog_facts;
struct cprov_error;
struct cprov_source_kind;
struct cprov_vendor;

/* A source ready to be asked. Copy by assignment; `source` is borrowed from the configuration. */
struct cprov_place {
    const struct cprov_source *source;
    const struct cprov_source_kind *kind;
    struct cprov_reference base; /* host, and in `repository` the path in front of every name ("" or
                                    "team"); of a path on this machine both are "" */
    bool plain_http;             /* the location says http:// */
};

/* Code 0 with err: the row has what is known, has_details is false, and err says what of it could
 * not be read. */
typedef void cprov_details_fn(void *arg, int code, const struct cprov_error *err);

/* The versions of one repository: entry() for each (return false to stop), done() once. */
struct cprov_versions_request {
    bool (*entry)(void *arg, const struct cprov_entry *entry);
    void (*done)(void *arg, int code, const struct cprov_error *err);
    void *arg;
};

/* Everything in a place, as one listing: entry() for each, done() once, both also from within the
 * call that starts it. Only when done() says 0 do the entries count. */
struct cprov_import {
    const char *validator; /* what done() gave the last time, or "" */
    cprov_entry_fn *entry;
    /* code 0 and unchanged: validator still holds, and no entry came. validator is what to give the
     * next time, or "". */
    void (*done)(void *arg, int code, bool unchanged, const char *validator,
                 const struct cprov_error *err);
    /* Of a catalog that must be signed: an older one than this is refused; 0: none is. */
    int64_t not_before;
    struct cprov_catalog_facts *facts; /* of the document that was read; or NULL */
    /* Something that was passed over, in a sentence; may be NULL. */
    void (*warning)(void *arg, const char *text);
    void *arg;
};

/*
 * Two families. A kind with import() hands over all there is at once: a document, a folder. The
 * others are asked for repositories, for the versions of one, and for the details of a version.
 */
struct cprov_source_kind {
    const char *type;
    /* Reads what the location means beyond host and path; NULL: nothing. */
    int (*init)(struct cprov_place *place, struct cprov_error *err);

    /* c is NULL when the place is `local`. */
    int (*import)(struct cprov_client *c, const struct cprov_place *place,
                  const struct cprov_import *import, struct cprov_error *err);

    /* Every repository of the place, full path. */
    int (*scan)(struct cprov_client *c, const struct cprov_place *place,
                const struct cprov_list_request *request, struct cprov_error *err);
    /* Every version of one. */
    int (*versions)(struct cprov_client *c, const struct cprov_place *place,
                    const struct cprov_reference *repository,
                    const struct cprov_versions_request *request, struct cprov_error *err);
    /*
     * Fills the row (which must stay where it is until done): digest, size and, as far as
     * annotations, labels or the config say, the texts. host chooses among platforms (NULL: the
     * first).
     */
    int (*details)(struct cprov_client *c, const struct cprov_host *host, struct cprov_listing *row,
                   struct cprov_arena *arena, cprov_details_fn *done, void *arg,
                   struct cprov_error *err);
    /* Whether scan() can work at all: Docker Hub has no catalog. */
    bool (*can_scan)(const struct cprov_place *place);
    bool local;                              /* a path on this machine */
    const struct cprov_source_kind *on_disk; /* what it is where the location is a path; or NULL */
    bool is_url;      /* the location is a URL to be fetched as it is: path and all */
    bool has_digests; /* versions() tells digests: moved tags are seen by listing alone */
    const struct cprov_vendor *vendor; /* catalog/source/vendor.h: how its API is read; or NULL */
};

extern const struct cprov_source_kind cprov_source_oci;
/* A document of catalog/document/reader.h at a URL; signed when the source has a key: LOCATION.sig.
 * Broken off, it is resumed by range, or read anew while no entry has come; else CPROV_ENETWORK. */
extern const struct cprov_source_kind cprov_source_document;
extern const struct cprov_source_kind cprov_source_cprov;
/* The same as an artifact of a registry: catalog/document/artifact.h. */
extern const struct cprov_source_kind cprov_source_catalog;

/* Every kind of source there is; NULL at the end. */
extern const struct cprov_source_kind *const cprov_kinds[];

/* All kinds that can be asked through a network; NULL at the end. */
extern const struct cprov_source_kind *const cprov_network_kinds[];

/* The kind of that name in a list that NULL ends, or NULL. "" and NULL: "oci". */
const struct cprov_source_kind *cprov_source_kind(const struct cprov_source_kind *const *kinds,
                                                  const char *type);

/*
 * Reads the location of a source. Network kinds: [http://|https://]host[:port][/path]; local ones:
 * a path, also as file:///path. CPROV_EINVAL for another scheme (named), a bad host or path, an
 * unknown type.
 */
CPROV_MUST_CHECK
int cprov_place_init(const struct cprov_source *source,
                     const struct cprov_source_kind *const *kinds, struct cprov_place *out,
                     struct cprov_error *err);

/* "oci registry.example/team": what the index knows a place by. With a key in front of it: what was
 * read under another key, or none, is of another place. */
void cprov_place_key(const struct cprov_place *place, struct cprov_buf *out);

/* The path of a local place, without file://. Borrowed from the location. */
const char *cprov_place_path(const struct cprov_place *place);

#endif
