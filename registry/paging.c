/* registry/paging.c - Link headers followed with suspicion. */
#include "registry/paging.h"

#include "base/error.h"
#include "base/hash.h"
#include "net/url.h"
#include "registry/link_private.h"

void cprov_paging_init(struct cprov_paging *p)
{
    cprov_buf_init(&p->marks, sizeof(uint64_t) * 2 * (CPROV_LIST_PAGES_MAX + 1));
    p->pages = 0;
}

void cprov_paging_clear(struct cprov_paging *p)
{
    cprov_buf_clear(&p->marks);
}

/* false when it was there before. */
static bool note(struct cprov_paging *p, struct cprov_span url)
{
    uint64_t mark = cprov_url_mark(url), seen;

    for (size_t i = 0; i + sizeof(seen) <= p->marks.len; i += sizeof(seen)) {
        memcpy(&seen, p->marks.ptr + i, sizeof(seen));
        if (seen == mark)
            return false;
    }
    cprov_buf_add(&p->marks, &mark, sizeof(mark));
    return true;
}

/* One more page; CPROV_ELIMIT when there must be no more after it. */
static int count_page(struct cprov_paging *p, bool more, struct cprov_error *err)
{
    p->pages++;
    if (more && p->pages >= CPROV_LIST_PAGES_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "more than %d pages", CPROV_LIST_PAGES_MAX);
    return 0;
}

int cprov_paging_follow(struct cprov_paging *p, struct cprov_span target, struct cprov_span url,
                        struct cprov_buf *next, struct cprov_error *err)
{
    struct cprov_url from = { 0 }, to = { 0 };

    if (p->pages == 0)
        (void)note(p, url);
    int code = count_page(p, target.len > 0, err);
    if (code < 0 || target.len == 0)
        return code;
    if (cprov_url_parse(url, &from, err) < 0 || cprov_url_resolve(url, target, next, err) < 0 ||
        cprov_buf_check(next, "URL", err) < 0 ||
        cprov_url_parse(cprov_buf_span(next), &to, err) < 0)
        return cprov_wrap_as(err, CPROV_EVERIFY, "link to the next page");
    if (!cprov_url_same_origin(&from, &to))
        return cprov_fail(err, CPROV_EVERIFY,
                          "the next page is on another server (%" CPROV_SPAN_FMT ")",
                          CPROV_SPAN_ARG(to.host));
    if (!note(p, cprov_buf_span(next)))
        return cprov_fail(err, CPROV_EVERIFY, "the pages form a loop");
    return cprov_buf_check(&p->marks, "list of pages", err);
}

int cprov_paging_next(struct cprov_paging *p, const struct cprov_http_head *head,
                      struct cprov_span url, struct cprov_buf *next, struct cprov_error *err)
{
    struct cprov_span target = { 0 };

    for (size_t i = 0; i < head->links_count; i++)
        if (cprov_link_next(head->links[i], &target))
            break;
    return cprov_paging_follow(p, target, url, next, err);
}

int cprov_paging_turn(struct cprov_paging *p, struct cprov_span cursor, struct cprov_error *err)
{
    int code = count_page(p, true, err);

    if (code < 0)
        return code;
    if (!note(p, cursor))
        return cprov_fail(err, CPROV_EVERIFY, "the pages form a loop");
    return cprov_buf_check(&p->marks, "list of pages", err);
}

int cprov_paging_check(struct cprov_paging *p, struct cprov_span body, struct cprov_error *err)
{
    if (!note(p, body))
        return cprov_fail(err, CPROV_EVERIFY, "the same page came twice");
    return cprov_buf_check(&p->marks, "list of pages", err);
}
