/* mirror/serve.c - the HTTP server around answer.c. */
#include "mirror/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/library.h"
#include "base/limits.h"
#include "mirror/answer.h"
#include "mirror/listen.h"
#include "mirror/lists.h"
#include "mirror/served.h"
#include "mirror/watch.h"

#define CONNECTIONS       256                      /* unless asked for otherwise */
#define CONNECTION_MEMORY ((size_t)32 * CPROV_KIB) /* request line, headers and what is sent */
#define IDLE_S            60u                      /* nothing moves */
#define WINDOW_MS         60000                    /* in which a connection has to get on, */
#define WINDOW_BYTES      (64 * CPROV_KIB)         /* by a request or by these bytes */
#define SWEEP_MS          1000
#define THREADS_MIN       2
#define THREADS_MAX       4
#define STACK_SIZE        ((size_t)256 * CPROV_KIB)
#define TLS_PRIORITIES    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
#define OPTIONS_MAX       20

/* A page has nothing but what is ours, whatever a text of an image might smuggle in. */
#define PAGE_POLICY                                                                                \
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "              \
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

#define MHD_FUNCTIONS(X)                                                                           \
    X(start_daemon)                                                                                \
    X(stop_daemon)                                                                                 \
    X(is_feature_supported)                                                                        \
    X(get_connection_info)                                                                         \
    X(lookup_connection_value)                                                                     \
    X(create_response_from_buffer)                                                                 \
    X(create_response_from_fd_at_offset64)                                                         \
    X(add_response_header)                                                                         \
    X(queue_response)                                                                              \
    X(destroy_response)

static struct {
#define MEMBER(name) __typeof__(MHD_##name) *name;
    MHD_FUNCTIONS(MEMBER)
#undef MEMBER
} mhd;

static const struct cprov_library_symbol symbols[] = {
#define SYMBOL(name) { "MHD_" #name, (void **)(void *)&mhd.name },
    MHD_FUNCTIONS(SYMBOL)
#undef SYMBOL
};
static struct cprov_library library = { "libmicrohttpd.so.12", "libmicrohttpd12", symbols,
                                        CPROV_COUNT(symbols), NULL };

struct server {
    const struct cprov_serve_request *request;
    struct cprov_site site;
    struct cprov_watch *watch;
    struct cprov_buf cert, key; /* PEM; the library reads them as long as it runs */
    struct MHD_Daemon *daemon;
};

/* --- one request --- */

/* False when the value cannot stand in a header. */
static bool add_header(struct MHD_Response *r, const char *name, const char *value)
{
    return !value || !*value || mhd.add_response_header(r, name, value) == MHD_YES;
}

static bool add_headers(struct MHD_Response *r, const struct cprov_answer *a)
{
    char etag[CPROV_DIGEST_TEXT_MAX + 2] = "";

    if (a->etag[0])
        snprintf(etag, sizeof(etag), "\"%s\"", a->etag);
    return add_header(r, "Docker-Distribution-Api-Version", "registry/2.0") &&
           add_header(r, "X-Content-Type-Options", "nosniff") &&
           add_header(r, "Content-Security-Policy", a->page ? PAGE_POLICY : NULL) &&
           add_header(r, "Referrer-Policy", a->page ? "no-referrer" : NULL) &&
           add_header(r, "Content-Type", a->content_type) &&
           add_header(r, "Cache-Control", a->cache_control) &&
           add_header(r, "OCI-Filters-Applied", a->filters) &&
           add_header(r, "Content-Range", a->content_range) &&
           add_header(r, "Link", cprov_buf_text(&a->link)) &&
           add_header(r, "Accept-Ranges", a->ranges ? "bytes" : NULL) &&
           add_header(r, "Docker-Content-Digest", a->digest) && add_header(r, "ETag", etag) &&
           add_header(r, "Allow", a->allow) &&
           add_header(r, "Connection", a->close ? "close" : NULL);
}

/* The response owns the body and the open file afterwards. */
static struct MHD_Response *response_of(struct cprov_answer *a)
{
    struct MHD_Response *r;
    char *body = NULL;
    size_t len = a->body.len;

