/* conf/auth_file_private.h - docker's config.json and podman's auth.json; for conf/ alone. */
#ifndef CPROV_CONF_AUTH_FILE_PRIVATE_H
#define CPROV_CONF_AUTH_FILE_PRIVATE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/json.h"
#include "base/span.h"
#include "conf/credentials.h"

struct cprov_error;

/* A registry, or a part of one: {"registry.example:5000", "team/app"}. */
struct cprov_auth_name {
    struct cprov_span host;
    struct cprov_span path; /* may be empty */
};

#define CPROV_HUB_KEY "https://index.docker.io/v1/"

/* "host/path" */
struct cprov_auth_name cprov_auth_name_split(const char *text);
/* Whether a key of a file, with or without scheme and API path, names exactly this. */
bool cprov_auth_name_is(const struct cprov_auth_name *n, struct cprov_span key);
/* Drops the last part of the path; false when there is none. */
bool cprov_auth_name_shorten(struct cprov_auth_name *n);
/* The name as docker's helpers and config.json know it; NULL: no memory. */
const char *cprov_auth_name_key(const struct cprov_auth_name *n, struct cprov_arena *arena);

/* A parsed file. It holds secrets, hence the clearing. */
struct cprov_auth_file {
    struct cprov_arena arena;
    struct cprov_json *root; /* an object */
};
void cprov_auth_file_clear(struct cprov_auth_file *f);
#define auto_auth_file CPROV_CLEANUP(cprov_auth_file_clear)

/* CPROV_EINVAL, with the name of the file, when it is not one. Blank text is an empty object. */
CPROV_MUST_CHECK
int cprov_auth_file_parse(struct cprov_span text, const char *path, struct cprov_auth_file *out,
                          struct cprov_error *err);
/* The same for what the file holds; CPROV_ENOTFOUND when there is none. */
CPROV_MUST_CHECK
int cprov_auth_file_read(const char *path, struct cprov_auth_file *out, struct cprov_error *err);

/* The helper that the file names for this; *server is what to ask it for. NULL: none. */
const char *cprov_auth_file_helper(struct cprov_auth_file *f, const struct cprov_auth_name *name,
                                   const char **server);

/* The login in "auths", longest path first. Nothing found: 0 and *out stays as it was. */
CPROV_MUST_CHECK
int cprov_auth_file_find(const struct cprov_auth_file *f, const struct cprov_auth_name *name,
                         struct cprov_credentials *out, struct cprov_error *err);

/*
 * Writes the login under the one key for this name and drops its other spellings. A symlink is
 * followed: the file that it leads to is replaced. Everything else in the file stays, in its order.
 */
CPROV_MUST_CHECK
int cprov_auth_file_set(const char *path, const struct cprov_auth_name *name,
                        const struct cprov_credentials *login, struct cprov_error *err);

/* *removed says whether there was one; it is not written when there was none. */
CPROV_MUST_CHECK
int cprov_auth_file_remove(const char *path, const struct cprov_auth_name *name, bool *removed,
                           struct cprov_error *err);

#endif
