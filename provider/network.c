/* provider/network.c - the session's client: how hosts are reached, and as whom. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "catalog/source/vendor.h"
#include "provider/session.h"
#include "registry/range_read.h"

static unsigned choose_number(unsigned wanted, uint64_t configured, unsigned otherwise)
{
    if (wanted)
        return wanted;
    return configured ? (unsigned)configured : otherwise;
}

static void on_warning(void *arg, const char *host, const char *text)
{
    cprov_say(arg, CPROV_MSG_WARNING, "%s says: %s", host, text);
}

static int find_login(void *arg, const char *host, const char *repository, unsigned skip,
                      struct cprov_credentials *out, struct cprov_error *err)
{
    struct cprov_session *s = arg;
    int code = cprov_session_credentials(s, host, repository, skip, out, err);

    if (code == 0) {
        cprov_secrets_add_login(s->secrets, out->username ? out->username : "", out->password);
        cprov_secrets_add(s->secrets, cprov_span_of(out->identity_token));
        cprov_secrets_add(s->secrets, cprov_span_of(out->registry_token));
    }
    return code;
}

static bool lies_on(const struct cprov_place *place, const char *host)
{
    return strcmp(place->base.host, host) == 0 || cprov_vendor_is_api(place, host);
}

static void set_missing(const char **to, const char *text)
{
    if (!*to)
        *to = text;
}

/* Several sources may lie on one host: who says something of how it is reached, says it for all. */
static void add_source(struct cprov_host_conf *h, const struct cprov_source *source)
{
    if (!h->cert_file) {
        h->cert_file = source->cert_file;
        h->key_file = source->key_file;
    }
    set_missing(&h->ca_file, source->ca_file);
    set_missing(&h->proxy, source->proxy);
    h->allow_http = h->allow_http || source->allow_http;
    h->insecure = h->insecure || source->insecure;
}

/* Whether the source, or what will replace it, is one of the call's places. */
static bool is_placed(const struct cprov_session *s, const struct cprov_source *source)
{
    for (size_t i = 0; i < s->places_count; i++)
        if (s->places[i].source->name &&
            cprov_span_is_nocase(cprov_span_of(s->places[i].source->name), source->name))
            return true;
    return false;
}

/*
 * How a host is reached, the command line apart: what was said of the sources that lie there (or
 * have their API there) comes first, then `hosts` of the configuration, then the certs.d folders.
 * *source: the first of those sources, whose scheme holds; or NULL.
 */
static int host_conf(struct cprov_session *s, const char *host, struct cprov_host_conf *out,
                     const struct cprov_source **source, struct cprov_error *err)
{
    const struct cprov_host_conf *found = cprov_conf_host(s->conf, host);
    struct cprov_host_conf h = { .host = host };
    struct cprov_place place;
    struct cprov_error ignored = CPROV_ERROR_INIT;

    *source = NULL;
    for (size_t i = 0; i < s->places_count; i++)
        if (lies_on(&s->places[i], host)) {
            add_source(&h, s->places[i].source);
            *source = *source ? *source : s->places[i].source;
        }
    for (size_t i = 0; i < s->conf->sources_count; i++)
        if (!is_placed(s, &s->conf->sources[i]) &&
            cprov_place_init(&s->conf->sources[i], cprov_kinds, &place, &ignored) == 0 &&
            lies_on(&place, host)) {
            add_source(&h, &s->conf->sources[i]);
            *source = *source ? *source : &s->conf->sources[i];
        }
    if (found) {
        if (!h.cert_file) {
            h.cert_file = found->cert_file;
            h.key_file = found->key_file;
        }
        set_missing(&h.ca_file, found->ca_file);
        set_missing(&h.proxy, found->proxy);
        h.allow_http = h.allow_http || found->allow_http;
        h.insecure = h.insecure || found->insecure;
        h.token_server = found->token_server;
    }
    *out = h;
    return cprov_conf_certs(host, &s->arena, out, err);
}

/*
 * A host that nobody named here but a server: what the configuration says of that very host. Of the
 * command line an authority and a proxy hold, which are the way to everywhere; that a certificate
 * is not to be verified, and a client's certificate, were said of the registry.
 */
static int led_peer(void *arg, const char *host, struct cprov_http_peer *out,
                    struct cprov_error *err)
{
    struct cprov_session *s = arg;
    const struct cprov_source *source;
    struct cprov_host_conf h;

