/* conf/credential_helper.c - docker-credential-NAME programs. */
#include "conf/credential_helper_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "conf/secret_private.h"

#define NAME_MAX_LENGTH 64
#define LOOK_MS         10 /* between two looks whether the program has ended */
#define NOT_FOUND       "credentials not found in native keychain"

/* A program that runs; killed when it is left behind. */
struct helper_child {
    pid_t pid; /* 0: none, or ended */
    int status;
};

static void child_end(struct helper_child *c)
{
    if (c->pid <= 0)
        return;
    kill(c->pid, SIGKILL);
    while (waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR)
        continue;
    c->pid = 0;
}

#define auto_child CPROV_CLEANUP(child_end)

static bool child_ended(struct helper_child *c)
{
    if (c->pid > 0) {
        pid_t pid = waitpid(c->pid, &c->status, WNOHANG);
        /* ECHILD: the host process ignores SIGCHLD, and nobody can say how it ended. */
        if (pid == c->pid || (pid < 0 && errno != EINTR))
            c->pid = 0;
    }
    return c->pid == 0;
}

/* The name comes from a file: it must not lead out of the folders of PATH. */
static bool is_helper_name(const char *name)
{
    size_t len = 0;

    for (; name[len]; len++)
        if (!cprov_is_alnum(name[len]) && !strchr("._-", name[len]))
            return false;
    return len > 0 && len <= NAME_MAX_LENGTH;
}

/* Folders of PATH that are not absolute are passed over: the current folder is anybody's. */
static int find_program(const char *name, char path[PATH_MAX], struct cprov_error *err)
{
    const char *folders = getenv("PATH");
    struct cprov_span rest = cprov_span_of(folders ? folders : "/usr/local/bin:/usr/bin:/bin");
    struct cprov_span folder;

    if (!is_helper_name(name))
        return cprov_fail(err, CPROV_EAUTH,
                          "the name of a credential helper has characters that are not allowed");
    while (cprov_span_next(&rest, ':', &folder)) {
        if (!cprov_span_starts_with(folder, "/"))
            continue;
        int len = snprintf(path, PATH_MAX, "%" CPROV_SPAN_FMT "/docker-credential-%s",
                           CPROV_SPAN_ARG(folder), name);
        if (len > 0 && len < PATH_MAX && access(path, X_OK) == 0)
            return 0;
    }
    cprov_fail(err, CPROV_EAUTH, "credential helper docker-credential-%s is not in PATH", name);
    cprov_hint(err, "install it, or take it out of credsStore and credHelpers in config.json");
    return CPROV_EAUTH;
}

/* The input as a file in memory: no program can block us, or raise SIGPIPE, by not reading it. */
static int make_input(struct cprov_span input, int *out, struct cprov_error *err)
{
    int fd = memfd_create("cprov-helper", MFD_CLOEXEC);

    if (fd < 0)
        return cprov_fail_os(err, errno, "cannot make a file in memory");
    int code = cprov_fs_write_all(fd, input.ptr, input.len, 0, err);
    if (code < 0)
        cprov_fd_close(&fd);
    else
        *out = fd;
    return code;
}

/* 0, or the errno. */
static int set_up(posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes, int in, int out)
{
    sigset_t none, usual;

    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    int os = posix_spawn_file_actions_adddup2(files, in, STDIN_FILENO);
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

/* strdup() for argv, which is not const. */
static int spawn(const char *path, const char *verb, int in, int out, struct helper_child *child)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    char *argv[] = { strdup(path), strdup(verb), NULL };
    char **environment = cprov_child_environment();
    int os = argv[0] && argv[1] && environment ? posix_spawn_file_actions_init(&files) : ENOMEM;

    if (os == 0) {
        os = posix_spawnattr_init(&attributes);
        if (os == 0) {
            os = set_up(&files, &attributes, in, out);
            if (os == 0)
                os = posix_spawn(&child->pid, path, &files, &attributes, argv, environment);
            posix_spawnattr_destroy(&attributes);
        }
        posix_spawn_file_actions_destroy(&files);
    }
    if (os != 0)
        child->pid = 0;
    free(argv[0]);
    free(argv[1]);
    free(environment);
    return os;
}

