/* registry/blob_get.c - a small blob into memory. */
#include "registry/blob_get.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "registry/blob_fetch_private.h"
#include "registry/blob_queue_private.h"

struct blob_get {
    struct cprov_fetch fetch;
    char *bytes;
    void (*done)(void *arg, int code, struct cprov_span bytes, const struct cprov_error *err);
    void *arg;
};

static void get_done(struct cprov_op *op, int code, const struct cprov_error *err)
{
    struct blob_get *g = (struct blob_get *)op;
    const struct cprov_descriptor *d = &g->fetch.descriptor;
    struct cprov_span bytes = cprov_span_make(g->bytes, (size_t)d->size);
    struct cprov_error local = CPROV_ERROR_INIT;

    cprov_fetch_release(&g->fetch);
    if (code == 0 && (code = cprov_descriptor_check(d, bytes, &local)) < 0)
        err = &local;
    g->done(g->arg, code, code == 0 ? bytes : (struct cprov_span){ NULL, 0 }, err);
    cprov_blob_queue_pump(op->client);
}

static void get_clear(struct cprov_op *op)
{
    struct blob_get *g = (struct blob_get *)op;

    cprov_fetch_clear(&g->fetch);
    free(g->bytes);
}

static const struct cprov_op_kind kind = { sizeof(struct blob_get), get_done, get_clear };

static int get_write(void *arg, uint64_t offset, const void *data, size_t len,
                     struct cprov_error *err)
{
    struct blob_get *g = arg;

    if (offset > g->fetch.descriptor.size || len > g->fetch.descriptor.size - offset)
        return cprov_fail(err, CPROV_EFAIL, "write past the end of a blob");
    memcpy(g->bytes + offset, data, len);
    return 0;
}

static int get_restart(void *arg, struct cprov_error *err)
{
    (void)arg;
    (void)err;
    return 0; /* every byte is written again */
}

static void get_rang(void *arg)
{
    cprov_fetch_begin(arg);
}

int cprov_client_get_blob(struct cprov_client *c, const struct cprov_reference *ref,
                          const struct cprov_descriptor *descriptor, size_t max,
                          void (*done)(void *arg, int code, struct cprov_span bytes,
                                       const struct cprov_error *err),
                          void *arg, struct cprov_error *err)
{
    const struct cprov_blob_request request = {
        .ref = ref,
        .descriptor = descriptor,
        .sink = { .write = get_write, .restart = get_restart },
    };
    struct cprov_fetch *f = NULL;

    if (descriptor->size > max)
        return cprov_fail(err, CPROV_ELIMIT,
                          "a document of %llu bytes is larger than the allowed %zu",
                          (unsigned long long)descriptor->size, max);
    if (cprov_fetch_new(c, &kind, &request, cprov_blob_queue_pump, &f, err) < 0)
        return err->code;
    struct blob_get *g = (struct blob_get *)f;
    g->done = done;
    g->arg = arg;
    f->urgent = true;
    f->sink.arg = g;
    g->bytes = malloc((size_t)descriptor->size + 1);
    return cprov_op_started(&f->op, g->bytes ? cprov_op_wait(&f->op, 0, get_rang, err)
                                             : cprov_fail_memory(err));
}
