/* engine/runtime_state.h - crun and runc, asked about a container. */
#ifndef CPROV_ENGINE_RUNTIME_STATE_H
#define CPROV_ENGINE_RUNTIME_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fs.h"
#include "store/containers.h"

enum cprov_run_state {
    CPROV_RUN_OFF, /* no runtime knows it */
    CPROV_RUN_CREATED,
    CPROV_RUN_RUNNING,
    CPROV_RUN_PAUSED,
    CPROV_RUN_STOPPED,
};

struct cprov_runtime_state {
    enum cprov_run_state state;
    int64_t started;     /* seconds since 1970; 0: it does not run */
    const char *runtime; /* the one that knows it, or ""; static text */
};

/* Whether the program is one that is asked: no other text of a record is ever run. */
bool cprov_runtime_is_known(const char *runtime);
const char *cprov_runtime_state_word(enum cprov_run_state state);

/*
 * Runs `RUNTIME state NAME`, then with the id: of the runtime that the record names, or of each
 * that is there when it names none. An answer about another bundle is not believed. Takes at most a
 * few seconds. A runtime that is missing, fails or does not answer says nothing: off.
 */
struct cprov_runtime_state cprov_runtime_state_of(const struct cprov_container *container,
                                                  const struct cprov_cancel *cancel);

#endif
