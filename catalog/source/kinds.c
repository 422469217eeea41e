/* catalog/source/kinds.c - every kind of source: those of the network, and those on this machine.
 */
#include "catalog/source/local_place.h"
#include "catalog/source/vendors_private.h"

const struct cprov_source_kind *const cprov_kinds[] = {
    &cprov_source_oci,     &cprov_source_document,
    &cprov_source_catalog, &cprov_source_cprov,
    CPROV_VENDOR_KINDS,    &cprov_source_layout,
    &cprov_source_mirror,  &cprov_source_archive,
    &cprov_source_folder,  NULL,
};
