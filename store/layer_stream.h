/* store/layer_stream.h - the packed bytes of a layer pushed in: inflated, bounded, hashed. */
#ifndef CPROV_STORE_LAYER_STREAM_H
#define CPROV_STORE_LAYER_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/inflate.h"
#include "manifest/digest.h"
#include "store/layer_caps.h"

struct cprov_error;

struct cprov_layer_stream_options {
    uint64_t packed_size;
    struct cprov_unpack_limits limits;  /* the ratio counts; 0: the default */
    const enum cprov_digest_algo *hash; /* of the unpacked bytes; NULL: none is made */
    cprov_inflate_fn *take;             /* of the unpacked bytes; NULL: they are not looked at */
    void *arg;
};

struct cprov_layer_stream;

CPROV_MUST_CHECK
int cprov_layer_stream_new(const struct cprov_layer_stream_options *options,
                           struct cprov_layer_stream **out, struct cprov_error *err);
void cprov_layer_stream_free(struct cprov_layer_stream *s);
CPROV_DEFINE_CLEANUP(struct cprov_layer_stream, cprov_layer_stream, cprov_layer_stream_free)
#define auto_layer_stream CPROV_CLEANUP(cprov_layer_stream_cleanup)

/* The packing is told by the first bytes: media types of layers are not always right.
 * CPROV_EVERIFY: damaged; CPROV_ELIMIT: past the ratio; or what take() returned. */
CPROV_MUST_CHECK
int cprov_layer_stream_update(struct cprov_layer_stream *s, const void *data, size_t len,
                              struct cprov_error *err);
/* After the last byte. *diff_id is set when a hash was asked for; NULL else. */
CPROV_MUST_CHECK
int cprov_layer_stream_finish(struct cprov_layer_stream *s, struct cprov_digest *diff_id,
                              struct cprov_error *err);

#endif
