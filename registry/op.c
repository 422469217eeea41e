/* registry/op.c - the base of every operation: its place in the client, its request, its end. */
#include "registry/op.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "registry/client_private.h"

void *cprov_op_new(struct cprov_client *c, const struct cprov_op_kind *kind,
                   struct cprov_error *err)
{
    struct cprov_op *op = calloc(1, kind->size);

    if (!op) {
        (void)cprov_fail_memory(err);
        return NULL;
    }
    op->kind = kind;
    op->client = c;
    op->next = c->ops;
    op->link = &c->ops;
    if (op->next)
        op->next->link = &op->next;
    c->ops = op;
    return op;
}

static void leave(struct cprov_op *op)
{
    *op->link = op->next;
    if (op->next)
        op->next->link = op->link;
    cprov_exchange_stop(op->exchange);
    cprov_alarm_stop(op->alarm);
}

static void clear(struct cprov_op *op)
{
    if (op->kind->clear)
        op->kind->clear(op);
    free(op->what);
    free(op);
}

void cprov_op_finish(struct cprov_op *op, int code, const struct cprov_error *err)
{
    leave(op);
    op->kind->done(op, code, code < 0 ? err : NULL);
    clear(op);
}

void cprov_op_free(struct cprov_op *op)
{
    leave(op);
    clear(op);
}

int cprov_op_started(struct cprov_op *op, int code)
{
    if (code < 0)
        cprov_op_free(op);
    return code;
}

int cprov_op_name(struct cprov_op *op, struct cprov_error *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vasprintf(&op->what, format, args);
    va_end(args);
    if (len >= 0)
        return 0;
    op->what = NULL;
    return cprov_fail_memory(err);
}

int cprov_op_ask(struct cprov_op *op, const struct cprov_request_spec *spec,
                 struct cprov_error *err)
{
    struct cprov_request_spec own = *spec;

    own.ask.what = op->what;
    own.ask.arg = op;
    return cprov_request_start(&op->client->hub, &own, &op->exchange, err);
}

int cprov_op_wait(struct cprov_op *op, int64_t ms, void (*fire)(void *op), struct cprov_error *err)
{
    return cprov_alarm_start(&op->client->hub.wire, ms, fire, op, &op->alarm, err);
}
