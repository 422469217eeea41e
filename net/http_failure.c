/* net/http_failure.c - what libcurl's results mean, as codes and sentences. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "net/http_failure_private.h"

#define DATES_WAIT_MS 5000L

/*
 * libcurl's own message is used for the kinds below alone: that about a proxy may carry the
 * proxy's URL, and with it a password.
 */
static const char *reason_of(const struct cprov_http_transfer *t, CURLcode result)
{
    return t->message[0] ? t->message : cprov_curl.easy_strerror(result);
}

static bool says(const struct cprov_http_transfer *t, const char *words)
{
    return strstr(t->message, words) != NULL;
}

static int os_error(const struct cprov_http_transfer *t)
{
    long os = 0;

    cprov_curl.easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os);
    return (int)os;
}

static int fail_os(struct cprov_error *err, int os, const char *doing, const char *where)
{
    if (os == 0)
        return cprov_fail(err, CPROV_ENETWORK, "%s %s", doing, where);
    cprov_fail_os(err, os, "%s %s", doing, where);
    if (err)
        err->code = CPROV_ENETWORK;
    return CPROV_ENETWORK;
}

/* "Failed to connect to HOST port N after ..": HOST may be a proxy, which only libcurl knows. */
static int cannot_connect(const struct cprov_http_transfer *t, struct cprov_error *err)
{
    static const char begin[] = "Failed to connect to ", middle[] = " port ";
    struct cprov_span text = cprov_span_of(t->message), host, port;
    const char *found = strstr(t->message, middle);
    char where[256];

    if (!cprov_span_starts_with(text, begin) || !found)
        return fail_os(err, os_error(t), "cannot connect to", t->name);
    host = cprov_span_make(t->message + sizeof(begin) - 1,
                           (size_t)(found - t->message) - (sizeof(begin) - 1));
    port = cprov_span_of(found + sizeof(middle) - 1);
    port = cprov_span_make(port.ptr, cprov_span_find(port, ' '));
    snprintf(where, sizeof(where), "%" CPROV_SPAN_FMT ":%" CPROV_SPAN_FMT, CPROV_SPAN_ARG(host),
             CPROV_SPAN_ARG(port));
    size_t len = strlen(t->where);
    bool peer = strncmp(where, t->where, len) == 0 && (where[len] == ':' || where[len] == '\0');
    return fail_os(err, os_error(t), "cannot connect to", peer ? t->name : where);
}

int cprov_http_proxy_login(const struct cprov_http_transfer *t, struct cprov_error *err)
{
    cprov_fail(err, CPROV_EAUTH, "the proxy requires a login (407) for %s", t->name);
    cprov_hint(err, CPROV_HINT_PROXY_LOGIN);
    return CPROV_EAUTH;
}

static int proxy_refuses(const struct cprov_http_transfer *t, long status, bool *may_retry,
                         struct cprov_error *err)
{
    if (status == 407)
        return cprov_http_proxy_login(t, err);
    *may_retry = status >= 500 || status == 429;
    return cprov_fail(err, CPROV_ENETWORK, "the proxy refuses to connect to %s (%ld)", t->name,
                      status);
}

/* "Expire date:Dec  1 12:00:00 2025 GMT" of a certificate, when it has this name. */
static bool read_date(const struct curl_slist *lines, const char *name, int64_t *out)
{
    for (; lines; lines = lines->next) {
        struct cprov_span key, value;
        char text[64];

        if (!cprov_span_cut(cprov_span_of(lines->data), ':', &key, &value) ||
            !cprov_span_is(key, name))
            continue;
        value.len = cprov_span_ends_with(value, " GMT") ? value.len - 4 : value.len;
        (void)snprintf(text, sizeof(text), "Mon %" CPROV_SPAN_FMT, CPROV_SPAN_ARG(value));
        return cprov_time_parse_http(cprov_span_of(text), out);
    }
    return false;
}

/* ": it was valid until 2025-12-01", of the certificate in the chain that is over, or begins later.
 */
static bool tell_validity(const struct curl_certinfo *chain, char *out, size_t size)
{
    char text[CPROV_TIME_TEXT_MAX];
    int64_t now = cprov_time_now(), when = 0;

    for (int i = 0; chain && i < chain->num_of_certs; i++) {
        bool over = read_date(chain->certinfo[i], "Expire date", &when) && when < now;

        if (!over && !(read_date(chain->certinfo[i], "Start date", &when) && when > now))
            continue;
        (void)snprintf(out, size, ": valid %s %.10s", over ? "until" : "from",
                       cprov_time_format(when, text));
        return true;
    }
    return false;
}

/*
 * The dates of a certificate that was refused: libcurl tells of it only where it is not verified,
 * so the connection is made once more, and nothing is said on it.
 */
