/* base/child.c - posix_spawn(), its input in a memory file, its answer through a pipe. */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/limits.h"

#define LOOK_MS 5 /* between two looks whether the program has ended */

extern char **environ;

static bool is_ours(const char *entry)
{
    static const char *const names[] = { "CPROV_PASSWORD=", "CPROV_USERNAME=",
                                         "GNUTLS_NO_IMPLICIT_INIT=" };

    for (size_t i = 0; i < CPROV_COUNT(names); i++)
        if (strncmp(entry, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

char **cprov_child_environment(void)
{
    size_t count = 0, kept = 0;

    while (environ && environ[count])
        count++;
    char **list = calloc(count + 1, sizeof(*list));
    for (size_t i = 0; list && i < count; i++)
        if (!is_ours(environ[i]))
            list[kept++] = environ[i];
    return list;
}

bool cprov_child_find(const char *program, char path[PATH_MAX])
{
    const char *folders = getenv("PATH");
    struct cprov_span rest = cprov_span_of(
        folders ? folders : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    struct cprov_span folder;

    while (cprov_span_next(&rest, ':', &folder)) {
        int len =
            snprintf(path, PATH_MAX, "%" CPROV_SPAN_FMT "/%s", CPROV_SPAN_ARG(folder), program);

        if (cprov_span_starts_with(folder, "/") && len > 0 && len < PATH_MAX &&
            access(path, X_OK) == 0)
            return true;
    }
    return false;
}

/* --- a program that runs --- */

/* Killed when it is left behind. */
struct running {
    const struct cprov_child *child;
    int64_t end_ms;
    pid_t pid; /* 0: none, or ended */
    int status;
};

static void running_end(struct running *r)
{
    if (r->pid <= 0)
        return;
    kill(r->pid, SIGKILL);
    while (waitpid(r->pid, &r->status, 0) < 0 && errno == EINTR)
        continue;
    r->pid = 0;
}

#define auto_running CPROV_CLEANUP(running_end)

static bool has_ended(struct running *r)
{
    if (r->pid > 0) {
        pid_t pid = waitpid(r->pid, &r->status, WNOHANG);
        /* ECHILD: the host process ignores SIGCHLD, and nobody can say how it ended. */
        if (pid == r->pid || (pid < 0 && errno != EINTR))
            r->pid = 0;
    }
    return r->pid == 0;
}

static int check_time(const struct running *r, struct cprov_error *err)
{
    if (cprov_cancelled(r->child->cancel))
        return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
    if (cprov_clock_ms() >= r->end_ms)
        return cprov_fail(err, r->child->failure, "%s did not answer", r->child->what);
    return 0;
}

/* 0, or the errno. */
static int set_up(posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes, int in, int out)
{
    sigset_t none, usual;
    int os;

    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    if ((os = posix_spawn_file_actions_adddup2(files, in, STDIN_FILENO)) != 0 ||
        (os = posix_spawn_file_actions_adddup2(files, out, STDOUT_FILENO)) != 0 ||
        (os = posix_spawn_file_actions_addopen(files, STDERR_FILENO, "/dev/null", O_WRONLY, 0)) !=
            0 ||
        (os = posix_spawnattr_setsigmask(attributes, &none)) != 0 ||
        (os = posix_spawnattr_setsigdefault(attributes, &usual)) != 0)
        return os;
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

/* argv is not const: copies. */
static int spawn(struct running *r, int in, int out, struct cprov_error *err)
{
    const char *const *args = r->child->args;
    char *argv[CPROV_CHILD_ARGS_MAX + 1] = { NULL };
    char **environment = cprov_child_environment();
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int os = environment ? posix_spawn_file_actions_init(&files) : ENOMEM;

    if (os == 0) {
        os = posix_spawnattr_init(&attributes);
        for (size_t i = 0; os == 0 && args[i]; i++)
            os = (argv[i] = strdup(args[i])) ? 0 : ENOMEM;
        if (os == 0 && (os = set_up(&files, &attributes, in, out)) == 0 &&
            (os = posix_spawn(&r->pid, args[0], &files, &attributes, argv, environment)) != 0)
            r->pid = 0;
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&files);
    }
    for (size_t i = 0; i < CPROV_CHILD_ARGS_MAX; i++)
        free(argv[i]);
    free(environment);
    if (os == 0)
        return 0;
    cprov_fail_os(err, os, "cannot run %s", r->child->what);
    if (err->code != CPROV_ENOMEM)
        err->code = r->child->failure;
    return err->code;
}

/* Appends what is there to read; *end says that no more can come. */
static int read_some(const struct running *r, int fd, struct cprov_buf *out, bool *end,
                     struct cprov_error *err)
{
    char part[4096];
    ssize_t n = read(fd, part, sizeof(part));

    if (n < 0 && errno != EINTR)
        return cprov_fail_os(err, errno, "read from %s", r->child->what);
    *end = n == 0;
    if (n > 0)
        cprov_buf_add(out, part, (size_t)n);
    explicit_bzero(part, sizeof(part)); /* it may be a login */
    if (out->failed == CPROV_ELIMIT)
        return cprov_fail(err, r->child->failure, "%s returns endless output", r->child->what);
    return cprov_buf_check(out, "the answer of a program", err);
}

/* Until the end of its output, or until it has ended and nothing is left: something that it has
 * started may hold the pipe for longer. */
static int read_all(struct running *r, int fd, struct cprov_buf *out, struct cprov_error *err)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    bool end = false;

    while (!end) {
        bool ended = has_ended(r);
        int ready = poll(&p, 1, ended ? 0 : CPROV_POLL_MS);

        if (ready < 0 && errno != EINTR)
            return cprov_fail_os(err, errno, "poll");
        if (ready == 0 && ended)
            return 0;
        if (ready > 0 && read_some(r, fd, out, &end, err) < 0)
            return err->code;
        if (!end && check_time(r, err) < 0)
            return err->code;
    }
    return 0;
}

static int wait_for(struct running *r, struct cprov_error *err)
{
    struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };

    while (!has_ended(r)) {
        if (check_time(r, err) < 0)
            return err->code;
        nanosleep(&pause, NULL);
    }
    return 0;
}

int cprov_child_run(const struct cprov_child *child, struct cprov_buf *out, int *status,
                    struct cprov_error *err)
{
    auto_running struct running r = { .child = child,
                                      .end_ms = cprov_clock_ms() + child->timeout_ms };
    int ends[2];
    /* A file in memory: no program can block us, or raise SIGPIPE, by not reading it. */
    auto_fd int in = memfd_create("cprov-child", MFD_CLOEXEC);

    if (in < 0)
        return cprov_fail_os(err, errno, "cannot create a file in memory");
    if (cprov_fs_write_all(in, child->input.ptr, child->input.len, 0, err) < 0)
        return err->code;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return cprov_fail_os(err, errno, "pipe");
    auto_fd int from = ends[0];
    auto_fd int to = ends[1];

    if (spawn(&r, in, to, err) < 0)
        return err->code;
    cprov_fd_close(&to);
    if (read_all(&r, from, out, err) < 0 || wait_for(&r, err) < 0)
        return err->code;
    *status = WIFEXITED(r.status) ? WEXITSTATUS(r.status) : CPROV_CHILD_KILLED;
    return 0;
}
