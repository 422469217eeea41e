/* store/blobs.h - blobs by digest, and the one door through which they get in. */
#ifndef CPROV_STORE_BLOBS_H
#define CPROV_STORE_BLOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/span.h"
#include "manifest/descriptor.h"
#include "store/store.h"

struct cprov_error;

/* Whether the blob is there with the descriptor's size (its bytes were verified when they got in).
 */
bool cprov_store_has(struct cprov_store *s, const struct cprov_descriptor *d);
/* Opens it for reading; CPROV_ENOTFOUND; CPROV_EVERIFY when the size is another. */
CPROV_MUST_CHECK
int cprov_store_open_blob(struct cprov_store *s, const struct cprov_descriptor *d, int *fd,
                          struct cprov_error *err);
/* The same by digest alone: size comes out. For serving. */
CPROV_MUST_CHECK
int cprov_store_open_digest(struct cprov_store *s, const struct cprov_digest *digest, int *fd,
                            uint64_t *size, struct cprov_error *err);
/* Reads a document of at most max bytes and compares size and digest. */
CPROV_MUST_CHECK
int cprov_store_read_blob(struct cprov_store *s, const struct cprov_descriptor *d, size_t max,
                          struct cprov_buf *out, struct cprov_error *err);

/*
 * A blob on its way in: open with the expected descriptor → write → finish → cprov_store_commit().
 * Bytes go to cprov/partial and are hashed by a worker that follows the file, so that hashing
 * overlaps the network, a resumed download hashes what is there while the rest arrives, and memory
 * does not depend on size. Closing an uncommitted writer keeps the partial bytes for a later
 * resume; they carry no name under blobs/.
 */
struct cprov_blob_writer;

/*
 * CPROV_EINUSE when another process (or writer) is writing this blob: come back, or wait with
 * wait_ms > 0. CPROV_EEXISTS when the blob is in the store (also when it got there during the
 * wait). CPROV_ENOSPACE, CPROV_EREFUSED.
 */
CPROV_MUST_CHECK
int cprov_blob_writer_open(struct cprov_store *s, const struct cprov_descriptor *want, int wait_ms,
                           struct cprov_blob_writer **out, struct cprov_error *err);
/* Bytes in the blob's partial file, whoever writes it: how far another process is; 0 without one.
 */
uint64_t cprov_store_partial_bytes(struct cprov_store *s, const struct cprov_descriptor *d);
/* Keeps the partial bytes. NULL-safe. */
void cprov_blob_writer_close(struct cprov_blob_writer *w);
CPROV_DEFINE_CLEANUP(struct cprov_blob_writer, cprov_blob_writer, cprov_blob_writer_close)
#define auto_blob_writer CPROV_CLEANUP(cprov_blob_writer_cleanup)

/* The one it was opened with; its texts are the opener's. */
const struct cprov_descriptor *cprov_blob_writer_descriptor(const struct cprov_blob_writer *w);
/* Bytes from 0 on that are there without a hole, from this run or an earlier one. */
uint64_t cprov_blob_writer_have(const struct cprov_blob_writer *w);
/* Whether any of them are from an earlier run: then a wrong digest deserves one fresh start. */
bool cprov_blob_writer_resumed(const struct cprov_blob_writer *w);
/* The ETag kept beside them, or "". */
const char *cprov_blob_writer_etag(const struct cprov_blob_writer *w);

/* The partial file: for reading bytes below have(). Borrowed; it stays the blob's file after the
 * commit. */
int cprov_blob_writer_fd(const struct cprov_blob_writer *w);

/* Puts bytes at an offset. Ranges may interleave (at most 64 apart at a time); past the expected
 * size: CPROV_EVERIFY. */
CPROV_MUST_CHECK
int cprov_blob_writer_write(struct cprov_blob_writer *w, uint64_t offset, const void *data,
                            size_t len, struct cprov_error *err);
/* Forgets everything written: back to an empty file. */
CPROV_MUST_CHECK
int cprov_blob_writer_restart(struct cprov_blob_writer *w, struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_blob_writer_set_etag(struct cprov_blob_writer *w, struct cprov_span etag,
                               struct cprov_error *err);

/*
 * For bytes whose digest nobody knows beforehand: the one that the writer was opened with is but
 * the name of the partial file. finish() takes the digest that comes out, which the descriptor has
 * from then on. Bytes of an earlier run stay only where a strong ETag tells that they belong to
 * what comes now. Right after open.
 */
CPROV_MUST_CHECK
int cprov_blob_writer_accept(struct cprov_blob_writer *w, struct cprov_error *err);

/* Waits for the hash; 0 when size and digest are right. CPROV_EVERIFY names expected and actual,
 * and tells a short blob from a wrong one; the partial bytes of a wrong one are gone, and the
 * writer is as after restart(). */
CPROV_MUST_CHECK
int cprov_blob_writer_finish(struct cprov_blob_writer *w, struct cprov_error *err);

/*
 * Gives finished writers their names: one barrier for the file system, then the renames, then the
 * folders are synced. After a crash a blob is there whole or not at all. The writers stay open
 * (close them).
 */
CPROV_MUST_CHECK
int cprov_store_commit(struct cprov_store *s, struct cprov_blob_writer *const *writers,
                       size_t count, struct cprov_error *err);

/* open + write + finish of a document in memory; EEXISTS is success and leaves *out NULL. Commit
 * it. */
CPROV_MUST_CHECK
int cprov_store_stage(struct cprov_store *s, const struct cprov_descriptor *d,
                      struct cprov_span bytes, struct cprov_blob_writer **out,
                      struct cprov_error *err);

/* Copies a blob of another store into this one through a writer (reflink where possible, hashed all
 * the same). EEXISTS is success. */
CPROV_MUST_CHECK
int cprov_store_copy_blob(struct cprov_store *to, struct cprov_store *from,
                          const struct cprov_descriptor *d, struct cprov_blob_writer **out,
                          struct cprov_error *err);

/* The same from a file of d->size bytes, or (offset > 0) from the middle of a larger one. */
CPROV_MUST_CHECK
int cprov_store_copy_file(struct cprov_store *to, int from, uint64_t offset,
                          const struct cprov_descriptor *d, struct cprov_blob_writer **out,
                          struct cprov_error *err);

/* Takes a damaged blob out of blobs/ (kept nowhere): for repair only. */
CPROV_MUST_CHECK
int cprov_store_discard(struct cprov_store *s, const struct cprov_digest *digest,
                        struct cprov_error *err);

#endif
