/* serve/door.c - accepts connections; lets one in once it has said something and there is room. */
#include "serve/door_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/span.h"

#define EVENTS_MAX     64
#define ROOM_MS        25 /* until room is asked for again */
#define TLS_HANDSHAKE  0x16
#define UNREAD_MAX     16384 /* bytes taken from who is turned away, so that the answer arrives */
#define HTTP_SEPARATOR "()<>@,;:\\\"/[]?={} \t"

struct guest {
    struct guest *next, **link;
    int fd;
    int64_t since_ms;
    struct sockaddr_storage address;
    socklen_t len;
};

/* In the order of arrival. */
struct queue {
    struct guest *first, **last;
    size_t count;
};

struct cprov_door {
    struct cprov_door_rules rules;
    int epoll, bell;
    bool open; /* the listening socket is looked at */
    struct queue silent, ready;
};

static void push(struct queue *q, struct guest *g)
{
    g->next = NULL;
    g->link = q->last;
    *q->last = g;
    q->last = &g->next;
    q->count++;
}

static void take(struct queue *q, struct guest *g)
{
    *g->link = g->next;
    if (g->next)
        g->next->link = g->link;
    else
        q->last = g->link;
    q->count--;
}

static void drop(struct queue *q, struct guest *g)
{
    take(q, g);
    close(g->fd);
    free(g);
}

static bool look_at(struct cprov_door *d, int operation, int fd, uint32_t events, void *what)
{
    struct epoll_event event = { .events = events, .data.ptr = what };

    return epoll_ctl(d->epoll, operation, fd, &event) == 0;
}

int cprov_door_new(const struct cprov_door_rules *rules, struct cprov_door **out,
                   struct cprov_error *err)
{
    auto_door struct cprov_door *d = calloc(1, sizeof(*d));

    if (!d)
        return cprov_fail_memory(err);
    d->rules = *rules;
    d->silent.last = &d->silent.first;
    d->ready.last = &d->ready.first;
    d->open = true;
    d->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    d->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (d->bell < 0 || d->epoll < 0 || !look_at(d, EPOLL_CTL_ADD, d->bell, EPOLLIN, &d->bell) ||
        !look_at(d, EPOLL_CTL_ADD, rules->fd, EPOLLIN, d))
        return cprov_fail_os(err, errno, "waiting for connections");
    *out = cprov_steal(&d);
    return 0;
}

void cprov_door_free(struct cprov_door *d)
{
    if (!d)
        return;
    while (d->silent.first)
        drop(&d->silent, d->silent.first);
    while (d->ready.first)
        drop(&d->ready, d->ready.first);
    cprov_fd_close(&d->bell);
    cprov_fd_close(&d->epoll);
    free(d);
}

void cprov_door_knock(struct cprov_door *d)
{
    uint64_t one = 1;
    ssize_t ignored = write(d->bell, &one, sizeof(one)); /* full: it rings already */

    (void)ignored;
}

/* A method begins with a token, after empty lines that some clients send first (RFC 9112, 2.2). */
static bool begins_http(unsigned char c)
{
    return c == '\r' || c == '\n' || (c > ' ' && c < 0x7f && !strchr(HTTP_SEPARATOR, c));
}

/*
 * What is unread when a socket is closed makes the kernel send a reset, which takes the answer away
 * again on the other side: so it is read first. A client that tries TLS before HTTP, as crane does,
 * sees in the answer that HTTP is spoken here, and does not call it a lost connection.
 */
static void turn_away(struct guest *g, bool tls)
{
    const char *text = tls ? "This port speaks HTTPS.\n" : "This port speaks plain HTTP.\n";
    char bytes[UNREAD_MAX];

    ssize_t got = recv(g->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    int len = snprintf(bytes, sizeof(bytes),
                       "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
                       "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                       strlen(text), text);
    if (got > 0 && send(g->fd, bytes, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) == len)
        shutdown(g->fd, SHUT_WR);
}

/* Something has come, or the end has. */
static void hear(struct cprov_door *d, struct guest *g)
{
    unsigned char first;

    ssize_t got = recv(g->fd, &first, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    bool fits = got == 1 && (d->rules.tls ? first == TLS_HANDSHAKE : begins_http(first));
    if (!fits || !look_at(d, EPOLL_CTL_DEL, g->fd, 0, NULL)) {
        if (got == 1)
            turn_away(g, d->rules.tls);
        drop(&d->silent, g);
        return;
    }
    take(&d->silent, g);
    push(&d->ready, g);
}

/* With everybody outside ready to be served, new ones wait in the kernel. */
static void set_open(struct cprov_door *d, bool open)
{
    if (d->open != open && look_at(d, EPOLL_CTL_MOD, d->rules.fd, open ? EPOLLIN : 0, d))
        d->open = open;
}

static bool make_room_outside(struct cprov_door *d)
{
    if (d->silent.count + d->ready.count < CPROV_DOOR_GUESTS)
        return true;
    if (d->silent.first)
        drop(&d->silent, d->silent.first);
    return d->silent.count + d->ready.count < CPROV_DOOR_GUESTS;
}

/* False when there is nobody, or no room. */
static bool accept_one(struct cprov_door *d)
{
    struct guest *g;

    if (!make_room_outside(d)) {
        set_open(d, false);
        return false;
    }
    g = calloc(1, sizeof(*g));
    if (!g)
        return false;
    g->len = sizeof(g->address);
    g->fd =
        accept4(d->rules.fd, (struct sockaddr *)&g->address, &g->len, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (g->fd < 0) {
        /* Without a descriptor the oldest silent one gives its own. */
        if ((errno == EMFILE || errno == ENFILE) && d->silent.first)
            drop(&d->silent, d->silent.first);
        free(g);
        return false;
    }
    g->since_ms = cprov_clock_ms();
    push(&d->silent, g);
    if (look_at(d, EPOLL_CTL_ADD, g->fd, EPOLLIN | EPOLLRDHUP, g))
        hear(d, g); /* mostly the request is there already */
    else
        drop(&d->silent, g);
    return true;
}

static void let_in(struct cprov_door *d)
{
    while (d->ready.first && d->rules.room(d->rules.arg)) {
        struct guest *g = d->ready.first;

        take(&d->ready, g);
        d->rules.enter(d->rules.arg, g->fd, (struct sockaddr *)&g->address, g->len);
        free(g);
    }
    if (d->ready.count < CPROV_DOOR_GUESTS)
        set_open(d, true);
}

static void turn_out_the_silent(struct cprov_door *d)
{
    int64_t limit = cprov_clock_ms() - d->rules.patience_ms;

    while (d->silent.first && d->silent.first->since_ms <= limit)
        drop(&d->silent, d->silent.first);
}

void cprov_door_step(struct cprov_door *d, int timeout_ms)
{
    struct epoll_event events[EVENTS_MAX];
    bool arrivals = false;
    uint64_t rings;

    if (d->ready.first && timeout_ms > ROOM_MS)
        timeout_ms = ROOM_MS;
    int count = epoll_wait(d->epoll, events, EVENTS_MAX, timeout_ms);
    /* Guests first: what is accepted may drop one that stands in the list of events. */
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr == d)
            arrivals = true;
        else if (events[i].data.ptr == &d->bell)
            (void)!read(d->bell, &rings, sizeof(rings));
        else
            hear(d, events[i].data.ptr);
    }
    for (int i = 0; arrivals && i < EVENTS_MAX && accept_one(d); i++)
        continue;
    let_in(d);
    turn_out_the_silent(d);
}
