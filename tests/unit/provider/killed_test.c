/* An install killed at any byte or moment: never half an image, and nothing is fetched twice. */
#include "world.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"

#define ROUNDS      50
#define LAYER_BYTES 150000 /* two layers an image */
#define LAYER_MS    150    /* that long the registry takes for each */

/* One blob of the image that is being installed: what was there before each try. */
struct blob {
    char digest[136];
    uint64_t had[ROUNDS + 1]; /* bytes at the beginning of the tries that found it missing */
    size_t tries;
};

struct killed {
    struct world *w;
    struct blob blobs[ROUNDS + 1][3];
    size_t image; /* the one that is being installed: "app:1.N" */
    uint32_t seed;
};

static uint32_t random_below(struct killed *k, uint32_t end)
{
    k->seed = k->seed * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)k->seed * end >> 32);
}

static void serve_images(struct world *w)
{
    auto_buf struct cprov_buf script = { 0 };

    cprov_buf_init(&script, 1 << 20);
    for (int i = 0; i <= ROUNDS; i++)
        cprov_buf_addf(&script, "image app 1.%d layers=2 size=%d content=%d\n", i, LAYER_BYTES, i);
    cprov_buf_addf(&script, "fault /v2/app/blobs/* GET rate=%d\n", LAYER_BYTES * 1000 / LAYER_MS);
    world_serve(w, cprov_buf_text(&script));
}

/* Notes what is there of the image that is next. */
static void look(struct killed *k)
{
    static const char *const kinds[] = { "config", "layer1", "layer2" };
    char what[64], path[256];

    for (size_t i = 0; i < CPROV_COUNT(kinds); i++) {
        struct blob *b = &k->blobs[k->image][i];

        snprintf(what, sizeof(what), "app 1.%zu %s", k->image, kinds[i]);
        world_digest(k->w, what, b->digest);
        const char *hex = b->digest + strlen("sha256:");
        snprintf(path, sizeof(path), "store/blobs/sha256/%s", hex);
        if (world_has(k->w, path))
            continue;
        snprintf(path, sizeof(path), "store/cprov/partial/sha256-%s", hex);
        int64_t size = world_size(k->w, path);
        b->had[b->tries++] = size > 0 ? (uint64_t)size : 0;
    }
}

static uint64_t dies_at; /* bytes of all blobs */

static void die_at_byte(const struct cprov_progress *p)
{
    if (*p->id == '\0' && p->done >= dies_at)
        raise(SIGKILL);
}

/* In a process of its own; does not come back. */
static void install(struct killed *k, bool by_bytes)
{
    char name[32];

    snprintf(name, sizeof(name), "app:1.%zu", k->image);
    world_forget(k->w);
    k->w->heard.on_progress = by_bytes ? die_at_byte : NULL;
    k->w->session = NULL; /* the parent's */
    if (world_open(k->w, NULL) < 0)
        _exit(1);
    _exit(world_install(k->w, name) == 0 ? 0 : 1);
}

static void sleep_ms(uint32_t ms)
{
    const struct timespec pause = { .tv_nsec = (long)ms * 1000000 };

    nanosleep(&pause, NULL);
}

static void run_and_kill(struct killed *k, bool by_bytes)
{
    int status = 0;

    dies_at = random_below(k, 2 * LAYER_BYTES);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        install(k, by_bytes);
    if (!by_bytes) {
        sleep_ms(random_below(k, LAYER_MS + 50));
        kill(child, SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    else
        assert_int_equal(WTERMSIG(status), SIGKILL);
}

/* What is listed is whole; moves on to the next image when this one is among it. */
static void assert_sound(struct killed *k)
{
    struct cprov_list_options list = CPROV_INIT(struct cprov_list_options);
    struct world *w = k->w;
    char name[32];
    const char *names[] = { name };

    if (!world_has(w, "store/index.json"))
        return;
    if (world_test(w) < 0)
        fail_msg("image %zu: %s", k->image, w->heard.failure);
    size_t whole = w->heard.items;
    snprintf(name, sizeof(name), "app:1.%zu", k->image);
    list.names = names;
    list.names_count = 1;
    world_forget(w);
    if (cprov_list(w->session, &list, &w->callbacks) == 0)
        k->image++;
    assert_int_equal(whole, k->image);
}

/* The bytes from which a blob was asked for. */
static uint64_t start_of(struct cprov_span line)
{
    const char *mark = memmem(line.ptr, line.len, " range=bytes=", 13);
    uint64_t start = 0;

    if (mark) {
        struct cprov_span rest = cprov_span_from(line, (size_t)(mark - line.ptr) + 13);
        rest.len = cprov_span_find(rest, '-');
        assert_true(cprov_span_u64(rest, &start));
    }
    return start;
}

/* A request that the killed process sent may be logged late: so tries are not told apart. */
static void assert_only_missing_bytes(const struct blob *b, const char *log)
{
    struct cprov_span rest = cprov_span_of(log), line;
    char request[192];
    size_t requests = 0;

    snprintf(request, sizeof(request), "GET /v2/app/blobs/%s ", b->digest);
    while (cprov_span_next(&rest, '\n', &line)) {
        bool known = false;

        if (!cprov_span_starts_with(line, request))
            continue;
        requests++;
        for (size_t i = 0; i < b->tries; i++)
            known = known || b->had[i] == start_of(line);
        if (!known)
            fail_msg("not what was missing: %.*s", CPROV_SPAN_ARG(line));
    }
    assert_in_range(requests, 1, b->tries);
}

static void killed_installs_leave_no_harm(void **state)
{
    struct killed *k = calloc(1, sizeof(*k));
    struct world *w = *state;
    char name[32];

    assert_non_null(k);
    k->w = w;
    k->seed = 20151113;
    serve_images(w);
    world_session(w);
    for (int i = 0; i < ROUNDS; i++) {
        look(k);
        run_and_kill(k, i % 2 == 0);
        assert_sound(k);
    }
    print_message("%zu images came through %d kills\n", k->image, ROUNDS);
    assert_in_range(k->image, 1, ROUNDS - 1); /* some lived, some died */
    look(k);
    snprintf(name, sizeof(name), "app:1.%zu", k->image);
    world_forget(w);
    assert_int_equal(world_install(w, name), 0);
    assert_int_equal(world_test(w), 0);
    assert_int_equal(w->heard.items, k->image + 1);

    char *log = world_log(w);
    for (size_t i = 0; i <= k->image; i++)
        for (size_t b = 0; b < 3; b++)
            assert_only_missing_bytes(&k->blobs[i][b], log);
    free(log);
    free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(killed_installs_leave_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
