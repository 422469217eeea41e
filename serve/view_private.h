/* serve/view_private.h - how one state of the store is made; for served.c. */
#ifndef CPROV_SERVE_VIEW_PRIVATE_H
#define CPROV_SERVE_VIEW_PRIVATE_H

#include "base/compiler.h"
#include "serve/served_private.h"

struct cprov_error;

/* Reads index.json; *out is held once. CPROV_EVERIFY. */
CPROV_MUST_CHECK
int cprov_view_read(struct cprov_store *store, struct cprov_view **out, struct cprov_error *err);
/* One holder more; returns v. */
struct cprov_view *cprov_view_hold(struct cprov_view *v);

#endif
