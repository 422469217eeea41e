/* store/layer_stream.c - one pass, on the caller's thread. */
#include "store/layer_stream.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/hash.h"

struct cprov_layer_stream {
    uint64_t packed_size, unpacked;
    struct cprov_unpack_limits limits;
    struct cprov_inflater *inflater; /* NULL until there are bytes */
    cprov_inflate_fn *take;          /* of what comes out; or NULL */
    void *arg;
    struct cprov_hasher *hasher; /* or NULL */
    enum cprov_digest_algo algo;
};

int cprov_layer_stream_new(const struct cprov_layer_stream_options *options,
                           struct cprov_layer_stream **out, struct cprov_error *err)
{
    auto_layer_stream struct cprov_layer_stream *s = calloc(1, sizeof(*s));

    if (!s)
        return cprov_fail_memory(err);
    s->packed_size = options->packed_size;
    s->limits = options->limits;
    s->take = options->take;
    s->arg = options->arg;
    cprov_unpack_limits_fill(&s->limits);
    if (options->hash) {
        s->algo = *options->hash;
        if (cprov_digest_hasher(s->algo, &s->hasher, err) < 0)
            return err->code;
    }
    *out = cprov_steal(&s);
    return 0;
}

void cprov_layer_stream_free(struct cprov_layer_stream *s)
{
    if (!s)
        return;
    cprov_inflater_free(s->inflater);
    cprov_hasher_free(s->hasher);
    free(s);
}

static int take(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    struct cprov_layer_stream *s = arg;

    s->unpacked += len;
    if (cprov_unpack_check_ratio(&s->limits, s->packed_size, s->unpacked, err) < 0 ||
        (s->hasher && cprov_hasher_update(s->hasher, data, len, err) < 0))
        return err->code;
    return s->take ? s->take(s->arg, data, len, err) : 0;
}

int cprov_layer_stream_update(struct cprov_layer_stream *s, const void *data, size_t len,
                              struct cprov_error *err)
{
    if (!s->inflater && cprov_inflater_new(cprov_compression_of(cprov_span_make(data, len)), take,
                                           s, &s->inflater, err) < 0)
        return err->code;
    return len > 0 ? cprov_inflater_update(s->inflater, data, len, err) : 0;
}

int cprov_layer_stream_finish(struct cprov_layer_stream *s, struct cprov_digest *diff_id,
                              struct cprov_error *err)
{
    if ((!s->inflater && cprov_layer_stream_update(s, "", 0, err) < 0) ||
        cprov_inflater_finish(s->inflater, err) < 0)
        return err->code;
    return s->hasher ? cprov_digest_finish(s->hasher, s->algo, diff_id, err) : 0;
}
