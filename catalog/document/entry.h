/* catalog/document/entry.h - one version of one image, as whoever lists it describes it. */
#ifndef CPROV_CATALOG_DOCUMENT_ENTRY_H
#define CPROV_CATALOG_DOCUMENT_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "manifest/digest.h"
#include "manifest/manifest.h"
#include "manifest/reference.h"

struct cprov_error;
struct cprov_place;

/*
 * Borrowed for the call that hands it over. NULL and "" are the same: unknown. Kinds of source fill
 * in what their listing says, no more; what is missing is learnt from manifests when somebody wants
 * to see it, unless `complete`.
 */
struct cprov_entry {
    const char *repository; /* in a registry: the whole path; in a catalog: the image's name */
    const char *name;       /* as shown, where that is not the end of repository */
    const char *version;    /* a tag, or a version of the catalog */
    const char *alias;      /* `version` is a channel, and means this version (or channel): nothing
                               else of the entry counts; cprov_entry_is_alias() */
    const char *reference;  /* where the image is: "registry.example/windows/nanoserver:1.0" */
    const char *url;        /* or the file that it is; may carry a signature: never shown whole */
    const struct cprov_digest *digest; /* of the manifest, the index, or the file */
    uint64_t bytes;
    const char *description;
    const char *publisher;
    const char *title;     /* how its maker spells the name */
    const char *created;   /* RFC 3339, or a date */
    const char *platforms; /* "linux/amd64, windows(10.0.20348.1)/amd64" */
    const char *os_version;
    const char *media_type;
    const char *image_id;
    const char *notes;
    const char *dependencies; /* "Name 1.0, Other [2.0,3.0)": images that must be there first */
    const char *cultures;     /* "de-de=URL en-us=URL": the same thing in several languages */
    enum cprov_kind kind;
    bool is_os;
    bool complete; /* a manifest would tell nothing more */
};

static inline bool cprov_entry_is_alias(const struct cprov_entry *entry)
{
    return entry->alias && *entry->alias;
}

/* Names and versions are of a length and without control characters, texts within
 * CPROV_CATALOG_TEXT_MAX. CPROV_EVERIFY, CPROV_ELIMIT: for who can leave out a single one. */
CPROV_MUST_CHECK
int cprov_entry_check(const struct cprov_entry *entry, struct cprov_error *err);

/* Gets entries one by one; a negative code ends what hands them over. */
typedef int cprov_entry_fn(void *arg, const struct cprov_entry *entry, struct cprov_error *err);

/* One version of one image in a place. Texts live in the arena given to details(), or in the
 * catalog; never NULL. */
struct cprov_listing {
    const struct cprov_place *place;
    struct cprov_reference reference; /* host, repository, tag (and digest, when known); host is ""
                                         for a file */
    const char *name;                 /* as shown: "NanoServer", "team/app" */
    const char *version;              /* the tag */
    bool has_details;                 /* whether the rest is filled in */
    const char *description;
    const char *publisher;
    const char *created;
    const char *platforms;
    const char *os_version;
    const char *media_type;
    const char *image_id;
    const char *title; /* org.opencontainers.image.title */
    const char *url;   /* of a file; may carry a signature: never shown whole */
    const char *notes;
    const char *dependencies;
    const char *cultures;
    uint64_t bytes;
    int64_t checked; /* when this was last known to be so; 0: just now */
    enum cprov_kind kind;
    bool is_os;
    bool from_private; /* its place is a document that came from a private address */
};

#endif
