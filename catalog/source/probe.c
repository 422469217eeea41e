/* catalog/source/probe.c - well-known hosts, and three questions to the others. */
#include "catalog/source/probe.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/span.h"
#include "catalog/document/writer.h"
#include "registry/challenge.h"
#include "registry/op.h"

/* --- by name --- */

static const struct {
    const char *host; /* a whole one, or ".end" of it */
    const char *type;
} known[] = {
    { "docker.io", "dockerhub" },
    { "index.docker.io", "dockerhub" },
    { "registry-1.docker.io", "dockerhub" },
    { "quay.io", "quay" },
    { "ghcr.io", "github" },
    { "registry.gitlab.com", "gitlab" },
    { "mcr.microsoft.com", "mcr" },
    { ".azurecr.io", "acr" },
    { ".azurecr.cn", "acr" },
    { "gcr.io", "gcr" },
    { ".gcr.io", "gcr" },
    { ".pkg.dev", "gcr" },
};

static bool is_ecr(struct cprov_span host)
{
    struct cprov_span account, rest, region, domain;

    return cprov_span_cut(host, '.', &account, &rest) && cprov_span_starts_with(rest, "dkr.ecr.") &&
           cprov_span_cut(cprov_span_from(rest, strlen("dkr.ecr.")), '.', &region, &domain) &&
           (cprov_span_is(domain, "amazonaws.com") || cprov_span_is(domain, "amazonaws.com.cn"));
}

/* "https://Docker.io/library" → "docker.io", into buf; false for what is none of ours. */
static bool host_of(const char *location, char buf[CPROV_NAME_MAX + 1])
{
    struct cprov_span text = cprov_span_of(location);
    size_t colon = cprov_span_find(text, ':');

    if (cprov_span_starts_with(cprov_span_from(text, colon), "://")) {
        if (!cprov_span_is_nocase(cprov_span_make(text.ptr, colon), "https"))
            return false;
        text = cprov_span_from(text, colon + 3);
    }
    text.len = cprov_span_find(text, '/');
    if (text.len > CPROV_NAME_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++)
        buf[i] = cprov_lower(text.ptr[i]);
    buf[text.len] = '\0';
    return true;
}

/* A document, behind a URL. */
static bool is_document(struct cprov_span location)
{
    static const char *const ends[] = { ".json", ".yaml", ".yml" };
    struct cprov_span path = cprov_span_from(location, cprov_span_find(location, ':'));

    if (!cprov_span_starts_with(path, "://"))
        return false;
    path = cprov_span_from(path, 3);
    path = cprov_span_from(path, cprov_span_find(path, '/'));
    for (size_t i = 0; i < CPROV_COUNT(ends); i++)
        if (cprov_span_ends_with(path, ends[i]))
            return true;
    return false;
}

/* "host/team/catalog:latest": a tag belongs to one artifact, and a place to search has none. */
static bool is_artifact(struct cprov_span location)
{
    size_t scheme = cprov_span_find(location, ':');

    if (cprov_span_starts_with(cprov_span_from(location, scheme), "://"))
        location = cprov_span_from(location, scheme + 3);
    size_t slash = cprov_span_find_last(location, '/');
    return slash < location.len &&
           cprov_span_find(cprov_span_from(location, slash), ':') < location.len - slash;
}

const char *cprov_source_guess(const char *location)
{
    char buf[CPROV_NAME_MAX + 1];

    if (location && is_artifact(cprov_span_of(location)))
        return "catalog";
    if (location && is_document(cprov_span_of(location)))
        return "document";
    if (!location || !host_of(location, buf))
        return NULL;
    struct cprov_span host = cprov_span_of(buf);
    for (size_t i = 0; i < CPROV_COUNT(known); i++)
        if (known[i].host[0] == '.'
                ? cprov_span_ends_with(host, known[i].host) && host.len > strlen(known[i].host)
                : cprov_span_is(host, known[i].host))
            return known[i].type;
    return is_ecr(host) ? "ecr" : NULL;
}

/* --- by asking --- */

/* One question; the type, or NULL when the answer does not tell. */
struct question {
    const char *path;
    const char *(*read)(const struct cprov_exchange_answer *answer);
};

struct probe {
    struct cprov_op op;
    const char *type; /* what was found out */
    char host[CPROV_NAME_MAX + 1];
    size_t asked;
    void (*done)(void *arg, int code, const char *type, const struct cprov_error *err);
    void *arg;
};

