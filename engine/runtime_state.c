/* engine/runtime_state.c - what crun and runc say, believed of our bundle alone. */
#include "engine/runtime_state.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"

#define WAIT_MS    3000
#define ANSWER_MAX (256 * CPROV_KIB)

static const char *const known[] = { "crun", "runc" };

static const char *const words[] = {
    [CPROV_RUN_OFF] = "off",       [CPROV_RUN_CREATED] = "created", [CPROV_RUN_RUNNING] = "running",
    [CPROV_RUN_PAUSED] = "paused", [CPROV_RUN_STOPPED] = "stopped",
};

bool cprov_runtime_is_known(const char *runtime)
{
    for (size_t i = 0; i < CPROV_COUNT(known); i++)
        if (strcmp(known[i], runtime) == 0)
            return true;
    return false;
}

const char *cprov_runtime_state_word(enum cprov_run_state state)
{
    return words[state];
}

static bool ask(const char *runtime, const char *id, const struct cprov_cancel *cancel,
                struct cprov_buf *answer)
{
    struct cprov_error ignored = CPROV_ERROR_INIT;
    char path[PATH_MAX];
    int status;
    const struct cprov_child child = { .what = runtime,
                                       .args = { path, "state", id },
                                       .timeout_ms = WAIT_MS,
                                       .cancel = cancel,
                                       .failure = CPROV_EFAIL };

    return cprov_child_find(runtime, path) &&
           cprov_child_run(&child, answer, &status, &ignored) == 0 && status == 0;
}

static enum cprov_run_state state_of_word(const char *word)
{
    for (size_t i = 0; word && i < CPROV_COUNT(words); i++)
        if (strcmp(words[i], word) == 0)
            return (enum cprov_run_state)i;
    return CPROV_RUN_OFF;
}

/* The bundle as the runtime has it may be spelt with other links on the way. */
static bool same_folder(const char *a, const char *b)
{
    struct stat one, other;

    return a && stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

static bool read_answer(const struct cprov_buf *answer, const struct cprov_container *c,
                        struct cprov_runtime_state *out)
{
    CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena arena = { 0 };
    struct cprov_error ignored = CPROV_ERROR_INIT;
    struct cprov_json *root;
    const char *created;

    if (cprov_json_parse(cprov_buf_span(answer), &arena, &root, &ignored) < 0 ||
        !same_folder(cprov_json_get_text(root, "bundle"), c->path))
        return false;
    out->state = state_of_word(cprov_json_get_text(root, "status"));
    created = cprov_json_get_text(root, "created");
    if (out->state != CPROV_RUN_RUNNING || !created ||
        !cprov_time_parse(cprov_span_of(created), &out->started))
        out->started = 0;
    return true;
}

static bool ask_runtime(const char *runtime, const struct cprov_container *c,
                        const struct cprov_cancel *cancel, struct cprov_runtime_state *out)
{
    const char *const ids[] = { c->name, c->id }; /* people start a bundle by its name */

    for (size_t i = 0; i < CPROV_COUNT(ids); i++) {
        auto_buf struct cprov_buf answer = { 0 };

        cprov_buf_init(&answer, ANSWER_MAX);
        if (ask(runtime, ids[i], cancel, &answer) && read_answer(&answer, c, out))
            return true;
    }
    return false;
}

struct cprov_runtime_state cprov_runtime_state_of(const struct cprov_container *container,
                                                  const struct cprov_cancel *cancel)
{
    struct cprov_runtime_state state = { .runtime = "" };

    for (size_t i = 0; i < CPROV_COUNT(known) && *container->path; i++) {
        if (*container->runtime && strcmp(container->runtime, known[i]) != 0)
            continue;
        if (ask_runtime(known[i], container, cancel, &state)) {
            state.runtime = known[i];
            break;
        }
    }
    return state;
}
