/* registry/push.c - uploads of blobs: asked for, begun, sent whole, begun anew when lost. */
#include "registry/push.h"

#include <stdio.h>

#include "base/error.h"
#include "base/limits.h"
#include "registry/push_chunks_private.h"
#include "registry/retry.h"
#include "registry/upload_private.h"

#define NAMED_DIGITS 19 /* bytes of a digest that a message shows: "sha256:" and 12 digits */

static void push_done(struct cprov_op *op, int code, const struct cprov_error *err)
{
    const struct cprov_upload *u = (struct cprov_upload *)op;

    if (u->found)
        u->found(u->arg, code, u->there, err);
    else
        u->done(u->arg, code, u->there, err);
}

static void push_clear(struct cprov_op *op)
{
    cprov_buf_clear(&((struct cprov_upload *)op)->url);
}

static const struct cprov_op_kind kind = { sizeof(struct cprov_upload), push_done, push_clear };

/* --- the upload --- */

static int begin_upload(struct cprov_upload *u, struct cprov_error *err);

static void on_whole(void *arg, int code, const struct cprov_exchange_answer *answer,
                     const struct cprov_error *err)
{
    struct cprov_upload *u = arg;
    struct cprov_error local = CPROV_ERROR_INIT;

    /* A proxy that takes no body of this size may take its parts. */
    if (code < 0 && answer->head && answer->head->status == 413 && u->size > CPROV_UPLOAD_CHUNK) {
        u->chunk = CPROV_UPLOAD_CHUNK;
        if (begin_upload(u, &local) == 0)
            return;
    }
    cprov_upload_stored(u, code, answer, err);
}

static int send(struct cprov_upload *u, const struct cprov_exchange_answer *begun,
                struct cprov_error *err)
{
    const struct cprov_http_head *head = begun->head;

    if (head->status == 201 || head->location.len == 0)
        return cprov_fail(err, CPROV_ENETWORK, "%s: the server did not give an upload address (%d)",
                          u->op.what, head->status);
    cprov_buf_reset(&u->url);
    if (cprov_url_resolve(begun->url, head->location, &u->url, err) < 0 ||
        cprov_buf_check(&u->url, "URL", err) < 0)
        return cprov_wrap_as(err, CPROV_ENETWORK, "%s", u->op.what);
    return u->chunk > 0 ? cprov_push_chunks(u, begun, err)
                        : cprov_upload_close(u, &u->content, on_whole, err);
}

static void on_begun(void *arg, int code, const struct cprov_exchange_answer *answer,
                     const struct cprov_error *err)
{
    struct cprov_upload *u = arg;
    struct cprov_error local = CPROV_ERROR_INIT;

    if (code == 0 && (code = send(u, answer, &local)) < 0)
        err = &local;
    if (code < 0)
        cprov_op_finish(&u->op, code, err);
}

static int begin_upload(struct cprov_upload *u, struct cprov_error *err)
{
    char path[CPROV_REQUEST_PATH_MAX];

    (void)snprintf(path, sizeof(path), "/v2/%s/blobs/uploads/%s", u->ref.repository,
                   u->digest.algo != CPROV_SHA256 ? "?digest-algorithm=sha512" : "");
    return cprov_upload_ask(
        u, &(struct cprov_exchange_spec){ .method = CPROV_POST, .done = on_begun }, path, err);
}

/* --- is it there --- */

/* Some say 0 of everything that they are asked for with HEAD. */
static bool is_there(const struct cprov_upload *u, const struct cprov_http_head *head)
{
    return !head->has_content_length || head->content_length == 0 ||
           head->content_length == u->size;
}

/* Servers that know no HEAD, or send it to a store that does not, are asked by the upload itself.
 */
static bool is_missing(const struct cprov_upload *u, int code, const struct cprov_http_head *head)
{
    if (code == CPROV_ENOTFOUND)
        return true;
    return !u->found && head && head->status >= 400 && head->status < 500 && head->status != 401 &&
           !cprov_retry_status(head->status);
}

static void on_looked(void *arg, int code, const struct cprov_exchange_answer *answer,
                      const struct cprov_error *err)
{
    struct cprov_upload *u = arg;
    struct cprov_error local = CPROV_ERROR_INIT;

    u->there = code == 0 && is_there(u, answer->head);
    if (code < 0 && is_missing(u, code, answer->head))
        code = 0;
    if (code == 0 && !u->there && !u->found) {
        if ((code = begin_upload(u, &local)) == 0)
            return;
        err = &local;
    }
    cprov_op_finish(&u->op, code, err);
}

static int look(struct cprov_upload *u, struct cprov_error *err)
{
    char digest[CPROV_DIGEST_TEXT_MAX], path[CPROV_REQUEST_PATH_MAX];

    (void)snprintf(path, sizeof(path), "/v2/%s/blobs/%s", u->ref.repository,
                   cprov_digest_format(&u->digest, digest));
    return cprov_upload_ask(
        u, &(struct cprov_exchange_spec){ .method = CPROV_HEAD, .done = on_looked }, path, err);
}

/* --- public --- */

/* What was sent last may have arrived, and its answer not: looks again. */
static void anew(void *arg)
{
    struct cprov_upload *u = arg;
    struct cprov_error err = CPROV_ERROR_INIT;
    int code = look(u, &err);

    if (code < 0)
        cprov_op_finish(&u->op, code, &err);
}

static struct cprov_upload *push_new(struct cprov_client *c, const struct cprov_reference *ref,
                                     const struct cprov_descriptor *descriptor,
                                     struct cprov_error *err)
{
    struct cprov_upload *u = cprov_op_new(c, &kind, err);

    if (!u)
        return NULL;
    u->ref = *ref;
    u->digest = descriptor->digest;
    u->size = descriptor->size;
    u->anew = anew;
    cprov_buf_init(&u->url, CPROV_URL_MAX);
    return u;
}

static int begin(struct cprov_upload *u, struct cprov_error *err)
{
    char digest[CPROV_DIGEST_TEXT_MAX];
    int code =
        cprov_op_name(&u->op, err, "blob %.*s of %s/%s", NAMED_DIGITS,
                      cprov_digest_format(&u->digest, digest), u->ref.host, u->ref.repository);

    return cprov_op_started(&u->op, code < 0 ? code : look(u, err));
}

int cprov_client_has_blob(struct cprov_client *c, const struct cprov_reference *ref,
                          const struct cprov_descriptor *descriptor, cprov_has_blob_fn *done,
                          void *arg, struct cprov_error *err)
{
    struct cprov_upload *u = push_new(c, ref, descriptor, err);

    if (!u)
        return CPROV_ENOMEM;
    u->found = done;
    u->arg = arg;
    return begin(u, err);
}

int cprov_client_push_blob(struct cprov_client *c, const struct cprov_blob_push *push,
                           struct cprov_error *err)
{
    uint64_t size = push->descriptor->size;

    if (size > CPROV_BLOB_SIZE_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "blob of %llu bytes", (unsigned long long)size);
    struct cprov_upload *u = push_new(c, push->ref, push->descriptor, err);
    if (!u)
        return CPROV_ENOMEM;
    u->content = push->content;
    u->content.length = size;
    u->done = push->done;
    u->arg = push->arg;
    return begin(u, err);
}
