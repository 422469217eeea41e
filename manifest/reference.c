#include "manifest/reference.h"

#include "base/error.h"

#define DOCKER  "docker.io"
#define LIBRARY "library/"

static bool is_tag_char(char c)
{
    return cprov_is_alnum(c) || c == '_' || c == '.' || c == '-';
}

static bool is_lower_alnum(char c)
{
    return cprov_is_lower(c) || cprov_is_digit(c);
}

/* 64 hex digits are how engines name an image by its id: such a name would never be looked up. */
static bool is_identifier(struct cprov_span text)
{
    if (text.len != 64)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (cprov_hex_value(text.ptr[i]) < 0)
            return false;
    return true;
}

/* The length of a separator at i: '.', '_', "__" or any number of '-'; 0 when there is none. */
static size_t separator_at(struct cprov_span s, size_t i)
{
    size_t n = 0;

    if (s.ptr[i] == '.')
        return 1;
    if (s.ptr[i] == '_')
        return i + 1 < s.len && s.ptr[i + 1] == '_' ? 2 : 1;
    while (i + n < s.len && s.ptr[i + n] == '-')
        n++;
    return n;
}

/* [a-z0-9]+((.|_|__|-+)[a-z0-9]+)* */
static bool is_component(struct cprov_span s)
{
    size_t i = 0;

    while (i < s.len && is_lower_alnum(s.ptr[i])) {
        while (i < s.len && is_lower_alnum(s.ptr[i]))
            i++;
        if (i == s.len)
            return true;
        i += separator_at(s, i);
    }
    return false;
}

static bool is_host_like(struct cprov_span first)
{
    return cprov_span_find(first, '.') < first.len || cprov_span_find(first, ':') < first.len ||
           cprov_span_is_nocase(first, "localhost") || (first.len > 0 && first.ptr[0] == '[');
}

/* The host as we know it: lower case, and one name for Docker Hub's three. */
static void set_host(struct cprov_reference *r, struct cprov_span host)
{
    static const char *const hub[] = { "index.docker.io", "registry-1.docker.io" };

    for (size_t i = 0; i < CPROV_COUNT(hub); i++)
        if (cprov_span_is_nocase(host, hub[i]))
            host = cprov_span_of(DOCKER);
    for (size_t i = 0; i < host.len; i++)
        r->host[i] = cprov_lower(host.ptr[i]);
}

static bool is_hub(const struct cprov_reference *r)
{
    return cprov_span_is(cprov_span_of(r->host), DOCKER);
}

/* Splits "name:tag"; a ':' before the last '/' is that of a port. */
static void cut_tag(struct cprov_span text, struct cprov_span *name, struct cprov_span *tag)
{
    struct cprov_span head, tail;

    *name = text;
    *tag = (struct cprov_span){ 0 };
    if (!cprov_span_cut_last(text, ':', &head, &tail) || cprov_span_find(tail, '/') < tail.len)
        return;
    *name = head;
    *tag = cprov_span_make(tail.ptr ? tail.ptr : "", tail.len);
}

static int read_name(struct cprov_span name, struct cprov_reference *r, struct cprov_error *err)
{
    struct cprov_span host = cprov_span_of(DOCKER), repository = name, first, rest;

    r->has_host = cprov_span_cut(name, '/', &first, &rest) && is_host_like(first);
    if (r->has_host) {
        host = first;
        repository = rest;
    }
    int rc = cprov_reference_check_host(host, err);
    if (rc == 0)
        rc = cprov_reference_check_repository(repository, err);
    if (rc < 0)
        return rc;
    set_host(r, host);

    bool official = is_hub(r) && cprov_span_find(repository, '/') == repository.len;
    size_t prefix = official ? sizeof(LIBRARY) - 1 : 0;
    if (strlen(r->host) + 1 + prefix + repository.len > CPROV_NAME_MAX)
        return cprov_fail(err, CPROV_EINVAL, "host and repository are longer than %d bytes",
                          CPROV_NAME_MAX);
    memcpy(r->repository, LIBRARY, prefix);
    memcpy(r->repository + prefix, repository.ptr, repository.len);
    return 0;
}

static int read_digest(struct cprov_span text, struct cprov_reference *r, struct cprov_error *err)
{
    if (cprov_digest_parse(text, &r->digest, err) < 0)
        return cprov_wrap_as(err, CPROV_EINVAL, "after '@'");
    r->has_digest = true;
    return 0;
}

