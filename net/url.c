/* net/url.c - URLs as values: taken apart, resolved, compared, and built with escapes. */
#include "net/url.h"

#include <stdint.h>

#include "base/error.h"

#define HOST_MAX 255 /* bytes; what DNS can carry */

static bool is_plain(struct cprov_span s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == 0x7f)
            return false;
    return true;
}

/* The length of "scheme:" at the start, or 0. */
static size_t scheme_length(struct cprov_span s)
{
    size_t i = 0;

    if (s.len == 0 || !cprov_is_alpha(s.ptr[0]))
        return 0;
    while (i < s.len &&
           (cprov_is_alnum(s.ptr[i]) || s.ptr[i] == '+' || s.ptr[i] == '-' || s.ptr[i] == '.'))
        i++;
    return i < s.len && s.ptr[i] == ':' ? i + 1 : 0;
}

static struct cprov_span without_fragment(struct cprov_span s)
{
    return cprov_span_make(s.ptr, cprov_span_find(s, '#'));
}

/*
 * Narrower than RFC 3986: what libcurl could read as another host than we do (backslashes, escapes,
 * bytes above ASCII) is refused, since the origin decides who gets the login.
 */
static bool host_is_valid(struct cprov_span host)
{
    bool brackets = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    struct cprov_span inner = host;

    if (brackets)
        inner = cprov_span_make(host.ptr + 1, host.len - 2);
    if (inner.len == 0 || inner.len > HOST_MAX)
        return false;
    for (size_t i = 0; i < inner.len; i++) {
        char c = inner.ptr[i];

        if (!cprov_is_alnum(c) && !strchr(brackets ? ".:%_-" : "._-", c))
            return false;
    }
    return true;
}

static int read_authority(struct cprov_span authority, struct cprov_url *u, struct cprov_error *err)
{
    struct cprov_span host = authority, port = { 0 };
    uint64_t number = u->https ? 443 : 80;

    if (cprov_span_find(authority, '@') < authority.len)
        return cprov_fail(err, CPROV_EINVAL, "URL carries a user name");
    if (authority.len > 0 && authority.ptr[0] == '[') {
        size_t end = cprov_span_find(authority, ']');

        host = cprov_span_make(authority.ptr, end < authority.len ? end + 1 : end);
        port = cprov_span_from(authority, host.len);
        if (port.len > 0 && port.ptr[0] != ':')
            return cprov_fail(err, CPROV_EINVAL, "URL has no valid host");
        port = cprov_span_from(port, 1);
    } else {
        cprov_span_cut(authority, ':', &host, &port);
    }
    if (!host_is_valid(host))
        return cprov_fail(err, CPROV_EINVAL, "URL has no valid host");
    if (port.len > 0 && (!cprov_span_u64(port, &number) || number == 0 || number > 65535))
        return cprov_fail(err, CPROV_EINVAL, "URL has no valid port");
    u->host = host;
    u->port = (uint16_t)number;
    return 0;
}

int cprov_url_parse(struct cprov_span text, struct cprov_url *out, struct cprov_error *err)
{
    struct cprov_url u = { 0 };
    struct cprov_span scheme, rest;
    size_t end = 0;

    if (text.len > CPROV_URL_MAX)
        return cprov_fail(err, CPROV_EINVAL, "URL is longer than %zu bytes", CPROV_URL_MAX);
    if (!is_plain(text))
        return cprov_fail(err, CPROV_EINVAL, "URL contains blanks or control characters");
    text = without_fragment(text);
    if (!scheme_length(text))
        return cprov_fail(err, CPROV_EINVAL, "URL does not begin with https:// or http://");

    scheme = cprov_span_make(text.ptr, scheme_length(text) - 1);
    rest = cprov_span_from(text, scheme.len + 1);
    u.https = cprov_span_is_nocase(scheme, "https");
    if (!u.https && !cprov_span_is_nocase(scheme, "http"))
        return cprov_fail(err, CPROV_EINVAL, "URL scheme is %" CPROV_SPAN_FMT ", not https",
                          CPROV_SPAN_ARG(scheme));
    if (!cprov_span_starts_with(rest, "//"))
        return cprov_fail(err, CPROV_EINVAL, "URL has no host");
    rest = cprov_span_from(rest, 2);
    while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
        end++;
    int code = read_authority(cprov_span_make(rest.ptr, end), &u, err);
    if (code < 0)
        return code;

    rest = cprov_span_from(rest, end);
    u.path = rest;
    cprov_span_cut(rest, '?', &u.path, &u.query);
    *out = u;
    return 0;
}

