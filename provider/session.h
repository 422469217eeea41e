/* provider/session.h - what a session holds, and how its operations speak to the caller. */
#ifndef CPROV_PROVIDER_SESSION_H
#define CPROV_PROVIDER_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/version.h"
#include "catalog/search/search.h"
#include "conf/conf.h"
#include "manifest/platform.h"
#include "provider/item.h"
#include "provider/options.h"
#include "provider/provider.h"
#include "registry/client.h"
#include "store/store.h"

/*
 * Two lives: `arena` is the session's (options, places, what the client borrows), `call` is that of
 * one public call and is emptied when the next begins, so that a daemon's session does not grow.
 */
struct cprov_session {
    struct cprov_arena arena;
    struct cprov_arena call;
    struct cprov_session_options options; /* texts in the arena */
    struct cprov_conf *conf;
    struct cprov_conf_places conf_places;
    const char *conf_dir; /* where sources.yaml is written */
    const char *root;
    struct cprov_host host;     /* what images must run on */
    bool host_given;            /* --platform or --os-version was */
    struct cprov_place *places; /* the sources this session asks, in order */
    size_t places_count;
    struct cprov_client *client;   /* made at first use */
    struct cprov_cache *index;     /* the same */
    struct cprov_error index_lost; /* why it lasts as long as the session alone; or no code */
    struct cprov_secrets *secrets; /* that the client has used: no text leaves with one of them */
    struct cprov_log log;
    struct cprov_cancel cancel;
    int64_t deadline_ms;              /* monotonic, 0: none */
    struct cprov_callbacks callbacks; /* of the call that runs, else none */
    const char *trusted_for_run[16];  /* sources answered with yes, for this call */
    size_t trusted_count;
    struct cprov_led_host *led;          /* hosts to which public documents lead */
    bool refused_all;                    /* "no to all" */
    struct cprov_said_https *said_https; /* hosts that were named with https:// */
    const char *login_host;   /* the one registry that --username is for in this call; or NULL */
    const char *token_server; /* its token server that was allowed in this call; or NULL */
};

/*
 * Every public function begins and ends with these. begin fails as cprov_options_copy() does: of
 * callbacks. end tells *err through callbacks->error, unless code is 0 or err NULL (each failure
 * was told when it came), and returns the code.
 */
CPROV_MUST_CHECK
int cprov_session_begin(struct cprov_session *s, const struct cprov_callbacks *callbacks,
                        struct cprov_error *err);
int cprov_session_end(struct cprov_session *s, int code, const char *target,
                      const struct cprov_error *err);

/* One failure; target is what it is about ("NanoServer 10.0.1"), or "". */
void cprov_report(struct cprov_session *s, const char *target, const struct cprov_error *err);
void cprov_say(struct cprov_session *s, enum cprov_message_level level, const char *format, ...)
    CPROV_PRINTF(3, 4);
/* Blanks in text what must not leave: secrets that the client has used, logins in URLs. */
void cprov_session_hide(const struct cprov_session *s, char *text);

/* The client, made when first wanted. CPROV_ENETWORK with --offline. Borrowed. */
CPROV_MUST_CHECK
int cprov_session_client(struct cprov_session *s, struct cprov_client **out,
                         struct cprov_error *err);
/* The index of all sources, opened when first wanted; where it cannot be kept, one that lasts as
 * long as the session. Borrowed. CPROV_EUNSUPPORTED without SQLite. */
CPROV_MUST_CHECK
int cprov_session_index(struct cprov_session *s, struct cprov_cache **out, struct cprov_error *err);
/*
 * Fills in what every search of this session has in common: places (cprov_session_places() is
 * called), aliases, host, freshness, and of the listener the cache, the network, and who hears of
 * stale answers, warnings and a lost cache where that is not filled in yet. The listener's arg
 * points to what begins with a pointer to the session. live: versions are asked for, and the cache
 * is opened only when nothing else helps, unless the user named an age.
 */
CPROV_MUST_CHECK
int cprov_session_query(struct cprov_session *s, bool live, struct cprov_search_query *q,
                        struct cprov_error *err);
/* Selects s->places by the session's sources; done by the first call that needs them. */
CPROV_MUST_CHECK
int cprov_session_places(struct cprov_session *s, struct cprov_error *err);
/*
 * The one place of that name, which no pattern is, or at that location, whether or not the session
 * asks it: what is registered there comes as registered. Lives in the call's arena.
 * CPROV_ENOTFOUND: neither is known.
 */
CPROV_MUST_CHECK
int cprov_session_place(struct cprov_session *s, const char *text, const struct cprov_place **out,
                        struct cprov_error *err);
/* Opens the store; flags of store/store.h. */
CPROV_MUST_CHECK
int cprov_session_store(struct cprov_session *s, unsigned flags, struct cprov_store **out,
                        struct cprov_error *err);
/* One line of the event log: store's and --log's. Failing to write it is a warning. */
void cprov_session_log(struct cprov_session *s, struct cprov_store *store, const char *action,
                       const char *image, const char *digest);

/* Reads the version options of a verb: CPROV_EINVAL for contradictions. */
CPROV_MUST_CHECK
int cprov_session_range(const struct cprov_version_options *options,
                        struct cprov_version_range *out, struct cprov_error *err);

/*
 * Says whose the login of --username is: of the registry that the command names, or of the one
 * source that it asks. Nobody else gets it. CPROV_EINVAL when another one was named before. Does
 * nothing without such a login.
 */
CPROV_MUST_CHECK
int cprov_session_bind_login(struct cprov_session *s, const char *host, struct cprov_error *err);

/* The host was named with https:// in front: plain HTTP is not tried there, loopback or not. */
CPROV_MUST_CHECK
int cprov_session_say_https(struct cprov_session *s, const char *host, struct cprov_error *err);

/*
 * A row of a document is about to be asked for where it leads. A document of a public place leads
 * to no private one, unless the configuration or a source names that host.
 */
CPROV_MUST_CHECK
int cprov_session_led(struct cprov_session *s, const struct cprov_listing *row,
                      struct cprov_error *err);

/* The registry settings and logins for a host: callbacks of the client; arg is the session. */
int cprov_session_settings(void *arg, const char *host, struct cprov_registry_settings *out,
                           struct cprov_error *err);
int cprov_session_credentials(void *arg, const char *host, const char *repository, unsigned skip,
                              struct cprov_credentials *out, struct cprov_error *err);

/* --- building items --- */

/* Calls callbacks->item. */
void cprov_item_emit(struct cprov_session *s, const struct cprov_item *item);

#define CPROV_ITEM_TEXT_MAX 1024
/* "CN=Microsoft_NanoServer_10.0.10586.8": publisher and version as Windows writes them (CN= put in
 * front, four numbers). */
void cprov_full_name(const char *publisher, const char *name, const char *version,
                     char out[CPROV_ITEM_TEXT_MAX]);
/* 64 hex digits: the first half of SHA-384 of the full name, as Docker of late 2015 did. */
CPROV_MUST_CHECK
int cprov_legacy_id(const char *full_name, char out[65], struct cprov_error *err);

#endif
