/* tests/unit/serve/watch_test.c - who gets on, and who is cut. */
#include "serve/watch_private.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "serve/listen_private.h"
#include "unit.h"

#define WINDOW_MS 1000
#define BYTES     100

/* Both ends of a TCP connection. */
struct pair {
    int server, client;
};

static struct pair connect_pair(void)
{
    struct pair p = { -1, -1 };
    struct cprov_listener l;
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);

    assert_int_equal(cprov_listen("127.0.0.1:0", &l, CPROV_IGNORED), 0);
    assert_int_equal(getsockname(l.fd, (struct sockaddr *)&address, &len), 0);
    p.client = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(p.client >= 0);
    assert_int_equal(connect(p.client, (struct sockaddr *)&address, len), 0);
    p.server = accept(l.fd, NULL, NULL);
    assert_true(p.server >= 0);
    cprov_fd_close(&l.fd);
    return p;
}

static void close_pair(struct pair *p)
{
    cprov_fd_close(&p->server);
    cprov_fd_close(&p->client);
}

static struct cprov_watch *watch_new(size_t crowd)
{
    struct cprov_watch_limits limits = { WINDOW_MS, BYTES, crowd, 2, 1000 };
    struct cprov_watch *w = NULL;

    assert_int_equal(cprov_watch_new(&limits, &w, CPROV_IGNORED), 0);
    return w;
}

/* Sends bytes and waits until they have been acknowledged by being read. */
static void take(struct pair *p, size_t count)
{
    char bytes[4096] = { 0 };

    assert_true(count <= sizeof(bytes));
    assert_int_equal(send(p->server, bytes, count, 0), (ssize_t)count);
    assert_int_equal(recv(p->client, bytes, count, MSG_WAITALL), (ssize_t)count);
    poll(NULL, 0, 100); /* the acknowledgement may be delayed */
}

static bool is_cut(const struct pair *p)
{
    char byte;

    return recv(p->client, &byte, 1, MSG_DONTWAIT) == 0;
}

static void test_idle_is_cut(void **state)
{
    struct cprov_watch *w = watch_new(10);
    struct pair p = connect_pair();
    struct cprov_watched *c = cprov_watch_add(w, p.server, 0);

    (void)state;
    assert_int_equal(cprov_watch_sweep(w, WINDOW_MS - 1), 0);
    assert_false(is_cut(&p));
    assert_int_equal(cprov_watch_sweep(w, WINDOW_MS), 1);
    assert_true(is_cut(&p));
    cprov_watch_remove(w, c);
    assert_int_equal(cprov_watch_sweep(w, 10 * WINDOW_MS), 0);
    close_pair(&p);
    cprov_watch_free(w);
}

static void test_renewed_stays(void **state)
{
    struct cprov_watch *w = watch_new(10);
    struct pair p = connect_pair();
    struct cprov_watched *c = cprov_watch_add(w, p.server, 0);

    (void)state;
    cprov_watch_renew(w, c, WINDOW_MS - 1);
    assert_int_equal(cprov_watch_sweep(w, 2 * WINDOW_MS - 2), 0);
    assert_int_equal(cprov_watch_sweep(w, 2 * WINDOW_MS - 1), 1);
    cprov_watch_remove(w, c);
    close_pair(&p);
    cprov_watch_free(w);
}

static void test_taker_stays(void **state)
{
    struct cprov_watch *w = watch_new(10);
    struct pair p = connect_pair();
    struct cprov_watched *c = cprov_watch_add(w, p.server, 0);

    (void)state;
    take(&p, BYTES);
    assert_int_equal(cprov_watch_sweep(w, WINDOW_MS), 0);
    take(&p, BYTES - 1); /* what was taken in the first window does not count again */
    assert_int_equal(cprov_watch_sweep(w, 2 * WINDOW_MS), 1);
    assert_true(is_cut(&p));
    cprov_watch_remove(w, c);
    close_pair(&p);
    cprov_watch_free(w);
}