static int fail_late(const struct cprov_helper *h, struct cprov_error *err)
{
    return cprov_fail(err, CPROV_EAUTH, "credential helper docker-credential-%s did not answer",
                      h->name);
}

/* Appends what is there to read; *end says that no more can come. */
static int read_some(const struct cprov_helper *h, int fd, struct cprov_buf *out, bool *end,
                     struct cprov_error *err)
{
    char part[4096];
    ssize_t n = read(fd, part, sizeof(part));

    if (n < 0 && errno != EINTR)
        return cprov_fail_os(err, errno, "read from docker-credential-%s", h->name);
    *end = n == 0;
    if (n > 0)
        cprov_buf_add(out, part, (size_t)n);
    explicit_bzero(part, sizeof(part));
    if (out->failed == CPROV_ELIMIT)
        return cprov_fail(err, CPROV_EAUTH,
                          "credential helper docker-credential-%s answers without end", h->name);
    return 0;
}

/* Until the end of its output, or until it has ended and nothing is left: something that it has
 * started may hold the pipe for longer. */
static int read_all(const struct cprov_helper *h, int fd, struct helper_child *child,
                    int64_t end_ms, struct cprov_buf *out, struct cprov_error *err)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    bool end = false;

    while (!end) {
        bool ended = child_ended(child);
        int ready = poll(&p, 1, ended ? 0 : CPROV_POLL_MS);
        if (ready < 0 && errno != EINTR)
            return cprov_fail_os(err, errno, "poll");
        int code = ready > 0 ? read_some(h, fd, out, &end, err) : 0;
        if (code < 0)
            return code;
        if (ready == 0 && ended)
            return 0;
        if (!end && cprov_clock_ms() >= end_ms)
            return fail_late(h, err);
    }
    return 0;
}

static int wait_for(const struct cprov_helper *h, struct helper_child *child, int64_t end_ms,
                    struct cprov_error *err)
{
    struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };

    while (!child_ended(child)) {
        if (cprov_clock_ms() >= end_ms)
            return fail_late(h, err);
        nanosleep(&pause, NULL);
    }
    return 0;
}

static int run(const struct cprov_helper *h, const char *verb, struct cprov_span input,
               struct cprov_buf *out, int *status, struct cprov_error *err)
{
    char path[PATH_MAX];
    int ends[2];
    auto_fd int in = -1;
    auto_child struct helper_child child = { 0 };

    int code = find_program(h->name, path, err);
    if (code == 0)
        code = make_input(input, &in, err);
    if (code < 0)
        return code;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return cprov_fail_os(err, errno, "pipe");
    auto_fd int from = ends[0];
    auto_fd int to = ends[1];

    int64_t end_ms = cprov_clock_ms() + h->timeout_ms;
    int os = spawn(path, verb, in, to, &child);
    if (os != 0) {
        cprov_fail_os(err, os, "cannot run docker-credential-%s", h->name);
        return cprov_wrap_as(err, CPROV_EAUTH, "credential helper");
    }
    cprov_fd_close(&to);
    code = read_all(h, from, &child, end_ms, out, err);
    if (code == 0)
        code = wait_for(h, &child, end_ms, err);
    if (code == 0)
        code = cprov_buf_check(out, "the answer of a credential helper", err);
    if (code == 0)
        *status = child.status;
    return code;
}

static bool says_not_found(int status, const struct cprov_buf *answer)
{
    return status != 0 && cprov_span_is(cprov_span_trim(cprov_buf_span(answer)), NOT_FOUND);
}

static int fail_status(const struct cprov_helper *h, const char *verb, int status,
                       struct cprov_error *err)
{
    if (WIFEXITED(status))
        cprov_fail(err, CPROV_EAUTH, "credential helper docker-credential-%s failed with status %d",
                   h->name, WEXITSTATUS(status));
    else
        cprov_fail(err, CPROV_EAUTH, "credential helper docker-credential-%s was killed", h->name);
    cprov_hint(err, "echo %s | docker-credential-%s %s says why", h->server, h->name, verb);
    return CPROV_EAUTH;
}

