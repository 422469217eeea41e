/* A scripted server that answers some targets, and what a kind of source makes of it. */
#ifndef CPROV_TESTS_VENDOR_WORLD_H
#define CPROV_TESTS_VENDOR_WORLD_H

#include "catalog/source/source.h"
#include "tests/support/client_world.h"

#define PAGES_MAX 7

struct page {
    const char *target;  /* NULL: the last one */
    const char *headers; /* NULL: JSON */
    const char *body;    /* "@" stands for the server's address */
    int status;          /* 0: 200 */
};

struct vendor_case {
    const char *name;
    const char *type;
    const char *path;       /* of the place: "" or "/team" */
    const char *repository; /* whose versions; NULL: the repositories */
    struct page pages[PAGES_MAX];
    int code;
    const char *told; /* a line for each version, see vendor_test.c; names with blanks */
    size_t requests;  /* 0: not counted */
};

/* Runs the case; login: "user:password" or NULL. */
void vendor_check(const struct vendor_case *v, const char *user, const char *password);
/* What the last request to a target said in a header, of those that vendor_check() answered. */
extern char vendor_authorization[256];

#define HEX1 "1111111111111111111111111111111111111111111111111111111111111111"
#define HEX2 "2222222222222222222222222222222222222222222222222222222222222222"
#define D1   "sha256:" HEX1
#define D2   "sha256:" HEX2
#define JSON "Content-Type: application/json\r\n"
#define HTML "Content-Type: text/html; charset=utf-8\r\n"

/* The plain listings, for a fall back. */
#define PLAIN_TAGS(repo)                                                                           \
    {                                                                                              \
        "/v2/" repo "/tags/list?n=1000", NULL, "{\"tags\":[\"plain\"]}", 0                         \
    }
#define PLAIN_CATALOG                                                                              \
    {                                                                                              \
        "/v2/_catalog?n=1000", NULL, "{\"repositories\":[\"plain/one\",\"team/two\"]}", 0          \
    }

#endif
