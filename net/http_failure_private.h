/* net/http_failure_private.h - what went wrong with a transfer, as a code and a sentence. */
#ifndef CPROV_NET_HTTP_FAILURE_PRIVATE_H
#define CPROV_NET_HTTP_FAILURE_PRIVATE_H

#include "net/http_transfer_private.h"

/*
 * What libcurl's result means: 0, or the code, with a sentence in *err. *may_retry: the fault is of
 * a kind that passes. *unreached: no connection came about, which passes only for a host that is
 * known to be there.
 */
int cprov_http_transfer_result(const struct cprov_http_transfer *t, CURLcode result,
                               bool *may_retry, bool *unreached, struct cprov_error *err);

/* Tells of an answer 407; returns CPROV_EAUTH. */
int cprov_http_proxy_login(const struct cprov_http_transfer *t, struct cprov_error *err);

#endif
