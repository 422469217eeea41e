/* provider/find/needs.h - what images need, found and put before them. */
#ifndef CPROV_PROVIDER_FIND_NEEDS_H
#define CPROV_PROVIDER_FIND_NEEDS_H

#include "provider/find/rows.h"

struct cprov_needs;

/* Lives no longer than the call. culture: the one that was asked for, or NULL. */
CPROV_MUST_CHECK
int cprov_needs_new(struct cprov_session *s, const char *culture, struct cprov_needs **out,
                    struct cprov_error *err);
void cprov_needs_free(struct cprov_needs *n);

/* A row that was found; copied. */
CPROV_MUST_CHECK
int cprov_needs_add(struct cprov_needs *n, const struct cprov_item *item, struct cprov_error *err);

/*
 * Looks up what the rows need and what that needs, and gives all of it, each once, before what
 * needs it. CPROV_ENOTFOUND: something is nowhere (named, with what needs it); CPROV_EVERIFY: they
 * need each other in a circle (named).
 */
CPROV_MUST_CHECK
int cprov_needs_give(struct cprov_needs *n, struct cprov_rows *rows, struct cprov_error *err);

#endif
