/* catalog/search/listing_private.h - a job at work: versions listed, remembered, chosen, detailed.
 */
#ifndef CPROV_CATALOG_SEARCH_LISTING_PRIVATE_H
#define CPROV_CATALOG_SEARCH_LISTING_PRIVATE_H

#include "catalog/search/job_private.h"

/* It reports by cprov_job_ready(), perhaps from within this call. */
void cprov_job_start(struct cprov_job *j);

#endif
