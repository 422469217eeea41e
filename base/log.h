/* base/log.h - a sink for debug lines; libraries write nothing above debug level. */
#ifndef CPROV_BASE_LOG_H
#define CPROV_BASE_LOG_H

#include "base/compiler.h"

/* write gets one line without newline, never a secret, body, header value or URL query. {0} is
 * silent. */
struct cprov_log {
    void (*write)(void *arg, const char *line);
    void *arg;
};

/* log may be NULL. */
void cprov_debug(const struct cprov_log *log, const char *format, ...) CPROV_PRINTF(2, 3);

#endif
