/* base/inflate_codec.h - for inflate.c and its test alone: which library unpacks. */
#ifndef CPROV_BASE_INFLATE_CODEC_H
#define CPROV_BASE_INFLATE_CODEC_H

#include "base/inflate.h"

/*
 * cprov_inflater_new() with the codec named: "plain", "isal" (gzip), "zlib" (gzip) or "zstd".
 * CPROV_EUNSUPPORTED when it is not compiled in.
 */
CPROV_MUST_CHECK
int cprov_inflater_new_codec(const char *codec, cprov_inflate_fn *write, void *arg,
                             struct cprov_inflater **out, struct cprov_error *err);

#endif
