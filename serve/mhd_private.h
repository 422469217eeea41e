/* serve/mhd_private.h - libmicrohttpd, loaded when it is needed. */
#ifndef CPROV_SERVE_MHD_PRIVATE_H
#define CPROV_SERVE_MHD_PRIVATE_H

#include <microhttpd.h>

#include "base/compiler.h"

struct cprov_error;

#define CPROV_MHD_FUNCTIONS(X)                                                                     \
    X(start_daemon)                                                                                \
    X(stop_daemon)                                                                                 \
    X(add_connection)                                                                              \
    X(suspend_connection)                                                                          \
    X(resume_connection)                                                                           \
    X(is_feature_supported)                                                                        \
    X(get_connection_info)                                                                         \
    X(lookup_connection_value)                                                                     \
    X(create_response_from_buffer)                                                                 \
    X(create_response_from_callback)                                                               \
    X(create_response_from_fd_at_offset64)                                                         \
    X(add_response_header)                                                                         \
    X(queue_response)                                                                              \
    X(destroy_response)

/* Its functions by their names, once cprov_mhd_load() has succeeded. */
extern struct cprov_mhd {
#define CPROV_MHD_MEMBER(name) __typeof__(MHD_##name) *name;
    CPROV_MHD_FUNCTIONS(CPROV_MHD_MEMBER)
#undef CPROV_MHD_MEMBER
} cprov_mhd;

CPROV_MUST_CHECK
int cprov_mhd_load(struct cprov_error *err);

#endif