static void test_crowd(void **state)
{
    struct cprov_watch *w = watch_new(1);
    struct pair a = connect_pair(), b = connect_pair();
    struct cprov_watched *first = cprov_watch_add(w, a.server, 0);

    (void)state;
    assert_false(cprov_watch_crowded(w));
    assert_int_equal(cprov_watch_sweep(w, WINDOW_MS / CPROV_WATCH_HURRY), 0);
    struct cprov_watched *second = cprov_watch_add(w, b.server, 0);
    assert_true(cprov_watch_crowded(w));
    take(&b, BYTES / CPROV_WATCH_HURRY + 1);
    assert_int_equal(cprov_watch_sweep(w, WINDOW_MS / CPROV_WATCH_HURRY), 1);
    assert_true(is_cut(&a));
    assert_false(is_cut(&b));
    cprov_watch_remove(w, first);
    assert_false(cprov_watch_crowded(w));
    cprov_watch_remove(w, second);
    close_pair(&a);
    close_pair(&b);
    cprov_watch_free(w);
}

/* H7: with every place taken, whoever does not get on makes room; who does, stays. */
static void test_H7_room(void **state)
{
    struct cprov_watch *w = watch_new(10);
    struct pair a = connect_pair(), b = connect_pair();
    char bytes[CPROV_WATCH_MOVE] = { 0 };

    (void)state;
    assert_true(cprov_watch_room(w, 0)); /* kept until it is added */
    struct cprov_watched *first = cprov_watch_add(w, a.server, 0);
    assert_true(cprov_watch_room(w, 0));
    struct cprov_watched *second = cprov_watch_add(w, b.server, 0);
    assert_false(cprov_watch_room(w, CPROV_WATCH_GRACE_MS - 1));
    assert_false(is_cut(&a) || is_cut(&b));
    assert_int_equal(send(b.server, bytes, sizeof(bytes), 0), (ssize_t)sizeof(bytes));
    assert_int_equal(recv(b.client, bytes, sizeof(bytes), MSG_WAITALL), (ssize_t)sizeof(bytes));
    poll(NULL, 0, 100);
    assert_false(cprov_watch_room(w, CPROV_WATCH_GRACE_MS));
    assert_true(is_cut(&a));
    assert_false(is_cut(&b));
    cprov_watch_remove(w, first);
    assert_true(cprov_watch_room(w, CPROV_WATCH_GRACE_MS));
    assert_false(cprov_watch_room(w, CPROV_WATCH_GRACE_MS)); /* that place is kept */
    cprov_watch_remove(w, second);
    close_pair(&a);
    close_pair(&b);
    cprov_watch_free(w);
}

/* S9: answers in memory have a budget, and those who do not take theirs give it back. */
static void test_S9_charge(void **state)
{
    struct cprov_watch *w = watch_new(10);
    struct pair a = connect_pair(), b = connect_pair();
    struct cprov_watched *first = cprov_watch_add(w, a.server, 0);
    struct cprov_watched *second = cprov_watch_add(w, b.server, 0);

    (void)state;
    assert_true(cprov_watch_charge(w, first, 900));
    assert_false(cprov_watch_charge(w, second, 101));
    assert_true(cprov_watch_charge(w, second, 100));
    assert_true(cprov_watch_charge(w, first, 800)); /* instead of the 900 */
    cprov_watch_renew(w, second, 0);
    assert_true(cprov_watch_charge(w, second, 200));
    assert_int_equal(cprov_watch_sweep(w, CPROV_WATCH_GRACE_MS - 1), 0);
    cprov_watch_renew(w, second, 200);
    assert_true(cprov_watch_charge(w, second, 200));
    assert_int_equal(cprov_watch_sweep(w, CPROV_WATCH_GRACE_MS), 1);
    assert_true(is_cut(&a));
    assert_false(is_cut(&b));
    cprov_watch_remove(w, first);
    assert_true(cprov_watch_charge(w, second, 1000));
    cprov_watch_remove(w, second);
    close_pair(&a);
    close_pair(&b);
    cprov_watch_free(w);
}

static void test_nothing(void **state)
{
    struct cprov_watch *w = watch_new(0);

    (void)state;
    cprov_watch_renew(w, NULL, 1);
    cprov_watch_remove(w, NULL);
    assert_int_equal(cprov_watch_sweep(w, INT64_MAX), 0);
    cprov_watch_free(w);
    cprov_watch_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idle_is_cut), cmocka_unit_test(test_renewed_stays),
        cmocka_unit_test(test_taker_stays), cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_H7_room),     cmocka_unit_test(test_S9_charge),
        cmocka_unit_test(test_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
