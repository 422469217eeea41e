/* manifest/media_type_private.h - how a type is spelled. */
#ifndef CPROV_MANIFEST_MEDIA_TYPE_PRIVATE_H
#define CPROV_MANIFEST_MEDIA_TYPE_PRIVATE_H

#include "base/span.h"

/* The name of a manifest or index type as its registration spells it, or NULL. Static text. */
const char *cprov_media_type_name(struct cprov_span type);

#endif
