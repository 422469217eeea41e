/* tests/unit/provider/world.c - folders, environment, the registry program, callbacks that note. */
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "provider/session.h"

#define FILE_MAX (16u << 20)
#define START_MS 20000

/* --- folders --- */

static void path_of(const struct world *w, const char *name, char out[256])
{
    snprintf(out, 256, "%s/%s", w->dir, name);
}

static void write_file(const struct world *w, const char *name, struct cprov_span text)
{
    char path[256];

    path_of(w, name, path);
    assert_int_equal(cprov_fs_replace(AT_FDCWD, path, text, 0644, CPROV_IGNORED), 0);
}

static void read_file(const struct world *w, const char *name, struct cprov_buf *out)
{
    char path[256];

    path_of(w, name, path);
    cprov_buf_init(out, FILE_MAX);
    assert_int_equal(cprov_fs_read(AT_FDCWD, path, FILE_MAX, out, CPROV_IGNORED), 0);
}

bool world_has(const struct world *w, const char *name)
{
    return world_size(w, name) >= 0;
}

int64_t world_size(const struct world *w, const char *name)
{
    char path[256];
    struct stat st;

    path_of(w, name, path);
    return lstat(path, &st) == 0 ? (int64_t)st.st_size : -1;
}

/* --- what is told --- */

static void on_item(void *arg, const struct cprov_item *item)
{
    struct heard *h = arg;

    assert_in_range(h->items, 0, HEARD_MAX - 1);
    snprintf(h->item[h->items], sizeof(h->item[0]), "%.60s %.60s from %.60s", item->name,
             item->version, item->source);
    h->state[h->items++] = item->state;
    snprintf(h->ref, sizeof(h->ref), "%s", item->ref);
}

static void on_progress(void *arg, const struct cprov_progress *p)
{
    struct heard *h = arg;

    h->progress++;
    if (*p->id == '\0' && p->done > h->done)
        h->done = p->done;
    if (h->cancel_at && h->done >= h->cancel_at)
        h->cancelled = true;
    if (h->on_progress)
        h->on_progress(p);
}

static void on_message(void *arg, enum cprov_message_level level, const char *text)
{
    struct heard *h = arg;
    size_t len = strlen(h->messages);

    if (level == CPROV_MSG_RESULT || level == CPROV_MSG_WARNING)
        snprintf(h->messages + len, sizeof(h->messages) - len, "%s\n", text);
}

static void on_failure(void *arg, const struct cprov_failure *failure)
{
    struct heard *h = arg;

    h->failures++;
    h->result = failure->result;
    snprintf(h->failure, sizeof(h->failure), "%s: %s", failure->target, failure->message);
}

static enum cprov_answer on_change(void *arg, const struct cprov_change *change)
{
    struct heard *h = arg;
    size_t len = strlen(h->changes);

    snprintf(h->changes + len, sizeof(h->changes) - len, "%d %s %s %s\n", (int)change->kind,
             change->name, change->version, change->place);
    return h->answer;
}

static enum cprov_answer on_question(void *arg, const struct cprov_question *question)
{
    struct heard *h = arg;

    h->questions++;
    snprintf(h->question, sizeof(h->question), "%s", question->text);
    return h->answer;
}

static bool on_cancelled(void *arg)
{
    const struct heard *h = arg;

    return h->cancelled;
}

struct cprov_callbacks heard_callbacks(struct heard *heard)
{
    return (struct cprov_callbacks){ .size = sizeof(struct cprov_callbacks),
                                     .arg = heard,
                                     .item = on_item,
                                     .progress = on_progress,
                                     .message = on_message,
                                     .error = on_failure,
                                     .question = on_question,
                                     .change = on_change,
                                     .cancelled = on_cancelled };
}

void world_forget(struct world *w)
{
    memset(&w->heard, 0, sizeof(w->heard));
}

/* --- the world --- */

static void set_environment(const struct world *w)
{
    static const char *const unset[] = { "CPROV_ROOT",  "DOCKER_CONFIG", "REGISTRY_AUTH_FILE",
                                         "NETRC",       "http_proxy",    "https_proxy",
                                         "HTTPS_PROXY", "all_proxy",     "ALL_PROXY" };
    static const struct {
        const char *name, *folder;
    } set[] = { { "HOME", "home" },
                { "XDG_CONFIG_HOME", "home/config" },
                { "XDG_DATA_HOME", "home/data" },
                { "XDG_RUNTIME_DIR", "home/run" },
                { "CPROV_SYSTEM_CONFIG_DIR", "etc" },
                { "CPROV_CACHE_DIR", "cache" } };
    char path[256];

    for (size_t i = 0; i < CPROV_COUNT(unset); i++)
        unsetenv(unset[i]);
    for (size_t i = 0; i < CPROV_COUNT(set); i++) {
        path_of(w, set[i].folder, path);
        assert_int_equal(cprov_fs_make_dirs(AT_FDCWD, path, 0700, CPROV_IGNORED), 0);
        setenv(set[i].name, path, 1);
    }
}

int world_setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_non_null(w);
    snprintf(w->dir, sizeof(w->dir), "/tmp/cprov-provider-test-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->root, sizeof(w->root), "%s/store", w->dir);
    w->callbacks = heard_callbacks(&w->heard);
    set_environment(w);
    *state = w;
    return 0;
}

