/* base/log.c - a sink for debug lines. */
#include "base/log.h"

#include <stdarg.h>

#include "base/error.h"

#define LINE_MAX_BYTES 1024

void cprov_debug(const struct cprov_log *log, const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    va_list args;

    if (!log || !log->write)
        return;
    va_start(args, format);
    cprov_text_vformat(line, sizeof(line), format, args);
    va_end(args);
    log->write(log->arg, line);
}
