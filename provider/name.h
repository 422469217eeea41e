/* provider/name.h - what the user wrote for an image: a reference, a name to look up, or a ref of
 * find. */
#ifndef CPROV_PROVIDER_NAME_H
#define CPROV_PROVIDER_NAME_H

#include "provider/session.h"

/*
 * Spans and texts live in the call's arena. `reference` holds when is_reference; else `lookup`
 * is a name or pattern for the sources.
 */
struct cprov_name {
    const char *text; /* as written: for messages */
    bool is_reference;
    struct cprov_reference reference;
    struct cprov_span lookup;         /* empty: all that is in `place` */
    struct cprov_version_range range; /* of NAME:VERSION or of the version options */
    bool all_versions;
    bool has_digest; /* NAME@DIGEST */
    struct cprov_digest digest;
    const char *shown_name;          /* from a ref: how find called it; or NULL */
    const char *source;              /* from a ref: the name or location of its source; or NULL */
    const struct cprov_place *place; /* the only one to ask: of a path, or of a ref's source; or
                                        NULL: those of the session */
    /* From a ref whose image has no registry: of several rows that name it, this one. */
    bool has_row_digest;
    struct cprov_digest row_digest;
    const char *row_url; /* file://; or NULL */
};

/*
 * host/repo[:tag][@digest] and scheme://..., an image on this machine (cprov_local_name()),
 * NAME[:VERSION|@DIGEST], "ci1:..." (a ref). CPROV_ENOTFOUND: nothing is at that path, or the ref's
 * source is not known. patterns: whether wildcards are permitted. A version both in the name and in
 * the options is CPROV_EINVAL unless they are the same; so is a version or digest in the name
 * beside "all versions". Nothing in *out points into *out.
 */
CPROV_MUST_CHECK
int cprov_name_read(struct cprov_session *s, const char *text,
                    const struct cprov_version_options *version, bool patterns,
                    struct cprov_name *out, struct cprov_error *err);

/* Whether the text is a ref. */
bool cprov_name_is_ref(const char *text);

/* How a repository named in full is called in the store: its alias, or host/repository as people
 * write it. */
const char *cprov_name_of_reference(struct cprov_session *s, const struct cprov_reference *r);

/* What a name says in the words by which cprov_select() knows installed images; NULL: no memory. */
const char *cprov_name_installed(struct cprov_session *s, const struct cprov_name *n);

/*
 * A name that an image of the store is given: "team/app:1.0", "host:5000/team/app"; without a
 * version it is "latest". CPROV_EINVAL: what is no reference could be neither served nor pushed;
 * capitals are kept for people alone. check does the same for the two parts.
 */
CPROV_MUST_CHECK
int cprov_name_target(struct cprov_session *s, const char *text, const char **name,
                      const char **version, struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_name_check(struct cprov_session *s, const char *name, const char *version,
                     struct cprov_error *err);

/* "NanoServer 10.0.10586.8": for targets and progress. */
const char *cprov_name_and_version(struct cprov_session *s, const char *name, const char *version);

/*
 * The opaque ref of a found image: "ci1:" and base64url of {"s":source,"n":name,"r":reference}. No
 * URL, no secret; install resolves the address itself. Appended to out.
 *
 * What has no registry (its host is ""): {"s","n","v":version,"d":digest,"u":url}, where url is
 * written for files on this machine alone.
 */
void cprov_ref_write(struct cprov_buf *out, const char *source, const char *name,
                     const struct cprov_reference *reference, const char *url);

/* Whether a row that the name's text led to is the one its ref was written for. */
bool cprov_name_admits(const struct cprov_name *n, const struct cprov_listing *row);

#endif
