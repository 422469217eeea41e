/* cli/records.h - the columns of what comes from the provider. */
#ifndef CPROV_CLI_RECORDS_H
#define CPROV_CLI_RECORDS_H

#include "cli/out.h"
#include "provider/provider.h"

/* Rows are struct cprov_item. */
extern const struct cprov_record cprov_image_record;
extern const struct cprov_layout cprov_find_layout; /* the seed's Find-ContainerImage */
extern const struct cprov_layout cprov_get_layout;  /* the seed's Get-ContainerImage */

/* Rows are struct cprov_source_item. */
extern const struct cprov_record cprov_source_record;
extern const struct cprov_layout cprov_source_layout;

/* Rows are struct cprov_refreshed_item. */
extern const struct cprov_record cprov_refreshed_record;
extern const struct cprov_layout cprov_refreshed_layout;

/* Callback for items that are printed as they come; arg is the struct cprov_cli. */
void cprov_print_item(void *arg, const struct cprov_item *item);

#endif
