/* net/http_transfer.c - one transfer of http.c: its easy handle and its callbacks. */
#include "net/http_transfer_private.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "manifest/reference.h"
#include "net/http_failure_private.h"
#include "net/no_proxy_private.h"
#include "net/url.h"

#define CA_FOLDER "/etc/ssl/certs" /* where libcurl was built without one */

/* --- callbacks of libcurl --- */

static int deliver_head(struct cprov_http_transfer *t)
{
    const struct cprov_http_head *head = &t->headers.head;

    t->headers.head.from_private = t->from_private;
    t->idle_ms = 0;
    t->seen = t->received + t->uploaded;
    if (!t->request.whole)
        t->left_ms = CPROV_HTTP_NO_LIMIT;
    if (head->status == 407)
        return cprov_http_proxy_login(t, &t->err);
    return t->request.head ? t->request.head(t->request.arg, head, &t->err) : 0;
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
    struct cprov_http_transfer *t = arg;
    size_t len = size * count;
    bool had_head = t->headers.complete;

    if (t->stopped || t->code < 0)
        return 0;
    t->code = cprov_http_headers_add(&t->headers, cprov_span_make(data, len), &t->err);
    if (t->headers.status >= 200)
        t->received += len;
    if (t->code < 0)
        cprov_wrap(&t->err, "%s", t->name);
    else if (!had_head && t->headers.complete)
        t->code = deliver_head(t);
    return t->code < 0 || t->stopped ? 0 : len;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct cprov_http_transfer *t = arg;
    size_t len = size * count;

    if (t->stopped || t->code < 0)
        return 0;
    if (t->limited && t->ration <= 0) {
        t->paused = true;
        return CURL_WRITEFUNC_PAUSE; /* the same piece will come again */
    }
    t->ration -= (int64_t)len * 1000;
    t->received += len;
    if (t->request.body)
        t->code = t->request.body(t->request.arg, data, len, &t->err);
    return t->code < 0 || t->stopped ? 0 : len;
}

/* A piece of what is sent, from where it lies. */
static size_t on_upload(char *out, size_t size, size_t count, void *arg)
{
    struct cprov_http_transfer *t = arg;
    const struct cprov_http_upload *u = &t->upload;
    uint64_t left = u->length - t->position;
    size_t len = size * count < left ? size * count : (size_t)left, got = len;

    if (t->stopped || t->code < 0)
        return CURL_READFUNC_ABORT;
    if (t->limited && t->ration <= 0 && len > 0) {
        t->paused = true;
        return CURL_READFUNC_PAUSE;
    }
    if (len > 0 && u->bytes.ptr)
        memcpy(out, u->bytes.ptr + t->position, len);
    else if (len > 0)
        t->code =
            cprov_fs_read_at(u->fd, out, len, (off_t)(u->offset + t->position), &got, &t->err);
    if (t->code == 0 && got < len)
        t->code = cprov_fail(&t->err, CPROV_EFAIL, "the file became shorter while it was sent");
    if (t->code < 0)
        return CURL_READFUNC_ABORT;
    t->ration -= (int64_t)len * 1000;
    t->position += len;
    t->uploaded += len;
    if (u->sent)
        u->sent(u->arg, t->position);
    return len;
}

/* libcurl sends again what went into a connection that was dead already. */
static int on_rewind(void *arg, curl_off_t offset, int origin)
{
    struct cprov_http_transfer *t = arg;

    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > t->upload.length)
        return CURL_SEEKFUNC_FAIL;
    t->position = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static bool is_private(const struct sockaddr *address)
{
    const void *plain = address;

    if (address->sa_family == AF_INET)
        return cprov_address_is_private(AF_INET, &((const struct sockaddr_in *)plain)->sin_addr);
    return address->sa_family == AF_INET6 &&
           cprov_address_is_private(AF_INET6, &((const struct sockaddr_in6 *)plain)->sin6_addr);
}

