/* manifest/reference.h - the name of an image: host/repository:tag@digest. */
#ifndef CPROV_MANIFEST_REFERENCE_H
#define CPROV_MANIFEST_REFERENCE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/limits.h"
#include "base/span.h"
#include "manifest/digest.h"

struct cprov_error;

/* A value without pointers: copy by assignment. */
struct cprov_reference {
    char host[CPROV_NAME_MAX + 1]; /* "docker.io", "localhost:5000", "[::1]:5000"; lower case */
    char repository[CPROV_NAME_MAX + 1]; /* "library/alpine" */
    char tag[CPROV_TAG_MAX + 1];         /* "" when none was written */
    struct cprov_digest digest;
    bool has_digest;
    bool has_host; /* the text named a host; otherwise docker.io was filled in */
};

/*
 * Docker's rules: the first component is a host when it has a '.', a ':' or is "localhost" (or a
 * bracketed IPv6 address) and more follows; otherwise docker.io, with library/ before a single
 * component. index.docker.io and registry-1.docker.io become docker.io. host + '/' + repository ≤
 * 255 bytes, tag ≤ 128; repository components [a-z0-9]+((.|_|__|-+)[a-z0-9]+)*; a bare name of 64
 * hex digits is refused. name:tag@digest keeps both. No default tag is filled in. CPROV_EINVAL with
 * the part that is wrong. Spec: distribution-spec v1.1 "Pulling manifests"; distribution/reference
 * grammar.
 */
CPROV_MUST_CHECK
int cprov_reference_parse(struct cprov_span text, struct cprov_reference *out,
                          struct cprov_error *err);

/* Whether the text names its host (so that it is a full reference and not a name to look up). */
bool cprov_reference_names_host(struct cprov_span text);

CPROV_MUST_CHECK
int cprov_reference_check_repository(struct cprov_span text, struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_reference_check_tag(struct cprov_span text, struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_reference_check_host(struct cprov_span text, struct cprov_error *err);

/* Canonical text, "docker.io/library/alpine:3.20@sha256:..."; parse(format(r)) equals r but for
 * has_host. */
void cprov_reference_format(const struct cprov_reference *r, struct cprov_buf *out);
/* As people write it: docker.io and library/ left out, digest kept. */
void cprov_reference_format_familiar(const struct cprov_reference *r, struct cprov_buf *out);

/* Loopback by name or number: localhost, *.localhost, 127.0.0.0/8, [::1]; with or without port.
 * Plain HTTP is allowed there. */
bool cprov_host_is_loopback(struct cprov_span host);
/* A literal private, link-local, unspecified or loopback address, or localhost: what a public
 * server must not send us to. */
bool cprov_host_is_private(struct cprov_span host);
/* The same of an address that a name has led to: a struct in_addr or in6_addr. */
bool cprov_address_is_private(int family, const void *address);

#endif
