/* serve/listen.c - a listening socket from "address:port". */
#include "serve/listen_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/span.h"

#define PORT_MAX 65535

struct listen_address {
    int family;
    socklen_t len;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
};

struct place {
    char host[CPROV_LISTEN_HOST_MAX + 1]; /* without brackets; "" is every address */
    bool brackets;
    uint16_t port;
};

static int parse(const char *text, struct place *out, struct cprov_error *err)
{
    struct cprov_span host, port;
    uint64_t number;

    if (!cprov_span_cut_last(cprov_span_of(text), ':', &host, &port) ||
        !cprov_span_u64(port, &number) || number > PORT_MAX)
        return cprov_fail(err, CPROV_EINVAL,
                          "listen address %s has no port; use ADDRESS:PORT, such as 127.0.0.1:5000",
                          text);
    out->brackets = cprov_span_starts_with(host, "[") && cprov_span_ends_with(host, "]");
    if (out->brackets)
        host = cprov_span_make(host.ptr + 1, host.len - 2);
    bool colon = cprov_span_find(host, ':') < host.len;
    if (host.len > CPROV_LISTEN_HOST_MAX || colon != out->brackets)
        return cprov_fail(err, CPROV_EINVAL, "listen address %s: write an IPv6 address in []",
                          text);
    memcpy(out->host, host.ptr, host.len);
    out->host[host.len] = '\0';
    out->port = (uint16_t)number;
    return 0;
}

static int resolve(const struct place *place, struct listen_address *out, struct cprov_error *err)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
                              .ai_family = place->brackets ? AF_INET6 : AF_UNSPEC };
    struct addrinfo *list = NULL;
    struct listen_address a = { .family = AF_UNSPEC };

    int rc = getaddrinfo(place->host, NULL, &hints, &list);
    if (rc != 0)
        return cprov_fail(err, CPROV_EINVAL, "listen address %s: %s", place->host,
                          gai_strerror(rc));
    if (list->ai_addrlen <= sizeof(a.v6)) {
        a.family = list->ai_family;
        a.len = list->ai_addrlen;
        memcpy(&a.any, list->ai_addr, list->ai_addrlen);
    }
    freeaddrinfo(list);
    if (a.family == AF_INET)
        a.v4.sin_port = htons(place->port);
    else if (a.family == AF_INET6)
        a.v6.sin6_port = htons(place->port);
    else
        return cprov_fail(err, CPROV_EINVAL, "listen address %s is not an IP address", place->host);
    *out = a;
    return 0;
}

/* Fills list with what to try one after the other: for "every", IPv6 that takes IPv4 too is first.
 */
static int candidates(const struct place *place, struct listen_address list[2], size_t *count,
                      struct cprov_error *err)
{
    *count = 1;
    if (place->host[0])
        return resolve(place, &list[0], err);
    *count = 2;
    list[0] = (struct listen_address){ .family = AF_INET6,
                                       .len = sizeof(list[0].v6),
                                       .v6 = { .sin6_family = AF_INET6,
                                               .sin6_port = htons(place->port) } };
    list[1] =
        (struct listen_address){ .family = AF_INET,
                                 .len = sizeof(list[1].v4),
                                 .v4 = { .sin_family = AF_INET, .sin_port = htons(place->port) } };
    return 0;
}

/* Returns 0 or an errno; *fd is to be closed in either case. */
static int bind_and_listen(const struct listen_address *a, bool dual, int *fd)
{
    int yes = 1, no = 0;

    cprov_fd_close(fd);
    *fd = socket(a->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    if (*fd < 0 || setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
        (dual && setsockopt(*fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)) < 0) ||
        bind(*fd, &a->any, a->len) < 0 || listen(*fd, SOMAXCONN) < 0)
        return errno;
    return 0;
}

