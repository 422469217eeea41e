/* registry/client_private.h - the inside of a client, for the files that implement its operations.
 */
#ifndef CPROV_REGISTRY_CLIENT_PRIVATE_H
#define CPROV_REGISTRY_CLIENT_PRIVATE_H

#include "registry/hub_private.h"

struct cprov_fetch;
struct cprov_op;

struct cprov_client {
    struct cprov_hub hub;
    struct cprov_op *ops; /* that have not called back */
    /* blobs: registry/blob_queue.c */
    struct cprov_fetch *queue; /* not begun */
    struct cprov_fetch *running;
    size_t parts_running;
    bool pumping;
    struct cprov_alarm *pump_alarm, *split_alarm;
};

#endif
