/* catalog/search/details_private.h - what a version is. */
#ifndef CPROV_CATALOG_SEARCH_DETAILS_PRIVATE_H
#define CPROV_CATALOG_SEARCH_DETAILS_PRIVATE_H

#include "catalog/search/job_private.h"

/* Fills the job's rows, from the cache or from manifests; the job is ready afterwards. */
void cprov_job_start_details(struct cprov_job *j);

#endif
