/* catalog/source/probe.h - which kind of source a registry is: by its name, or by asking. */
#ifndef CPROV_CATALOG_SOURCE_PROBE_H
#define CPROV_CATALOG_SOURCE_PROBE_H

#include "base/compiler.h"

struct cprov_client;
struct cprov_error;

/* "document" for a URL whose path ends in .json, .yaml or .yml; else the type of a location on a
 * host that everybody knows: "dockerhub" for docker.io, "acr" for
 * *.azurecr.io; NULL for any other. The scheme does not matter, but plain HTTP is never one of
 * them. */
const char *cprov_source_guess(const char *location);

/*
 * Asks a host which product it is, with at most three requests, without a login and without second
 * tries. done gets "cprov" (our own server), "harbor", "quay", "gitlab", or "oci" for everything
 * else that answers as a registry; code is CPROV_ENETWORK when the host does not answer.
 */
CPROV_MUST_CHECK
int cprov_source_probe(struct cprov_client *c, const char *host,
                       void (*done)(void *arg, int code, const char *type,
                                    const struct cprov_error *err),
                       void *arg, struct cprov_error *err);

#endif
