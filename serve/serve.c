/* serve/serve.c - the HTTP server around answer.c. */
#include "serve/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "serve/answer_private.h"
#include "serve/door_private.h"
#include "serve/listen_private.h"
#include "serve/lists_private.h"
#include "serve/mhd_private.h"
#include "serve/proofs_private.h"
#include "serve/response_private.h"
#include "serve/served_private.h"
#include "serve/waiting_private.h"
#include "serve/watch_private.h"

#define CONNECTIONS       256                      /* unless asked for otherwise */
#define CONNECTION_MEMORY ((size_t)32 * CPROV_KIB) /* request line, headers and what is sent */
#define IDLE_S            60u                      /* nothing moves */
#define WINDOW_MS         60000                    /* in which a connection has to get on, */
#define WINDOW_BYTES      (64 * CPROV_KIB)         /* by a request or by these bytes */
#define SWEEP_MS          500
#define SILENCE_MS        30000             /* before the first byte of a request */
#define BODIES_MAX        (32 * CPROV_MIB)  /* of answers in memory, all together */
#define BODY_FREE         (64 * CPROV_KIB)  /* an answer that is not counted */
#define UNSENT_MAX        (512 * CPROV_KIB) /* bytes that the kernel takes ahead for a client */
#define SLACK             64                /* places of the library: it hears later who has left */
#define THREADS_MIN       2
#define THREADS_MAX       4
#define STACK_SIZE        ((size_t)256 * CPROV_KIB)
#define TLS_PRIORITIES    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
#define OPTIONS_MAX       20

struct server {
    const struct cprov_serve_setup *request;
    struct cprov_service service;
    struct cprov_watch *watch;
    struct cprov_door *door;
    struct cprov_waiting *waiting;
    struct cprov_buf cert, key; /* PEM; the library reads them as long as it runs */
    struct MHD_Daemon *daemon;
};

/* --- one request --- */

static enum MHD_Result queue(struct server *s, struct MHD_Connection *c,
                             struct cprov_serve_answer *a)
{
    struct MHD_Response *r = cprov_response_new(a, s->service.proofs);

    if (!r)
        return MHD_NO;
    enum MHD_Result sent = cprov_mhd.queue_response(c, a->status, r);
    cprov_mhd.destroy_response(r);
    return sent;
}

static void begin_problem(struct cprov_serve_answer *a, unsigned status, const char *code,
                          const char *message)
{
    *a = (struct cprov_serve_answer){ .status = status,
                                      .content_type = "application/json",
                                      .fd = -1 };
    cprov_buf_init(&a->link, CPROV_KIB);
    cprov_buf_init(&a->body, CPROV_KIB);
    cprov_problem_write(&a->body, code, message);
}

static enum MHD_Result refuse_method(struct server *s, struct MHD_Connection *c)
{
    auto_answer struct cprov_serve_answer a;

    begin_problem(&a, MHD_HTTP_METHOD_NOT_ALLOWED, "UNSUPPORTED", "this registry is read-only");
    a.allow = "GET, HEAD";
    return queue(s, c, &a);
}

