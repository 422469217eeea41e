/* base/inflate.c - one loop over members and padding; a table says which library unpacks. */
#include "base/inflate.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>
#ifdef CPROV_HAVE_ISAL
#include <isa-l/igzip_lib.h>
#endif

#include "base/error.h"
#include "base/inflate_codec.h"
#include "base/limits.h"

#define OUTPUT_SIZE     ((size_t)128 * CPROV_KIB)
#define INPUT_MAX       (1u << 30) /* bytes at once: the libraries count in 32 bits */
#define ZSTD_WINDOW_LOG 27         /* 128 MiB */

/* What a codec works on; it moves the pointers. */
struct flow {
    const uint8_t *in;
    size_t in_len;
    uint8_t *out;
    size_t out_len; /* room */
};

enum inflate_step { STEP_BAD = -1, STEP_MORE, STEP_END };

struct codec {
    const char *name;
    bool (*begins)(uint8_t first);                          /* whether a member can begin so */
    void *(*open)(void);                                    /* NULL: out of memory */
    enum inflate_step (*step)(void *state, struct flow *f); /* STEP_END: the member is complete */
    bool (*reset)(void *state);                             /* for the next member */
    void (*close)(void *state);
};

enum phase { PHASE_START, PHASE_MEMBER, PHASE_BETWEEN, PHASE_PADDING };

struct cprov_inflater {
    const struct codec *codec; /* NULL: plain */
    void *state;
    cprov_inflate_fn *write;
    void *arg;
    enum phase phase;
    int failed; /* the code that stopped the stream */
    uint8_t output[OUTPUT_SIZE];
};

static bool gzip_begins(uint8_t first)
{
    return first == 0x1f;
}

static void *zlib_open(void)
{
    z_stream *z = calloc(1, sizeof(*z));

    /* 16: a gzip header is a must. */
    if (z && inflateInit2(z, 16 + MAX_WBITS) != Z_OK) {
        free(z);
        return NULL;
    }
    return z;
}

static enum inflate_step zlib_step(void *state, struct flow *f)
{
    z_stream *z = state;

    z->next_in = f->in;
    z->avail_in = (uInt)f->in_len;
    z->next_out = f->out;
    z->avail_out = (uInt)f->out_len;
    int rc = inflate(z, Z_NO_FLUSH);
    *f = (struct flow){ z->next_in, z->avail_in, z->next_out, z->avail_out };
    if (rc == Z_STREAM_END)
        return STEP_END;
    return rc == Z_OK || rc == Z_BUF_ERROR ? STEP_MORE : STEP_BAD;
}

static bool zlib_reset(void *state)
{
    return inflateReset(state) == Z_OK;
}

static void zlib_close(void *state)
{
    inflateEnd(state);
    free(state);
}

#ifdef CPROV_HAVE_ISAL
/*
 * isal_inflate() forgets the flags of a gzip header that comes in pieces (2.30), so the header is
 * read by a call of its own that keeps them.
 */
struct isal {
    struct inflate_state inflate;
    struct isal_gzip_header header;
    bool in_header;
};

static bool isal_reset(void *state)
{
    struct isal *s = state;

    isal_inflate_reset(&s->inflate);
    isal_gzip_header_init(&s->header);
    s->inflate.crc_flag = ISAL_GZIP_NO_HDR_VER; /* CRC-32 and length are checked */
    s->in_header = true;
    return true;
}

static void *isal_open(void)
{
    struct isal *s = malloc(sizeof(*s));

    if (!s)
        return NULL;
    isal_inflate_init(&s->inflate);
    isal_reset(s);
    return s;
}

static enum inflate_step isal_step(void *state, struct flow *f)
{
    struct isal *s = state;
    struct inflate_state *z = &s->inflate;
    int rc = ISAL_DECOMP_OK;

    z->next_in = (uint8_t *)(uintptr_t)f->in; /* only read, though its type says else */
    z->avail_in = (uint32_t)f->in_len;
    z->next_out = f->out;
    z->avail_out = (uint32_t)f->out_len;
    if (s->in_header) {
        rc = isal_read_gzip_header(z, &s->header);
        s->in_header = rc == ISAL_END_INPUT;
    }
    if (rc == ISAL_DECOMP_OK)
        rc = isal_inflate(z);
    *f = (struct flow){ z->next_in, z->avail_in, z->next_out, z->avail_out };
    if (rc != ISAL_DECOMP_OK && rc != ISAL_END_INPUT)
        return STEP_BAD;
    return z->block_state == ISAL_BLOCK_FINISH ? STEP_END : STEP_MORE;
}

