/* registry/blob_queue_private.h - which blobs run now, and how free slots are used. */
#ifndef CPROV_REGISTRY_BLOB_QUEUE_PRIVATE_H
#define CPROV_REGISTRY_BLOB_QUEUE_PRIVATE_H

#include "base/limits.h"
#include "registry/blob_fetch_private.h"

#define CPROV_SPLIT_BYTES    (32 * CPROV_MIB)
#define CPROV_SPLIT_AFTER_MS 3000

/* A fetch has ended or a part of it: begins what waits, else splits what is large. */
void cprov_blob_queue_pump(struct cprov_client *c);
/* Takes a fetch out of the queue or of what runs. */
void cprov_blob_queue_leave(struct cprov_fetch *f);

#endif
