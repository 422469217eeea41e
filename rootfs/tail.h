/* rootfs/tail.h - a blob read by one thread while another still writes it. */
#ifndef CPROV_ROOTFS_TAIL_H
#define CPROV_ROOTFS_TAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/fs.h"
#include "rootfs/unpack.h"

struct cprov_error;
struct cprov_tail;

/* size: of the whole blob. */
CPROV_MUST_CHECK
int cprov_tail_new(uint64_t size, struct cprov_tail **out, struct cprov_error *err);
void cprov_tail_free(struct cprov_tail *t);

/* --- the writing side --- */

/* Where the bytes are: fd is duplicated, the first time. Bytes 0..available are there. */
CPROV_MUST_CHECK
int cprov_tail_open(struct cprov_tail *t, int fd, uint64_t available, struct cprov_error *err);
void cprov_tail_advance(struct cprov_tail *t, uint64_t available);
/* Everything written so far is void. */
void cprov_tail_void(struct cprov_tail *t);
/* Nothing more will come. */
void cprov_tail_fail(struct cprov_tail *t, const struct cprov_error *err);

/* --- the reading side --- */

/* A source for cprov_unpack_layer(): waits for bytes, sees cancel (borrowed) within CPROV_POLL_MS.
 */
struct cprov_layer_source cprov_tail_source(struct cprov_tail *t,
                                            const struct cprov_cancel *cancel);
/* Whether bytes that were read turned out void: what was made of them is no good, through no fault
 * of the image. */
bool cprov_tail_broken(struct cprov_tail *t);
/* Whether the reader has used bytes of it. */
bool cprov_tail_was_read(struct cprov_tail *t);
/* Whether the writing side has failed, or its bytes turned out void: then the reader's failure is
 * none of its own. */
bool cprov_tail_let_down(struct cprov_tail *t);

#endif
