/* registry/wire.c - slots, timers and pauses of one client. */
#include "registry/wire_private.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"

/* Lives until the timer of http fires, stopped or not: http cannot take a timer back. */
struct cprov_alarm {
    struct cprov_alarm *next, **link;
    void (*fire)(void *arg); /* NULL: stopped */
    void *arg;
    struct cprov_alarm **handle; /* where its owner has it, or NULL */
};

struct cprov_pause {
    struct cprov_pause *next;
    int64_t until_ms;
    struct cprov_url url; /* points into text */
    char text[];
};

static void alarm_fired(void *arg)
{
    struct cprov_alarm *a = arg;
    void (*fire)(void *) = a->fire;
    void *fire_arg = a->arg;

    *a->link = a->next;
    if (a->next)
        a->next->link = a->link;
    if (a->handle)
        *a->handle = NULL;
    free(a);
    if (fire)
        fire(fire_arg);
}

int cprov_alarm_start(struct cprov_wire *w, int64_t ms, void (*fire)(void *arg), void *arg,
                      struct cprov_alarm **out, struct cprov_error *err)
{
    struct cprov_alarm *a = calloc(1, sizeof(*a));

    if (!a)
        return cprov_fail_memory(err);
    *a = (struct cprov_alarm){
        .next = w->alarms, .link = &w->alarms, .fire = fire, .arg = arg, .handle = out
    };

    int code = cprov_http_after(w->http, ms, alarm_fired, a, err);
    if (code < 0) {
        free(a);
        return code;
    }
    if (a->next)
        a->next->link = &a->next;
    w->alarms = a;
    if (out)
        *out = a;
    return 0;
}

void cprov_alarm_stop(struct cprov_alarm *alarm)
{
    if (!alarm)
        return;
    alarm->fire = NULL;
    if (alarm->handle)
        *alarm->handle = NULL;
    alarm->handle = NULL;
}

static struct cprov_pause *pause_of(const struct cprov_wire *w, const struct cprov_url *url)
{
    for (struct cprov_pause *p = w->pauses; p; p = p->next)
        if (cprov_url_same_origin(&p->url, url))
            return p;
    return NULL;
}

void cprov_wire_pause(struct cprov_wire *w, const struct cprov_url *url, int64_t ms)
{
    struct cprov_pause *p = pause_of(w, url);
    int64_t until = cprov_clock_ms() + ms;

    if (!p && (p = calloc(1, sizeof(*p) + url->host.len + 1))) {
        memcpy(p->text, url->host.ptr, url->host.len);
        p->url = (struct cprov_url){ .https = url->https,
                                     .host = cprov_span_make(p->text, url->host.len),
                                     .port = url->port };
        p->next = w->pauses;
        w->pauses = p;
    }
    if (p && p->until_ms < until)
        p->until_ms = until;
}

int64_t cprov_wire_pause_left(const struct cprov_wire *w, const struct cprov_url *url)
{
    const struct cprov_pause *p = pause_of(w, url);

    if (!p)
        return 0;
    int64_t left = p->until_ms - cprov_clock_ms();
    return left > 0 ? left : 0;
}

void cprov_wire_clear(struct cprov_wire *w)
{
    while (w->alarms) {
        struct cprov_alarm *a = w->alarms;

        w->alarms = a->next;
        free(a);
    }
    while (w->pauses) {
        struct cprov_pause *p = w->pauses;

        w->pauses = p->next;
        free(p);
    }
}