    if (a->fd >= 0 && a->length > 0) {
        r = mhd.create_response_from_fd_at_offset64(a->length, a->fd, a->offset);
        if (r)
            a->fd = -1;
        return r;
    }
    if (len > 0 && cprov_buf_take(&a->body, "answer", &body, NULL) < 0)
        return NULL;
    r = mhd.create_response_from_buffer(len, body,
                                        body ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (!r)
        free(body);
    return r;
}

static enum MHD_Result send_answer(struct MHD_Connection *c, struct cprov_answer *a)
{
    struct MHD_Response *r = response_of(a);

    if (!r)
        return MHD_NO;
    enum MHD_Result sent = add_headers(r, a) ? mhd.queue_response(c, a->status, r) : MHD_NO;
    mhd.destroy_response(r);
    return sent;
}

static enum MHD_Result refuse_method(struct MHD_Connection *c)
{
    auto_answer struct cprov_answer a = { .status = MHD_HTTP_METHOD_NOT_ALLOWED,
                                          .content_type = "application/json",
                                          .allow = "GET, HEAD",
                                          .fd = -1 };

    cprov_buf_init(&a.link, CPROV_KIB);
    cprov_buf_init(&a.body, CPROV_KIB);
    cprov_problem_write(&a.body, "UNSUPPORTED", "this registry is read-only");
    return send_answer(c, &a);
}

static const char *header(struct MHD_Connection *c, const char *name)
{
    return mhd.lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static const char *argument(struct MHD_Connection *c, const char *name)
{
    return mhd.lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, name);
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
    static char begun;
    struct server *s = cls;
    bool head = strcmp(method, "HEAD") == 0;

    (void)version;
    (void)upload;
    (void)upload_size;
    /* The first call comes before the body. An answer then ends the connection, unread. */
    if (!head && strcmp(method, "GET") != 0)
        return refuse_method(c);
    if (!*state && !has_body(c)) {
        *state = &begun;
        return MHD_YES;
    }
    auto_answer struct cprov_answer a;
    struct cprov_question q = { .head = head,
                                .path = url,
                                .host = header(c, "Host"),
                                .n = argument(c, "n"),
                                .last = argument(c, "last"),
                                .artifact_type = argument(c, "artifactType"),
                                .q = argument(c, "q"),
                                .page = argument(c, "page"),
                                .platform = argument(c, "platform"),
                                .range = header(c, "Range"),
                                .if_range = header(c, "If-Range"),
                                .if_match = header(c, "If-Match"),
                                .if_none_match = header(c, "If-None-Match") };
    cprov_answer_make(&s->site, &q, &a);
    a.close = cprov_watch_crowded(s->watch);
    return send_answer(c, &a);
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
        return;
    }
    const union MHD_ConnectionInfo *info =
        mhd.get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    *context = info ? cprov_watch_add(s->watch, info->connect_fd, cprov_clock_ms()) : NULL;
}

static void on_completed(void *cls, struct MHD_Connection *c, void **state,
                         enum MHD_RequestTerminationCode how)
{
    struct server *s = cls;
    const union MHD_ConnectionInfo *info =
        mhd.get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    (void)state;
    (void)how;
    if (info)
        cprov_watch_renew(s->watch, info->socket_context, cprov_clock_ms());
}

/* --- the daemon --- */

struct options {
    struct MHD_OptionItem list[OPTIONS_MAX];
    size_t count;
};

static void set(struct options *o, enum MHD_OPTION option, intptr_t value, void *ptr)
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

static unsigned connections_of(const struct cprov_serve_request *request)
{
    return request->max_connections ? request->max_connections : CONNECTIONS;
}

static void choose_options(struct server *s, const struct cprov_listener *l, int fd,
                           struct options *o)
{
    unsigned connections = s->request->max_connections ? s->request->max_connections : CONNECTIONS;
    unsigned threads = threads_for(connections);

