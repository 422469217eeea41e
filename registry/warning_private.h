/* registry/warning_private.h - "Warning: 299" headers, by which registries speak to people. */
#ifndef CPROV_REGISTRY_WARNING_PRIVATE_H
#define CPROV_REGISTRY_WARNING_PRIVATE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/secrets.h"
#include "base/span.h"
#include "net/http.h"

/*
 * Appends the text of a header value `299 - "text"` to out, quoted pairs undone. false for another
 * code, another agent than '-', or a broken string; out may then hold a part.
 * Spec: OCI distribution-spec v1.1, "Warnings".
 */
bool cprov_warning_parse(struct cprov_span value, struct cprov_buf *out);

/* The warnings that were told. */
struct cprov_warning {
    struct cprov_warning *next;
    char *host;
    char *text;
};

/* Tells those of an answer that are new, with secrets hidden, and notes them. */
void cprov_warnings_tell(struct cprov_warning **told, const char *host,
                         const struct cprov_http_head *head, const struct cprov_secrets *secrets,
                         void (*tell)(void *arg, const char *host, const char *text), void *arg);
void cprov_warnings_free(struct cprov_warning **told);

#endif