static bool add_bytes(char *path, size_t *len, struct cprov_span s)
{
    if (s.len > CPROV_URL_MAX - *len)
        return false;
    if (s.len > 0)
        memcpy(path + *len, s.ptr, s.len);
    *len += s.len;
    return true;
}

/* RFC 3986, 5.2.4, in place, over a path that begins with '/'; returns the new length. */
static size_t remove_dots(char *path, size_t len)
{
    size_t kept = 0;

    for (size_t i = 0, end = 0; i < len; i = end) {
        struct cprov_span segment;

        for (end = i + 1; end < len && path[end] != '/';)
            end++;
        segment = cprov_span_make(path + i, end - i);
        if (cprov_span_is(segment, "/..")) {
            while (kept > 0 && path[--kept] != '/') {
            }
        } else if (!cprov_span_is(segment, "/.")) {
            memmove(path + kept, path + i, segment.len);
            kept += segment.len;
            continue;
        }
        if (end == len)
            path[kept++] = '/';
    }
    return kept;
}

/* Writes the path that a reference with neither scheme nor host leads to. */
static bool merge_paths(const struct cprov_url *base, struct cprov_span path, char *merged,
                        size_t *len)
{
    struct cprov_span folder = base->path;

    *len = 0;
    if (path.len > 0 && path.ptr[0] == '/') {
        folder.len = 0;
    } else {
        size_t slash = cprov_span_find_last(folder, '/');

        folder = folder.len > 0 ? cprov_span_make(folder.ptr, slash + 1) : CPROV_SPAN_LITERAL("/");
    }
    return add_bytes(merged, len, folder) && add_bytes(merged, len, path);
}

void cprov_url_authority(const struct cprov_url *u, struct cprov_buf *out)
{
    for (size_t i = 0; i < u->host.len; i++)
        cprov_buf_add_char(out, cprov_lower(u->host.ptr[i]));
    if (u->port != (u->https ? 443 : 80))
        cprov_buf_addf(out, ":%u", u->port);
}

void cprov_url_origin(const struct cprov_url *u, struct cprov_buf *out)
{
    cprov_buf_add_text(out, u->https ? "https://" : "http://");
    cprov_url_authority(u, out);
}

/* Adds a path without dot segments, "/" for none. */
static void add_path(struct cprov_buf *out, char *path, size_t len)
{
    len = remove_dots(path, len);
    cprov_buf_add_span(out, len > 0 ? cprov_span_make(path, len) : CPROV_SPAN_LITERAL("/"));
}

static int resolve_absolute(struct cprov_span text, struct cprov_buf *out, struct cprov_error *err)
{
    char path[CPROV_URL_MAX];
    size_t len = 0;
    struct cprov_url u;
    int code = cprov_url_parse(text, &u, err);

    if (code < 0)
        return code;
    add_bytes(path, &len, u.path);
    cprov_url_origin(&u, out);
    add_path(out, path, len);
    if (u.query.len > 0) {
        cprov_buf_add_char(out, '?');
        cprov_buf_add_span(out, u.query);
    }
    return cprov_buf_check(out, "URL", err);
}