    if (host_conf(s, host, &h, &source, err) < 0)
        return err->code;
    *out = (struct cprov_http_peer){ .ca_file = h.ca_file ? h.ca_file : s->options.ca_file,
                                     .ca_pem = h.ca_pem,
                                     .cert_file = h.cert_file,
                                     .key_file = h.key_file,
                                     .insecure = h.insecure,
                                     .proxy = s->options.proxy ? s->options.proxy : h.proxy };
    return 0;
}

static struct cprov_client_options client_options(struct cprov_session *s)
{
    const struct cprov_session_options *o = &s->options;
    const struct cprov_conf *c = s->conf;
    unsigned retries = c->has_retries ? (unsigned)c->retries : CPROV_RETRIES;
    unsigned parallel = choose_number(o->parallel, c->parallel, CPROV_PARALLEL);

    return (struct cprov_client_options){
        .http = { .user_agent =
                      cprov_arena_textf(&s->arena, "container-provider/%s", cprov_version_text()),
                  .connect_timeout_ms = (long)(c->connect_timeout_ms ? c->connect_timeout_ms
                                                                     : CPROV_CONNECT_TIMEOUT_MS),
                  .stall_timeout_ms = (long)(o->stall_timeout_ms   ? o->stall_timeout_ms
                                             : c->stall_timeout_ms ? c->stall_timeout_ms
                                                                   : CPROV_STALL_TIMEOUT_MS),
                  .limit_rate = o->limit_rate ? o->limit_rate : c->limit_rate,
                  .cancel = &s->cancel,
                  .log = &s->log },
        .settings = cprov_session_settings,
        .peer = led_peer,
        .credentials = find_login,
        .arg = s,
        .secrets = s->secrets,
        .retries = o->retries > 0   ? (unsigned)o->retries
                   : o->retries < 0 ? 0
                                    : retries,
        .parallel = parallel < CPROV_PARALLEL_MAX ? parallel : CPROV_PARALLEL_MAX,
        .split_bytes = c->split_bytes,
        .split_after_ms = c->has_split_after ? (int64_t)c->split_after_ms : 0,
        .warning = on_warning,
    };
}

int cprov_session_client(struct cprov_session *s, struct cprov_client **out,
                         struct cprov_error *err)
{
    if (s->options.offline)
        return cprov_fail(err, CPROV_ENETWORK, "the network is needed, but the session is offline");
    if (!s->client) {
        struct cprov_client_options options = client_options(s);

        if (cprov_client_new(&options, &s->client, err) < 0)
            return err->code;
    }
    *out = s->client;
    return 0;
}

static const char *first_text(const char *a, const char *b)
{
    return a ? a : b;
}

/* The scheme that a source's location spells out; plain HTTP off this machine must be allowed in
 * words. */
static int use_scheme(struct cprov_session *s, const struct cprov_source *source, const char *host,
                      struct cprov_registry_settings *r, struct cprov_error *err)
{
    struct cprov_span location = cprov_span_of(source->location);
    size_t colon = cprov_span_find(location, ':');

    if (!cprov_span_starts_with(cprov_span_from(location, colon), "://"))
        return 0;
    location.len = colon;
    bool plain = cprov_span_is_nocase(location, "http");
    if (plain && !r->allow_http && !cprov_host_is_loopback(cprov_span_of(host))) {
        cprov_fail(err, CPROV_EREFUSED, "%s is plain HTTP", host);
        cprov_hint_about(err, CPROV_HINT_ALLOW_HTTP_HOST, "%s", host);
        return CPROV_EREFUSED;
    }
    if (strcmp(host, "docker.io") == 0)
        return 0;
    r->api = cprov_arena_textf(&s->arena, "%s://%s", plain ? "http" : "https", host);
    return cprov_arena_check(&s->arena, err);
}

struct cprov_led_host {
    struct cprov_led_host *next;
    const char *host;
};

static bool is_led(const struct cprov_session *s, const char *host)
{
    for (const struct cprov_led_host *l = s->led; l; l = l->next)
        if (strcmp(l->host, host) == 0)
            return true;
    return false;
}

int cprov_session_led(struct cprov_session *s, const struct cprov_listing *row,
                      struct cprov_error *err)
{
    struct cprov_reference file;
    const char *host = row->reference.host;

