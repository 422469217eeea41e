/* base/secrets.h - the one filter: what a session must not show, in every form that travels. */
#ifndef CPROV_BASE_SECRETS_H
#define CPROV_BASE_SECRETS_H

#include "base/compiler.h"
#include "base/span.h"

/*
 * Passwords, tokens and the values of signed queries that a session has used. A server has seen
 * them and may say them back, so every text passes here before it is shown. Kept in memory alone
 * and wiped with it; of more than CPROV_SECRETS_MAX the oldest are forgotten. Every function takes
 * NULL for a session without secrets. Without memory a secret is not learned.
 */
struct cprov_secrets;

/* NULL without memory. */
struct cprov_secrets *cprov_secrets_new(void);
void cprov_secrets_free(struct cprov_secrets *s);
CPROV_DEFINE_CLEANUP(struct cprov_secrets, cprov_secrets, cprov_secrets_free)
#define auto_secrets CPROV_CLEANUP(cprov_secrets_cleanup)

/* Learns a text as it is, in base64 of both alphabets and with percent escapes. Shorter than
 * CPROV_SECRET_MIN bytes it would hide ordinary words: it is not learned. */
void cprov_secrets_add(struct cprov_secrets *s, struct cprov_span secret);
/* The password, and what Basic makes of both. */
void cprov_secrets_add_login(struct cprov_secrets *s, const char *user, const char *password);
/* An Authorization: "Bearer token"; "Basic .." is taken apart into the login. */
void cprov_secrets_add_authorization(struct cprov_secrets *s, struct cprov_span value);
/* The values of a URL's query, but for those of paging and token requests, which say nothing. */
void cprov_secrets_add_query(struct cprov_secrets *s, struct cprov_span query);

/* Puts "***" in the place of every secret, in place; the text never grows. */
void cprov_secrets_hide(const struct cprov_secrets *s, char *text);

#endif
