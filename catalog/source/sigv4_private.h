/* catalog/source/sigv4_private.h - AWS Signature Version 4: requests signed with a secret key. */
#ifndef CPROV_CATALOG_SOURCE_SIGV4_PRIVATE_H
#define CPROV_CATALOG_SOURCE_SIGV4_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/span.h"
#include "net/http.h"

struct cprov_error;

struct cprov_sigv4 {
    const char *key_id;
    const char *secret;
    const char *region;  /* "eu-west-1" */
    const char *service; /* "ecr" */
    int64_t time;        /* seconds since 1970, as in the header x-amz-date */
    const char *method;
    const char *path;                   /* escaped */
    const char *query;                  /* escaped and sorted, or "" */
    const struct cprov_header *headers; /* names in lower case, sorted, host and x-amz-date among
                                           them */
    size_t headers_count;
    struct cprov_span content;
};

#define CPROV_SIGV4_DATE_MAX 17 /* "20150830T123600Z" */

void cprov_sigv4_date(int64_t time, char out[CPROV_SIGV4_DATE_MAX]);

/* Appends the value of the Authorization header. */
CPROV_MUST_CHECK
int cprov_sigv4_sign(const struct cprov_sigv4 *request, struct cprov_buf *authorization,
                     struct cprov_error *err);

#endif