    if (!row->place || !row->place->kind->import || row->place->kind->local || row->from_private)
        return 0;
    if (!*host && row->entry.url && cprov_file_reference(row->entry.url, &file, NULL) == 0)
        host = file.host;
    if (!*host || lies_on(row->place, host) || is_led(s, host))
        return 0;
    struct cprov_led_host *l = cprov_arena_alloc(&s->call, 1, sizeof(*l));
    if (!l || !(l->host = cprov_arena_text(&s->call, cprov_span_of(host))))
        return cprov_fail_memory(err);
    l->next = s->led;
    s->led = l;
    return 0;
}

struct cprov_said_https {
    struct cprov_said_https *next;
    const char *host;
};

static bool said_https(const struct cprov_session *s, const char *host)
{
    for (const struct cprov_said_https *h = s->said_https; h; h = h->next)
        if (strcmp(h->host, host) == 0)
            return true;
    return false;
}

int cprov_session_say_https(struct cprov_session *s, const char *host, struct cprov_error *err)
{
    if (said_https(s, host))
        return 0;
    struct cprov_said_https *h = cprov_arena_alloc(&s->arena, 1, sizeof(*h));
    if (!h || !(h->host = cprov_arena_text(&s->arena, cprov_span_of(host))))
        return cprov_fail_memory(err);
    h->next = s->said_https;
    s->said_https = h;
    return 0;
}

int cprov_session_settings(void *arg, const char *host, struct cprov_registry_settings *out,
                           struct cprov_error *err)
{
    struct cprov_session *s = arg;
    const struct cprov_session_options *o = &s->options;
    const struct cprov_source *source;
    struct cprov_host_conf h;

    if (host_conf(s, host, &h, &source, err) < 0)
        return err->code;
    struct cprov_registry_settings r = {
        .allow_http = o->allow_http || h.allow_http,
        .token_server = s->token_server && s->login_host && strcmp(s->login_host, host) == 0
                            ? s->token_server
                            : h.token_server,
        .peer = { .ca_file = first_text(o->ca_file, h.ca_file),
                  .ca_pem = o->ca_file ? NULL : h.ca_pem,
                  .cert_file = first_text(o->cert_file, h.cert_file),
                  .key_file = first_text(o->key_file, h.key_file),
                  .insecure = o->insecure || h.insecure,
                  .proxy = first_text(o->proxy, h.proxy) },
    };
    r.public_only = is_led(s, host) && !source && !cprov_conf_host(s->conf, host);
    if (source && use_scheme(s, source, host, &r, err) < 0)
        return err->code;
    if (said_https(s, host) && strcmp(host, "docker.io") != 0) {
        r.api = cprov_arena_textf(&s->arena, "https://%s", host);
        if (!r.api)
            return cprov_fail_memory(err);
    }
    *out = r;
    return 0;
}

static char *copy_secret(const char *text)
{
    return text ? strdup(text) : NULL;
}

int cprov_session_bind_login(struct cprov_session *s, const char *host, struct cprov_error *err)
{
    if (!s->options.username || !*host)
        return 0;
    if (s->login_host && strcmp(s->login_host, host) != 0) {
        (void)cprov_fail(err, CPROV_EINVAL,
                         "the user name is for one registry, but %s and %s are used", s->login_host,
                         host);
        cprov_hint_about(err, CPROV_HINT_ONE_LOGIN, "%s", host);
        return CPROV_EINVAL;
    }
    s->login_host = cprov_arena_text(&s->call, cprov_span_of(host));
    return s->login_host ? 0 : cprov_fail_memory(err);
}

/* --username belongs to the registry that was named, and to no other. */
int cprov_session_credentials(void *arg, const char *host, const char *repository, unsigned skip,
                              struct cprov_credentials *out, struct cprov_error *err)
{
    struct cprov_session *s = arg;
    const struct cprov_session_options *o = &s->options;

    if (!o->username || !s->login_host || strcmp(s->login_host, host) != 0)
        return cprov_credentials_find(o->authfile, host, repository, skip, out, err);
    if (skip > 0)
        return 0;
    struct cprov_credentials c = { .username = copy_secret(o->username),
                                   .password = copy_secret(o->password) };
    if (!c.username || (o->password && !c.password)) {
        cprov_credentials_clear(&c);
        return cprov_fail_memory(err);
    }
    *out = c;
    return 0;
}
