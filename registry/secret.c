/* registry/secret.c - memory that held a secret leaves no trace of it. */
#include "registry/secret.h"

#include <string.h>

#include "conf/credentials.h"

void cprov_secret_clear(struct cprov_buf *b)
{
    if (b->ptr)
        explicit_bzero(b->ptr, b->cap);
    cprov_buf_clear(b);
}

void cprov_secret_wipe(char **text)
{
    cprov_secret_free(*text);
    *text = NULL;
}
