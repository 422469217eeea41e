/* rootfs/layer_write.h - a layer as it is made: members go in, a packed tar and its digests come
 * out. */
#ifndef CPROV_ROOTFS_LAYER_WRITE_H
#define CPROV_ROOTFS_LAYER_WRITE_H

#include <stdint.h>

#include "archive/tar_reader.h"
#include "base/compiler.h"
#include "manifest/descriptor.h"

struct cprov_error;
struct cprov_layer_writer;

/* The same members always give the same bytes. */
struct cprov_layer_made {
    struct cprov_descriptor blob; /* of what was written to the file; its texts are static */
    struct cprov_digest diff_id;
    uint64_t members;
};

/*
 * Writes gzip to fd (borrowed) from its position on. Times lose their fractions; those after
 * `latest` become it.
 */
CPROV_MUST_CHECK
int cprov_layer_writer_new(int fd, int64_t latest, struct cprov_layer_writer **out,
                           struct cprov_error *err);
void cprov_layer_writer_free(struct cprov_layer_writer *w);
CPROV_DEFINE_CLEANUP(struct cprov_layer_writer, cprov_layer_writer, cprov_layer_writer_free)
#define auto_layer_writer CPROV_CLEANUP(cprov_layer_writer_cleanup)

/* Begins a member, a file with exactly e->size bytes of content to follow. CPROV_EINUSE here, in
 * data and in finish: a file has another size than it had. */
CPROV_MUST_CHECK
int cprov_layer_writer_entry(struct cprov_layer_writer *w, const struct cprov_tar_entry *e,
                             struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_layer_writer_data(struct cprov_layer_writer *w, const void *data, size_t len,
                            struct cprov_error *err);
/* CPROV_ELIMIT: packed so well that nobody would unpack it. */
CPROV_MUST_CHECK
int cprov_layer_writer_finish(struct cprov_layer_writer *w, struct cprov_layer_made *out,
                              struct cprov_error *err);

#endif
