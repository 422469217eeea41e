/* net/curl_library_private.h - the functions of libcurl that http.c uses, loaded at first use. */
#ifndef CPROV_NET_CURL_LIBRARY_PRIVATE_H
#define CPROV_NET_CURL_LIBRARY_PRIVATE_H

#define CURL_DISABLE_TYPECHECK /* it wraps the calls in macros that name the functions */
#include <curl/curl.h>

#include "base/compiler.h"

struct cprov_error;

#define CPROV_CURL_FUNCTIONS(X)                                                                    \
    X(global_init)                                                                                 \
    X(easy_init)                                                                                   \
    X(easy_cleanup)                                                                                \
    X(easy_duphandle)                                                                              \
    X(easy_perform)                                                                                \
    X(easy_setopt)                                                                                 \
    X(easy_getinfo)                                                                                \
    X(easy_pause)                                                                                  \
    X(easy_strerror)                                                                               \
    X(slist_append)                                                                                \
    X(slist_free_all)                                                                              \
    X(multi_init)                                                                                  \
    X(multi_cleanup)                                                                               \
    X(multi_setopt)                                                                                \
    X(multi_add_handle)                                                                            \
    X(multi_remove_handle)                                                                         \
    X(multi_perform)                                                                               \
    X(multi_info_read)                                                                             \
    X(multi_poll)                                                                                  \
    X(multi_strerror)

struct cprov_curl {
#define CPROV_CURL_MEMBER(name) __typeof__(curl_##name) *name;
    CPROV_CURL_FUNCTIONS(CPROV_CURL_MEMBER)
#undef CPROV_CURL_MEMBER
};

extern struct cprov_curl cprov_curl;

/* Loads and initialises libcurl once; CPROV_EUNSUPPORTED when it is not installed or too old. */
CPROV_MUST_CHECK
int cprov_curl_load(struct cprov_error *err);

#endif
