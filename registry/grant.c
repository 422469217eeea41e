/* registry/grant.c - the cache of tokens. */
#include "registry/grant_private.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "conf/secret.h"
#include "registry/exchange.h"

#define EXPIRES_MS  10000 /* a token that has less left is not used any more */
#define ORIGINS_MAX 64

struct cprov_origin *cprov_grants_origin(const struct cprov_grants *all, const char *name)
{
    for (struct cprov_origin *o = all->origins; o; o = o->next)
        if (strcmp(o->name, name) == 0)
            return o;
    return NULL;
}

int cprov_grant_set_text(char **to, const char *text, struct cprov_error *err)
{
    char *copy = strdup(text);

    if (!copy)
        return cprov_fail_memory(err);
    free(*to);
    *to = copy;
    return 0;
}

int cprov_grants_remember(struct cprov_grants *all, const char *name, enum cprov_auth_scheme scheme,
                          const char *realm, const char *service, struct cprov_error *err)
{
    struct cprov_origin *o = cprov_grants_origin(all, name);
    size_t count = 0;

    if (!o) {
        for (struct cprov_origin *other = all->origins; other; other = other->next)
            count++;
        if (count >= ORIGINS_MAX) /* redirects can lead to any number of them */
            return 0;
        o = calloc(1, sizeof(*o));
        if (!o || !(o->name = strdup(name))) {
            free(o);
            return cprov_fail_memory(err);
        }
        o->next = all->origins;
        all->origins = o;
    }
    o->scheme = scheme;
    if (cprov_grant_set_text(&o->realm, realm, err) < 0 ||
        cprov_grant_set_text(&o->service, service, err) < 0)
        return err->code;
    return 0;
}

struct cprov_grant *cprov_grants_find(const struct cprov_grants *all,
                                      const struct cprov_auth_target *t)
{
    for (struct cprov_grant *g = all->first; g; g = g->next)
        if (g->anonymous == t->anonymous && strcmp(g->origin, t->origin) == 0 &&
            strcmp(g->repository, t->repository) == 0 && strcmp(g->actions, t->actions) == 0)
            return g;
    return NULL;
}

static void free_waiters(struct cprov_waiter **list)
{
    while (*list) {
        struct cprov_waiter *w = *list;

        *list = w->next;
        free(w);
    }
}

static void free_grant(struct cprov_grant *g)
{
    cprov_exchange_stop(g->exchange);
    free_waiters(&g->waiters);
    free_waiters(&g->calling);
    cprov_credentials_clear(&g->login);
    cprov_secret_wipe(&g->authorization);
    cprov_buf_clear(&g->scopes);
    free(g->origin);
    free(g->host);
    free(g->repository);
    free(g->actions);
    free(g->realm);
    free(g->service);
    free(g->peer_origin);
    free(g->withheld);
    free(g);
}

static void drop_oldest(struct cprov_grants *all)
{
    struct cprov_grant **oldest = NULL;

    for (struct cprov_grant **p = &all->first; *p; p = &(*p)->next) {
        bool idle = !(*p)->exchange && !(*p)->waiters && !(*p)->telling;

        if (idle && (!oldest || (*p)->used < (*oldest)->used))
            oldest = p;
    }
    if (!oldest)
        return;
    struct cprov_grant *g = *oldest;
    *oldest = g->next;
    all->count--;
    free_grant(g);
}

int cprov_grants_get(struct cprov_grants *all, const struct cprov_auth_target *t,
                     struct cprov_grant **out, struct cprov_error *err)
{
    struct cprov_grant *g = cprov_grants_find(all, t);

    if (g) {
        *out = g;
        return 0;
    }
    if (all->count >= CPROV_TOKENS_CACHED_MAX)
        drop_oldest(all);
    g = calloc(1, sizeof(*g));
    if (!g)
        return cprov_fail_memory(err);
    g->all = all;
    g->anonymous = t->anonymous;
    cprov_buf_init(&g->scopes, CPROV_HEADER_BYTES_MAX);
    if (cprov_grant_set_text(&g->origin, t->origin, err) < 0 ||
        cprov_grant_set_text(&g->host, t->host, err) < 0 ||
        cprov_grant_set_text(&g->repository, t->repository, err) < 0 ||
        cprov_grant_set_text(&g->actions, t->actions, err) < 0) {
        free_grant(g);
        return CPROV_ENOMEM;
    }
    g->next = all->first;
    all->first = g;
    all->count++;
    *out = g;
    return 0;
}

bool cprov_grant_is_usable(const struct cprov_grant *g)
{
    return g->authorization &&
           (g->expires_ms == CPROV_GRANT_NEVER || g->expires_ms - EXPIRES_MS > cprov_clock_ms());
}

int cprov_grant_authorize(struct cprov_grant *g, const char *scheme, struct cprov_span value,
                          int64_t expires_ms, struct cprov_error *err)
{
    char *text = malloc(strlen(scheme) + value.len + 2);

    if (!text)
        return cprov_fail_memory(err);
    char *p = stpcpy(text, scheme);
    *p++ = ' ';
    memcpy(p, value.ptr, value.len);
    p[value.len] = '\0';
    cprov_secret_wipe(&g->authorization);
    g->authorization = text;
    g->granted_ms = cprov_clock_ms();
    g->serial++;
    g->expires_ms = expires_ms;
    g->used = ++g->all->clock;
    return 0;
}

void cprov_grant_tell(struct cprov_grant *g, int code, const struct cprov_error *err)
{
    g->telling = true;
    g->calling = cprov_steal(&g->waiters);
    while (g->calling) {
        struct cprov_waiter *w = g->calling;

        g->calling = w->next;
        w->done(w->arg, code, err);
        free(w);
    }
    g->telling = false;
}

int cprov_grant_wait(struct cprov_grant *g, void (*done)(void *, int, const struct cprov_error *),
                     void *arg, struct cprov_error *err)
{
    struct cprov_waiter *w = malloc(sizeof(*w));
    struct cprov_waiter **end = &g->waiters;

    if (!w)
        return cprov_fail_memory(err);
    *w = (struct cprov_waiter){ NULL, done, arg };
    while (*end)
        end = &(*end)->next;
    *end = w;
    return 0;
}

static void forget_in(struct cprov_waiter **list, const void *arg)
{
    while (*list) {
        struct cprov_waiter *w = *list;

        if (w->arg == arg) {
            *list = w->next;
            free(w);
        } else {
            list = &w->next;
        }
    }
}

void cprov_grant_forget(struct cprov_grant *g, const void *arg)
{
    forget_in(&g->waiters, arg);
    forget_in(&g->calling, arg);
}

void cprov_grants_clear(struct cprov_grants *all)
{
    while (all->first) {
        struct cprov_grant *g = all->first;

        all->first = g->next;
        free_grant(g);
    }
    while (all->origins) {
        struct cprov_origin *o = all->origins;

        all->origins = o->next;
        free(o->name);
        free(o->realm);
        free(o->service);
        free(o);
    }
}
