/* serve/routes.c - what a path of the distribution API asks for. */
#include "serve/routes_private.h"

#include <string.h>

#include "base/error.h"
#include "catalog/document/writer.h"
#include "manifest/reference.h"

static int hex_value(char c)
{
    return cprov_hex_value(cprov_lower(c));
}

/* One byte of text at *i, decoded; -1 when it is a bad escape or a control character. */
static int decode_one(struct cprov_span text, size_t *i)
{
    int c = (unsigned char)text.ptr[*i];

    if (c == '%') {
        if (text.len - *i < 3)
            return -1;
        int high = hex_value(text.ptr[*i + 1]), low = hex_value(text.ptr[*i + 2]);
        if (high < 0 || low < 0)
            return -1;
        c = high << 4 | low;
        *i += 2;
    }
    (*i)++;
    return c < 0x20 || c == 0x7f ? -1 : c;
}

bool cprov_percent_decode(struct cprov_span text, char *out, size_t size)
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < text.len;) {
        int c = decode_one(text, &i);
        if (c < 0 || len + 1 >= size) {
            out[0] = '\0';
            return false;
        }
        out[len++] = (char)c;
    }
    out[len] = '\0';
    return true;
}

/* "http://host:5000/v2/" → "/v2/" */
static struct cprov_span without_origin(struct cprov_span path)
{
    size_t skip = cprov_span_starts_with(path, "http://")    ? strlen("http://")
                  : cprov_span_starts_with(path, "https://") ? strlen("https://")
                                                             : 0;
    if (skip == 0)
        return path;
    struct cprov_span rest = cprov_span_from(path, skip);
    return cprov_span_from(rest, cprov_span_find(rest, '/'));
}

static bool has_escaped_slash(struct cprov_span path)
{
    for (size_t i = 0; i + 2 < path.len; i++)
        if (path.ptr[i] == '%' && path.ptr[i + 1] == '2' && cprov_lower(path.ptr[i + 2]) == 'f')
            return true;
    return false;
}

static void refuse(struct cprov_route *r, enum cprov_route_kind why)
{
    r->wanted = r->kind;
    r->kind = why;
}

static void set_digest(struct cprov_route *r, struct cprov_span text)
{
    int code = cprov_digest_parse(text, &r->digest, NULL);

    r->has_digest = code == 0;
    if (code == CPROV_EUNSUPPORTED)
        refuse(r, CPROV_ROUTE_ABSENT);
    else if (code < 0)
        refuse(r, CPROV_ROUTE_BAD_DIGEST);
}

static void set_target(struct cprov_route *r, struct cprov_span text)
{
    if (r->kind == CPROV_ROUTE_TAGS)
        return;
    if (r->kind != CPROV_ROUTE_MANIFEST || cprov_span_find(text, ':') < text.len)
        set_digest(r, text);
    else if (cprov_reference_check_tag(text, NULL) == 0)
        memcpy(r->tag, text.ptr, text.len);
    else
        refuse(r, CPROV_ROUTE_ABSENT);
}

/* Of the two last components. */
static enum cprov_route_kind kind_of(struct cprov_span verb, struct cprov_span target)
{
    if (cprov_span_is(verb, "manifests"))
        return CPROV_ROUTE_MANIFEST;
    if (cprov_span_is(verb, "blobs"))
        return CPROV_ROUTE_BLOB;
    if (cprov_span_is(verb, "referrers"))
        return CPROV_ROUTE_REFERRERS;
    if (cprov_span_is(verb, "tags") && cprov_span_is(target, "list"))
        return CPROV_ROUTE_TAGS;
    return CPROV_ROUTE_NONE;
}

static void parse_repository(struct cprov_span text, struct cprov_route *r)
{
    struct cprov_span before, name, verb, target;

    if (!cprov_span_cut_last(text, '/', &before, &target) ||
        !cprov_span_cut_last(before, '/', &name, &verb))
        return;
    r->kind = kind_of(verb, target);
    if (r->kind == CPROV_ROUTE_NONE)
        return;
    if (cprov_reference_check_repository(name, NULL) < 0) {
        refuse(r, CPROV_ROUTE_BAD_NAME);
        return;
    }
    memcpy(r->repository, name.ptr, name.len);
    set_target(r, target);
}

bool cprov_route_decode(struct cprov_span path, char out[CPROV_ROUTE_PATH_MAX + 1])
{
    path = without_origin(path);
    return path.len <= CPROV_ROUTE_PATH_MAX && !has_escaped_slash(path) &&
           cprov_percent_decode(path, out, CPROV_ROUTE_PATH_MAX + 1);
}

void cprov_route_parse(struct cprov_span path, struct cprov_route *out)
{
    char decoded[CPROV_ROUTE_PATH_MAX + 1];

    *out = (struct cprov_route){ .kind = CPROV_ROUTE_NONE };
    if (!cprov_route_decode(path, decoded))
        return;

    struct cprov_span text = cprov_span_of(decoded);
    if (cprov_span_is(text, CPROV_CATALOG_PATH))
        out->kind = CPROV_ROUTE_SERVED;
    if (cprov_span_is(text, "/v2"))
        out->kind = CPROV_ROUTE_BASE; /* docker's servers redirect it to /v2/ */
    if (!cprov_span_starts_with(text, "/v2/"))
        return;
    text = cprov_span_from(text, strlen("/v2/"));
    if (text.len == 0)
        out->kind = CPROV_ROUTE_BASE;
    else if (cprov_span_is(text, "_catalog"))
        out->kind = CPROV_ROUTE_CATALOG;
    else
        parse_repository(text, out);
}
