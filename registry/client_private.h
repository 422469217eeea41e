/* registry/client_private.h - the inside of a client, for the files that implement its operations.
 */
#ifndef CPROV_REGISTRY_CLIENT_PRIVATE_H
#define CPROV_REGISTRY_CLIENT_PRIVATE_H

#include "registry/client.h"
#include "registry/op.h"
#include "registry/wire_private.h"

struct cprov_endpoint;
struct cprov_fetch;

/* A warning that was told. */
struct cprov_warning {
    struct cprov_warning *next;
    char *host;
    char *text;
};

/* A host that a server led to, and how it is reached. */
struct cprov_led {
    struct cprov_led *next;
    struct cprov_http_peer peer;
    char host[]; /* "cdn.example:8443" */
};

struct cprov_client {
    struct cprov_client_options options;
    struct cprov_http *http;
    struct cprov_wire wire;
    struct cprov_secrets *own_secrets; /* wire.secrets, where the options give none */
    struct cprov_auth *auth;
    struct cprov_endpoint *endpoints;
    struct cprov_led *led;
    size_t led_count;
    struct cprov_warning *warnings;
    struct cprov_op *ops;
    /* blobs: registry/blob_queue.c */
    struct cprov_fetch *queue; /* not begun */
    struct cprov_fetch *running;
    size_t parts_running;
    bool pumping;
    struct cprov_alarm *pump_alarm, *split_alarm;
};

void cprov_warnings_free(struct cprov_warning **list);

#endif