/* Of this machine, but for those that only it or its link knows. */
static bool is_for_others(const struct sockaddr *a, bool six)
{
    struct listen_address copy = { 0 };

    if (!a || (a->sa_family != AF_INET && (a->sa_family != AF_INET6 || !six)))
        return false;
    memcpy(&copy.any, a, a->sa_family == AF_INET ? sizeof(copy.v4) : sizeof(copy.v6));
    if (a->sa_family == AF_INET)
        return ntohl(copy.v4.sin_addr.s_addr) >> 24 != IN_LOOPBACKNET;
    return !IN6_IS_ADDR_LOOPBACK(&copy.v6.sin6_addr) && !IN6_IS_ADDR_LINKLOCAL(&copy.v6.sin6_addr);
}

/* As many as there is room for. */
static void list_others(struct cprov_listener *l, bool six, unsigned port)
{
    struct ifaddrs *list = NULL;
    char host[NI_MAXHOST];
    size_t len = 0;

    if (getifaddrs(&list) < 0)
        return;
    for (struct ifaddrs *i = list; i; i = i->ifa_next) {
        char text[NI_MAXHOST + 16];

        if (!is_for_others(i->ifa_addr, six))
            continue;
        bool is_six = i->ifa_addr->sa_family == AF_INET6;
        socklen_t size = is_six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
        if (getnameinfo(i->ifa_addr, size, host, sizeof(host), NULL, 0, NI_NUMERICHOST) != 0)
            continue;
        int wanted = snprintf(text, sizeof(text), is_six ? "%s[%s]:%u" : "%s%s:%u",
                              len > 0 ? ", " : "", host, port);
        if (wanted > 0 && (size_t)wanted < sizeof(l->others) - len) {
            memcpy(l->others + len, text, (size_t)wanted + 1);
            len += (size_t)wanted;
        }
    }
    freeifaddrs(list);
}

/* Says what is true: a socket of every address has the unspecified one. */
static int describe(const struct place *place, struct cprov_listener *l, struct cprov_error *err)
{
    struct listen_address a = { .len = sizeof(a.v6) };

    if (getsockname(l->fd, &a.any, &a.len) < 0)
        return cprov_fail_os(err, errno, "listening socket");
    bool six = a.any.sa_family == AF_INET6;
    unsigned port = ntohs(six ? a.v6.sin6_port : a.v4.sin_port);
    bool every =
        six ? IN6_IS_ADDR_UNSPECIFIED(&a.v6.sin6_addr) : a.v4.sin_addr.s_addr == htonl(INADDR_ANY);
    l->loopback = six ? IN6_IS_ADDR_LOOPBACK(&a.v6.sin6_addr)
                      : ntohl(a.v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    if (every) {
        snprintf(l->address, sizeof(l->address), "%s:%u", six ? "[::]" : "0.0.0.0", port);
        snprintf(l->local, sizeof(l->local), "%s:%u", place->brackets ? "[::1]" : "127.0.0.1",
                 port);
        list_others(l, six, port);
        return 0;
    }
    snprintf(l->address, sizeof(l->address), place->brackets ? "[%s]:%u" : "%s:%u", place->host,
             port);
    memcpy(l->local, l->address, sizeof(l->local));
    return 0;
}

int cprov_listen(const char *text, struct cprov_listener *out, struct cprov_error *err)
{
    struct cprov_listener l = { .fd = -1 };
    struct place place = { .port = 0 };
    struct listen_address list[2] = { { .family = AF_UNSPEC } };
    size_t count = 0;
    auto_fd int fd = -1;
    int os = EADDRNOTAVAIL;

    int code = parse(text, &place, err);
    if (code == 0)
        code = candidates(&place, list, &count, err);
    if (code < 0)
        return code;
    for (size_t i = 0; i < count && (os == EADDRNOTAVAIL || os == EAFNOSUPPORT); i++)
        os = bind_and_listen(&list[i], count > 1 && list[i].family == AF_INET6, &fd);
    if (os == EADDRINUSE)
        return cprov_fail(err, CPROV_EINUSE, "address %s is in use by another program", text);
    if (os == EADDRNOTAVAIL)
        return cprov_fail(err, CPROV_EINVAL, "address %s does not belong to this machine", text);
    if (os != 0)
        return cprov_fail_os(err, os, "listen on %s", text);
    l.fd = fd;
    code = describe(&place, &l, err);
    if (code < 0)
        return code;
    *out = l;
    fd = -1;
    return 0;
}
