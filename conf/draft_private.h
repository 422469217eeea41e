/* conf/draft_private.h - the configuration while its files are read; for conf/ alone. */
#ifndef CPROV_CONF_DRAFT_PRIVATE_H
#define CPROV_CONF_DRAFT_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/span.h"
#include "conf/conf.h"

struct cprov_buf;
struct cprov_error;

#define CPROV_CONF_ENTRIES_MAX 4096 /* sources, hosts or aliases */

/* One source, host or alias; the last file that speaks of it wins, its place stays. */
struct cprov_draft_entry {
    const char *key;
    const void *value; /* struct cprov_source, cprov_host_conf or cprov_alias */
    bool removed;      /* hides what earlier files say of this key */
    unsigned first;    /* number of the file that mentioned it first */
    unsigned last;     /* and of the one whose word it is */
    struct cprov_draft_entry *next;
};

struct cprov_draft_list {
    struct cprov_draft_entry *head;
    size_t count;
};

struct cprov_draft {
    struct cprov_conf *conf; /* gets the scalars; its arena everything */
    struct cprov_draft_list sources;
    struct cprov_draft_list hosts;
    struct cprov_draft_list aliases;
    unsigned file;   /* number of the file that is read, from 1 */
    bool other_keys; /* it has more than sources */
    bool more_than_hosts;
};

/* An empty configuration: cprov_conf_free(). NULL: no memory. */
struct cprov_conf *cprov_conf_new(void);

struct cprov_draft_entry *cprov_draft_find(const struct cprov_draft_list *list, const char *key);
/* Adds or overwrites. CPROV_EEXISTS when this file has set the key before; key and value must live
 * as long as the arena. */
CPROV_MUST_CHECK
int cprov_draft_put(struct cprov_draft *d, struct cprov_draft_list *list,
                    const struct cprov_draft_entry *entry, struct cprov_error *err);
void cprov_draft_unlink(struct cprov_draft_list *list, const struct cprov_draft_entry *entry);
/* Fills in the lists of d->conf. */
CPROV_MUST_CHECK
int cprov_draft_finish(struct cprov_draft *d, struct cprov_error *err);

/* Whether name, location and type of a source are fit to be used and written: CPROV_EINVAL. */
CPROV_MUST_CHECK
int cprov_source_check(const struct cprov_source *s, struct cprov_error *err);

/* Reads one YAML file (conf.c): `file` is its name, for messages and relative paths. */
CPROV_MUST_CHECK
int cprov_draft_read(struct cprov_draft *d, const char *file, struct cprov_span text,
                     struct cprov_error *err);
/* The shipped configuration, as the first file. */
CPROV_MUST_CHECK
int cprov_draft_read_shipped(struct cprov_draft *d, struct cprov_error *err);
/* A file of a folder; a missing one is CPROV_ENOTFOUND. */
CPROV_MUST_CHECK
int cprov_draft_read_file(struct cprov_draft *d, const char *file, struct cprov_error *err);

/* Writes as YAML what the file of that number says of the sources. */
void cprov_draft_format_sources(const struct cprov_draft_list *sources, unsigned file,
                                struct cprov_buf *out);
/* Writes as YAML the token servers of hosts, and nothing else of them. */
void cprov_draft_format_token_servers(const struct cprov_draft_list *hosts, struct cprov_buf *out);

/* conf/container-provider.yaml, made a part of the library by CMake. */
extern const unsigned char cprov_conf_shipped[];
extern const size_t cprov_conf_shipped_len;

#endif