/* Here a name has become an address, and nowhere earlier: what is judged is what is reached. */
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct cprov_http_transfer *t = arg;

    (void)purpose;
    if (t->request.public_only && !t->proxied && is_private(&address->addr)) {
        t->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int on_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
    struct cprov_http_transfer *t = arg;

    (void)purpose;
    t->socket = fd;
    t->has_socket = true;
    return CURL_SOCKOPT_OK;
}

bool cprov_http_transfer_shakes_hands(const struct cprov_http_transfer *t)
{
    struct tcp_info info = { 0 };
    socklen_t len = sizeof(info);

    return t->has_socket && !t->sent &&
           getsockopt(t->socket, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
           info.tcpi_state == TCP_ESTABLISHED;
}

static int on_connected(void *arg, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
    struct cprov_http_transfer *t = arg;

    (void)local_ip;
    (void)remote_port;
    (void)local_port;
    /* Also over a connection that another request has opened. */
    t->from_private = !t->proxied && remote_ip && cprov_host_is_private(cprov_span_of(remote_ip));
    if (t->request.public_only && t->from_private) {
        t->refused = true;
        return CURL_PREREQFUNC_ABORT;
    }
    t->sent = true;
    t->idle_ms = 0;
    ++*t->counts;
    return t->stopped ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* --- options --- */

/* Sticky: the first failure is kept and the rest is skipped. */
struct options {
    CURL *easy;
    CURLcode failed;
};

static void set_long(struct options *o, CURLoption option, long value)
{
    if (o->failed == CURLE_OK)
        o->failed = cprov_curl.easy_setopt(o->easy, option, value);
}

static void set_pointer(struct options *o, CURLoption option, const void *value)
{
    if (o->failed == CURLE_OK)
        o->failed = cprov_curl.easy_setopt(o->easy, option, value);
}

static void set_size(struct options *o, CURLoption option, curl_off_t value)
{
    if (o->failed == CURLE_OK)
        o->failed = cprov_curl.easy_setopt(o->easy, option, value);
}

static void set_callbacks(struct options *o, struct cprov_http_transfer *t)
{
    if (o->failed == CURLE_OK)
        o->failed = cprov_curl.easy_setopt(o->easy, CURLOPT_HEADERFUNCTION, on_header);
    if (o->failed == CURLE_OK)
        o->failed = cprov_curl.easy_setopt(o->easy, CURLOPT_WRITEFUNCTION, on_body);
    if (o->failed == CURLE_OK)
        o->failed = cprov_curl.easy_setopt(o->easy, CURLOPT_PREREQFUNCTION, on_connected);
    if (o->failed == CURLE_OK)
        o->failed = cprov_curl.easy_setopt(o->easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
    if (o->failed == CURLE_OK)
        o->failed = cprov_curl.easy_setopt(o->easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    set_pointer(o, CURLOPT_OPENSOCKETDATA, t);
    set_pointer(o, CURLOPT_SOCKOPTDATA, t);
    set_pointer(o, CURLOPT_HEADERDATA, t);
    set_pointer(o, CURLOPT_WRITEDATA, t);
    set_pointer(o, CURLOPT_PREREQDATA, t);
    set_pointer(o, CURLOPT_PRIVATE, t);
    set_pointer(o, CURLOPT_ERRORBUFFER, t->message);
}

/* The verb is put in by hand: libcurl calls every upload PUT. */
static void set_upload(struct options *o, struct cprov_http_transfer *t)
{
    static const char *const verbs[] = {
        [CPROV_POST] = "POST", [CPROV_PUT] = "PUT", [CPROV_PATCH] = "PATCH"
    };

    set_long(o, CURLOPT_UPLOAD, 1);
    set_pointer(o, CURLOPT_CUSTOMREQUEST, verbs[t->request.method]);
    set_size(o, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->upload.length);
    if (o->failed == CURLE_OK)
        o->failed = cprov_curl.easy_setopt(o->easy, CURLOPT_READFUNCTION, on_upload);
    if (o->failed == CURLE_OK)
        o->failed = cprov_curl.easy_setopt(o->easy, CURLOPT_SEEKFUNCTION, on_rewind);
    set_pointer(o, CURLOPT_READDATA, t);
    set_pointer(o, CURLOPT_SEEKDATA, t);
    set_long(o, CURLOPT_UPLOAD_BUFFERSIZE, (long)CPROV_HTTP_LONG_BUFFER);
}

static size_t buffer_size(const struct cprov_http_request *request)
{
    if (!request->bulk)
        return CPROV_HTTP_SMALL_BUFFER;
    return request->expected >= CPROV_HTTP_LONG ? CPROV_HTTP_LONG_BUFFER : CPROV_HTTP_BULK_BUFFER;
}

static void set_general(struct options *o, const struct cprov_http_setup *setup,
                        const struct cprov_http_request *request)
{
    set_long(o, CURLOPT_NOSIGNAL, 1);
    set_pointer(o, CURLOPT_PROTOCOLS_STR, "http,https");
    set_long(o, CURLOPT_FOLLOWLOCATION, 0);
    set_long(o, CURLOPT_NETRC, CURL_NETRC_IGNORED);
    set_long(o, CURLOPT_PATH_AS_IS, 1);
    set_long(o, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
    set_long(o, CURLOPT_HTTP_CONTENT_DECODING, 0);
    set_long(o, CURLOPT_TCP_NODELAY, 1);
    set_long(o, CURLOPT_TCP_KEEPALIVE, 1);
    set_long(o, CURLOPT_CONNECTTIMEOUT_MS, setup->connect_timeout_ms);
    set_long(o, CURLOPT_BUFFERSIZE, (long)buffer_size(request));
    if (setup->user_agent)
        set_pointer(o, CURLOPT_USERAGENT, setup->user_agent);
}

static void set_method(struct options *o, const struct cprov_http_request *request, bool https)
{
    set_pointer(o, CURLOPT_URL, request->url);
    if (request->method == CPROV_HEAD)
        set_long(o, CURLOPT_NOBODY, 1);
    if (request->method == CPROV_POST && !request->upload) {
        set_long(o, CURLOPT_POST, 1);
        set_size(o, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->content.len);
        set_pointer(o, CURLOPT_COPYPOSTFIELDS, request->content.ptr ? request->content.ptr : "");
    }
    /* Measured: HTTP/2 pays for many small requests, never for bulk. */
    set_long(o, CURLOPT_HTTP_VERSION,
             request->bulk ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS);
    set_long(o, CURLOPT_PIPEWAIT, https && !request->bulk);
}

static bool given(const char *text)
{
    return text && text[0] != '\0';
}

static void set_pem(struct options *o, CURLoption as_file, CURLoption as_blob, const char *file,
                    const char *pem)
{
    struct curl_blob blob = { .flags = CURL_BLOB_COPY };

    if (!pem) {
        set_pointer(o, as_file, file);
        return;
    }
    union {
        const char *in;
        void *out;
    } text = { .in = pem }; /* libcurl takes a copy */
    blob.data = text.out;
    blob.len = strlen(pem);
    set_pointer(o, as_blob, &blob);
}

/*
 * libcurl keeps the parsed store of authorities between connections only when it comes from one
 * bundle: reading 140 certificates again costs more than the handshake. With a file of the user's
 * the bundle gives way to that file and the system's folder stays beside it.
 */
static void set_authorities(struct options *o, const char *ca_file, const char *ca_pem)
{
    char *bundle = NULL, *folder = NULL;

    if (o->failed == CURLE_OK)
        o->failed = cprov_curl.easy_getinfo(o->easy, CURLINFO_CAINFO, &bundle);
    if (o->failed == CURLE_OK)
        o->failed = cprov_curl.easy_getinfo(o->easy, CURLINFO_CAPATH, &folder);
    if (given(ca_file)) {
        set_pem(o, CURLOPT_CAINFO, CURLOPT_CAINFO_BLOB, ca_file, ca_pem);
        set_pem(o, CURLOPT_PROXY_CAINFO, CURLOPT_PROXY_CAINFO_BLOB, ca_file, ca_pem);
        if (!folder)
            set_pointer(o, CURLOPT_CAPATH, CA_FOLDER);
    } else if (bundle && access(bundle, R_OK) == 0) {
        set_pointer(o, CURLOPT_CAPATH, NULL);
    }
}

static void set_peer(struct options *o, const struct cprov_http_peer *peer)
{
    set_long(o, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    set_authorities(o, peer ? peer->ca_file : NULL, peer ? peer->ca_pem : NULL);
    if (!peer)
        return;
    if (given(peer->cert_file))
        set_pointer(o, CURLOPT_SSLCERT, peer->cert_file);
    if (given(peer->key_file))
        set_pointer(o, CURLOPT_SSLKEY, peer->key_file);
    if (peer->insecure) {
        set_long(o, CURLOPT_SSL_VERIFYPEER, 0);
        set_long(o, CURLOPT_SSL_VERIFYHOST, 0);
    }
}

/* Which proxy, libcurl reads in the environment; which hosts have none, it would judge by rules of
 * its own. */
static bool environment_has_proxy(bool https)
{
    static const char *const plain[] = { "http_proxy", "all_proxy", "ALL_PROXY" };
    static const char *const tls[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };
    const char *const *names = https ? tls : plain;
    size_t count = https ? CPROV_COUNT(tls) : CPROV_COUNT(plain);

    for (size_t i = 0; i < count; i++)
        if (given(getenv(names[i])))
            return true;
    return false;
}

/* Returns whether there is one. */
static bool set_proxy(struct options *o, const struct cprov_http_request *request)
{
    const char *proxy = request->peer ? request->peer->proxy : NULL;
    struct cprov_url url;

    set_pointer(o, CURLOPT_NOPROXY, "");
    if ((proxy && strcmp(proxy, "none") == 0) ||
        (cprov_url_parse(cprov_span_of(request->url), &url, NULL) == 0 &&
         cprov_no_proxy_has(cprov_no_proxy_environment(), &url))) {
        set_pointer(o, CURLOPT_PROXY, "");
        return false;
    }
    if (given(proxy))
        set_pointer(o, CURLOPT_PROXY, proxy);
    return given(proxy) || (cprov_url_parse(cprov_span_of(request->url), &url, NULL) == 0 &&
                            environment_has_proxy(url.https));
}

/* --- headers of the request --- */

static bool is_header_text(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' && *text != '\t')
            return false;
    return true;
}

static int add_line(struct cprov_http_transfer *t, const char *line, struct cprov_error *err)
{
    struct curl_slist *longer = cprov_curl.slist_append(t->lines, line);

    if (!longer)
        return cprov_fail_memory(err);
    t->lines = longer;
    return 0;
}

static int add_headers(struct cprov_http_transfer *t, const struct cprov_http_request *request,
                       struct cprov_error *err)
{
    auto_buf struct cprov_buf line = { 0 };
    /* libcurl asks by itself before a body of a megabyte and more (CPROV_EXPECT_BYTES). */
    bool asks = request->upload && request->upload->length > CPROV_EXPECT_BYTES;

    if (!asks && add_line(t, "Expect:", err) < 0)
        return err->code;
    cprov_buf_init(&line, CPROV_HEADER_BYTES_MAX + CPROV_TOKEN_LENGTH_MAX);
    for (size_t i = 0; i < request->headers_count; i++) {
        const struct cprov_header *header = &request->headers[i];

        if (!is_header_text(header->name) || !is_header_text(header->value))
            return cprov_fail(err, CPROV_EINVAL, "a request header has control characters");
        cprov_buf_reset(&line);
        cprov_buf_addf(&line, "%s: %s", header->name, header->value);
        bool failed = cprov_buf_check(&line, "request header", err) < 0 ||
                      add_line(t, cprov_buf_text(&line), err) < 0;
        if (line.ptr) /* it may be a login */
            explicit_bzero(line.ptr, line.len);
        if (failed)
            return err->code;
    }
    return 0;
}

/* --- making and freeing --- */

static int name_peer(struct cprov_http_transfer *t, const struct cprov_http_request *request,
                     bool *https, struct cprov_error *err)
{
    auto_buf struct cprov_buf where = { 0 }, shown = { 0 };
    struct cprov_url url;
    const char *ca_file = request->peer ? request->peer->ca_file : NULL;

    cprov_buf_init(&where, CPROV_URL_MAX);
    cprov_buf_init(&shown, CPROV_URL_MAX);
    if (cprov_url_parse(cprov_span_of(request->url), &url, err) < 0)
        return err->code;
    cprov_url_authority(&url, &where);
    cprov_url_shown(cprov_span_of(request->url), &shown);
    if (given(ca_file) && !(t->ca_file = strdup(ca_file)))
        return cprov_fail_memory(err);
    if (cprov_buf_take(&where, "host", &t->where, err) < 0 ||
        cprov_buf_take(&shown, "URL", &t->shown, err) < 0)
        return err->code;
    t->name = request->host_is_named ? "the server" : t->where;
    *https = url.https;
    return 0;
}

static int set_all(struct cprov_http_transfer *t, const struct cprov_http_setup *setup,
                   const struct cprov_http_request *request, bool https, struct cprov_error *err)
{
    struct options o = { t->easy, CURLE_OK };

    set_callbacks(&o, t);
    set_general(&o, setup, request);
    set_method(&o, request, https);
    if (request->upload)
        set_upload(&o, t);
    set_peer(&o, request->peer);
    t->proxied = set_proxy(&o, request);
    set_pointer(&o, CURLOPT_HTTPHEADER, t->lines);
    if (o.failed == CURLE_OUT_OF_MEMORY)
        return cprov_fail_memory(err);
    if (o.failed == CURLE_UNKNOWN_OPTION) {
        cprov_fail(err, CPROV_EUNSUPPORTED, "libcurl is too old");
        cprov_hint_about(err, CPROV_HINT_NEWER_LIBCURL, "%s", "7.85");
        return CPROV_EUNSUPPORTED;
    }
    if (o.failed != CURLE_OK)
        return cprov_fail(err, CPROV_EFAIL, "libcurl refuses an option: %s",
                          cprov_curl.easy_strerror(o.failed));
    return 0;
}

int cprov_http_transfer_new(const struct cprov_http_setup *setup,
                            const struct cprov_http_request *request, uint64_t *counts,
                            struct cprov_http_transfer **out, struct cprov_error *err)
{
    auto_transfer struct cprov_http_transfer *t = calloc(1, sizeof(*t));
    bool https = false;

    if (!t)
        return cprov_fail_memory(err);
    cprov_http_headers_init(&t->headers);
    t->request = *request;
    if (request->upload) {
        t->upload = *request->upload;
        t->request.upload = &t->upload;
    }
    t->counts = counts;
    t->limited = setup->limit_rate > 0;
    t->left_ms = setup->stall_timeout_ms + setup->stall_timeout_ms / 2;
    t->started_ms = cprov_clock_ms();
    t->easy = cprov_curl.easy_init();
    if (!t->easy)
        return cprov_fail_memory(err);
    if (name_peer(t, request, &https, err) < 0 || add_headers(t, request, err) < 0 ||
        set_all(t, setup, request, https, err) < 0)
        return err->code;
    *out = cprov_steal(&t);
    return 0;
}

void cprov_http_transfer_free(struct cprov_http_transfer *t)
{
    if (!t)
        return;
    if (t->easy)
        cprov_curl.easy_cleanup(t->easy);
    for (struct curl_slist *line = t->lines; line; line = line->next)
        explicit_bzero(line->data, strlen(line->data)); /* Authorization */
    cprov_curl.slist_free_all(t->lines);
    cprov_http_headers_clear(&t->headers);
    free(t->where);
    free(t->shown);
    free(t->ca_file);
    free(t);
}
