/* registry/challenge.h - a tokenizer for WWW-Authenticate (RFC 9110, section 11). */
#ifndef CPROV_REGISTRY_CHALLENGE_H
#define CPROV_REGISTRY_CHALLENGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/limits.h"
#include "base/span.h"

struct cprov_error;

enum cprov_auth_scheme { CPROV_AUTH_NONE, CPROV_AUTH_BASIC, CPROV_AUTH_BEARER, CPROV_AUTH_OTHER };

/* Texts are in the list's arena, unescaped, never NULL. */
struct cprov_challenge {
    enum cprov_auth_scheme scheme;
    const char *realm;
    const char *service;
    const char *scope;
    const char *error; /* "insufficient_scope", "invalid_token" */
};

struct cprov_challenges {
    struct cprov_arena arena;
    struct cprov_challenge list[CPROV_CHALLENGES_MAX];
    size_t count;
};

void cprov_challenges_clear(struct cprov_challenges *c);

/*
 * Adds the challenges of one header value; call once per header. Quoted strings with commas and
 * escapes, several challenges in one value, schemes without parameters, token68 forms, keys in any
 * case. A malformed rest is dropped, what was read before it stays. CPROV_ENOMEM only; past
 * CPROV_CHALLENGES_MAX the rest is ignored.
 */
CPROV_MUST_CHECK
int cprov_challenges_add(struct cprov_challenges *c, struct cprov_span value,
                         struct cprov_error *err);

/* The one to answer: Bearer with a realm before Basic before none (NULL). */
const struct cprov_challenge *cprov_challenges_best(const struct cprov_challenges *c);

#endif
