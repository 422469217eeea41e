#include "tests/support/raw_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 128
#define REQUEST_MAX     8192

struct connection {
    struct raw_server *server;
    pthread_t thread;
    int fd;
};

struct raw_server {
    const struct raw_reply *replies;
    int fd, port;
    pthread_t thread;
    pthread_mutex_t lock;
    struct connection connections[CONNECTIONS_MAX];
    unsigned count;
    char last[REQUEST_MAX];
};

static bool send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static bool send_fill(int fd, size_t len)
{
    char block[65536];

    memset(block, 'x', sizeof(block));
    for (; len > sizeof(block); len -= sizeof(block))
        if (!send_all(fd, block, sizeof(block)))
            return false;
    return send_all(fd, block, len);
}

static void wait_for_close(int fd)
{
    char buf[512];

    while (recv(fd, buf, sizeof(buf), 0) > 0) {
    }
}

static void reset(int fd)
{
    struct linger hard = { 1, 0 };

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

/* Reads up to the empty line and the body that Content-Length announces. */
static bool receive(int fd, char *buf, size_t size)
{
    size_t len = 0;

    while (len < size - 1) {
        ssize_t n = recv(fd, buf + len, size - 1 - len, 0);
        const char *end, *length;

        if (n <= 0)
            return false;
        len += (size_t)n;
        buf[len] = '\0';
        end = strstr(buf, "\r\n\r\n");
        if (!end)
            continue;
        length = strstr(buf, "Content-Length: ");
        if (!length || len >= (size_t)(end + 4 - buf) + strtoul(length + 16, NULL, 10))
            return true;
    }
    return false;
}

static const struct raw_reply *reply_to(const struct raw_server *s, const char *request)
{
    const char *target = strchr(request, ' ');

    for (const struct raw_reply *r = s->replies; target && r->target; r++) {
        size_t len = strlen(r->target);

        if (strncmp(target + 1, r->target, len) == 0 && target[1 + len] == ' ')
            return r;
    }
    return NULL;
}

static void *serve(void *arg)
{
    struct connection *c = arg;
    struct raw_server *s = c->server;
    char request[REQUEST_MAX];

    while (receive(c->fd, request, sizeof(request))) {
        const struct raw_reply *reply = reply_to(s, request);

        pthread_mutex_lock(&s->lock);
        memcpy(s->last, request, sizeof(request));
        pthread_mutex_unlock(&s->lock);
        if (!reply || !send_all(c->fd, reply->bytes, strlen(reply->bytes)) ||
            !send_fill(c->fd, reply->fill))
            break;
        if (reply->end == RAW_STALL)
            wait_for_close(c->fd);
        if (reply->end == RAW_RESET)
            reset(c->fd);
        if (reply->end != RAW_KEEP)
            break;
    }
    pthread_mutex_lock(&s->lock);
    close(c->fd);
    c->fd = -1;
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void *accept_all(void *arg)
{
    struct raw_server *s = arg;
    int fd;

    while ((fd = accept(s->fd, NULL, NULL)) >= 0 && s->count < CONNECTIONS_MAX) {
        struct connection *c = &s->connections[s->count];

        c->server = s;
        c->fd = fd;
        if (pthread_create(&c->thread, NULL, serve, c) != 0)
            abort();
        pthread_mutex_lock(&s->lock);
        s->count++;
        pthread_mutex_unlock(&s->lock);
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

struct raw_server *raw_server_start(const struct raw_reply *replies, int port)
{
    struct raw_server *s = calloc(1, sizeof(*s));
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                   .sin_port = htons((unsigned short)port) };
    socklen_t len = sizeof(address);
    int on = 1;

    if (!s)
        abort();
    s->replies = replies;
    pthread_mutex_init(&s->lock, NULL);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(s->fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(s->fd, CONNECTIONS_MAX) != 0 ||
        getsockname(s->fd, (struct sockaddr *)&address, &len) != 0 ||
        pthread_create(&s->thread, NULL, accept_all, s) != 0) {
        perror("raw server");
        abort();
    }
    s->port = ntohs(address.sin_port);
    return s;
}

void raw_server_stop(struct raw_server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
    for (unsigned i = 0; i < s->count; i++) {
        pthread_mutex_lock(&s->lock);
        if (s->connections[i].fd >= 0)
            shutdown(s->connections[i].fd, SHUT_RDWR);
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->connections[i].thread, NULL);
    }
    pthread_mutex_destroy(&s->lock);
    free(s);
}

int raw_server_port(const struct raw_server *s)
{
    return s->port;
}

unsigned raw_server_connections(struct raw_server *s)
{
    pthread_mutex_lock(&s->lock);
    unsigned count = s->count;
    pthread_mutex_unlock(&s->lock);
    return count;
}

const char *raw_server_last(struct raw_server *s)
{
    return s->last;
}
