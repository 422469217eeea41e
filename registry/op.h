/* registry/op.h - what a client is busy with: every operation, for whoever implements one. */
#ifndef CPROV_REGISTRY_OP_H
#define CPROV_REGISTRY_OP_H

#include "base/compiler.h"

struct cprov_client;
struct cprov_client_options;
struct cprov_endpoint;
struct cprov_error;

/*
 * An operation that has not called back yet; the first member of its own struct. end() stops its
 * requests, frees it and, unless err is NULL, calls back with err.
 */
struct cprov_op {
    struct cprov_op *next, **link;
    void (*end)(struct cprov_op *op, const struct cprov_error *err);
};

void cprov_op_add(struct cprov_client *c, struct cprov_op *op,
                  void (*end)(struct cprov_op *op, const struct cprov_error *err));
void cprov_op_remove(struct cprov_op *op);

/* The options it was made with; borrowed. */
const struct cprov_client_options *cprov_client_options(const struct cprov_client *c);
/* What is known of a host, from here on until the client is freed. */
CPROV_MUST_CHECK
int cprov_client_endpoint(struct cprov_client *c, const char *host, struct cprov_endpoint **out,
                          struct cprov_error *err);

#endif
