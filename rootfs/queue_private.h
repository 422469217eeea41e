/* rootfs/queue_private.h - a bounded queue of bytes from one thread to one or two others. */
#ifndef CPROV_ROOTFS_QUEUE_PRIVATE_H
#define CPROV_ROOTFS_QUEUE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/span.h"

struct cprov_error;
struct cprov_queue;

#define CPROV_QUEUE_READERS 2

/* Every reader gets every byte; memory is pieces * piece bytes and is used again and again. */
CPROV_MUST_CHECK
int cprov_queue_new(size_t pieces, size_t piece, unsigned readers, struct cprov_queue **out,
                    struct cprov_error *err);
void cprov_queue_free(struct cprov_queue *q); /* nobody uses it any more */
CPROV_DEFINE_CLEANUP(struct cprov_queue, cprov_queue, cprov_queue_free)
#define auto_queue CPROV_CLEANUP(cprov_queue_cleanup)

/* Copies; waits for room. False when the queue was stopped. */
bool cprov_queue_write(struct cprov_queue *q, const void *data, size_t len);
/* What is written is all. */
void cprov_queue_end(struct cprov_queue *q);
/* Waits for the next piece, which is borrowed until the reader asks again. False at the end, or
 * when the queue was stopped. */
bool cprov_queue_read(struct cprov_queue *q, unsigned reader, struct cprov_span *piece);
/* Wakes everybody; nothing moves any more. From any thread. */
void cprov_queue_stop(struct cprov_queue *q);

#endif
