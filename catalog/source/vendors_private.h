/* catalog/source/vendors_private.h - registries of vendors whose own listing says more than names.
 */
#ifndef CPROV_CATALOG_SOURCE_VENDORS_PRIVATE_H
#define CPROV_CATALOG_SOURCE_VENDORS_PRIVATE_H

#include "catalog/source/source.h"

extern const struct cprov_source_kind cprov_source_dockerhub;
extern const struct cprov_source_kind cprov_source_quay;
extern const struct cprov_source_kind cprov_source_harbor;
extern const struct cprov_source_kind cprov_source_gitlab;
extern const struct cprov_source_kind cprov_source_github;
extern const struct cprov_source_kind cprov_source_mcr;
extern const struct cprov_source_kind cprov_source_acr;
extern const struct cprov_source_kind cprov_source_gcr;
extern const struct cprov_source_kind cprov_source_ecr;

/* For a table of kinds. */
#define CPROV_VENDOR_KINDS                                                                         \
    &cprov_source_dockerhub, &cprov_source_quay, &cprov_source_harbor, &cprov_source_gitlab,       \
        &cprov_source_github, &cprov_source_mcr, &cprov_source_acr, &cprov_source_gcr,             \
        &cprov_source_ecr

#endif