/* A Link to the catalog: our own server. */
static bool describes_itself(const struct cprov_http_head *head)
{
    for (size_t i = 0; i < head->links_count; i++) {
        struct cprov_span link = head->links[i];

        if (cprov_span_starts_with(link, "<" CPROV_CATALOG_PATH ">") &&
            memmem(link.ptr, link.len, CPROV_CATALOG_MEDIA_TYPE, strlen(CPROV_CATALOG_MEDIA_TYPE)))
            return true;
    }
    return false;
}

/* What a registry says of itself, or how it wants us to log in, gives it away. */
static const char *read_challenge(const struct cprov_exchange_answer *answer)
{
    if (describes_itself(answer->head))
        return "cprov";
    struct cprov_challenges list = { 0 };
    struct cprov_error ignored = CPROV_ERROR_INIT;
    const char *type = NULL;

    for (size_t i = 0; i < answer->head->authenticate_count; i++)
        if (cprov_challenges_add(&list, answer->head->authenticate[i], &ignored) < 0)
            break;
    for (size_t i = 0; i < list.count && !type; i++) {
        const struct cprov_challenge *c = &list.list[i];

        if (strcmp(c->service, "harbor-registry") == 0)
            type = "harbor";
        else if (strcmp(c->service, "container_registry") == 0 &&
                 cprov_span_ends_with(cprov_span_of(c->realm), "/jwt/auth"))
            type = "gitlab";
    }
    cprov_challenges_clear(&list);
    return type;
}

static bool has_text(struct cprov_span body, const char *parent, const char *member,
                     const char *part)
{
    struct cprov_arena arena = { 0 };
    struct cprov_json *doc = NULL;
    struct cprov_error ignored = CPROV_ERROR_INIT;
    bool has = false;

    if (cprov_json_parse(body, &arena, &doc, &ignored) == 0) {
        const char *text = cprov_json_get_text(parent ? cprov_json_get(doc, parent) : doc, member);

        has = text && strstr(text, part);
    }
    cprov_arena_clear(&arena);
    return has;
}

static const char *read_harbor(const struct cprov_exchange_answer *answer)
{
    return has_text(answer->body, NULL, "auth_mode", "") ? "harbor" : NULL;
}

static const char *read_quay(const struct cprov_exchange_answer *answer)
{
    return has_text(answer->body, "info", "title", "Quay") ? "quay" : NULL;
}

static const struct question questions[] = {
    { "/v2/", read_challenge },
    { "/api/v2.0/systeminfo", read_harbor },
    { "/api/v1/discovery", read_quay },
};

static void probe_done(struct cprov_op *op, int code, const struct cprov_error *err)
{
    const struct probe *p = (struct probe *)op;

    p->done(p->arg, code, p->type, err);
}

static const struct cprov_op_kind kind = { .size = sizeof(struct probe), .done = probe_done };

static int ask(struct probe *p, struct cprov_error *err);

static void answered(void *arg, int code, const struct cprov_exchange_answer *answer,
                     const struct cprov_error *err)
{
    struct probe *p = arg;
    struct cprov_error local = CPROV_ERROR_INIT;
    const struct question *q = &questions[p->asked++];

    if (code < 0 && (code == CPROV_ECANCELLED || (p->asked == 1 && !answer->head))) {
        cprov_op_finish(&p->op, code, err);
        return;
    }
    if (answer->head && (code == 0 || p->asked == 1))
        p->type = q->read(answer);
    code = 0;
    if (!p->type && p->asked < CPROV_COUNT(questions) && (code = ask(p, &local)) == 0)
        return;
    if (code == 0 && !p->type)
        p->type = "oci";
    cprov_op_finish(&p->op, code, &local);
}

static int ask(struct probe *p, struct cprov_error *err)
{
    const struct cprov_request_spec spec = {
        .ask = { .accept = "application/json",
                 .authorization = "",
                 .once = true,
                 .body_max = CPROV_MIB,
                 .done = answered },
        .host = p->host,
        .path = questions[p->asked].path,
    };
    return cprov_op_ask(&p->op, &spec, err);
}

int cprov_source_probe(struct cprov_client *c, const char *host,
                       void (*done)(void *arg, int code, const char *type,
                                    const struct cprov_error *err),
                       void *arg, struct cprov_error *err)
{
    if (strlen(host) > CPROV_NAME_MAX)
        return cprov_fail(err, CPROV_EINVAL, "the host is longer than %d bytes", CPROV_NAME_MAX);
    struct probe *p = cprov_op_new(c, &kind, err);
    if (!p)
        return CPROV_ENOMEM;
    p->done = done;
    p->arg = arg;
    memcpy(p->host, host, strlen(host) + 1);
    int code = cprov_op_name(&p->op, err, "%s", host);
    return cprov_op_started(&p->op, code < 0 ? code : ask(p, err));
}
