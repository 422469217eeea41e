/* catalog/source/source.c - the table of kinds, and locations read. */
#include "catalog/source/source.h"

#include <string.h>

#include "base/error.h"
#include "catalog/document/file.h"
#include "catalog/source/vendors_private.h"

const struct cprov_source_kind *const cprov_network_kinds[] = {
    &cprov_source_oci,   &cprov_source_document, &cprov_source_catalog,
    &cprov_source_cprov, CPROV_VENDOR_KINDS,     NULL
};

const struct cprov_source_kind *cprov_source_kind(const struct cprov_source_kind *const *kinds,
                                                  const char *type)
{
    if (!type || !*type)
        type = cprov_source_oci.type;
    for (; *kinds; kinds++)
        if (strcmp((*kinds)->type, type) == 0)
            return *kinds;
    return NULL;
}

/* "scheme://rest" → rest; false for a scheme that is none of ours. */
static bool strip_scheme(struct cprov_span *text, bool *plain_http, struct cprov_span *scheme)
{
    size_t colon = cprov_span_find(*text, ':');

    if (!cprov_span_starts_with(cprov_span_from(*text, colon), "://"))
        return true;
    *scheme = cprov_span_make(text->ptr, colon);
    *plain_http = cprov_span_is_nocase(*scheme, "http");
    *text = cprov_span_from(*text, colon + 3);
    return *plain_http || cprov_span_is_nocase(*scheme, "https");
}

/* host[:port][/path] → base; a trailing slash, and /v2 as people paste it, are left out. */
static int read_base(struct cprov_span text, struct cprov_reference *base, struct cprov_error *err)
{
    struct cprov_span host = text, path = { 0 };

    cprov_span_cut(text, '/', &host, &path);
    while (cprov_span_ends_with(path, "/"))
        path.len--;
    if (cprov_span_is(path, "v2"))
        path.len = 0;
    if (cprov_reference_check_host(host, err) < 0)
        return err->code;
    if (path.len > 0 && cprov_reference_check_repository(path, err) < 0)
        return err->code;
    if (host.len + 1 + path.len > CPROV_NAME_MAX)
        return cprov_fail(err, CPROV_EINVAL, "longer than %d bytes", CPROV_NAME_MAX);

    struct cprov_reference r = { .has_host = true };
    for (size_t i = 0; i < host.len; i++)
        r.host[i] = cprov_lower(host.ptr[i]);
    if (path.len > 0)
        memcpy(r.repository, path.ptr, path.len);
    if (strcmp(r.host, "index.docker.io") == 0 || strcmp(r.host, "registry-1.docker.io") == 0)
        memcpy(r.host, "docker.io", sizeof("docker.io"));
    *base = r;
    return 0;
}

/* host[:port][/path] of a URL: the path is the document's and no repository. */
static int read_url(struct cprov_span text, struct cprov_reference *base, struct cprov_error *err)
{
    struct cprov_span host = text, path;

    cprov_span_cut(text, '/', &host, &path);
    return read_base(host, base, err);
}

static int read_network(struct cprov_place *p, struct cprov_error *err)
{
    struct cprov_span text = cprov_span_of(p->source->location), scheme = { 0 };

    if (!strip_scheme(&text, &p->plain_http, &scheme))
        return cprov_fail(err, CPROV_EINVAL,
                          "the scheme '%" CPROV_SPAN_FMT
                          "' is not supported, only http and https are",
                          CPROV_SPAN_ARG(scheme));
    int code = p->kind->is_url ? read_url(text, &p->base, err) : read_base(text, &p->base, err);
    return code < 0 ? cprov_wrap(err, "location of source '%s'", p->source->name) : 0;
}

static bool is_path(const char *location)
{
    return *location == '/' || strncmp(location, "file://", 7) == 0;
}

int cprov_place_init(const struct cprov_source *source,
                     const struct cprov_source_kind *const *kinds, struct cprov_place *out,
                     struct cprov_error *err)
{
    struct cprov_place p = { .source = source, .kind = cprov_source_kind(kinds, source->type) };

    if (!p.kind)
        return cprov_fail(err, CPROV_EINVAL, "source '%s': unknown kind '%s'", source->name,
                          source->type);
    if (p.kind->on_disk && is_path(source->location))
        p.kind = p.kind->on_disk;
    if (!p.kind->local && read_network(&p, err) < 0)
        return err->code;
    if (p.kind->init && p.kind->init(&p, err) < 0)
        return err->code;
    *out = p;
    return 0;
}

void cprov_place_key(const struct cprov_place *place, struct cprov_buf *out)
{
    struct cprov_error unread = CPROV_ERROR_INIT;

    if (place->source->key && cprov_catalog_key_mark(place->source->key, out, &unread) < 0)
        cprov_buf_add_text(out, "signed ");
    cprov_buf_addf(out, "%s ", place->kind->type);
    if (place->kind->local || place->kind->is_url)
        cprov_buf_add_text(out, place->source->location);
    else
        cprov_buf_addf(out, "%s/%s", place->base.host, place->base.repository);
}

const char *cprov_place_path(const struct cprov_place *place)
{
    const char *location = place->source->location;

    return strncmp(location, "file://", 7) == 0 ? location + 7 : location;
}
