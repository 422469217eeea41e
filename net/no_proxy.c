/* net/no_proxy.c - entries of no_proxy: names, addresses, networks. */
#include "net/no_proxy_private.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"

/* An address as 16 bytes; IPv4 mapped. */
struct address {
    uint8_t bytes[16];
    bool v4;
};

static struct cprov_span without_brackets(struct cprov_span host)
{
    if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        return cprov_span_make(host.ptr + 1, host.len - 2);
    return host;
}

static bool read_address(struct cprov_span host, struct address *out)
{
    char text[INET6_ADDRSTRLEN + 1];

    host = without_brackets(host);
    if (host.len == 0 || host.len >= sizeof(text))
        return false;
    (void)snprintf(text, sizeof(text), "%" CPROV_SPAN_FMT, CPROV_SPAN_ARG(host));
    *out = (struct address){ .v4 = inet_pton(AF_INET, text, out->bytes + 12) == 1 };
    if (out->v4) {
        (void)inet_pton(AF_INET, text, out->bytes + 12);
        out->bytes[10] = out->bytes[11] = 0xff;
        return true;
    }
    if (inet_pton(AF_INET6, text, out->bytes) != 1)
        return false;
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    out->v4 = memcmp(out->bytes, mapped, sizeof(mapped)) == 0;
    return true;
}

static bool same_bits(const struct address *a, const struct address *b, size_t bits)
{
    size_t whole = bits / 8, rest = bits % 8;

    if (memcmp(a->bytes, b->bytes, whole) != 0)
        return false;
    return rest == 0 || ((a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest)) == 0;
}

/* "10.0.0.0/8"; false also when the entry is none. */
static bool in_network(struct cprov_span entry, const struct address *a)
{
    struct cprov_span first, digits;
    struct address network;
    uint64_t bits;

    if (!a || !cprov_span_cut(entry, '/', &first, &digits) || !cprov_span_u64(digits, &bits) ||
        !read_address(first, &network) || bits > (network.v4 ? 32 : 128))
        return false;
    return network.v4 == a->v4 && same_bits(&network, a, (size_t)bits + (network.v4 ? 96 : 0));
}

/* "host:port" and "[v6]:port" → host; false: the port is another. A bare IPv6 address has none. */
static bool take_port(struct cprov_span *entry, uint16_t port)
{
    struct cprov_span host, rest;
    uint64_t wanted;

    if (entry->len > 0 && entry->ptr[0] == '[') {
        size_t end = cprov_span_find(*entry, ']');

        host = cprov_span_make(entry->ptr, end < entry->len ? end + 1 : end);
        rest = cprov_span_from(*entry, host.len);
        if (rest.len > 0 && rest.ptr[0] == ':')
            rest = cprov_span_from(rest, 1);
    } else if (!cprov_span_cut(*entry, ':', &host, &rest) ||
               cprov_span_find(rest, ':') < rest.len) {
        return true;
    }
    *entry = host;
    return rest.len == 0 || (cprov_span_u64(rest, &wanted) && wanted == port);
}

static bool is_below(struct cprov_span host, struct cprov_span domain)
{
    if (host.len <= domain.len + 1 || host.ptr[host.len - domain.len - 1] != '.')
        return false;
    struct cprov_span end = cprov_span_from(host, host.len - domain.len);

    return cprov_span_starts_with_nocase(end, domain);
}

static bool has_name(struct cprov_span host, struct cprov_span entry)
{
    bool below = false;

    if (cprov_span_starts_with(entry, "*."))
        entry = cprov_span_from(entry, 1);
    if (entry.len > 0 && entry.ptr[0] == '.') {
        entry = cprov_span_from(entry, 1);
        below = true;
    }
    if (entry.len == 0)
        return false;
    return is_below(host, entry) ||
           (!below && host.len == entry.len && cprov_span_starts_with_nocase(host, entry));
}

static bool entry_has(struct cprov_span entry, const struct cprov_url *url, const struct address *a)
{
    struct address other;

    if (cprov_span_is(entry, "*") || in_network(entry, a))
        return true;
    if (entry.len == 0 || !take_port(&entry, url->port))
        return false;
    if (read_address(entry, &other))
        return a && same_bits(&other, a, 128);
    return !a && has_name(url->host, entry);
}

bool cprov_no_proxy_has(struct cprov_span list, const struct cprov_url *url)
{
    struct cprov_span entry;
    struct address address;
    const struct address *a = read_address(url->host, &address) ? &address : NULL;

    while (list.len > 0 && cprov_span_next(&list, ',', &entry))
        if (entry_has(cprov_span_trim(entry), url, a))
            return true;
    return false;
}

struct cprov_span cprov_no_proxy_environment(void)
{
    const char *upper = getenv("NO_PROXY"), *lower = getenv("no_proxy");

    return cprov_span_of(upper && *upper ? upper : lower ? lower : "");
}
