/* registry/source.h - kinds of places to find images in, behind one small table. */
#ifndef CPROV_REGISTRY_SOURCE_H
#define CPROV_REGISTRY_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "conf/conf.h"
#include "manifest/platform.h"
#include "manifest/reference.h"
#include "registry/client.h"

struct cprov_error;
struct cprov_source_kind;

/* A source ready to be asked. Copy by assignment; `source` is borrowed from the configuration. */
struct cprov_place {
    const struct cprov_source *source;
    const struct cprov_source_kind *kind;
    struct cprov_reference
        base;        /* host, and in `repository` the path in front of every name ("" or "team") */
    bool plain_http; /* the location says http:// */
};

/* One version of one image in a place. Texts live in the arena given to details(), or in the
 * catalog; never NULL. */
struct cprov_listing {
    const struct cprov_place *place;
    struct cprov_reference reference; /* host, repository, tag (and digest, when known) */
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
    uint64_t bytes;
    bool is_os;
};

typedef void cprov_details_fn(void *arg, int code, const struct cprov_error *err);

struct cprov_source_kind {
    const char *type;
    /* Every repository of the place, full path. */
    int (*scan)(struct cprov_client *c, const struct cprov_place *place,
                const struct cprov_list_request *request, struct cprov_error *err);
    /* Every version of one. */
    int (*versions)(struct cprov_client *c, const struct cprov_reference *repository,
                    const struct cprov_list_request *request, struct cprov_error *err);
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
};

extern const struct cprov_source_kind cprov_source_oci;

/* The kind of that name, or NULL. "" and NULL: "oci". */
const struct cprov_source_kind *cprov_source_kind(const char *type);

/*
 * Reads the location of a source: [http://|https://]host[:port][/path]. CPROV_EINVAL for another
 * scheme (named) or a bad host or path.
 */
CPROV_MUST_CHECK
int cprov_place_init(const struct cprov_source *source, struct cprov_place *out,
                     struct cprov_error *err);

#endif