static void isal_close(void *state)
{
    free(state);
}
#endif

/* A frame (28 b5 2f fd) or a skippable one (5x 2a 4d 18); the formats before 0.8 are refused, since
 * the cap on the window does not hold for them. */
static bool zstd_begins(uint8_t first)
{
    return first == 0x28 || (first & 0xf0) == 0x50;
}

static bool zstd_reset(void *state)
{
    return !ZSTD_isError(ZSTD_DCtx_reset(state, ZSTD_reset_session_only));
}

static void *zstd_open(void)
{
    ZSTD_DCtx *z = ZSTD_createDCtx();

    if (z && ZSTD_isError(ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG))) {
        ZSTD_freeDCtx(z);
        return NULL;
    }
    return z;
}

static enum inflate_step zstd_step(void *state, struct flow *f)
{
    ZSTD_inBuffer in = { f->in, f->in_len, 0 };
    ZSTD_outBuffer out = { f->out, f->out_len, 0 };
    size_t rc = ZSTD_decompressStream(state, &out, &in);

    *f =
        (struct flow){ f->in + in.pos, f->in_len - in.pos, f->out + out.pos, f->out_len - out.pos };
    if (ZSTD_isError(rc))
        return STEP_BAD;
    return rc == 0 ? STEP_END : STEP_MORE;
}

static void zstd_close(void *state)
{
    ZSTD_freeDCtx(state);
}

/* The first for a format is the one that cprov_inflater_new() takes. */
static const struct codec codecs[] = {
#ifdef CPROV_HAVE_ISAL
    { "isal", gzip_begins, isal_open, isal_step, isal_reset, isal_close },
#endif
    { "zlib", gzip_begins, zlib_open, zlib_step, zlib_reset, zlib_close },
    { "zstd", zstd_begins, zstd_open, zstd_step, zstd_reset, zstd_close },
};

enum cprov_compression cprov_compression_of(struct cprov_span head)
{
    if (head.len < 4)
        return CPROV_PLAIN;
    if (memcmp(head.ptr, "\x1f\x8b\x08", 3) == 0)
        return CPROV_GZIP;
    if (memcmp(head.ptr, "\x28\xb5\x2f\xfd", 4) == 0)
        return CPROV_ZSTD;
    if ((head.ptr[0] & 0xf0) == 0x50 && memcmp(head.ptr + 1, "\x2a\x4d\x18", 3) == 0)
        return CPROV_ZSTD;
    return CPROV_PLAIN;
}

static int new_inflater(const struct codec *codec, cprov_inflate_fn *write, void *arg,
                        struct cprov_inflater **out, struct cprov_error *err)
{
    struct cprov_inflater *i = malloc(sizeof(*i));

    if (!i)
        return cprov_fail_memory(err);
    i->codec = codec;
    i->state = NULL;
    i->write = write;
    i->arg = arg;
    i->phase = PHASE_START;
    i->failed = 0;
    if (codec) {
        i->state = codec->open();
        if (!i->state) {
            free(i);
            return cprov_fail_memory(err);
        }
    }
    *out = i;
    return 0;
}

int cprov_inflater_new_codec(const char *codec, cprov_inflate_fn *write, void *arg,
                             struct cprov_inflater **out, struct cprov_error *err)
{
    if (strcmp(codec, "plain") == 0)
        return new_inflater(NULL, write, arg, out, err);
    for (size_t i = 0; i < CPROV_COUNT(codecs); i++)
        if (strcmp(codec, codecs[i].name) == 0)
            return new_inflater(&codecs[i], write, arg, out, err);
    return cprov_fail(err, CPROV_EUNSUPPORTED, "this build has no codec %s", codec);
}

