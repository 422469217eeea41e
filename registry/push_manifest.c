/* registry/push_manifest.c - a manifest put into a repository, by tag or digest. */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/limits.h"
#include "registry/client_private.h"
#include "registry/push.h"
#include "registry/request.h"

struct manifest_push {
    struct cprov_op op;
    struct cprov_request *request;
    struct cprov_digest digest;
    struct cprov_span bytes;
    struct cprov_http_upload content;
    char *what;
    cprov_push_manifest_fn *done;
    void *arg;
};

static void push_free(struct manifest_push *p)
{
    cprov_op_remove(&p->op);
    free(p->what);
    free(p);
}

static void push_finish(struct manifest_push *p, int code, const struct cprov_error *err)
{
    struct manifest_push copy = *p;

    push_free(p);
    copy.done(copy.arg, code, &copy.digest, err);
}

static void push_end(struct cprov_op *op, const struct cprov_error *err)
{
    struct manifest_push *p = (struct manifest_push *)op;

    cprov_request_stop(p->request);
    if (err)
        push_finish(p, err->code, err);
    else
        push_free(p);
}

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
        return cprov_wrap_as(err, CPROV_EVERIFY, "%s: Docker-Content-Digest", p->what);
    if ((code = cprov_digest_of(said.algo, p->bytes, &own, err)) < 0)
        return code;
    if (!cprov_digest_equal(&said, &own))
        return cprov_fail(err, CPROV_EVERIFY, "%s: the server has stored %" CPROV_SPAN_FMT, p->what,
                          CPROV_SPAN_ARG(text));
    return 0;
}

static void on_stored(void *arg, int code, const struct cprov_exchange_answer *answer,
                      const struct cprov_error *err)
{
    struct manifest_push *p = arg;
    struct cprov_error local = CPROV_ERROR_INIT;

    p->request = NULL;
    if (code == 0 && (code = check_stored(p, answer->head, &local)) < 0)
        err = &local;
    push_finish(p, code, code < 0 ? err : NULL);
}

static int begin(struct cprov_client *c, struct manifest_push *p, const struct cprov_reference *ref,
                 const char *media_type, struct cprov_error *err)
{
    char digest[CPROV_DIGEST_TEXT_MAX];
    const char *name = *ref->tag ? ref->tag : "latest";
    bool by_digest = !*ref->tag && ref->has_digest;
    auto_buf struct cprov_buf path = { 0 };

    if (cprov_digest_of(by_digest ? ref->digest.algo : CPROV_SHA256, p->bytes, &p->digest, err) < 0)
        return err->code;
    if (by_digest && !cprov_digest_equal(&p->digest, &ref->digest))
        return cprov_fail(err, CPROV_EINVAL,
                          "the manifest has not the digest it is to be put under");
    if (by_digest)
        name = cprov_digest_format(&p->digest, digest);
    if (asprintf(&p->what, "manifest %s/%s%c%.128s", ref->host, ref->repository,
                 by_digest ? '@' : ':', name) < 0) {
        p->what = NULL;
        return cprov_fail_memory(err);
    }
    cprov_buf_init(&path, CPROV_URL_MAX);
    cprov_buf_addf(&path, "/v2/%s/manifests/%s", ref->repository, name);
    if (cprov_buf_check(&path, "URL", err) < 0)
        return err->code;
    p->content = (struct cprov_http_upload){ .bytes = p->bytes, .fd = -1, .length = p->bytes.len };
    struct cprov_request_spec spec = {
        .method = CPROV_PUT,
        .host = ref->host,
        .repository = ref->repository,
        .actions = "pull,push",
        .path = cprov_buf_text(&path),
        .what = p->what,
        .upload = &p->content,
        .content_type = media_type,
        .body_max = CPROV_ERROR_BODY_MAX,
        .done = on_stored,
        .arg = p,
    };
    return cprov_request_start(c, &spec, &p->request, err);
}

int cprov_client_push_manifest(struct cprov_client *c, const struct cprov_reference *ref,
                               const char *media_type, struct cprov_span bytes,
                               cprov_push_manifest_fn *done, void *arg, struct cprov_error *err)
{
    if (bytes.len == 0 || bytes.len > CPROV_MANIFEST_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "manifest of %zu bytes", bytes.len);
    struct manifest_push *p = calloc(1, sizeof(*p));
    if (!p)
        return cprov_fail_memory(err);
    p->bytes = bytes;
    p->done = done;
    p->arg = arg;
    cprov_op_add(c, &p->op, push_end);
    int code = begin(c, p, ref, media_type, err);
    if (code < 0)
        push_free(p);
    return code;
}