int cprov_reference_parse(struct cprov_span text, struct cprov_reference *out,
                          struct cprov_error *err)
{
    struct cprov_reference r = { .host = "" };
    struct cprov_span head = text, digest, name, tag;

    if (text.len == 0)
        return cprov_fail(err, CPROV_EINVAL, "the name of the image is empty");
    if (is_identifier(text))
        return cprov_fail(err, CPROV_EINVAL, "64 hex digits are an image id, not a name");
    if (cprov_span_starts_with(text, "http://") || cprov_span_starts_with(text, "https://"))
        return cprov_fail(err, CPROV_EINVAL,
                          "an image name must not begin with http:// or https://");

    int rc = 0;
    if (cprov_span_cut(text, '@', &head, &digest))
        rc = read_digest(digest, &r, err);
    cut_tag(head, &name, &tag);
    if (rc == 0 && tag.ptr)
        rc = cprov_reference_check_tag(tag, err);
    if (rc == 0)
        rc = read_name(name, &r, err);
    if (rc < 0)
        return rc;
    if (tag.len > 0)
        memcpy(r.tag, tag.ptr, tag.len);
    *out = r;
    return 0;
}

bool cprov_reference_names_host(struct cprov_span text)
{
    struct cprov_span first, rest;

    return cprov_span_cut(text, '/', &first, &rest) && rest.len > 0 && is_host_like(first);
}

int cprov_reference_check_repository(struct cprov_span text, struct cprov_error *err)
{
    struct cprov_span rest = text, component;

    if (text.len == 0)
        return cprov_fail(err, CPROV_EINVAL, "repository is empty");
    if (text.len > CPROV_NAME_MAX)
        return cprov_fail(err, CPROV_EINVAL, "repository is longer than %d bytes", CPROV_NAME_MAX);
    while (cprov_span_next(&rest, '/', &component))
        if (!is_component(component))
            return cprov_fail(err, CPROV_EINVAL,
                              "a repository has lower-case letters, digits and single '.', '_', "
                              "'-' between them, in parts separated by '/'");
    return 0;
}

int cprov_reference_check_tag(struct cprov_span text, struct cprov_error *err)
{
    if (text.len == 0)
        return cprov_fail(err, CPROV_EINVAL, "tag is empty");
    if (text.len > CPROV_TAG_MAX)
        return cprov_fail(err, CPROV_EINVAL, "tag is longer than %d characters", CPROV_TAG_MAX);
    if (text.ptr[0] == '.' || text.ptr[0] == '-')
        return cprov_fail(err, CPROV_EINVAL, "tag begins with '%c'", text.ptr[0]);
    for (size_t i = 0; i < text.len; i++)
        if (!is_tag_char(text.ptr[i]))
            return cprov_fail(err, CPROV_EINVAL,
                              "tag has a character other than letters, digits, '_', '.' and '-'");
    return 0;
}

static void format_end(const struct cprov_reference *r, struct cprov_buf *out)
{
    char text[CPROV_DIGEST_TEXT_MAX];

    if (r->tag[0])
        cprov_buf_addf(out, ":%s", r->tag);
    if (r->has_digest)
        cprov_buf_addf(out, "@%s", cprov_digest_format(&r->digest, text));
}

void cprov_reference_format(const struct cprov_reference *r, struct cprov_buf *out)
{
    cprov_buf_addf(out, "%s/%s", r->host, r->repository);
    format_end(r, out);
}

void cprov_reference_format_familiar(const struct cprov_reference *r, struct cprov_buf *out)
{
    struct cprov_span name = cprov_span_of(r->repository);
    struct cprov_span base = cprov_span_from(name, sizeof(LIBRARY) - 1);

    if (cprov_span_starts_with(name, LIBRARY) && cprov_span_find(base, '/') == base.len &&
        !is_identifier(base))
        name = base;
    /* What is left must read as the same image again: docker.io/a.b/c is not a.b/c. */
    if (is_hub(r) && !cprov_reference_names_host(name))
        cprov_buf_add_span(out, name);
    else
        cprov_buf_addf(out, "%s/%s", r->host, r->repository);
    format_end(r, out);
}
