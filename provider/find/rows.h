/* provider/find/rows.h - the rows of find on their way out: at once, or in another order. */
#ifndef CPROV_PROVIDER_FIND_ROWS_H
#define CPROV_PROVIDER_FIND_ROWS_H

#include "provider/session.h"

struct cprov_rows;

/* sort: see cprov_find_options; NULL: as they come. CPROV_EINVAL: unknown. */
CPROV_MUST_CHECK
int cprov_rows_new(struct cprov_session *s, const char *sort, size_t limit, struct cprov_rows **out,
                   struct cprov_error *err);
void cprov_rows_free(struct cprov_rows *r);
CPROV_DEFINE_CLEANUP(struct cprov_rows, cprov_rows, cprov_rows_free)
#define auto_rows CPROV_CLEANUP(cprov_rows_cleanup)

/* *more is false when no further row will be shown. */
CPROV_MUST_CHECK
int cprov_rows_add(struct cprov_rows *r, const struct cprov_item *item, int64_t relevance,
                   bool *more, struct cprov_error *err);
/* What was held back. */
CPROV_MUST_CHECK
int cprov_rows_finish(struct cprov_rows *r, struct cprov_error *err);

#endif
