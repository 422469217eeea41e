/* registry/warning_private.h - "Warning: 299" headers, by which registries speak to people. */
#ifndef CPROV_REGISTRY_WARNING_PRIVATE_H
#define CPROV_REGISTRY_WARNING_PRIVATE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

/*
 * Appends the text of a header value `299 - "text"` to out, quoted pairs undone. false for another
 * code, another agent than '-', or a broken string; out may then hold a part.
 * Spec: OCI distribution-spec v1.1, "Warnings".
 */
bool cprov_warning_parse(struct cprov_span value, struct cprov_buf *out);

#endif
