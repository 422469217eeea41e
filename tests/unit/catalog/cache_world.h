/* An index in a folder of its own, and what a test asks of it. */
#ifndef CPROV_TESTS_INDEX_WORLD_H
#define CPROV_TESTS_INDEX_WORLD_H

#include <stdint.h>

#include "base/error.h"
#include "catalog/cache/cache_private.h"
#include "catalog/source/source.h"

struct index_world {
    char dir[64];
    struct cprov_cache *ix;
    int rebuilt;
    struct cprov_error err;
};

/* For cmocka: a world in *state; its end looks that nothing else is in the folder. */
int index_world_begin(void **state);
int index_world_end(void **state);
/* One more handle, in w->ix. */
void index_world_open(struct index_world *w);
int64_t index_world_source(struct index_world *w, const char *key);
/* LIST("1", "2") are the versions. */
int64_t index_world_put(struct index_world *w, int64_t src, const char *path,
                        const char *const *versions);
#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
void index_world_note(struct index_world *w, int64_t src, int64_t scan, const char *path);
/* "a b=c": gathers versions, or whatever has a name. arg: an index_text. */
struct index_text {
    char all[512];
};
bool index_world_add(void *arg, const char *version, const char *alias);
/* Both as one text, with spaces between. */
void expect_versions(struct index_world *w, int64_t repository, const char *expected);
void expect_found(struct index_world *w, int64_t src, const struct cprov_cache_filter *filter,
                  const char *expected);
#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
/* Everything that is known of a version, with A or B for its digests. */
struct cprov_listing index_world_row(const char *version, const char *digest);

#endif