static void look_at_dates(const struct cprov_http_transfer *t, char *out, size_t size)
{
    CURL *easy = cprov_curl.easy_duphandle(t->easy);
    const struct curl_certinfo *chain = NULL;

    if (!easy)
        return;
    (void)cprov_curl.easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    (void)cprov_curl.easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    (void)cprov_curl.easy_setopt(easy, CURLOPT_SSLCERT, NULL);
    (void)cprov_curl.easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
    (void)cprov_curl.easy_setopt(easy, CURLOPT_PREREQFUNCTION, NULL);
    (void)cprov_curl.easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, NULL);
    (void)cprov_curl.easy_setopt(easy, CURLOPT_TIMEOUT_MS, DATES_WAIT_MS);
    (void)cprov_curl.easy_setopt(easy, CURLOPT_CERTINFO, 1L);
    if (cprov_curl.easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK &&
        cprov_curl.easy_perform(easy) == CURLE_OK &&
        cprov_curl.easy_getinfo(easy, CURLINFO_CERTINFO, &chain) == CURLE_OK)
        (void)tell_validity(chain, out, size);
    cprov_curl.easy_cleanup(easy);
}

static int not_trusted(const struct cprov_http_transfer *t, struct cprov_error *err)
{
    static const char prefix[] = "SSL certificate problem: ";
    const char *reason = reason_of(t, CURLE_PEER_FAILED_VERIFICATION);
    char dates[64] = "";

    if (cprov_span_starts_with(cprov_span_of(reason), prefix))
        reason += sizeof(prefix) - 1;
    if (says(t, "expired") || says(t, "not yet valid"))
        look_at_dates(t, dates, sizeof(dates));
    cprov_fail(err, CPROV_EREFUSED, "TLS: certificate of %s is not trusted (%s%s)", t->name, reason,
               dates);
    if (says(t, "issuer") || says(t, "self-signed") || says(t, "self signed"))
        cprov_hint_about(err, CPROV_HINT_CA_FILE, "%s", t->where);
    return CPROV_EREFUSED;
}

/* A server that wants a client certificate says so in an alert, during the handshake or (TLS 1.3)
 * where the answer should be. */
static bool wants_certificate(const struct cprov_http_transfer *t)
{
    static const char *const alerts[] = {
        "alert certificate required",    "alert bad certificate",
        "alert certificate unknown",     "alert unknown ca",
        "alert certificate expired",     "alert certificate revoked",
        "alert unsupported certificate", "alert access denied"
    };

    for (size_t i = 0; i < CPROV_COUNT(alerts); i++)
        if (says(t, alerts[i]))
            return true;
    return false;
}

static int certificate_refused(const struct cprov_http_transfer *t, struct cprov_error *err)
{
    cprov_fail(err, CPROV_EAUTH, "TLS: %s requires a client certificate, or a different one",
               t->name);
    cprov_hint(err, CPROV_HINT_CLIENT_CERTIFICATE);
    return CPROV_EAUTH;
}

static int handshake_failed(const struct cprov_http_transfer *t, bool *may_retry,
                            struct cprov_error *err)
{
    if (wants_certificate(t))
        return certificate_refused(t, err);
    if (says(t, "wrong version number") || says(t, "packet length too long")) {
        cprov_fail(err, CPROV_ENETWORK, "%s does not speak TLS", t->name);
        cprov_hint(err, CPROV_HINT_ALLOW_HTTP);
        return CPROV_ENETWORK;
    }
    if (says(t, "SSL_ERROR_SYSCALL") || says(t, "unexpected eof") || says(t, "reset by peer")) {
        *may_retry = true;
        return cprov_fail(err, CPROV_ENETWORK, "%s broke off the TLS handshake", t->name);
    }
    return cprov_fail(err, CPROV_ENETWORK, "TLS with %s failed: %s", t->name,
                      reason_of(t, CURLE_SSL_CONNECT_ERROR));
}

static int cut_short(const struct cprov_http_transfer *t, struct cprov_error *err)
{
    const struct cprov_http_head *head = &t->headers.head;
    curl_off_t got = 0;

    cprov_curl.easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &got);
    if (!head->has_content_length)
        return cprov_fail(err, CPROV_ENETWORK,
                          "%s closed the connection in the middle of an answer", t->name);
    return cprov_fail(err, CPROV_ENETWORK, "%s closed the connection after %lld of %llu bytes",
                      t->name, (long long)got, (unsigned long long)head->content_length);
}

static int broken(const struct cprov_http_transfer *t, CURLcode result, bool *may_retry,
                  struct cprov_error *err)
{
    const char *reason = says(t, "getpeername()") ? "reset by the server" : reason_of(t, result);

    *may_retry = !wants_certificate(t);
    if (!*may_retry)
        return certificate_refused(t, err);
    cprov_fail(err, CPROV_ENETWORK, "the connection to %s broke: %s", t->name, reason);
    /* A server that misses a client certificate may hang up so fast that its alert is lost. */
    if (t->received == 0 && cprov_span_starts_with(cprov_span_of(t->shown), "https:"))
        cprov_hint_about(err, CPROV_HINT_MAYBE_CLIENT_CERTIFICATE, "%s", t->name);
    return CPROV_ENETWORK;
}

