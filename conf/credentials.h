/* conf/credentials.h - logins: docker's config.json, podman's auth.json, helpers, netrc. */
#ifndef CPROV_CONF_CREDENTIALS_H
#define CPROV_CONF_CREDENTIALS_H

#include <stdbool.h>

#include "base/compiler.h"

struct cprov_error;

/* A login; wiped by cprov_credentials_clear(), never formatted. {0}: anonymous. */
struct cprov_credentials {
    char *username; /* NULL: anonymous */
    char *password;
    char *identity_token; /* OAuth2 refresh token; goes before the password */
    char *registry_token; /* a ready bearer token */
};
void cprov_credentials_clear(struct cprov_credentials *c);
#define auto_credentials CPROV_CLEANUP(cprov_credentials_clear)

/* Overwrites and frees a secret text. NULL-safe. */
void cprov_secret_free(char *secret);

/*
 * Looks up the login for host and repository path ("" for the host), in this order: authfile alone
 * when it is given (--authfile or REGISTRY_AUTH_FILE); else docker's config.json ($DOCKER_CONFIG or
 * ~/.docker), podman's auth.json
 * ($XDG_RUNTIME_DIR/containers, $XDG_CONFIG_HOME/containers, ~/.config/containers), then netrc
 * ($NETRC or ~/.netrc). In each file: the longest path first (host/a/b, host/a, host), keys with
 * scheme and path tolerated, docker.io under https://index.docker.io/v1/ and its other names;
 * credHelpers before credsStore before auths; username "<token>" is an identity token;
 * identitytoken and registrytoken members. A helper (docker-credential-NAME, found in PATH, no
 * shell) that does not answer within 30 s, or answers garbage, is CPROV_EAUTH with its name; "not
 * found" of a helper falls through. skip: so many logins that would come first are passed over, for
 * they were refused. Nothing found: 0, *out empty. Files that others can read are
 * accepted, as docker and podman do.
 */
CPROV_MUST_CHECK
int cprov_credentials_find(const char *authfile, const char *host, const char *repository,
                           unsigned skip, struct cprov_credentials *out, struct cprov_error *err);

/*
 * Writes the login where it will be found first: authfile if given; else into the helper that
 * docker's config.json names for the host; else into the file that has an entry of the host; else
 * docker's config.json if there is docker's folder; else the first of podman's files, in the order
 * above, that can be written. Mode 0600, other members kept, replaced
 * atomically under a lock. `where` gets the file or helper name, for the message.
 */
CPROV_MUST_CHECK
int cprov_credentials_store(const char *authfile, const char *host,
                            const struct cprov_credentials *login, char **where,
                            struct cprov_error *err);
/* Removes the login of host (host may be host/path) from every place above that has one.
 * CPROV_ENOTFOUND when none had. */
CPROV_MUST_CHECK
int cprov_credentials_erase(const char *authfile, const char *host, struct cprov_error *err);

#endif
