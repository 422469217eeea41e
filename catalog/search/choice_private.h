/* catalog/search/choice_private.h - which of a repository's versions are wanted. */
#ifndef CPROV_CATALOG_SEARCH_CHOICE_PRIVATE_H
#define CPROV_CATALOG_SEARCH_CHOICE_PRIVATE_H

#include "catalog/search/job_private.h"

/* Makes a job's rows of what it was told; *none: no version is admitted. CPROV_EVERIFY: a channel
 * that leads nowhere. */
CPROV_MUST_CHECK
int cprov_job_choose(struct cprov_job *j, bool *none);
/* Fails it for that. */
void cprov_job_nothing_admitted(struct cprov_job *j);

#endif
