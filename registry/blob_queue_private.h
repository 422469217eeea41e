/* registry/blob_queue_private.h - which blobs run now, and how free slots are used. */
#ifndef CPROV_REGISTRY_BLOB_QUEUE_PRIVATE_H
#define CPROV_REGISTRY_BLOB_QUEUE_PRIVATE_H

struct cprov_client;

/* A fetch has ended or a part of it: begins what waits, else splits what is large. */
void cprov_blob_queue_pump(struct cprov_client *c);

#endif
