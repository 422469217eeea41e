/* registry/op.h - what a client is busy with: the base of every operation. */
#ifndef CPROV_REGISTRY_OP_H
#define CPROV_REGISTRY_OP_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "registry/request.h"

struct cprov_alarm;
struct cprov_client;
struct cprov_error;
struct cprov_op;

/* What operations of one sort have in common. */
struct cprov_op_kind {
    size_t size; /* of the struct, whose first member is a cprov_op */
    /* Calls back whoever started it; err is NULL for code 0. Nothing of the operation runs then. */
    void (*done)(struct cprov_op *op, int code, const struct cprov_error *err);
    /* Frees what the operation has beyond its base; NULL: nothing. */
    void (*clear)(struct cprov_op *op);
};

/* An operation that has not called back yet; its end is either of finish and free. */
struct cprov_op {
    const struct cprov_op_kind *kind;
    struct cprov_op *next, **link; /* of the client's */
    struct cprov_client *client;
    struct cprov_exchange *exchange; /* its request on the way, or NULL */
    struct cprov_alarm *alarm;       /* it waits for, or NULL */
    char *what;                      /* "tags of docker.io/library/alpine", for messages */
};

/* A zeroed struct of the kind, among those of the client. NULL: no memory, err says so. */
void *cprov_op_new(struct cprov_client *c, const struct cprov_op_kind *kind,
                   struct cprov_error *err);
/* Stops its request and alarm, calls back, frees it. err counts when code is negative. */
void cprov_op_finish(struct cprov_op *op, int code, const struct cprov_error *err);
/* The same without calling back. */
void cprov_op_free(struct cprov_op *op);
/* Of its start: frees it when code is negative. Returns code. */
CPROV_MUST_CHECK
int cprov_op_started(struct cprov_op *op, int code);

/* Sets op->what. */
CPROV_MUST_CHECK
int cprov_op_name(struct cprov_op *op, struct cprov_error *err, const char *format, ...)
    CPROV_PRINTF(3, 4);
/* Starts its request; what and arg of the spec are filled in: op->what and op itself. */
CPROV_MUST_CHECK
int cprov_op_ask(struct cprov_op *op, const struct cprov_request_spec *spec,
                 struct cprov_error *err);
/* Calls fire(op) after ms, unless the operation ends before. */
CPROV_MUST_CHECK
int cprov_op_wait(struct cprov_op *op, int64_t ms, void (*fire)(void *op), struct cprov_error *err);

#endif
