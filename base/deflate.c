/* base/deflate.c - gzip by zlib. */
#include "base/deflate.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/error.h"
#include "base/limits.h"

#define OUTPUT_SIZE    ((size_t)64 * CPROV_KIB)
#define INPUT_MAX      ((size_t)1 << 30) /* bytes at once: zlib counts in 32 bits */
#define LEVEL          6
#define MEMORY         8
#define SYSTEM_UNKNOWN 255

struct cprov_deflater {
    z_stream z;
    gz_header header;
    bool open;
    cprov_deflate_fn *write;
    void *arg;
    int failed; /* the code that stopped the stream */
    uint8_t output[OUTPUT_SIZE];
};

int cprov_deflater_new(cprov_deflate_fn *write, void *arg, struct cprov_deflater **out,
                       struct cprov_error *err)
{
    auto_deflater struct cprov_deflater *d = calloc(1, sizeof(*d));

    if (!d)
        return cprov_fail_memory(err);
    d->write = write;
    d->arg = arg;
    d->header.os = SYSTEM_UNKNOWN;
    /* 16: gzip. */
    d->open =
        deflateInit2(&d->z, LEVEL, Z_DEFLATED, 16 + MAX_WBITS, MEMORY, Z_DEFAULT_STRATEGY) == Z_OK;
    if (!d->open || deflateSetHeader(&d->z, &d->header) != Z_OK)
        return cprov_fail_memory(err);
    *out = cprov_steal(&d);
    return 0;
}

void cprov_deflater_free(struct cprov_deflater *d)
{
    if (!d)
        return;
    if (d->open)
        deflateEnd(&d->z);
    free(d);
}

/* Until zlib wants more input, or (Z_FINISH) has written its end. */
static int step(struct cprov_deflater *d, int flush, struct cprov_error *err)
{
    int rc;

    do {
        d->z.next_out = d->output;
        d->z.avail_out = (uInt)sizeof(d->output);
        rc = deflate(&d->z, flush);
        if (rc == Z_STREAM_ERROR)
            return cprov_fail(err, CPROV_EFAIL,
                              "internal error: gzip: write after the end of the stream");
        size_t len = sizeof(d->output) - d->z.avail_out;
        int code = len > 0 ? d->write(d->arg, d->output, len, err) : 0;
        if (code < 0)
            return code;
    } while (d->z.avail_out == 0 || (flush == Z_FINISH && rc != Z_STREAM_END));
    return 0;
}

int cprov_deflater_update(struct cprov_deflater *d, const void *data, size_t len,
                          struct cprov_error *err)
{
    const uint8_t *in = data;

    while (len > 0 && d->failed == 0) {
        size_t piece = len < INPUT_MAX ? len : INPUT_MAX;

        d->z.next_in = in;
        d->z.avail_in = (uInt)piece;
        d->failed = step(d, Z_NO_FLUSH, err);
        in += piece;
        len -= piece;
    }
    return d->failed;
}

int cprov_deflater_finish(struct cprov_deflater *d, struct cprov_error *err)
{
    if (d->failed == 0)
        d->failed = step(d, Z_FINISH, err);
    return d->failed;
}