static struct cprov_watched *watched(struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *info =
        cprov_mhd.get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

/* Those who do not take their answers could fill the memory with them. */
static enum MHD_Result send_answer(struct server *s, struct MHD_Connection *c,
                                   struct cprov_serve_answer *a)
{
    auto_answer struct cprov_serve_answer busy = { .fd = -1 };

    if (a->body.len <= BODY_FREE || cprov_watch_charge(s->watch, watched(c), a->body.len))
        return queue(s, c, a);
    begin_problem(&busy, MHD_HTTP_SERVICE_UNAVAILABLE, "TOOMANYREQUESTS",
                  "too many answers are being sent; try again in a second");
    return queue(s, c, &busy);
}

static const char *header(struct MHD_Connection *c, const char *name)
{
    return cprov_mhd.lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static const char *argument(struct MHD_Connection *c, const char *name)
{
    return cprov_mhd.lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, name);
}

/* A body of a GET has no meaning; what is said of its length may be a trick. */
static bool has_body(struct MHD_Connection *c)
{
    const char *length = header(c, "Content-Length");

    return (length && strcmp(length, "0") != 0) || header(c, "Transfer-Encoding");
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state)
{
    struct server *s = cls;
    struct cprov_asked *asked = *state;
    bool head = strcmp(method, "HEAD") == 0;

    (void)version;
    (void)upload;
    (void)upload_size;
    /* The first call comes before the body. An answer then ends the connection, unread. */
    if (!head && strcmp(method, "GET") != 0)
        return refuse_method(s, c);
    if (!asked && !has_body(c)) {
        *state = asked = cprov_asked_new(s->waiting, c);
        return asked ? MHD_YES : MHD_NO;
    }
    if (cprov_watch_is_cut(s->watch, watched(c)))
        return MHD_NO;
    auto_answer struct cprov_serve_answer a;
    struct cprov_serve_request q = { .head = head,
                                     .path = url,
                                     .host = header(c, "Host"),
                                     .accept = header(c, "Accept"),
                                     .n = argument(c, "n"),
                                     .last = argument(c, "last"),
                                     .artifact_type = argument(c, "artifactType"),
                                     .q = argument(c, "q"),
                                     .page = argument(c, "page"),
                                     .platform = argument(c, "platform"),
                                     .sort = argument(c, "sort"),
                                     .range = header(c, "Range"),
                                     .if_range = header(c, "If-Range"),
                                     .if_match = header(c, "If-Match"),
                                     .if_none_match = header(c, "If-None-Match"),
                                     .hasty = asked && !asked->patient,
                                     .verdict = asked ? asked->verdict : CPROV_VERDICT_WRONG };
    cprov_answer_make(&s->service, &q, &a);
    if (a.delay != CPROV_DELAY_NONE)
        return cprov_waiting_delay(asked, &a);
    a.close = cprov_watch_crowded(s->watch);
    return send_answer(s, c, &a);
}

/* Paths and values are decoded where their rules are known. */
static size_t keep_escapes(void *cls, struct MHD_Connection *c, char *text)
{
    (void)cls;
    (void)c;
    return strlen(text);
}

/* --- connections --- */

static void on_connection(void *cls, struct MHD_Connection *c, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct server *s = cls;

    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        cprov_watch_remove(s->watch, *context);
        cprov_door_knock(s->door);
        return;
    }
    const union MHD_ConnectionInfo *info =
        cprov_mhd.get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    *context = info ? cprov_watch_add(s->watch, info->connect_fd, cprov_clock_ms()) : NULL;
}

static void on_completed(void *cls, struct MHD_Connection *c, void **state,
                         enum MHD_RequestTerminationCode how)
{
    struct server *s = cls;

    (void)how;
    free(*state);
    *state = NULL;
    cprov_watch_renew(s->watch, watched(c), cprov_clock_ms());
}

static bool has_room(void *arg)
{
    struct server *s = arg;

    return cprov_watch_room(s->watch, cprov_clock_ms());
}

/* For a client that does not read the kernel would keep megabytes. When it cannot be bounded it is
 * not. */
static void enter(void *arg, int fd, const struct sockaddr *address, socklen_t len)
{
    struct server *s = arg;
    int most = UNSENT_MAX;

    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof(most));

    /* When it does not take the connection, it closes it. */
    cprov_mhd.add_connection(s->daemon, fd, address, len);
}

/* --- the daemon --- */

struct listen_options {
    struct MHD_OptionItem list[OPTIONS_MAX];
    size_t count;
};

static void set(struct listen_options *o, enum MHD_OPTION option, intptr_t value, void *ptr)
{
    o->list[o->count++] = (struct MHD_OptionItem){ option, value, ptr };
}

