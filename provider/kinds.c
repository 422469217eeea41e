/* provider/kinds.c - every kind of source: those of the network, and those on this machine. */
#include "provider/session.h"
#include "registry/source_vendors.h"

const struct cprov_source_kind *const cprov_kinds[] = {
    &cprov_source_oci,
    &cprov_source_index,
    &cprov_source_catalog,
    CPROV_VENDOR_KINDS,
    NULL,
};