    set(o, MHD_OPTION_LISTEN_SOCKET, fd, NULL);
    set(o, MHD_OPTION_CONNECTION_LIMIT, (intptr_t)connections, NULL);
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
static struct MHD_Daemon *start_quietly(struct server *s, unsigned flags, const struct options *o)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    struct MHD_Daemon *daemon = mhd.start_daemon(flags, 0, NULL, NULL, on_request, s,
                                                 MHD_OPTION_ARRAY, o->list, MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return daemon;
}

static int start(struct server *s, const struct cprov_listener *l, struct cprov_error *err)
{
    const struct cprov_serve_request *request = s->request;
    struct options options = { .count = 0 };
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | (request->cert_file ? MHD_USE_TLS : 0);

    if (request->cert_file && mhd.is_feature_supported(MHD_FEATURE_SSL) != MHD_YES)
        return cprov_fail(err, CPROV_EUNSUPPORTED, "this libmicrohttpd was built without TLS");
    /* The library closes the socket it is given, on most failures too: so it gets one of its own.
     */
    int fd = fcntl(l->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return cprov_fail_os(err, errno, "listening socket");
    choose_options(s, l, fd, &options);
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
    const struct cprov_serve_request *request = s->request;

    if (!request->cert_file != !request->key_file)
        return cprov_fail(err, CPROV_EINVAL, "TLS needs a certificate and a key");
    if (!request->cert_file)
        return 0;
    int code = read_pem(request->cert_file, &s->cert, err);
    return code < 0 ? code : read_pem(request->key_file, &s->key, err);
}

static void wait_for_the_end(struct server *s)
{
    int64_t next = cprov_clock_ms() + SWEEP_MS;

    while (!cprov_cancelled(s->request->cancel)) {
        struct cprov_error problem;

        poll(NULL, 0, CPROV_POLL_MS);
        if (cprov_clock_ms() >= next) {
            size_t cut = cprov_watch_sweep(s->watch, cprov_clock_ms());
            if (cut > 0)
                cprov_debug(s->request->log, "serve: cut %zu connections that did not get on", cut);
            next = cprov_clock_ms() + SWEEP_MS;
        }
        if (cprov_served_problem(s->site.served, &problem))
            cprov_debug(s->request->log, "serve: the last good state goes on: %s", problem.msg);
    }
}

static int run(struct server *s, struct cprov_error *err)
{
    const struct cprov_serve_request *request = s->request;
    /* With a quarter of the places left, nobody keeps one for later. */
    unsigned crowd = connections_of(request) - connections_of(request) / 4;
    struct cprov_watch_limits limits = { WINDOW_MS, WINDOW_BYTES, crowd };
    struct cprov_listener l = { .fd = -1 };
    char url[sizeof(l.address) + 16];

    int code = cprov_library_load(&library, err);
    if (code == 0)
        code = read_certificates(s, err);
    if (code == 0)
        code = cprov_served_new(request->store, &s->site.served, err);
    if (code == 0)
        code = cprov_watch_new(&limits, &s->watch, err);
    if (code == 0)
        code = cprov_listen(request->listen, &l, err);
    s->site.address = l.address;
    if (code == 0)
        code = start(s, &l, err);
    cprov_fd_close(&l.fd);
    if (code < 0)
        return code;
    snprintf(url, sizeof(url), "%s://%s", request->cert_file ? "https" : "http", l.address);
    if (request->ready)
        request->ready(request->arg, url);
    wait_for_the_end(s);
    mhd.stop_daemon(s->daemon);
    return 0;
}

int cprov_serve_run(const struct cprov_serve_request *request, struct cprov_error *err)
{
    struct server s = {
        .request = request,
        .site = { .store = request->store, .tls = request->cert_file != NULL, .ui = request->ui }
    };

    cprov_buf_init(&s.cert, CPROV_CONF_FILE_MAX);
    cprov_buf_init(&s.key, CPROV_CONF_FILE_MAX);
    int code = run(&s, err);
    cprov_watch_free(s.watch);
    cprov_served_free(s.site.served);
    cprov_buf_clear(&s.cert);
    if (s.key.ptr)
        explicit_bzero(s.key.ptr, s.key.cap);
    cprov_buf_clear(&s.key);
    return code;
}
