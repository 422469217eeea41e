/* serve/watch.c - cuts connections that hold a place and do not get on. */
#include "serve/watch_private.h"

#include <linux/tcp.h> /* the libc's own header may lack tcpi_bytes_acked */
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/error.h"

struct cprov_watched {
    struct cprov_watched *next, **link;
    int fd;
    int64_t since_ms; /* where the window begins */
    uint64_t taken;   /* bytes the client had taken then */
    int64_t moved_ms; /* when it was last seen to get on, */
    uint64_t seen;    /* having taken so many bytes */
    uint64_t body;    /* bytes of memory that its answer holds */
    bool cut;         /* shut down, not yet removed */
};

struct cprov_watch {
    pthread_mutex_t lock;
    struct cprov_watched *first;
    size_t count;
    size_t expected; /* let in, not yet added */
    int64_t let_in_ms;
    uint64_t bodies;
    struct cprov_watch_limits limits;
};

#define EXPECTED_MS 1000 /* who was let in and has not come by then will not */

int cprov_watch_new(const struct cprov_watch_limits *limits, struct cprov_watch **out,
                    struct cprov_error *err)
{
    struct cprov_watch *w = calloc(1, sizeof(*w));

    if (!w)
        return cprov_fail_memory(err);
    pthread_mutex_init(&w->lock, NULL); /* with default attributes it cannot fail on Linux */
    w->limits = *limits;
    *out = w;
    return 0;
}

void cprov_watch_free(struct cprov_watch *w)
{
    if (!w)
        return;
    pthread_mutex_destroy(&w->lock);
    free(w);
}

struct cprov_watched *cprov_watch_add(struct cprov_watch *w, int fd, int64_t now_ms)
{
    struct cprov_watched *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->fd = fd;
    c->since_ms = now_ms;
    c->moved_ms = now_ms;
    pthread_mutex_lock(&w->lock);
    c->link = &w->first;
    c->next = w->first;
    if (c->next)
        c->next->link = &c->next;
    w->first = c;
    w->count++;
    w->expected -= w->expected > 0;
    pthread_mutex_unlock(&w->lock);
    return c;
}

void cprov_watch_renew(struct cprov_watch *w, struct cprov_watched *c, int64_t now_ms)
{
    if (!c)
        return;
    pthread_mutex_lock(&w->lock);
    c->since_ms = now_ms;
    c->moved_ms = now_ms;
    w->bodies -= c->body;
    c->body = 0;
    pthread_mutex_unlock(&w->lock);
}

void cprov_watch_remove(struct cprov_watch *w, struct cprov_watched *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&w->lock);
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    w->count--;
    w->bodies -= c->body;
    pthread_mutex_unlock(&w->lock);
    free(c);
}

/* Bytes that the other side has acknowledged. */
static uint64_t taken(int fd)
{
    struct tcp_info info = { 0 };
    socklen_t len = sizeof(info);

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
        return 0;
    return info.tcpi_bytes_acked;
}

bool cprov_watch_is_cut(struct cprov_watch *w, const struct cprov_watched *c)
{
    pthread_mutex_lock(&w->lock);
    bool is_cut = c && c->cut;
    pthread_mutex_unlock(&w->lock);
    return is_cut;
}

bool cprov_watch_crowded(struct cprov_watch *w)
{
    pthread_mutex_lock(&w->lock);
    bool crowded = w->count > w->limits.crowd;
    pthread_mutex_unlock(&w->lock);
    return crowded;
}

/* With the lock held. */
static void cut(struct cprov_watched *c)
{
    shutdown(c->fd, SHUT_RDWR); /* its owner sees the end, and closes and removes it */
    c->cut = true;
}

/* With the lock held: notes who has got on since it was last looked at. */
static void look(struct cprov_watched *c, int64_t now_ms)
{
    uint64_t now = taken(c->fd);

    if (now - c->seen < CPROV_WATCH_MOVE)
        return;
    c->seen = now;
    c->moved_ms = now_ms;
}

/* With the lock held: who has not got on for the longest time, at least that of grace; or NULL. */
static struct cprov_watched *slowest(const struct cprov_watch *w, int64_t now_ms, bool with_body)
{
    struct cprov_watched *found = NULL;

    for (struct cprov_watched *c = w->first; c; c = c->next)
        if (!c->cut && (!with_body || c->body > 0) &&
            now_ms - c->moved_ms >= CPROV_WATCH_GRACE_MS &&
            (!found || c->moved_ms < found->moved_ms))
            found = c;
    return found;
}

static size_t count_cut(const struct cprov_watch *w)
{
    size_t count = 0;

    for (const struct cprov_watched *c = w->first; c; c = c->next)
        count += c->cut;
    return count;
}

bool cprov_watch_room(struct cprov_watch *w, int64_t now_ms)
{
    struct cprov_watched *victim;

    pthread_mutex_lock(&w->lock);
    if (now_ms - w->let_in_ms > EXPECTED_MS)
        w->expected = 0;
    bool room = w->count + w->expected < w->limits.places;
    if (room) {
        w->expected++;
        w->let_in_ms = now_ms;
    } else if (count_cut(w) < CPROV_WATCH_HURRY) {
        for (struct cprov_watched *c = w->first; c; c = c->next)
            look(c, now_ms);
        for (size_t i = 0; i < CPROV_WATCH_HURRY && (victim = slowest(w, now_ms, false)); i++)
            cut(victim);
    }
    pthread_mutex_unlock(&w->lock);
    return room;
}

bool cprov_watch_charge(struct cprov_watch *w, struct cprov_watched *c, uint64_t bytes)
{
    if (!c)
        return true;
    pthread_mutex_lock(&w->lock);
    w->bodies -= c->body;
    bool fits = w->bodies + bytes <= w->limits.bodies_max;
    c->body = fits ? bytes : 0;
    w->bodies += c->body;
    pthread_mutex_unlock(&w->lock);
    return fits;
}

/* With the lock held: memory comes back from those who do not take what it holds for them. */
static size_t cut_holders(struct cprov_watch *w, int64_t now_ms)
{
    uint64_t held = w->bodies;
    struct cprov_watched *victim;
    size_t count = 0;

    for (; held > w->limits.bodies_max / 2 && (victim = slowest(w, now_ms, true)); count++) {
        held -= victim->body;
        cut(victim);
    }
    return count;
}

size_t cprov_watch_sweep(struct cprov_watch *w, int64_t now_ms)
{
    size_t count = 0;

    pthread_mutex_lock(&w->lock);
    unsigned hurry = w->count > w->limits.crowd ? CPROV_WATCH_HURRY : 1;
    for (struct cprov_watched *c = w->first; c; c = c->next) {
        look(c, now_ms);
        if (c->cut || now_ms - c->since_ms < w->limits.window_ms / hurry)
            continue;
        uint64_t now = taken(c->fd);
        if (now - c->taken < w->limits.min_bytes / hurry) {
            cut(c);
            count++;
        }
        c->since_ms = now_ms;
        c->taken = now;
    }
    count += cut_holders(w, now_ms);
    pthread_mutex_unlock(&w->lock);
    return count;
}