static int resolve_network_path(const struct cprov_url *base, struct cprov_span reference,
                                struct cprov_buf *out, struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };

    cprov_buf_init(&text, CPROV_URL_MAX + sizeof("https:"));
    cprov_buf_add_text(&text, base->https ? "https:" : "http:");
    cprov_buf_add_span(&text, reference);
    int code = cprov_buf_check(&text, "URL", err);
    return code < 0 ? code : resolve_absolute(cprov_buf_span(&text), out, err);
}

static int resolve_path(const struct cprov_url *base, struct cprov_span reference,
                        struct cprov_buf *out, struct cprov_error *err)
{
    char merged[CPROV_URL_MAX];
    size_t len = 0;
    struct cprov_span path = reference, query = { 0 };
    bool has_query = cprov_span_cut(reference, '?', &path, &query);

    if (!is_plain(reference))
        return cprov_fail(err, CPROV_EINVAL, "URL contains blanks or control characters");
    if (path.len == 0 && !has_query)
        query = base->query;
    if (path.len > 0 ? !merge_paths(base, path, merged, &len)
                     : !add_bytes(merged, &len, base->path))
        return cprov_fail(err, CPROV_EINVAL, "URL is longer than %zu bytes", CPROV_URL_MAX);
    cprov_url_origin(base, out);
    add_path(out, merged, len);
    if (query.len > 0) {
        cprov_buf_add_char(out, '?');
        cprov_buf_add_span(out, query);
    }
    return cprov_buf_check(out, "URL", err);
}

int cprov_url_resolve(struct cprov_span base, struct cprov_span reference, struct cprov_buf *out,
                      struct cprov_error *err)
{
    auto_buf struct cprov_buf target = { 0 };
    struct cprov_url b;

    cprov_buf_init(&target, CPROV_URL_MAX);
    int code = cprov_url_parse(base, &b, err);
    if (code < 0)
        return code;
    reference = without_fragment(reference);
    if (scheme_length(reference))
        code = resolve_absolute(reference, &target, err);
    else if (cprov_span_starts_with(reference, "//"))
        code = resolve_network_path(&b, reference, &target, err);
    else
        code = resolve_path(&b, reference, &target, err);
    if (code < 0)
        return code;
    cprov_buf_add_span(out, cprov_buf_span(&target));
    return cprov_buf_check(out, "URL", err);
}

bool cprov_url_same_origin(const struct cprov_url *a, const struct cprov_url *b)
{
    if (a->https != b->https || a->port != b->port || a->host.len != b->host.len)
        return false;
    for (size_t i = 0; i < a->host.len; i++)
        if (cprov_lower(a->host.ptr[i]) != cprov_lower(b->host.ptr[i]))
            return false;
    return true;
}

void cprov_url_shown(struct cprov_span text, struct cprov_buf *out)
{
    struct cprov_url u;

    if (cprov_url_parse(text, &u, NULL) < 0) {
        cprov_buf_add_text(out, "(a URL that cannot be shown)");
        return;
    }
    cprov_url_origin(&u, out);
    cprov_buf_add_span(out, u.path);
}

void cprov_url_escape(struct cprov_buf *out, struct cprov_span text, bool keep_slash)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (cprov_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~' ||
            (c == '/' && keep_slash))
            cprov_buf_add_char(out, c);
        else
            cprov_buf_addf(out, "%%%02X", (unsigned char)c);
    }
}

void cprov_url_add_query(struct cprov_buf *out, const char *name, struct cprov_span value)
{
    struct cprov_span text = cprov_buf_span(out);

    cprov_buf_add_char(out, cprov_span_find(text, '?') < text.len ? '&' : '?');
    cprov_url_escape(out, cprov_span_of(name), false);
    cprov_buf_add_char(out, '=');
    cprov_url_escape(out, value, false);
}

uint64_t cprov_url_mark(struct cprov_span text)
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */

    for (size_t i = 0; i < text.len; i++)
        h = (h ^ (unsigned char)text.ptr[i]) * 0x100000001b3u;
    return h;
}
