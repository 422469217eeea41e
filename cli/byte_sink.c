/* cli/byte_sink.c - bytes of a file or an archive on their way to stdout or into a file. */
#include "cli/byte_sink.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/span.h"

void cprov_byte_sink_init(struct cprov_byte_sink *sink, struct cprov_cli *cli)
{
    *sink = (struct cprov_byte_sink){ .cli = cli, .fd = -1 };
}

struct cprov_byte_sink *cprov_byte_sink_new(struct cprov_cli *cli)
{
    struct cprov_byte_sink *sink = calloc(1, sizeof(*sink));
    struct cprov_error err = CPROV_ERROR_INIT;

    if (!sink) {
        cprov_fail_memory(&err);
        (void)cprov_cli_fail(cli, "", &err);
        return NULL;
    }
    cprov_byte_sink_init(sink, cli);
    return sink;
}

static int put(struct cprov_byte_sink *sink, const char *data, size_t len)
{
    if (sink->fd < 0) {
        cprov_cli_print(sink->cli, cprov_span_make(data, len));
        return sink->cli->stdout_failure.code;
    }
    if (sink->code == 0)
        sink->code = cprov_fs_write_all(sink->fd, data, len, -1, &sink->err);
    return sink->code;
}

int cprov_byte_sink_flush(struct cprov_byte_sink *sink)
{
    size_t len = sink->len;

    sink->len = 0;
    if (len > 0)
        (void)put(sink, sink->data, len);
    return sink->code;
}

int cprov_byte_sink_write(void *arg, const void *data, size_t len)
{
    struct cprov_cli *cli = arg;
    struct cprov_byte_sink *sink = cli->rows;

    if (sink->len + len > sizeof(sink->data) &&
        (cprov_byte_sink_flush(sink) < 0 || cli->stdout_failure.code))
        return -1;
    if (len >= sizeof(sink->data))
        return put(sink, data, len);
    memcpy(sink->data + sink->len, data, len);
    sink->len += len;
    return 0;
}
