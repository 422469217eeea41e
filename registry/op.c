/* registry/op.c - the list of operations that have not called back. */
#include "registry/op.h"

#include "registry/client_private.h"
#include "registry/endpoint.h"

void cprov_op_add(struct cprov_client *c, struct cprov_op *op,
                  void (*end)(struct cprov_op *op, const struct cprov_error *err))
{
    op->end = end;
    op->next = c->ops;
    op->link = &c->ops;
    if (op->next)
        op->next->link = &op->next;
    c->ops = op;
}

void cprov_op_remove(struct cprov_op *op)
{
    *op->link = op->next;
    if (op->next)
        op->next->link = op->link;
}

const struct cprov_client_options *cprov_client_options(const struct cprov_client *c)
{
    return &c->options;
}

int cprov_client_endpoint(struct cprov_client *c, const char *host, struct cprov_endpoint **out,
                          struct cprov_error *err)
{
    return cprov_endpoint_get(&c->endpoints, &c->options, host, out, err);
}
