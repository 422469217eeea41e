/* base/child.c - the one place that says what of our environment a child inherits. */
#include "base/child.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"

extern char **environ;

static bool is_ours(const char *entry)
{
    static const char *const names[] = { "CPROV_PASSWORD=", "CPROV_USERNAME=",
                                         "GNUTLS_NO_IMPLICIT_INIT=" };

    for (size_t i = 0; i < CPROV_COUNT(names); i++)
        if (strncmp(entry, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

char **cprov_child_environment(void)
{
    size_t count = 0, kept = 0;

    while (environ && environ[count])
        count++;
    char **list = calloc(count + 1, sizeof(*list));
    for (size_t i = 0; list && i < count; i++)
        if (!is_ours(environ[i]))
            list[kept++] = environ[i];
    return list;
}
