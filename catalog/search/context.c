/* catalog/search/context.c - what all parts of one search share, and what they tell. */
#include "catalog/search/context_private.h"

#include <stdio.h>

#define UNREAD_TOLD 8 /* versions that a warning names */

void cprov_search_out_of_memory(struct cprov_search_context *s)
{
    if (s->code == 0)
        s->code = cprov_fail_memory(&s->err);
}

bool cprov_search_may_write(const struct cprov_search_context *s)
{
    return s->cache && !s->read_only;
}

void cprov_search_cache_failed(struct cprov_search_context *s, const struct cprov_error *err)
{
    if (err->code == CPROV_ENOMEM)
        cprov_search_out_of_memory(s);
    if (!s->read_only && s->cache && s->query->listener.cache_failed)
        s->query->listener.cache_failed(s->query->listener.arg, err);
    s->read_only = true;
    if (s->cache && cprov_cache_damaged(s->cache))
        s->cache = NULL;
}

int cprov_search_connect(struct cprov_search_context *s, struct cprov_error *err)
{
    const struct cprov_search_listener *l = &s->query->listener;

    if (s->client)
        return 0;
    if (cprov_search_offline(s))
        return cprov_fail(err, CPROV_ENETWORK, "the network is needed, but the session is offline");
    return l->connect(l->arg, &s->client, err);
}

bool cprov_search_is_fresh(const struct cprov_search_context *s, int64_t checked, int64_t age)
{
    return checked > 0 && (cprov_search_offline(s) || (age > 0 && s->now - checked <= age));
}

void cprov_search_warn(const struct cprov_search_context *s, const struct cprov_place *place,
                       const char *text)
{
    const struct cprov_search_listener *l = &s->query->listener;

    if (l->warning)
        l->warning(l->arg, place, text);
}

/* Each is named; of a registry that is down they are many, for one reason. */
void cprov_search_tell_unread(struct cprov_search_context *s, const struct cprov_listing *row,
                              const struct cprov_error *why)
{
    struct cprov_error told = *why;

    if (s->unread++ >= UNREAD_TOLD)
        return;
    (void)cprov_wrap(&told, "%s:%s", row->reference.repository, row->entry.version);
    cprov_search_warn(s, row->place, told.msg);
}

void cprov_search_tell_more_unread(const struct cprov_search_context *s)
{
    char text[64];

    if (s->unread <= UNREAD_TOLD)
        return;
    (void)snprintf(text, sizeof(text), "%zu more versions could not be read",
                   s->unread - UNREAD_TOLD);
    cprov_search_warn(s, NULL, text);
}