static unsigned threads_for(unsigned connections)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned n = cores < THREADS_MIN   ? THREADS_MIN
                 : cores > THREADS_MAX ? THREADS_MAX
                                       : (unsigned)cores;
    return n < connections ? n : connections;
}

static unsigned connections_of(const struct cprov_serve_setup *request)
{
    return request->max_connections ? request->max_connections : CONNECTIONS;
}

static void choose_options(struct server *s, const struct cprov_listener *l,
                           struct listen_options *o)
{
    unsigned connections = connections_of(s->request);
    unsigned threads = threads_for(connections);

    set(o, MHD_OPTION_CONNECTION_LIMIT, (intptr_t)connections + SLACK, NULL);
    set(o, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)CONNECTION_MEMORY, NULL);
    set(o, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, NULL);
    set(o, MHD_OPTION_THREAD_STACK_SIZE, (intptr_t)STACK_SIZE, NULL);
    set(o, MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)keep_escapes, NULL);
    set(o, MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, s);
    set(o, MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, s);
    if (threads > 1)
        set(o, MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)threads, NULL);
    /* One address may not take every place; on loopback there is but one address. */
    if (!l->loopback && connections > 8)
        set(o, MHD_OPTION_PER_IP_CONNECTION_LIMIT, (intptr_t)(connections - connections / 8), NULL);
    if (s->request->cert_file) {
        set(o, MHD_OPTION_HTTPS_MEM_CERT, 0, s->cert.ptr);
        set(o, MHD_OPTION_HTTPS_MEM_KEY, 0, s->key.ptr);
        set(o, MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES);
    }
    set(o, MHD_OPTION_END, 0, NULL);
}

/* Signals are for the threads of the program, so the library's are born with all of them blocked.
 */
static struct MHD_Daemon *start_quietly(struct server *s, unsigned flags,
                                        const struct listen_options *o)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    struct MHD_Daemon *daemon = cprov_mhd.start_daemon(flags, 0, NULL, NULL, on_request, s,
                                                       MHD_OPTION_ARRAY, o->list, MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return daemon;
}

static int start(struct server *s, const struct cprov_listener *l, struct cprov_error *err)
{
    const struct cprov_serve_setup *request = s->request;
    struct listen_options options = { .count = 0 };
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET |
                     MHD_ALLOW_SUSPEND_RESUME | (request->cert_file ? MHD_USE_TLS : 0);

    if (request->cert_file && cprov_mhd.is_feature_supported(MHD_FEATURE_SSL) != MHD_YES)
        return cprov_fail(err, CPROV_EUNSUPPORTED, "this libmicrohttpd was built without TLS");
    choose_options(s, l, &options);
    s->daemon = start_quietly(s, flags, &options);
    if (s->daemon)
        return 0;
    if (request->cert_file)
        return cprov_fail(err, CPROV_EREFUSED, "certificate %s and key %s cannot be used together",
                          request->cert_file, request->key_file);
    return cprov_fail(err, CPROV_EFAIL, "cannot start the HTTP server");
}

static int read_pem(const char *path, struct cprov_buf *out, struct cprov_error *err)
{
    if (cprov_fs_read(AT_FDCWD, path, CPROV_CONF_FILE_MAX, out, err) < 0)
        return cprov_wrap_as(err, CPROV_EREFUSED, "TLS");
    if (!out->ptr || !strstr(out->ptr, "-----BEGIN "))
        return cprov_fail(err, CPROV_EREFUSED, "TLS: %s is not a PEM file", path);
    return 0;
}

static int read_certificates(struct server *s, struct cprov_error *err)
{
    const struct cprov_serve_setup *request = s->request;

    if (!request->cert_file != !request->key_file)
        return cprov_fail(err, CPROV_EINVAL, "TLS needs a certificate and a key");
    if (!request->cert_file)
        return 0;
    int code = read_pem(request->cert_file, &s->cert, err);
    return code < 0 ? code : read_pem(request->key_file, &s->key, err);
}

