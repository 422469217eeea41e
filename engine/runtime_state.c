/* engine/runtime_state.c - a short-lived child, without a shell, its answer in a memory file. */
#include "engine/runtime_state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"

#define WAIT_MS    3000
#define LOOK_MS    5 /* between two looks whether the program has ended */
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

/* Folders of PATH that are not absolute are passed over: the current folder is anybody's. */
static bool find_program(const char *name, char path[PATH_MAX])
{
    const char *folders = getenv("PATH");
    struct cprov_span rest = cprov_span_of(
        folders ? folders : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    struct cprov_span folder;

    while (cprov_span_next(&rest, ':', &folder)) {
        int len = snprintf(path, PATH_MAX, "%" CPROV_SPAN_FMT "/%s", CPROV_SPAN_ARG(folder), name);

        if (cprov_span_starts_with(folder, "/") && len > 0 && len < PATH_MAX &&
            access(path, X_OK) == 0)
            return true;
    }
    return false;
}

/* 0, or the errno. */
static int set_up(posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes, int out)
{
    sigset_t none, usual;

    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    int os = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (os == 0)
        os = posix_spawn_file_actions_adddup2(files, out, STDOUT_FILENO);
    if (os == 0)
        os = posix_spawn_file_actions_addopen(files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (os == 0)
        os = posix_spawnattr_setsigmask(attributes, &none);
    if (os == 0)
        os = posix_spawnattr_setsigdefault(attributes, &usual);
    if (os == 0)
        os = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return os;
}

/* argv is not const: copies. */
static int spawn(const char *path, const char *id, int out, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    char *argv[] = { strdup(path), strdup("state"), strdup(id), NULL };
    char **environment = cprov_child_environment();
    int os = argv[0] && argv[1] && argv[2] && environment ? posix_spawn_file_actions_init(&files)
                                                          : ENOMEM;

    if (os == 0) {
        os = posix_spawnattr_init(&attributes);
        if (os == 0) {
            os = set_up(&files, &attributes, out);
            if (os == 0)
                os = posix_spawn(pid, path, &files, &attributes, argv, environment);
            posix_spawnattr_destroy(&attributes);
        }
        posix_spawn_file_actions_destroy(&files);
    }
    for (size_t i = 0; i < CPROV_COUNT(argv); i++)
        free(argv[i]);
    free(environment);
    return os;
}

/* Whether it ended well in time; it is gone afterwards in any case. */
static bool wait_for(pid_t pid, const struct cprov_cancel *cancel)
{
    int64_t end_ms = cprov_clock_ms() + WAIT_MS;
    struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };
    int status = -1;

    for (;;) {
        pid_t done = waitpid(pid, &status, WNOHANG);

        if (done == pid)
            return WIFEXITED(status) && WEXITSTATUS(status) == 0;
        if (done < 0 && errno != EINTR)
            return false; /* the host process ignores SIGCHLD, and nobody can say how it ended */
        if (cprov_clock_ms() >= end_ms || cprov_cancelled(cancel))
            break;
        nanosleep(&pause, NULL);
    }
    kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return false;
}

static bool ask(const char *runtime, const char *id, const struct cprov_cancel *cancel,
                struct cprov_buf *answer)
{
    struct cprov_error ignored = CPROV_ERROR_INIT;
    char path[PATH_MAX], piece[4096];
    pid_t pid;
    auto_fd int out = memfd_create("cprov-runtime", MFD_CLOEXEC);
    size_t got = sizeof(piece);

    if (out < 0 || !find_program(runtime, path) || spawn(path, id, out, &pid) != 0 ||
        !wait_for(pid, cancel))
        return false;
    for (off_t at = 0; got == sizeof(piece) && !answer->failed; at += (off_t)got) {
        if (cprov_fs_read_at(out, piece, sizeof(piece), at, &got, &ignored) < 0)
            return false;
        cprov_buf_add(answer, piece, got);
    }
    return !answer->failed;
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
