/* registry/secret.h - memory that held a secret leaves no trace of it. */
#ifndef CPROV_REGISTRY_SECRET_H
#define CPROV_REGISTRY_SECRET_H

#include "base/buf.h"
#include "base/compiler.h"

/* Overwrites and frees. */
void cprov_secret_clear(struct cprov_buf *b);
#define auto_secret CPROV_CLEANUP(cprov_secret_clear)
/* The same for a text that was allocated; *text is NULL then. */
void cprov_secret_wipe(char **text);

#endif
