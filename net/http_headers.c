/* net/http_headers.c - collects the header lines of an answer into a cprov_http_head. */
#include "net/http_headers_private.h"

#include "base/error.h"
#include "base/limits.h"

void cprov_http_headers_init(struct cprov_http_headers *h)
{
    *h = (struct cprov_http_headers){ 0 };
    cprov_buf_init(&h->text, CPROV_HEADER_BYTES_MAX);
}

void cprov_http_headers_clear(struct cprov_http_headers *h)
{
    cprov_buf_clear(&h->text);
    cprov_arena_clear(&h->arena);
}

/* "HTTP/1.1 200 OK", "HTTP/2 200"; 0 when it is none. */
static int status_of(struct cprov_span line)
{
    struct cprov_span version, rest;
    uint64_t status;

    if (!cprov_span_starts_with(line, "HTTP/") || !cprov_span_cut(line, ' ', &version, &rest))
        return 0;
    rest = cprov_span_trim(rest);
    rest = cprov_span_make(rest.ptr, cprov_span_find(rest, ' '));
    return rest.len == 3 && cprov_span_u64(rest, &status) ? (int)status : 0;
}

static int set_length(struct cprov_http_head *head, struct cprov_span value,
                      struct cprov_error *err)
{
    uint64_t length;

    if (!cprov_span_u64(value, &length))
        return cprov_fail(err, CPROV_ENETWORK, "the answer has a malformed Content-Length");
    if (head->has_content_length && head->content_length != length)
        return cprov_fail(err, CPROV_ENETWORK, "the answer has two different Content-Length");
    head->has_content_length = true;
    head->content_length = length;
    return 0;
}

/* "bytes 0-99/1000"; anything else is as if it were missing. */
static void set_range(struct cprov_http_head *head, struct cprov_span value)
{
    struct cprov_span unit, range, first, last, total;
    uint64_t from, to, all = 0;

    if (head->has_content_range || !cprov_span_cut(value, ' ', &unit, &range) ||
        !cprov_span_is_nocase(unit, "bytes") || !cprov_span_cut(range, '/', &range, &total) ||
        !cprov_span_cut(cprov_span_trim(range), '-', &first, &last))
        return;
    if (!cprov_span_u64(first, &from) || !cprov_span_u64(last, &to) || from > to)
        return;
    total = cprov_span_trim(total);
    if (!cprov_span_is(total, "*") && (!cprov_span_u64(total, &all) || to >= all))
        return;
    head->has_content_range = true;
    head->range_first = from;
    head->range_last = to;
    head->range_total = all;
}

static bool lists_only(struct cprov_span value, const char *word)
{
    struct cprov_span rest = value, item;

    while (cprov_span_next(&rest, ',', &item))
        if (cprov_span_trim(item).len > 0 && !cprov_span_is_nocase(cprov_span_trim(item), word))
            return false;
    return true;
}

/* Three lists share one allocation; each has room for every line there is. */
struct lists {
    struct cprov_span *authenticate;
    struct cprov_span *links;
    struct cprov_span *warnings;
};

static bool set_listed(struct cprov_http_head *head, const struct lists *lists,
                       struct cprov_span name, struct cprov_span value)
{
    if (cprov_span_is_nocase(name, "www-authenticate"))
        lists->authenticate[head->authenticate_count++] = value;
    else if (cprov_span_is_nocase(name, "link"))
        lists->links[head->links_count++] = value;
    else if (cprov_span_is_nocase(name, "warning"))
        lists->warnings[head->warnings_count++] = value;
    else
        return false;
    return true;
}

static bool set_text(struct cprov_http_head *head, struct cprov_span name, struct cprov_span value)
{
    const struct {
        const char *name;
        struct cprov_span *slot;
    } known[] = {
        { "content-type", &head->content_type },
        { "docker-content-digest", &head->docker_content_digest },
        { "etag", &head->etag },
        { "location", &head->location },
        { "range", &head->range },
        { "oci-chunk-min-length", &head->oci_chunk_min_length },
        { "retry-after", &head->retry_after },
        { "oci-filters-applied", &head->oci_filters_applied },
    };

    for (size_t i = 0; i < CPROV_COUNT(known); i++) {
        if (!cprov_span_is_nocase(name, known[i].name))
            continue;
        if (!known[i].slot->ptr) /* the first wins */
            *known[i].slot = value;
        return true;
    }
    return false;
}

