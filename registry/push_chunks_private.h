/* registry/push_chunks_private.h - a blob sent piece by piece. */
#ifndef CPROV_REGISTRY_PUSH_CHUNKS_PRIVATE_H
#define CPROV_REGISTRY_PUSH_CHUNKS_PRIVATE_H

#include "registry/upload_private.h"

/* An upload was begun: its pieces are sent from now on. */
CPROV_MUST_CHECK
int cprov_push_chunks(struct cprov_upload *u, const struct cprov_exchange_answer *begun,
                      struct cprov_error *err);

#endif
