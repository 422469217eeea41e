/* conf/secret.h - memory that held a secret is overwritten before it is freed. */
#ifndef CPROV_CONF_SECRET_H
#define CPROV_CONF_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/span.h"
#include "conf/credentials.h"

struct cprov_json;

/* A buffer with room for `room` bytes from the start: one that grows leaves copies behind. */
void cprov_secret_buf_init(struct cprov_buf *b, size_t max, size_t room);
void cprov_secret_buf_clear(struct cprov_buf *b);
#define auto_secret_buf CPROV_CLEANUP(cprov_secret_buf_clear)

/* Overwrites and frees; *text is NULL then. */
void cprov_secret_wipe(char **text);

/* Overwrites all texts of a parsed document; do it before its arena is cleared. NULL-safe. */
void cprov_secret_json_wipe(struct cprov_json *v);

/* A copy for cprov_secret_free(); NULL: no memory. */
char *cprov_secret_dup(struct cprov_span s);

/*
 * Sets the login of a user: the name "<token>" says that the secret is an identity token.
 * CPROV_ENOMEM, and then *out is as it was.
 */
struct cprov_error;
CPROV_MUST_CHECK
int cprov_credentials_set(struct cprov_credentials *out, struct cprov_span user,
                          struct cprov_span secret, struct cprov_error *err);
bool cprov_credentials_empty(const struct cprov_credentials *c);

#define CPROV_TOKEN_USER "<token>"

#endif