static int no_answer(const struct cprov_http_transfer *t, struct cprov_error *err)
{
    cprov_fail(err, CPROV_ENETWORK, "%s closed the connection without an answer", t->name);
    if (cprov_span_starts_with(cprov_span_of(t->shown), "http:"))
        cprov_hint(err, CPROV_HINT_USE_HTTPS);
    return CPROV_ENETWORK;
}

static int not_http(const struct cprov_http_transfer *t, struct cprov_error *err)
{
    cprov_fail(err, CPROV_ENETWORK, "%s does not speak HTTP", t->name);
    cprov_hint(err, CPROV_HINT_IS_REGISTRY);
    return CPROV_ENETWORK;
}

/* The faults before there is a connection; 0 when the result is none of them. */
static int unreachable(const struct cprov_http_transfer *t, CURLcode result,
                       struct cprov_error *err)
{
    long waited = 0;

    if (says(t, "Unsupported proxy"))
        return cprov_fail(err, CPROV_ENETWORK, "the URL of the proxy to %s is malformed", t->name);
    if (result == CURLE_COULDNT_RESOLVE_HOST)
        return cprov_fail(err, CPROV_ENETWORK, "cannot find the address of %s", t->name);
    if (result == CURLE_COULDNT_RESOLVE_PROXY)
        return cprov_fail(err, CPROV_ENETWORK, "cannot find the address of the proxy to %s",
                          t->name);
    if (result == CURLE_COULDNT_CONNECT)
        return cannot_connect(t, err);
    if (result == CURLE_OPERATION_TIMEDOUT) {
        waited = (long)(cprov_clock_ms() - t->started_ms);
        (void)cprov_fail(err, CPROV_ENETWORK, "cannot connect to %s within %ld.%ld s", t->name,
                         waited / 1000, waited % 1000 / 100);
        if (err)
            err->os = ETIMEDOUT;
        return CPROV_ENETWORK;
    }
    return 0;
}

static int failed_locally(const struct cprov_http_transfer *t, CURLcode result,
                          struct cprov_error *err)
{
    if (result == CURLE_SSL_CACERT_BADFILE) {
        cprov_fail(err, CPROV_EREFUSED, "TLS: cannot read the authorities in %s",
                   t->ca_file ? t->ca_file : "the system's store");
        cprov_hint(err, CPROV_HINT_PEM_FILE);
        return CPROV_EREFUSED;
    }
    if (result == CURLE_SSL_CERTPROBLEM)
        return cprov_fail(err, CPROV_EAUTH, "TLS: the client certificate for %s is unusable: %s",
                          t->name, reason_of(t, result));
    /* libcurl says the same of a header line past its own limit of 100 KiB. */
    if (result == CURLE_OUT_OF_MEMORY && t->sent && !t->headers.complete)
        return cprov_fail(err, CPROV_ENETWORK, "%s: the answer has a header of more than %zu bytes",
                          t->name, CPROV_HEADER_BYTES_MAX);
    return result == CURLE_OUT_OF_MEMORY ? cprov_fail_memory(err) : 0;
}

int cprov_http_transfer_result(const struct cprov_http_transfer *t, CURLcode result,
                               bool *may_retry, bool *unreached, struct cprov_error *err)
{
    long proxy_status = 0;
    int code;

    *may_retry = *unreached = false;
    if (t->code < 0) {
        if (err)
            *err = t->err;
        return t->code;
    }
    if (t->refused) {
        (void)cprov_fail(err, CPROV_ENETWORK,
                         "refused: a public server leads to %s, which is at a private address",
                         t->where);
        cprov_hint(err, CPROV_HINT_NAME_IT_DIRECTLY);
        return CPROV_ENETWORK;
    }
    if (result == CURLE_OK && t->headers.complete)
        return 0;
    if (result == CURLE_OK) { /* libcurl takes a status line and an end for an answer */
        *may_retry = true;
        return cprov_fail(err, CPROV_ENETWORK, "%s closed the connection in the middle of headers",
                          t->name);
    }
    cprov_curl.easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    if (!t->sent && proxy_status >= 300)
        return proxy_refuses(t, proxy_status, may_retry, err);
    code = unreachable(t, result, err);
    *may_retry = *unreached = code < 0;
    if (code == 0)
        code = failed_locally(t, result, err);
    if (code < 0)
        return code;
    if (result == CURLE_PEER_FAILED_VERIFICATION)
        return not_trusted(t, err);
    if (result == CURLE_SSL_CONNECT_ERROR)
        return handshake_failed(t, may_retry, err);
    if (result == CURLE_UNSUPPORTED_PROTOCOL || result == CURLE_WEIRD_SERVER_REPLY)
        return not_http(t, err);

    *may_retry = true;
    if (result == CURLE_PARTIAL_FILE)
        return cut_short(t, err);
    if (result == CURLE_GOT_NOTHING)
        return no_answer(t, err);
    if (result == CURLE_RECV_ERROR || result == CURLE_SEND_ERROR || result == CURLE_HTTP2 ||
        result == CURLE_HTTP2_STREAM)
        return broken(t, result, may_retry, err);
    return cprov_fail(err, CPROV_ENETWORK, "the transfer from %s failed: %s", t->name,
                      cprov_curl.easy_strerror(result));
}
