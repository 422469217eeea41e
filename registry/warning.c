/* registry/warning.c - reads Warning headers. */
#include "registry/warning_private.h"

bool cprov_warning_parse(struct cprov_span value, struct cprov_buf *out)
{
    static const char prefix[] = "299 - \"";

    value = cprov_span_trim(value);
    if (!cprov_span_starts_with(value, prefix))
        return false;
    for (size_t i = sizeof(prefix) - 1; i < value.len; i++) {
        if (value.ptr[i] == '"')
            return out->len > 0;
        if (value.ptr[i] == '\\' && ++i == value.len)
            return false;
        cprov_buf_add_char(out, value.ptr[i]);
    }
    return false;
}
