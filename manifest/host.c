/* The host part of a reference: its grammar, and which literal addresses are not public. */
#include <arpa/inet.h>

#include "base/error.h"
#include "base/limits.h"
#include "manifest/reference.h"

#define PORT_MAX 65535

static bool is_label(struct cprov_span label)
{
    if (label.len == 0 || label.len > 63 || label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++)
        if (!cprov_is_alnum(label.ptr[i]) && label.ptr[i] != '-')
            return false;
    return true;
}

static bool is_domain(struct cprov_span name)
{
    struct cprov_span rest = name, label;

    if (name.len == 0)
        return false;
    while (cprov_span_next(&rest, '.', &label))
        if (!is_label(label))
            return false;
    return true;
}

static bool read_address(int family, struct cprov_span text, void *out)
{
    char copy[INET6_ADDRSTRLEN] = { 0 };

    if (text.len == 0 || text.len >= sizeof(copy))
        return false;
    memcpy(copy, text.ptr, text.len);
    return strlen(copy) == text.len && inet_pton(family, copy, out) == 1;
}

/* Splits "name[:port]" or "[address][:port]"; *port keeps its colon, so that ":" is not "". */
static bool split_port(struct cprov_span text, struct cprov_span *name, struct cprov_span *port)
{
    bool bracketed = text.len > 0 && text.ptr[0] == '[';
    size_t end = bracketed ? cprov_span_find(text, ']') : cprov_span_find(text, ':');

    if (bracketed && end == text.len)
        return false;
    *name = cprov_span_make(text.ptr + bracketed, end - bracketed);
    *port = cprov_span_from(text, end + bracketed);
    return true;
}

static bool is_port(struct cprov_span port)
{
    uint64_t n;

    return port.len > 1 && port.len <= 6 && port.ptr[0] == ':' &&
           cprov_span_u64(cprov_span_from(port, 1), &n) && n > 0 && n <= PORT_MAX;
}

int cprov_reference_check_host(struct cprov_span text, struct cprov_error *err)
{
    struct in6_addr address;
    struct cprov_span name, port;

    if (text.len == 0)
        return cprov_fail(err, CPROV_EINVAL, "host is empty");
    if (text.len > CPROV_NAME_MAX)
        return cprov_fail(err, CPROV_EINVAL, "host is longer than %d bytes", CPROV_NAME_MAX);
    if (!split_port(text, &name, &port))
        return cprov_fail(err, CPROV_EINVAL, "host has no ']'");
    if (port.len > 0 && !is_port(port))
        return cprov_fail(err, CPROV_EINVAL, "host: the port is not a number of 1 to 65535");
    if (text.ptr[0] == '[' ? !read_address(AF_INET6, name, &address) : !is_domain(name))
        return cprov_fail(err, CPROV_EINVAL, "host is not a name or an address");
    return 0;
}

/* The name without brackets, port, zone; also for an IPv6 address that never had brackets. */
static struct cprov_span host_name(struct cprov_span host)
{
    struct cprov_span name = host, port, zone;

    if (host.len > 0 && host.ptr[0] != '[' &&
        cprov_span_find(host, ':') != cprov_span_find_last(host, ':'))
        port = cprov_span_make(NULL, 0);
    else if (!split_port(host, &name, &port))
        name = cprov_span_from(host, 1);
    if (cprov_span_cut(name, '%', &name, &zone))
        return name;
    return name;
}

static bool is_localhost(struct cprov_span name)
{
    static const char suffix[] = ".localhost";
    size_t len = sizeof(suffix) - 1;

    return cprov_span_is_nocase(name, "localhost") ||
           (name.len > len && cprov_span_is_nocase(cprov_span_from(name, name.len - len), suffix));
}

/* The IPv4 address within an IPv6 one: mapped, compatible, 6to4 or NAT64. */
static bool embedded_ipv4(const uint8_t a[16], uint32_t *out)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
    static const uint8_t zero[12] = { 0 };
    const uint8_t *p = a + 12;

    if (a[0] == 0x20 && a[1] == 0x02)
        p = a + 2;
    else if (memcmp(a, mapped, 12) != 0 && memcmp(a, nat64, 12) != 0 && memcmp(a, zero, 12) != 0)
        return false;
    *out = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    return true;
}

static bool is_private_ipv4(uint32_t address)
{
    static const struct block {
        uint32_t net;
        unsigned bits;
    } blocks[] = {
        { 0x00000000, 8 },  /* this network */
        { 0x0a000000, 8 },  /* private */
        { 0x64400000, 10 }, /* behind a carrier's NAT, and some clouds' metadata */
        { 0x7f000000, 8 },  /* loopback */
        { 0xa9fe0000, 16 }, /* link-local */
        { 0xac100000, 12 }, /* private */
        { 0xc0a80000, 16 }, /* private */
        { 0xe0000000, 3 },  /* multicast, reserved, broadcast */
    };

    for (size_t i = 0; i < CPROV_COUNT(blocks); i++)
        if ((address ^ blocks[i].net) >> (32 - blocks[i].bits) == 0)
            return true;
    return false;
}

static bool is_private_ipv6(const struct in6_addr *address)
{
    static const struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;
    const uint8_t *a = address->s6_addr;
    uint32_t ipv4;

    if (memcmp(address, &loopback, sizeof(loopback)) == 0)
        return true;
    if (embedded_ipv4(a, &ipv4))
        return is_private_ipv4(ipv4);
    return (a[0] & 0xfe) == 0xfc ||                /* unique local */
           (a[0] == 0xfe && (a[1] & 0x80) != 0) || /* link-local, site-local */
           a[0] == 0xff;                           /* multicast */
}

bool cprov_address_is_private(int family, const void *address)
{
    struct in6_addr ipv6;
    struct in_addr ipv4;

    if (family == AF_INET) {
        memcpy(&ipv4, address, sizeof(ipv4));
        return is_private_ipv4(ntohl(ipv4.s_addr));
    }
    memcpy(&ipv6, address, sizeof(ipv6));
    return family == AF_INET6 && is_private_ipv6(&ipv6);
}

bool cprov_host_is_loopback(struct cprov_span host)
{
    static const struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;
    struct cprov_span name = host_name(host);
    struct in6_addr ipv6;
    struct in_addr ipv4;

    if (read_address(AF_INET, name, &ipv4))
        return ntohl(ipv4.s_addr) >> 24 == 127;
    if (read_address(AF_INET6, name, &ipv6))
        return memcmp(&ipv6, &loopback, sizeof(loopback)) == 0;
    return is_localhost(name);
}

bool cprov_host_is_private(struct cprov_span host)
{
    struct cprov_span name = host_name(host);
    char copy[CPROV_NAME_MAX + 1] = { 0 };
    struct in6_addr ipv6;
    struct in_addr ipv4;

    if (name.len > 0 && name.ptr[name.len - 1] == '.')
        name.len--;
    if (name.len == 0 || name.len > CPROV_NAME_MAX)
        return false;
    memcpy(copy, name.ptr, name.len);
    /* Not inet_pton: resolvers read "127.1", "0x7f000001" and "2130706433" as addresses, too. */
    if (inet_aton(copy, &ipv4))
        return is_private_ipv4(ntohl(ipv4.s_addr));
    if (read_address(AF_INET6, name, &ipv6))
        return is_private_ipv6(&ipv6);
    return is_localhost(name);
}
