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

/* An image as Docker shows it. */
struct cprov_docker_row {
    const char *repository, *tag, *id, *digest, *since, *created, *size;
    int64_t time;
};
extern const struct cprov_record cprov_docker_record;

/* An image that is whole, or a finding. */
struct cprov_test_row {
    const char *name, *version, *result, *problem, *blob, *message;
};
extern const struct cprov_record cprov_test_record;

/* A container as it is shown. */
struct cprov_container_row {
    const char *name, *state, *uptime, *image_name, *image, *id, *digest, *path, *created;
    const char *isolation, *runtime;
};
extern const struct cprov_record cprov_container_record;

/* A file as it is shown. */
struct cprov_file_row {
    const char *mode, *owner, *path, *link, *type, *modified, *permissions;
    uint64_t bytes, uid, gid, layer;
};
extern const struct cprov_record cprov_file_record;

/* Callback for items that are printed as they come; arg is the struct cprov_cli. */
void cprov_print_item(void *arg, const struct cprov_item *item);

#endif
