/* catalog/source/ecr_api_private.h - how the API of Amazon's registry is asked: POSTs signed with
 * the keys of the environment. */
#ifndef CPROV_CATALOG_SOURCE_ECR_API_PRIVATE_H
#define CPROV_CATALOG_SOURCE_ECR_API_PRIVATE_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/limits.h"
#include "catalog/source/vendor.h"

/* ACCOUNT.dkr.ecr.REGION.amazonaws.com has its API at api.ecr.REGION.amazonaws.com; any other host
 * leaves buf as it is. */
void cprov_ecr_api(const char *registry, char buf[CPROV_NAME_MAX + 1]);

/*
 * DescribeImages of q->name, or DescribeRepositories. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
 * AWS_SESSION_TOKEN are read at every call; the region is the host's, or AWS_REGION. CPROV_EAUTH:
 * there are no keys.
 */
CPROV_MUST_CHECK
int cprov_ecr_post(const struct cprov_vendor_question *q, bool of_images,
                   struct cprov_vendor_post *out, struct cprov_error *err);

#endif