static int set_header(struct cprov_http_head *head, const struct lists *lists,
                      struct cprov_span name, struct cprov_span value, struct cprov_error *err)
{
    if (set_text(head, name, value) || set_listed(head, lists, name, value))
        return 0;
    if (cprov_span_is_nocase(name, "content-length"))
        return set_length(head, value, err);
    if (cprov_span_is_nocase(name, "content-range"))
        set_range(head, value);
    else if (cprov_span_is_nocase(name, "accept-ranges"))
        head->accepts_ranges = head->accepts_ranges || cprov_span_is_nocase(value, "bytes");
    else if (cprov_span_is_nocase(name, "content-encoding"))
        head->encoded = head->encoded || !lists_only(value, "identity");
    return 0;
}

static int complete(struct cprov_http_headers *h, struct cprov_error *err)
{
    struct cprov_http_head head = { .status = h->status };
    struct cprov_span rest = cprov_buf_span(&h->text), line, name, value;
    struct cprov_span *spans = cprov_arena_alloc(&h->arena, h->lines + 1, 3 * sizeof(*spans));
    bool chunked = false;
    int code = cprov_arena_check(&h->arena, err);

    if (code < 0)
        return code;
    const struct lists lists = { spans, spans + h->lines, spans + 2 * h->lines };
    while (cprov_span_next(&rest, '\n', &line)) {
        if (!cprov_span_cut(line, ':', &name, &value))
            continue;
        name = cprov_span_trim(name);
        code = set_header(&head, &lists, name, cprov_span_trim(value), err);
        if (code < 0)
            return code;
        chunked = chunked || cprov_span_is_nocase(name, "transfer-encoding");
    }
    if (chunked) /* it goes before a length (RFC 9112, 6.3) */
        head.has_content_length = false;
    head.authenticate = lists.authenticate;
    head.links = lists.links;
    head.warnings = lists.warnings;
    h->head = head;
    h->complete = true;
    return 0;
}

static void begin(struct cprov_http_headers *h, int status)
{
    cprov_buf_reset(&h->text);
    h->lines = 0;
    h->status = status;
}

int cprov_http_headers_add(struct cprov_http_headers *h, struct cprov_span line,
                           struct cprov_error *err)
{
    struct cprov_span text = cprov_span_trim(line);
    int status = status_of(text);

    if (h->complete) {
        h->trailers += line.len;
        return h->trailers <= CPROV_HEADER_BYTES_MAX
                   ? 0
                   : cprov_fail(err, CPROV_ENETWORK,
                                "the answer has more than %zu bytes of trailers",
                                CPROV_HEADER_BYTES_MAX);
    }
    if (status > 0) {
        begin(h, status);
        h->interim += status < 200;
        return h->interim <= CPROV_INTERIM_MAX
                   ? 0
                   : cprov_fail(err, CPROV_ENETWORK, "more than %d interim answers (1xx)",
                                CPROV_INTERIM_MAX);
    }
    if (text.len == 0)
        return h->status >= 200 ? complete(h, err) : 0;

    /* A folded line (RFC 9112, 5.2) goes on where the last one ended. */
    bool folded = h->lines > 0 && (line.ptr[0] == ' ' || line.ptr[0] == '\t');
    cprov_buf_add_char(&h->text, folded ? ' ' : '\n');
    cprov_buf_add_span(&h->text, text);
    h->lines += folded ? 0 : 1;
    if (h->text.failed == CPROV_ENOMEM)
        return cprov_fail_memory(err);
    if (h->text.failed || h->lines > CPROV_HEADER_LINES_MAX)
        return cprov_fail(err, CPROV_ENETWORK,
                          "the answer has more than %zu bytes or %d lines of "
                          "headers",
                          CPROV_HEADER_BYTES_MAX, CPROV_HEADER_LINES_MAX);
    return 0;
}
