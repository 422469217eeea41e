/* mirror/watch.c - cuts connections that hold a place and do not get on. */
#include "mirror/watch.h"

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
};

struct cprov_watch {
    pthread_mutex_t lock;
    struct cprov_watched *first;
    size_t count;
    struct cprov_watch_limits limits;
};

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
    pthread_mutex_lock(&w->lock);
    c->link = &w->first;
    c->next = w->first;
    if (c->next)
        c->next->link = &c->next;
    w->first = c;
    w->count++;
    pthread_mutex_unlock(&w->lock);
    return c;
}

void cprov_watch_renew(struct cprov_watch *w, struct cprov_watched *c, int64_t now_ms)
{
    if (!c)
        return;
    pthread_mutex_lock(&w->lock);
    c->since_ms = now_ms;
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

bool cprov_watch_crowded(struct cprov_watch *w)
{
    pthread_mutex_lock(&w->lock);
    bool crowded = w->count > w->limits.crowd;
    pthread_mutex_unlock(&w->lock);
    return crowded;
}

size_t cprov_watch_sweep(struct cprov_watch *w, int64_t now_ms)
{
    size_t cut = 0;

    pthread_mutex_lock(&w->lock);
    unsigned hurry = w->count > w->limits.crowd ? CPROV_WATCH_HURRY : 1;
    for (struct cprov_watched *c = w->first; c; c = c->next) {
        if (now_ms - c->since_ms < w->limits.window_ms / hurry)
            continue;
        uint64_t now = taken(c->fd);
        if (now - c->taken < w->limits.min_bytes / hurry) {
            shutdown(c->fd, SHUT_RDWR); /* its owner sees the end, and closes and removes it */
            cut++;
        }
        c->since_ms = now_ms;
        c->taken = now;
    }
    pthread_mutex_unlock(&w->lock);
    return cut;
}