int world_teardown(void **state)
{
    struct world *w = *state;

    cprov_session_close(w->session);
    if (w->registry) {
        kill(w->registry, SIGKILL);
        waitpid(w->registry, NULL, 0);
    }
    assert_int_equal(cprov_fs_remove_tree(AT_FDCWD, w->dir, CPROV_IGNORED), 0);
    free(w);
    return 0;
}

void world_configure(struct world *w, const char *yaml)
{
    auto_buf struct cprov_buf text = { 0 };
    const char *mark;

    cprov_buf_init(&text, FILE_MAX);
    for (; (mark = strstr(yaml, "$REG")); yaml = mark + 4) {
        cprov_buf_add(&text, yaml, (size_t)(mark - yaml));
        cprov_buf_add_text(&text, w->host);
    }
    cprov_buf_add_text(&text, yaml);
    write_file(w, "etc/test.yaml", cprov_buf_span(&text));
}

int world_open(struct world *w, const struct cprov_session_options *o)
{
    struct cprov_session_options options = CPROV_INIT(struct cprov_session_options);

    cprov_session_close(w->session);
    w->session = NULL;
    if (o)
        options = *o;
    if (!options.root)
        options.root = w->root;
    return cprov_session_open(&options, &w->callbacks, &w->session);
}

void world_session(struct world *w)
{
    int code = world_open(w, NULL);

    if (code < 0)
        print_error("%s\n", w->heard.failure);
    assert_int_equal(code, 0);
}

void world_begin(struct world *w, const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    assert_int_equal(cprov_session_begin(w->session, callbacks, &err), 0);
}

/* --- the registry --- */

static void exec_registry(const struct world *w)
{
    char files[4][256];
    static const char *const names[] = { "script", "ports", "log", "inventory" };

    for (size_t i = 0; i < CPROV_COUNT(names); i++)
        path_of(w, names[i], files[i]);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that crashes leaves no server behind */
    execl(CPROV_FAKE_REGISTRY, "cprov_fake_registry", "--script", files[0], "--port-file", files[1],
          "--log", files[2], "--inventory", files[3], (char *)NULL);
    _exit(127);
}

static void wait_for_ports(struct world *w)
{
    const struct timespec pause = { .tv_nsec = 5000000 };
    auto_buf struct cprov_buf text = { 0 };
    struct cprov_span host, other;

    for (int ms = 0; ms < START_MS && !world_has(w, "ports"); ms += 5) {
        assert_int_equal(waitpid(w->registry, NULL, WNOHANG), 0);
        nanosleep(&pause, NULL);
    }
    read_file(w, "ports", &text);
    assert_true(cprov_span_cut(cprov_buf_span(&text), ' ', &host, &other));
    assert_in_range(host.len, 1, sizeof(w->host) - 1);
    memcpy(w->host, host.ptr, host.len);
}

void world_serve(struct world *w, const char *script)
{
    write_file(w, "script", cprov_span_of(script));
    w->registry = fork();
    assert_true(w->registry >= 0);
    if (w->registry == 0)
        exec_registry(w);
    wait_for_ports(w);
    world_configure(w, "sources:\n  - {name: cat, location: 'http://$REG', trusted: true}\n");
}

char *world_log(const struct world *w)
{
    auto_buf struct cprov_buf text = { 0 };
    char *out = NULL;

    read_file(w, "log", &text);
    assert_int_equal(cprov_buf_take(&text, "log", &out, CPROV_IGNORED), 0);
    return out;
}

size_t world_requests(const struct world *w, const char *begins)
{
    auto_buf struct cprov_buf text = { 0 };
    struct cprov_span rest, line;
    size_t count = 0;

    read_file(w, "log", &text);
    rest = cprov_buf_span(&text);
    while (cprov_span_next(&rest, '\n', &line))
        count += cprov_span_starts_with(line, begins);
    return count;
}

void world_digest(const struct world *w, const char *what, char out[136])
{
    auto_buf struct cprov_buf text = { 0 };
    struct cprov_span rest, line;

    read_file(w, "inventory", &text);
    rest = cprov_buf_span(&text);
    while (cprov_span_next(&rest, '\n', &line)) {
        struct cprov_span after = cprov_span_from(line, strlen(what) + 1), digest;

        if (!cprov_span_starts_with(line, what) || !cprov_span_next(&after, ' ', &digest))
            continue;
        assert_in_range(digest.len, 1, 135);
        memcpy(out, digest.ptr, digest.len);
        out[digest.len] = '\0';
        return;
    }
    fail_msg("the registry has no %s", what);
}

/* --- calls --- */

int world_install(struct world *w, const char *name)
{
    struct cprov_install_options o = CPROV_INIT(struct cprov_install_options);

    o.names = &name;
    o.names_count = 1;
    return cprov_install(w->session, &o, &w->callbacks);
}

int world_list(struct world *w)
{
    struct cprov_list_options o = CPROV_INIT(struct cprov_list_options);

    world_forget(w);
    return cprov_list(w->session, &o, &w->callbacks);
}

int world_test(struct world *w)
{
    struct cprov_test_options o = CPROV_INIT(struct cprov_test_options);

    o.all = true;
    world_forget(w);
    return cprov_test(w->session, &o, NULL, &w->callbacks);
}