/* {"ServerURL", "Username", "Secret"}; two empty texts are no login. */
static int parse_answer(struct cprov_span text, struct cprov_arena *arena,
                        struct cprov_credentials *out, struct cprov_error *err)
{
    struct cprov_json *doc = NULL;
    int code = cprov_json_parse(text, arena, &doc, NULL);

    if (code == CPROV_ENOMEM)
        return cprov_fail_memory(err);
    const char *user = code < 0 ? NULL : cprov_json_get_text(doc, "Username");
    const char *secret = code < 0 ? NULL : cprov_json_get_text(doc, "Secret");
    if (!user || !secret)
        code = cprov_fail(err, CPROV_EAUTH, "garbage");
    else if (*user || *secret)
        code = cprov_credentials_set(out, cprov_span_of(user), cprov_span_of(secret), err);
    cprov_secret_json_wipe(doc);
    return code;
}

int cprov_helper_get(const struct cprov_helper *h, struct cprov_credentials *out,
                     struct cprov_error *err)
{
    auto_secret_buf struct cprov_buf answer;
    struct cprov_arena arena = { 0 };
    int status = 0;

    cprov_secret_buf_init(&answer, CPROV_TOKEN_BODY_MAX, CPROV_TOKEN_BODY_MAX / 4);
    int code = run(h, "get", cprov_span_of(h->server), &answer, &status, err);
    if (code < 0)
        return code;
    if (says_not_found(status, &answer))
        return 0;
    if (status != 0)
        return fail_status(h, "get", status, err);
    code = parse_answer(cprov_buf_span(&answer), &arena, out, err);
    cprov_arena_clear(&arena);
    if (code == CPROV_EAUTH)
        return cprov_fail(err, CPROV_EAUTH,
                          "credential helper docker-credential-%s gives no login in JSON", h->name);
    return code;
}

int cprov_helper_store(const struct cprov_helper *h, const struct cprov_credentials *login,
                       struct cprov_error *err)
{
    auto_secret_buf struct cprov_buf input;
    auto_secret_buf struct cprov_buf answer;
    struct cprov_json_writer w;
    bool token = login->identity_token != NULL;
    int status = 0;

    cprov_secret_buf_init(&input, CPROV_TOKEN_BODY_MAX, CPROV_TOKEN_BODY_MAX / 4);
    cprov_secret_buf_init(&answer, CPROV_TOKEN_BODY_MAX, 0);
    if (!token && !login->username)
        return cprov_fail(err, CPROV_EUNSUPPORTED,
                          "credential helper docker-credential-%s keeps no registry tokens",
                          h->name);
    cprov_json_writer_init(&w, &input, 0);
    cprov_json_begin_object(&w);
    cprov_json_member(&w, "ServerURL", h->server);
    cprov_json_member(&w, "Username", token ? CPROV_TOKEN_USER : login->username);
    cprov_json_member(&w, "Secret",
                      token             ? login->identity_token
                      : login->password ? login->password
                                        : "");
    cprov_json_end_object(&w);

    int code = cprov_buf_check(&input, "the login", err);
    if (code == 0)
        code = run(h, "store", cprov_buf_span(&input), &answer, &status, err);
    if (code < 0)
        return code;
    return status != 0 ? fail_status(h, "get", status, err) : 0;
}

int cprov_helper_erase(const struct cprov_helper *h, struct cprov_error *err)
{
    auto_secret_buf struct cprov_buf answer;
    int status = 0;

    cprov_secret_buf_init(&answer, CPROV_TOKEN_BODY_MAX, 0);
    int code = run(h, "erase", cprov_span_of(h->server), &answer, &status, err);
    if (code < 0)
        return code;
    if (status != 0 && !says_not_found(status, &answer))
        return fail_status(h, "erase", status, err);
    return 0;
}
