/* cli/byte_sink.h - bytes of a file or an archive on their way to stdout or into a file. */
#ifndef CPROV_CLI_BYTE_SINK_H
#define CPROV_CLI_BYTE_SINK_H

#include "cli/cli.h"

#define CPROV_BYTE_SINK_SIZE (64 * 1024)

/* Small pieces are gathered. fd is borrowed; -1, as at first: stdout. */
struct cprov_byte_sink {
    struct cprov_cli *cli;
    int fd;
    size_t len;
    int code;               /* of the first failed write */
    struct cprov_error err; /* with its record */
    char data[CPROV_BYTE_SINK_SIZE];
};

void cprov_byte_sink_init(struct cprov_byte_sink *sink, struct cprov_cli *cli);
/* free() it. NULL: want of memory, which has been told. */
struct cprov_byte_sink *cprov_byte_sink_new(struct cprov_cli *cli);
/* cprov_bytes_fn of a cli whose `rows` is the sink. */
int cprov_byte_sink_write(void *arg, const void *data, size_t len);
/* What was held back; 0, or the code of a failure with a file. One with stdout tells itself. */
CPROV_MUST_CHECK
int cprov_byte_sink_flush(struct cprov_byte_sink *sink);

#endif
