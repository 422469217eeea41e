/* tests/unit/rootfs/hostile.h - the cases of data/hostile, read and unpacked. */
#ifndef CPROV_TESTS_UNIT_ROOTFS_HOSTILE_H
#define CPROV_TESTS_UNIT_ROOTFS_HOSTILE_H

#include "base/arena.h"
#include "base/inflate.h"
#include "base/json.h"
#include "tests/unit/rootfs/unpacking.h"

#define DATA CPROV_TEST_DATA "/hostile/"

/* The list, in the arena. */
static inline struct cprov_json *read_cases(struct cprov_arena *arena)
{
    auto_buf struct cprov_buf text = { 0 };
    struct cprov_json *cases = NULL;

    cprov_buf_init(&text, CPROV_MIB);
    assert_int_equal(cprov_fs_read(AT_FDCWD, DATA "cases.json", CPROV_MIB, &text, CPROV_IGNORED),
                     0);
    assert_int_equal(cprov_json_parse(cprov_buf_span(&text), arena, &cases, CPROV_IGNORED), 0);
    return cases;
}

static inline uint64_t number_of(const struct cprov_json *c, const char *name)
{
    const struct cprov_json *v = cprov_json_get(c, name);
    uint64_t n = 0;

    assert_true(!v || cprov_json_u64(v, &n));
    return n;
}

static inline int to_buf(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    (void)err;
    cprov_buf_add(arg, data, len);
    return 0;
}

/* The diff id of what can be unpacked at all; of the packed bytes for the rest. */
static inline void diff_id_of(struct unpacking *u, const struct cprov_buf *packed,
                              struct cprov_digest *id)
{
    auto_inflater struct cprov_inflater *i = NULL;
    auto_buf struct cprov_buf plain = { 0 };

    cprov_buf_init(&plain, TARBALL_MAX);
    int code = cprov_inflater_new(cprov_compression_of(cprov_buf_span(packed)), to_buf, &plain, &i,
                                  &u->err);
    assert_int_equal(code, 0);
    if (cprov_inflater_update(i, packed->ptr, packed->len, &u->err) != 0)
        u->err = (struct cprov_error)CPROV_ERROR_INIT;
    assert_int_equal(cprov_digest_of(CPROV_SHA256, cprov_buf_span(&plain), id, &u->err), 0);
}

static inline void read_layer(const char *name, struct cprov_buf *out)
{
    char path[512];

    cprov_buf_init(out, TARBALL_MAX);
    snprintf(path, sizeof(path), DATA "%s", name);
    assert_int_equal(cprov_fs_read(AT_FDCWD, path, TARBALL_MAX, out, CPROV_IGNORED), 0);
}

static inline int apply_file(struct unpacking *u, struct cprov_unpack *unpack, const char *name)
{
    auto_buf struct cprov_buf packed = { 0 };
    struct cprov_digest id;

    read_layer(name, &packed);
    diff_id_of(u, &packed, &id);
    const struct cprov_layer_source source = { read_span, &packed };
    return cprov_unpack_layer(unpack, CPROV_LAYER_TAR, packed.len, &id, &source, &u->err);
}

static inline int unpack_case(struct unpacking *u, const struct cprov_json *c)
{
    auto_unpack struct cprov_unpack *unpack = NULL;
    const struct cprov_json *windows = cprov_json_get(c, "windows");

    u->err = (struct cprov_error)CPROV_ERROR_INIT;
    u->options.windows = windows && windows->boolean;
    u->options.limits = (struct cprov_unpack_limits){ .entries = number_of(c, "entries"),
                                                      .bytes = number_of(c, "bytes"),
                                                      .ratio = number_of(c, "ratio"),
                                                      .free_bytes = number_of(c, "free_bytes") };
    int code = cprov_unpack_open(u->dir, &u->options, &unpack, &u->err);
    const struct cprov_json *layer = cprov_json_get(c, "layers")->child;
    for (; code == 0 && layer; layer = layer->next)
        code = apply_file(u, unpack, layer->text.ptr);
    if (code == 0)
        code = cprov_unpack_commit(unpack, &u->result, &u->err);
    return code;
}

#endif
