/* registry/problem_private.h - an HTTP answer that is not a success, as one sentence and a code. */
#ifndef CPROV_REGISTRY_PROBLEM_PRIVATE_H
#define CPROV_REGISTRY_PROBLEM_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/span.h"

struct cprov_error;

/* What is known of the failed exchange. Texts are borrowed for the call. */
struct cprov_problem {
    const char *what; /* "manifest docker.io/library/alpine:3.20" */
    int http;         /* status, not 2xx */
    const char
        *elsewhere; /* host that a redirect led to and that answers, or NULL: who was asked */
    struct cprov_span content_type;
    struct cprov_span body; /* the beginning of it, whatever it is */
    unsigned tries;
    int64_t asked_s; /* Retry-After, when it is too long to be waited for; else 0 */
};

/*
 * Raises "what: sentence (the server's own words)". The words come from any dialect: `errors[]`
 * with code and message, `details`, OAuth's error and error_description, {"message": ..}, plain
 * text; cut short, queries of URLs and long runs without a blank taken out.
 *
 * Returns CPROV_ENOTFOUND for 404, 410 or codes like MANIFEST_UNKNOWN; CPROV_EAUTH for 401, 403 and
 * 407; CPROV_ENETWORK for everything else, with the number of tries when there were several. What
 * a redirect led to knows no logins of ours: its 401 and 403 are CPROV_ENETWORK, and it is named.
 */
CPROV_MUST_CHECK
int cprov_problem_fail(const struct cprov_problem *problem, struct cprov_error *err);

/* The server's own words of an answer that is not a success, as above; makes *out, for the caller
 * to clear. */
void cprov_problem_words(struct cprov_span content_type, struct cprov_span body,
                         struct cprov_buf *out);

/* Whether the body is an error document that has this code: "NAME_UNKNOWN". */
bool cprov_problem_has_code(struct cprov_span body, const char *code);

#endif
