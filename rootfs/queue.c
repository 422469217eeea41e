/* rootfs/queue.c - a ring of full pieces; the lock is taken once a piece. */
#include "rootfs/queue_private.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

struct queue_piece {
    char *data;
    size_t len;
};

struct cprov_queue {
    size_t count, size;
    unsigned readers;
    struct queue_piece *pieces;
    char *memory;
    bool filling; /* the writer's own: the piece at `written` is being filled */

    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t moved;
    uint64_t written;                   /* pieces, since the beginning */
    uint64_t read[CPROV_QUEUE_READERS]; /* pieces that were given back */
    bool holds[CPROV_QUEUE_READERS];    /* the reader looks at the piece `read` */
    bool ended, stopped;
};

int cprov_queue_new(size_t pieces, size_t piece, unsigned readers, struct cprov_queue **out,
                    struct cprov_error *err)
{
    struct cprov_queue *q = calloc(1, sizeof(*q));

    if (!q)
        return cprov_fail_memory(err);
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->moved, NULL);
    q->count = pieces;
    q->size = piece;
    q->readers = readers;
    q->pieces = calloc(pieces, sizeof(*q->pieces));
    q->memory = malloc(pieces * piece);
    if (!q->pieces || !q->memory) {
        cprov_queue_free(q);
        return cprov_fail_memory(err);
    }
    for (size_t i = 0; i < pieces; i++)
        q->pieces[i].data = q->memory + i * piece;
    *out = q;
    return 0;
}

void cprov_queue_free(struct cprov_queue *q)
{
    if (!q)
        return;
    pthread_cond_destroy(&q->moved);
    pthread_mutex_destroy(&q->lock);
    free(q->pieces);
    free(q->memory);
    free(q);
}

/* With the lock: pieces that nobody has given back by now. */
static uint64_t in_use(const struct cprov_queue *q)
{
    uint64_t least = q->written;

    for (unsigned i = 0; i < q->readers; i++)
        if (q->read[i] < least)
            least = q->read[i];
    return q->written - least;
}

static bool wait_for_room(struct cprov_queue *q)
{
    pthread_mutex_lock(&q->lock);
    while (!q->stopped && in_use(q) >= q->count)
        pthread_cond_wait(&q->moved, &q->lock);
    bool ok = !q->stopped;
    pthread_mutex_unlock(&q->lock);
    return ok;
}

static void publish(struct cprov_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->written++;
    pthread_cond_broadcast(&q->moved);
    pthread_mutex_unlock(&q->lock);
    q->filling = false;
}

bool cprov_queue_write(struct cprov_queue *q, const void *data, size_t len)
{
    const char *p = data;

    while (len > 0) {
        struct queue_piece *piece =
            &q->pieces[q->written % q->count]; /* only we change `written` */

        if (!q->filling) {
            if (!wait_for_room(q))
                return false;
            piece->len = 0;
            q->filling = true;
        }
        size_t n = q->size - piece->len < len ? q->size - piece->len : len;
        memcpy(piece->data + piece->len, p, n);
        piece->len += n;
        p += n;
        len -= n;
        if (piece->len == q->size)
            publish(q);
    }
    return true;
}

void cprov_queue_end(struct cprov_queue *q)
{
    if (q->filling)
        publish(q);
    pthread_mutex_lock(&q->lock);
    q->ended = true;
    pthread_cond_broadcast(&q->moved);
    pthread_mutex_unlock(&q->lock);
}

bool cprov_queue_read(struct cprov_queue *q, unsigned reader, struct cprov_span *piece)
{
    pthread_mutex_lock(&q->lock);
    if (q->holds[reader]) {
        q->holds[reader] = false;
        q->read[reader]++;
        pthread_cond_broadcast(&q->moved);
    }
    while (!q->stopped && !q->ended && q->read[reader] == q->written)
        pthread_cond_wait(&q->moved, &q->lock);
    bool ok = !q->stopped && q->read[reader] < q->written;
    if (ok) {
        const struct queue_piece *p = &q->pieces[q->read[reader] % q->count];
        *piece = cprov_span_make(p->data, p->len);
        q->holds[reader] = true;
    }
    pthread_mutex_unlock(&q->lock);
    return ok;
}

void cprov_queue_stop(struct cprov_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->stopped = true;
    pthread_cond_broadcast(&q->moved);
    pthread_mutex_unlock(&q->lock);
}
