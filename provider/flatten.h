/* provider/flatten.h - what the layers of an image add up to, without unpacking them. */
#ifndef CPROV_PROVIDER_FLATTEN_H
#define CPROV_PROVIDER_FLATTEN_H

#include "base/buf.h"
#include "provider/installed.h"
#include "provider/layer_tree.h"

/*
 * Layers are read from the top, each once, as far down as an answer needs. What the rules of
 * store/unpack.h would make of them is what is there: whiteouts, opaque directories, names that go
 * through links of lower layers.
 */
struct cprov_flat;

enum cprov_flat_options {
    CPROV_FLAT_DETAILS = 1, /* owners, modes, sizes and times, too */
    CPROV_FLAT_VERIFY = 2,  /* compare diff ids */
};

CPROV_MUST_CHECK
int cprov_flat_new(struct cprov_session *s, const struct cprov_installed *in, unsigned options,
                   struct cprov_flat **out, struct cprov_error *err);
void cprov_flat_free(struct cprov_flat *f);
CPROV_DEFINE_CLEANUP(struct cprov_flat, cprov_flat, cprov_flat_free)
#define auto_flat CPROV_CLEANUP(cprov_flat_cleanup)

/* A name in a layer. A directory that no member describes has member 0. */
struct cprov_flat_name {
    size_t layer;
    uint32_t id;
};

const struct cprov_layer_name *cprov_flat_at(const struct cprov_flat *f, struct cprov_flat_name n);
struct cprov_layer_tree *cprov_flat_tree(const struct cprov_flat *f, size_t layer);
/* The path, appended to out. */
void cprov_flat_path(const struct cprov_flat *f, struct cprov_flat_name n, struct cprov_buf *out);

/*
 * Finds a path as a process with the image as its root would; the last component, when it is a
 * link, with follow only. CPROV_ENOTFOUND; CPROV_EVERIFY: more than 40 links.
 */
CPROV_MUST_CHECK
int cprov_flat_find(struct cprov_flat *f, struct cprov_span path, bool follow,
                    struct cprov_flat_name *out, struct cprov_error *err);
/* The file that a hard link is of. CPROV_EVERIFY when there is none. */
CPROV_MUST_CHECK
int cprov_flat_link(struct cprov_flat *f, struct cprov_flat_name link, struct cprov_flat_name *out,
                    struct cprov_error *err);

/* Not 0 ends the walk. path is borrowed. */
typedef int cprov_flat_fn(void *arg, const char *path, struct cprov_flat_name name,
                          struct cprov_error *err);
/* What is in a directory (a clean path without links), sorted by name, folders before what is in
 * them. */
CPROV_MUST_CHECK
int cprov_flat_walk(struct cprov_flat *f, struct cprov_span path, bool recursive,
                    cprov_flat_fn *each, void *arg, struct cprov_error *err);
/* Sets CPROV_NAME_SHOWN for every name that is there and has a member. */
CPROV_MUST_CHECK
int cprov_flat_show_all(struct cprov_flat *f, struct cprov_error *err);

#endif