static void tend(struct server *s)
{
    size_t cut = cprov_watch_sweep(s->watch, cprov_clock_ms());
    struct cprov_error problem;

    if (cut > 0)
        cprov_debug(s->request->log, "serve: closed %zu connections without progress", cut);
    if (cprov_served_problem(s->service.served, &problem))
        cprov_debug(s->request->log, "serve: keeping the last good state: %s", problem.msg);
}

static void serve(struct server *s)
{
    int64_t next = cprov_clock_ms() + SWEEP_MS;

    while (!cprov_cancelled(s->request->cancel)) {
        cprov_door_step(s->door, CPROV_POLL_MS);
        if (cprov_clock_ms() < next)
            continue;
        tend(s);
        next = cprov_clock_ms() + SWEEP_MS;
    }
}

/* What all parts need before a request can come. */
static int open_parts(struct server *s, struct cprov_error *err)
{
    unsigned places = connections_of(s->request);
    struct cprov_watch_limits limits = {
        .window_ms = WINDOW_MS,
        .min_bytes = WINDOW_BYTES,
        .crowd = places - places / 4, /* with a quarter of them left, nobody keeps one for later */
        .places = places,
        .bodies_max = BODIES_MAX,
    };

    if (cprov_mhd_load(err) < 0 || read_certificates(s, err) < 0 ||
        cprov_served_new(s->request->store, &s->service.served, err) < 0 ||
        cprov_proofs_new(&s->service.proofs, err) < 0 ||
        cprov_waiting_new(&s->service, &s->waiting, err) < 0 ||
        cprov_watch_new(&limits, &s->watch, err) < 0)
        return err->code;
    return 0;
}

static int run(struct server *s, struct cprov_listener *l, struct cprov_error *err)
{
    const struct cprov_serve_setup *request = s->request;
    struct cprov_door_rules rules = { .tls = request->cert_file != NULL,
                                      .patience_ms = SILENCE_MS,
                                      .room = has_room,
                                      .enter = enter,
                                      .arg = s };
    char url[sizeof(l->address) + 16];

    if (open_parts(s, err) < 0 || cprov_listen(request->listen, l, err) < 0)
        return err->code;
    s->service.address = l->local;
    s->service.loopback = l->loopback;
    rules.fd = l->fd;
    if (cprov_door_new(&rules, &s->door, err) < 0 || start(s, l, err) < 0)
        return err->code;
    snprintf(url, sizeof(url), "%s://%s", request->cert_file ? "https" : "http", l->address);
    if (request->ready)
        request->ready(request->arg, url, l->others);
    serve(s);
    cprov_waiting_end(s->waiting);
    cprov_mhd.stop_daemon(s->daemon);
    return 0;
}

int cprov_serve_run(const struct cprov_serve_setup *request, struct cprov_error *err)
{
    struct server s = {
        .request = request,
        .service = { .store = request->store,
                     .tls = request->cert_file != NULL,
                     .ui = request->ui,
                     .hosts = request->hosts,
                     .hosts_count = request->hosts_count },
    };
    struct cprov_listener l = { .fd = -1 };
    struct cprov_error local = CPROV_ERROR_INIT;

    cprov_buf_init(&s.cert, CPROV_CONF_FILE_MAX);
    cprov_buf_init(&s.key, CPROV_CONF_FILE_MAX);
    int code = run(&s, &l, err ? err : &local);
    cprov_door_free(s.door);
    cprov_fd_close(&l.fd);
    cprov_watch_free(s.watch);
    cprov_waiting_free(s.waiting);
    cprov_proofs_free(s.service.proofs);
    cprov_served_free(s.service.served);
    cprov_buf_clear(&s.cert);
    if (s.key.ptr)
        explicit_bzero(s.key.ptr, s.key.cap);
    cprov_buf_clear(&s.key);
    return code;
}