int cprov_inflater_new(enum cprov_compression kind, cprov_inflate_fn *write, void *arg,
                       struct cprov_inflater **out, struct cprov_error *err)
{
    switch (kind) {
    case CPROV_GZIP:
        return new_inflater(&codecs[0], write, arg, out, err);
    case CPROV_ZSTD:
        return cprov_inflater_new_codec("zstd", write, arg, out, err);
    case CPROV_PLAIN:
        break;
    }
    return new_inflater(NULL, write, arg, out, err);
}

void cprov_inflater_free(struct cprov_inflater *i)
{
    if (!i)
        return;
    if (i->codec)
        i->codec->close(i->state);
    free(i);
}

static int pass(struct cprov_inflater *i, const uint8_t *data, size_t len, struct cprov_error *err)
{
    while (len > 0) {
        size_t n = len < OUTPUT_SIZE ? len : OUTPUT_SIZE;
        int code = i->write(i->arg, data, n, err);

        if (code < 0)
            return code;
        data += n;
        len -= n;
    }
    return 0;
}

static int fail_damaged(struct cprov_error *err)
{
    return cprov_fail(err, CPROV_EVERIFY, "the compressed data is damaged");
}

/* Unpacks within a member until it ends or the input is used up. */
static int unpack_member(struct cprov_inflater *i, struct flow *f, struct cprov_error *err)
{
    for (;;) {
        size_t in_before = f->in_len;

        f->out = i->output;
        f->out_len = OUTPUT_SIZE;
        enum inflate_step step = i->codec->step(i->state, f);
        size_t got = OUTPUT_SIZE - f->out_len;
        if (step == STEP_BAD)
            return fail_damaged(err);
        int code = got > 0 ? i->write(i->arg, i->output, got, err) : 0;
        if (code < 0)
            return code;
        if (step == STEP_END) {
            i->phase = PHASE_BETWEEN;
            return 0;
        }
        if (f->in_len == 0 && f->out_len > 0)
            return 0;
        if (got == 0 && f->in_len == in_before)
            return fail_damaged(err); /* no codec should stand still; none may for ever */
    }
}

/* Looks at the byte after a member: the next member, or padding. */
static int begin_member(struct cprov_inflater *i, uint8_t first, struct cprov_error *err)
{
    if (i->phase != PHASE_START && first == 0) {
        i->phase = PHASE_PADDING;
        return 0;
    }
    if (i->phase == PHASE_PADDING || (i->phase == PHASE_BETWEEN && !i->codec->begins(first)))
        return cprov_fail(err, CPROV_EVERIFY, "extra bytes follow the compressed data");
    if (!i->codec->begins(first))
        return fail_damaged(err);
    if (i->phase == PHASE_BETWEEN && !i->codec->reset(i->state))
        return fail_damaged(err);
    i->phase = PHASE_MEMBER;
    return 0;
}

static int unpack(struct cprov_inflater *i, struct flow *f, struct cprov_error *err)
{
    while (f->in_len > 0) {
        int code =
            i->phase == PHASE_MEMBER ? unpack_member(i, f, err) : begin_member(i, f->in[0], err);

        if (code < 0)
            return code;
        if (i->phase == PHASE_PADDING) {
            f->in++;
            f->in_len--;
        }
    }
    return 0;
}

int cprov_inflater_update(struct cprov_inflater *i, const void *data, size_t len,
                          struct cprov_error *err)
{
    const uint8_t *p = data;

    if (i->failed)
        return cprov_fail(err, i->failed, "internal error: the stream was read after a failure");
    if (!i->codec) {
        i->failed = pass(i, p, len, err);
        return i->failed;
    }
    while (len > 0 && !i->failed) {
        size_t n = len < INPUT_MAX ? len : INPUT_MAX;
        struct flow f = { .in = p, .in_len = n };

        i->failed = unpack(i, &f, err);
        p += n;
        len -= n;
    }
    return i->failed;
}

int cprov_inflater_finish(struct cprov_inflater *i, struct cprov_error *err)
{
    if (i->failed)
        return cprov_fail(err, i->failed, "internal error: the stream was read after a failure");
    if (i->codec && (i->phase == PHASE_START || i->phase == PHASE_MEMBER)) {
        i->failed = CPROV_EVERIFY;
        return cprov_fail(err, CPROV_EVERIFY, "the compressed data ends too early");
    }
    return 0;
}
