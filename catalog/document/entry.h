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
 * The texts of a version, in the order of the documents that we write. A line is all that a new one
 * needs here, in documents and in the cache: its name; its member in documents, what that is, and
 * whose documents have it (row.c); its column in the cache (rows.c).
 */
#define CPROV_ENTRY_TEXTS(X)                                                                       \
    X(REPOSITORY, repository, "repository", TEXT, OURS, NONE) /* the whole path, or a name */      \
    X(NAME, name, "name", TEXT, BOTH, NONE) /* as shown, where that is not repository's end */     \
    X(VERSION, version, "version", TEXT, BOTH, NONE) /* a tag, or a version of the catalog */      \
    /* `version` is a channel, and means this version (or channel): nothing else counts */         \
    X(ALIAS, alias, "", NONE, BOTH, PLAIN)                                                         \
    X(DESCRIPTION, description, "description", TEXT, BOTH, WORDS)                                  \
    X(PUBLISHER, publisher, "publisher", TEXT, BOTH, WORDS)                                        \
    X(TITLE, title, "title", TEXT, BOTH, WORDS) /* how its maker spells the name */                \
    /* where the image is: "registry.example/windows/nanoserver:1.0" */                            \
    X(REFERENCE, reference, "reference", TEXT, OURS, PLAIN)                                        \
    /* or the file that it is; may carry a signature: never shown whole */                         \
    X(URL, url, "url", TEXT, BOTH, PLAIN)                                                          \
    X(CREATED, created, "created", TEXT, BOTH, TIME) /* RFC 3339, or a date */                     \
    /* "linux/amd64, windows(10.0.20348.1)/amd64" */                                               \
    X(PLATFORMS, platforms, "platforms", LIST, OURS, SHARED)                                       \
    X(OS_VERSION, os_version, "osVersion", TEXT, OURS, PLAIN)                                      \
    X(MEDIA_TYPE, media_type, "mediaType", TEXT, OURS, SHARED)                                     \
    X(IMAGE_ID, image_id, "imageId", TEXT, OURS, DIGEST)                                           \
    X(NOTES, notes, "notes", TEXT, BOTH, PLAIN)                                                    \
    /* "Name 1.0, Other [2.0,3.0)": images that must be there first */                             \
    X(DEPENDENCIES, dependencies, "dependencies", LIST, BOTH, PLAIN)                               \
    /* "de-de=URL en-us=URL": the same thing in several languages */                               \
    X(CULTURES, cultures, "cultures", MAP, OURS, PLAIN)                                            \
    /* of no image: what it is, as a media type */                                                 \
    X(ARTIFACT_TYPE, artifact_type, "", NONE, BOTH, NONE)

enum cprov_text {
#define CPROV_TEXT_ID(id, ...) CPROV_TEXT_##id,
    CPROV_ENTRY_TEXTS(CPROV_TEXT_ID)
#undef CPROV_TEXT_ID
        CPROV_TEXTS
};
#define CPROV_TEXT_NAMES (CPROV_TEXT_VERSION + 1) /* so many say which version it is */

/*
 * One version, from the source to the row. Borrowed for the call that hands it over. NULL and ""
 * are the same: unknown. Kinds of source fill in what their listing says, no more; what is missing
 * is learnt from manifests when somebody wants to see it, unless `complete`.
 */
struct cprov_entry {
    union { /* each text by its number, or by its name */
        const char *texts[CPROV_TEXTS];
        struct {
#define CPROV_TEXT_MEMBER(id, member, ...) const char *member;
            CPROV_ENTRY_TEXTS(CPROV_TEXT_MEMBER)
#undef CPROV_TEXT_MEMBER
        };
    };
    const struct cprov_digest *digest; /* of the manifest, the index, or the file */
    uint64_t bytes;
    enum cprov_kind kind;
    bool is_os;
    bool complete; /* a manifest would tell nothing more */
};

/* Every text that is NULL becomes "". */
void cprov_entry_blank(struct cprov_entry *entry);

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

/* An entry in its place. Its texts live in the arena given to details(), or in the catalog; never
 * NULL. */
struct cprov_listing {
    struct cprov_entry entry; /* name: as shown; version: the tag; digest: in the reference */
    const struct cprov_place *place;
    struct cprov_reference reference; /* host, repository, tag (and digest, when known); host is ""
                                         for a file */
    bool has_details;                 /* whether the entry is more than its names */
    bool from_private;                /* its place is a document that came from a private address */
    int64_t checked;                  /* when this was last known to be so; 0: just now */
};

#endif
