/* net/origin.c - the one rule for who may see a login. */
#include "net/origin.h"

#include <libpsl.h>

#include "base/error.h"
#include "base/library.h"
#include "base/limits.h"
#include "manifest/reference.h"

/* --- registrable domains --- */

static __typeof__(psl_builtin) *builtin_list;
static __typeof__(psl_registrable_domain) *registrable_domain;

static const struct cprov_library_symbol symbols[] = {
    { "psl_builtin", (void **)(void *)&builtin_list },
    { "psl_registrable_domain", (void **)(void *)&registrable_domain },
};
static struct cprov_library library = { "libpsl.so.5", "libpsl5", symbols, CPROV_COUNT(symbols),
                                        NULL };

/* In lower case, as the list has it; false for what is too long to be a name. */
static bool copy_name(struct cprov_span name, char out[CPROV_NAME_MAX + 1])
{
    if (name.len == 0 || name.len > CPROV_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++)
        out[i] = cprov_lower(name.ptr[i]);
    out[name.len] = '\0';
    return true;
}

/* "registry.example" and "auth.registry.example" are one owner's; those of github.io are not. */
static bool same_domain(struct cprov_span a, struct cprov_span b)
{
    char first[CPROV_NAME_MAX + 1], second[CPROV_NAME_MAX + 1];

    if (!copy_name(a, first) || !copy_name(b, second) || cprov_library_load(&library, NULL) < 0)
        return false;
    const psl_ctx_t *list = builtin_list();
    const char *of_first = list ? registrable_domain(list, first) : NULL;
    const char *of_second = list ? registrable_domain(list, second) : NULL;
    return of_first && of_second && strcmp(of_first, of_second) == 0;
}

/* --- pairs that are known --- */

/* Registries whose token server has another name; most of them need no list while libpsl is there.
 * A '.' in front stands for every host below. */
static const struct pair {
    const char *registry, *server;
} pairs[] = {
    { "docker.io", "auth.docker.io" },
    { "registry-1.docker.io", "auth.docker.io" },
    { "registry.gitlab.com", "gitlab.com" },
    { "docker.elastic.co", "docker-auth.elastic.co" },
    { "registry.digitalocean.com", "api.digitalocean.com" },
    { "registry.suse.com", "scc.suse.com" },
    { ".scw.cloud", "api.scaleway.com" },
};

static bool is_below(struct cprov_span host, const char *domain)
{
    size_t len = strlen(domain);

    return host.len > len && cprov_span_is_nocase(cprov_span_from(host, host.len - len), domain);
}

static bool is_known_pair(struct cprov_span registry, struct cprov_span server)
{
    for (size_t i = 0; i < CPROV_COUNT(pairs); i++) {
        const char *name = pairs[i].registry;

        if ((*name == '.' ? is_below(registry, name) : cprov_span_is_nocase(registry, name)) &&
            cprov_span_is_nocase(server, pairs[i].server))
            return true;
    }
    return false;
}

/* --- the rule --- */

bool cprov_host_is_same(struct cprov_span a, struct cprov_span b)
{
    if (a.len == b.len) {
        size_t i = 0;

        while (i < a.len && cprov_lower(a.ptr[i]) == cprov_lower(b.ptr[i]))
            i++;
        if (i == a.len)
            return true;
    }
    static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };
    bool first = false, second = false;

    for (size_t i = 0; i < CPROV_COUNT(names); i++) {
        first = first || cprov_span_is_nocase(a, names[i]);
        second = second || cprov_span_is_nocase(b, names[i]);
    }
    return first && second;
}

/* "auth.example", "auth.example:8443", "https://auth.example/token": without a port, any. */
static bool is_configured(const struct cprov_url *realm, const char *configured)
{
    struct cprov_span text = cprov_span_of(configured), rest;
    char port[16];
    const char *mark = memmem(text.ptr, text.len, "://", 3);

    if (mark)
        text = cprov_span_from(text, (size_t)(mark - text.ptr) + 3);
    cprov_span_cut(text, '/', &text, &rest);
    if (cprov_host_is_same(text, realm->host))
        return true;
    size_t colon = cprov_span_find_last(text, ':');
    if (colon == text.len)
        return false;
    (void)snprintf(port, sizeof(port), ":%u", realm->port);
    return cprov_span_is(cprov_span_from(text, colon), port) &&
           cprov_host_is_same(cprov_span_make(text.ptr, colon), realm->host);
}

static bool is_address(struct cprov_span host)
{
    size_t dot = cprov_span_find_last(host, '.');

    /* No top-level domain ends with a digit. */
    return host.len == 0 || host.ptr[0] == '[' || cprov_is_digit(host.ptr[host.len - 1]) ||
           dot == host.len;
}

bool cprov_login_may_go(const struct cprov_url *registry, const char *host,
                        const struct cprov_url *realm, const char *configured)
{
    if (configured && is_configured(realm, configured))
        return true;
    if (cprov_host_is_same(registry->host, realm->host))
        return true;
    if (cprov_host_is_private(realm->host))
        return false;
    if (is_known_pair(cprov_span_of(host), realm->host) ||
        is_known_pair(registry->host, realm->host))
        return true;
    return !is_address(registry->host) && !is_address(realm->host) &&
           same_domain(registry->host, realm->host);
}
