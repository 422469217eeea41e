/* serve/response_private.h - an answer as a response of libmicrohttpd. */
#ifndef CPROV_SERVE_RESPONSE_PRIVATE_H
#define CPROV_SERVE_RESPONSE_PRIVATE_H

#include "serve/answer_private.h"
#include "serve/mhd_private.h"

/*
 * The response, with headers and body; it owns the body, the open file or the catalog afterwards.
 * NULL when memory is short or a text cannot stand in a header. proofs: for a file that is hashed
 * while it is sent; it outlives the response.
 */
struct MHD_Response *cprov_response_new(struct cprov_serve_answer *a, struct cprov_proofs *proofs);

#endif
