/* conf/conf.h - the configuration: YAML files read in order, later ones win; the home of libyaml.
 */
#ifndef CPROV_CONF_CONF_H
#define CPROV_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"

struct cprov_error;

/* A named place to find images in. */
struct cprov_source {
    const char *name;
    const char *location; /* "docker.io", "http://127.0.0.1:5000", "registry.example/team",
                             "https://example.org/catalog.json", "/srv/images" */
    const char *type;     /* "oci", "document", "layout": draft.c has them all */
    bool trusted;
    bool registered;   /* false: a location given on the command line */
    const char *proxy; /* URL, "none" or NULL: the environment */
    const char *key;   /* PEM file: the catalog must be signed with it; or NULL */
    const char *file;  /* where it was read from */
    /* How its host is reached, as in struct cprov_host_conf: for that host, whoever names it. */
    bool allow_http;
    bool insecure;
    const char *ca_file;
    const char *cert_file;
    const char *key_file;
};

/* How to reach a registry host. */
struct cprov_host_conf {
    const char *host; /* "registry.example:5000" */
    bool allow_http;
    bool insecure; /* tls-verify: false */
    const char *ca_file;
    const char *cert_file;
    const char *key_file;
    const char *proxy;
    const char *token_server; /* where its login may be sent: host, host:port or a URL; or NULL */
    /* PEM of all authorities of a certs.d folder that has several; ca_file is then the folder. */
    const char *ca_pem;
};

/* "windows/nanoserver" is shown and found as "NanoServer". */
struct cprov_alias {
    const char *repository; /* repository path, without host */
    const char *name;
};

/* Immutable after load; owns its arena; lists in the order of definition. Numbers are 0 when not
 * set. */
struct cprov_conf {
    struct cprov_arena arena;
    const char *root;  /* or NULL */
    const char *cache; /* folder of the index, or NULL */
    const struct cprov_source *sources;
    size_t sources_count;
    const struct cprov_host_conf *hosts;
    size_t hosts_count;
    const struct cprov_alias *aliases;
    size_t aliases_count;
    uint64_t parallel;
    uint64_t retries;
    bool has_retries;
    uint64_t connect_timeout_ms; /* written as "20s", "500ms", or plain seconds */
    uint64_t stall_timeout_ms;
    uint64_t limit_rate;  /* bytes a second; "10M", "500k" */
    uint64_t split_bytes; /* blobs with more left are fetched in ranges */
    uint64_t split_after_ms;
    bool has_split_after;
    uint64_t max_age_ms; /* how old an answer of the index may be */
    bool has_max_age;
    const char *immutable_tags; /* patterns, blanks between, of tags that never move; or NULL */
};

struct cprov_conf_places {
    const char *system_dir; /* "/etc/container-provider" */
    const char *user_dir;   /* $XDG_CONFIG_HOME/container-provider, or NULL */
    const char *file;       /* --config, must exist; or NULL */
};
/* The usual places from the environment (CPROV_SYSTEM_CONFIG_DIR overrides the first, for tests and
 * packagers); texts in arena. */
CPROV_MUST_CHECK
int cprov_conf_places(struct cprov_arena *arena, struct cprov_conf_places *out,
                      struct cprov_error *err);

/* The name of a source kind today: "index" is the old spelling of "document". NULL gives NULL. */
const char *cprov_source_type(const char *type);

/*
 * Built-in defaults (conf/container-provider.yaml, embedded), then *.yaml of each folder by name,
 * then the file. Scalars: the last wins; hosts: by key and
 * member, the last wins; aliases: by key, the last wins; sources: by name, the last wins, order of
 * first mention. Unknown keys, wrong types, duplicate keys, several
 * documents, aliases and tags of YAML: CPROV_EINVAL "FILE:LINE:COLUMN: unknown key 'soruce' (did
 * you mean 'source'?)".
 */
CPROV_MUST_CHECK
int cprov_conf_load(const struct cprov_conf_places *places, struct cprov_conf **out,
                    struct cprov_error *err);
void cprov_conf_free(struct cprov_conf *c);
CPROV_DEFINE_CLEANUP(struct cprov_conf, cprov_conf, cprov_conf_free)
#define auto_conf CPROV_CLEANUP(cprov_conf_cleanup)

const struct cprov_source *cprov_conf_source(const struct cprov_conf *c,
                                             const char *name); /* case-insensitive */
const struct cprov_host_conf *cprov_conf_host(const struct cprov_conf *c, const char *host);

/*
 * The client certificate folder of a host, as docker and podman keep it:
 * certs.d/HOST[:PORT]/{every *.crt, *.cert + *.key} under /etc/docker, /etc/containers and
 * $XDG_CONFIG_HOME/containers (first hit wins). Fills only what *out (texts in arena) does not have
 * yet.
 */
CPROV_MUST_CHECK
int cprov_conf_certs(const char *host, struct cprov_arena *arena, struct cprov_host_conf *out,
                     struct cprov_error *err);

/* Makes the folder (0755) if it is missing, and locks it against others who write in it; closing
 * *out ends that. */
CPROV_MUST_CHECK
int cprov_conf_lock(const char *dir, int *out, struct cprov_error *err);

/* What a change of the sources does. */
enum cprov_source_change { CPROV_SOURCE_ADD, CPROV_SOURCE_UPDATE, CPROV_SOURCE_REMOVE };
/*
 * Changes sources.yaml in dir (made 0755 if missing) as one step, under a lock: ADD fails with
 * CPROV_EEXISTS when the name or the location is there (`replace`: overwrites instead), UPDATE and
 * REMOVE with CPROV_ENOTFOUND. `old_name` is what UPDATE and REMOVE look for (case-insensitive);
 * source->name may differ then: a rename. Only sources of this file can be changed. The built-in
 * source "dockerhub" counts as present until removed: removing it writes a tombstone, ADD with its
 * name restores it.
 */
CPROV_MUST_CHECK
int cprov_conf_change_source(const char *dir, enum cprov_source_change change, const char *old_name,
                             const struct cprov_source *source, bool replace,
                             struct cprov_error *err);

/*
 * Writes down that the login of a host may go to a token server (host or host:port): `hosts:` of
 * token-servers.yaml in dir (made 0755 if missing), as one step, under a lock. CPROV_EINVAL: that
 * file has something else in it.
 */
CPROV_MUST_CHECK
int cprov_conf_allow_token_server(const char *dir, const char *host, const char *server,
                                  struct cprov_error *err);

#endif
