/* registry/push_manifest.c - a manifest put into a repository, by tag or digest. */
#include "registry/push_manifest.h"

#include <stdio.h>

#include "base/error.h"
#include "base/limits.h"
#include "registry/op.h"

struct manifest_push {
    struct cprov_op op;
    struct cprov_digest digest;
    struct cprov_span bytes;
    struct cprov_http_upload content;
    cprov_push_manifest_fn *done;
    void *arg;
};

static void push_done(struct cprov_op *op, int code, const struct cprov_error *err)
{
    const struct manifest_push *p = (struct manifest_push *)op;

    p->done(p->arg, code, &p->digest, err);
}

static const struct cprov_op_kind kind = { .size = sizeof(struct manifest_push),
                                           .done = push_done };

static int check_stored(const struct manifest_push *p, const struct cprov_http_head *head,
                        struct cprov_error *err)
{
    struct cprov_span text = cprov_span_trim(head->docker_content_digest);
    struct cprov_digest said, own;

    if (text.len == 0)
        return 0;
    int code = cprov_digest_parse(text, &said, err);
    if (code == CPROV_EUNSUPPORTED)
        return 0;
    if (code < 0)
        return cprov_wrap_as(err, CPROV_EVERIFY, "%s: Docker-Content-Digest", p->op.what);
    if ((code = cprov_digest_of(said.algo, p->bytes, &own, err)) < 0)
        return code;
    if (!cprov_digest_equal(&said, &own))
        return cprov_fail(err, CPROV_EVERIFY, "%s: the server has stored %" CPROV_SPAN_FMT,
                          p->op.what, CPROV_SPAN_ARG(text));
    return 0;
}

static void on_stored(void *arg, int code, const struct cprov_exchange_answer *answer,
                      const struct cprov_error *err)
{
    struct manifest_push *p = arg;
    struct cprov_error local = CPROV_ERROR_INIT;

    if (code == 0 && (code = check_stored(p, answer->head, &local)) < 0)
        err = &local;
    cprov_op_finish(&p->op, code, err);
}

static int begin(struct manifest_push *p, const struct cprov_reference *ref, const char *media_type,
                 struct cprov_error *err)
{
    char digest[CPROV_DIGEST_TEXT_MAX], path[CPROV_REQUEST_PATH_MAX];
    const char *name = *ref->tag ? ref->tag : "latest";
    bool by_digest = !*ref->tag && ref->has_digest;

    if (cprov_digest_of(by_digest ? ref->digest.algo : CPROV_SHA256, p->bytes, &p->digest, err) < 0)
        return err->code;
    if (by_digest && !cprov_digest_equal(&p->digest, &ref->digest))
        return cprov_fail(err, CPROV_EINVAL, "the manifest's digest differs from the reference");
    if (by_digest)
        name = cprov_digest_format(&p->digest, digest);
    if (cprov_op_name(&p->op, err, "manifest %s/%s%c%.128s", ref->host, ref->repository,
                      by_digest ? '@' : ':', name) < 0)
        return err->code;
    (void)snprintf(path, sizeof(path), "/v2/%s/manifests/%s", ref->repository, name);
    p->content = (struct cprov_http_upload){ .bytes = p->bytes, .fd = -1, .length = p->bytes.len };
    const struct cprov_request_spec spec = {
        .ask = { .method = CPROV_PUT,
                 .upload = &p->content,
                 .content_type = media_type,
                 .body_max = CPROV_ERROR_BODY_MAX,
                 .done = on_stored },
        .host = ref->host,
        .repository = ref->repository,
        .actions = "pull,push",
        .path = path,
    };
    return cprov_op_ask(&p->op, &spec, err);
}

int cprov_client_push_manifest(struct cprov_client *c, const struct cprov_reference *ref,
                               const char *media_type, struct cprov_span bytes,
                               cprov_push_manifest_fn *done, void *arg, struct cprov_error *err)
{
    if (bytes.len == 0 || bytes.len > CPROV_MANIFEST_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "manifest of %zu bytes", bytes.len);
    struct manifest_push *p = cprov_op_new(c, &kind, err);
    if (!p)
        return CPROV_ENOMEM;
    p->bytes = bytes;
    p->done = done;
    p->arg = arg;
    return cprov_op_started(&p->op, begin(p, ref, media_type, err));
}
