/* provider/catalog_share.c - what the index knows, as a document in a file or in a registry. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/deflate.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/outfile.h"
#include "base/signature.h"
#include "catalog/cache/cache.h"
#include "catalog/document/artifact.h"
#include "provider/change.h"
#include "provider/progress.h"
#include "provider/session.h"
#include "registry/push.h"
#include "registry/push_manifest.h"

#define GATHERED ((size_t)64 * CPROV_KIB) /* the writer hands over words */

/* Where the document goes, and what is made of it on the way. */
struct share {
    struct cprov_session *s;
    const struct cprov_catalog_options *options;
    struct cprov_catalog_writer *writer;
    struct cprov_signature *signature; /* or NULL */
    struct cprov_buf gathered;
    uint64_t versions;
    /* one of these */
    cprov_bytes_fn *bytes;
    void *arg;
    int fd;                          /* a file that grows: the document, or */
    struct cprov_deflater *deflater; /* what it becomes packed */
    struct cprov_hasher *hasher;     /* of the packed bytes, or NULL */
    uint64_t written;
};

static void share_clear(struct share *h)
{
    cprov_catalog_writer_free(h->writer);
    cprov_signature_free(h->signature);
    cprov_deflater_free(h->deflater);
    cprov_hasher_free(h->hasher);
    cprov_buf_clear(&h->gathered);
}
#define auto_share CPROV_CLEANUP(share_clear)

/* --- the document --- */

static int put_file(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    struct share *h = arg;

    if (h->hasher && cprov_hasher_update(h->hasher, data, len, err) < 0)
        return err->code;
    h->written += len;
    return cprov_fs_write_all(h->fd, data, len, -1, err);
}

static int put(struct share *h, const void *data, size_t len, struct cprov_error *err)
{
    if (len == 0)
        return 0;
    if (cprov_cancelled(&h->s->cancel))
        return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
    if (h->signature && cprov_signature_update(h->signature, data, len, err) < 0)
        return err->code;
    if (h->bytes)
        return h->bytes(h->arg, data, len) < 0
                   ? cprov_fail(err, CPROV_ECANCELLED, "the reader stopped")
                   : 0;
    return h->deflater ? cprov_deflater_update(h->deflater, data, len, err)
                       : put_file(h, data, len, err);
}

static int gather(void *arg, struct cprov_span text, struct cprov_error *err)
{
    struct share *h = arg;

    if (h->gathered.len + text.len > GATHERED) {
        if (put(h, h->gathered.ptr, h->gathered.len, err) < 0)
            return err->code;
        cprov_buf_reset(&h->gathered);
    }
    if (text.len > GATHERED)
        return put(h, text.ptr, text.len, err);
    cprov_buf_add_span(&h->gathered, text);
    return cprov_buf_check(&h->gathered, "catalog", err);
}

static int write_entry(void *arg, const struct cprov_entry *entry, struct cprov_error *err)
{
    struct share *h = arg;

    if (cprov_version_is_attachment(cprov_span_of(entry->version)))
        return 0;
    h->versions++;
    return cprov_catalog_writer_add(h->writer, entry, err);
}

static int write_place(struct share *h, struct cprov_cache *index, const struct cprov_place *place,
                       struct cprov_error *err)
{
    auto_buf struct cprov_buf key = { 0 };
    struct cprov_cache_source known;

    cprov_buf_init(&key, CPROV_URL_MAX);
    cprov_place_key(place, &key);
    if (cprov_buf_check(&key, "key of a source", err) < 0 ||
        cprov_cache_source(index, cprov_buf_text(&key), place->kind->import ? "" : place->base.host,
                           &known, err) < 0)
        return err->code;
    return cprov_cache_each(index, known.id, write_entry, h, err);
}

/* Of a version that several sources have, readers take what comes last: that of the first source.
 */
static int write_places(struct share *h, struct cprov_error *err)
{
    struct cprov_session *s = h->s;
    struct cprov_cache *index;

    if (cprov_session_places(s, err) < 0 || cprov_session_index(s, &index, err) < 0)
        return err->code;
    for (size_t i = s->places_count; i > 0; i--)
        if (write_place(h, index, &s->places[i - 1], err) < 0)
            return err->code;
    return 0;
}

/* The whole document, from the first byte to the last. created may be NULL. */
static int write_document(struct share *h, const char *created, struct cprov_error *err)
{
    const char *title = h->options->title, *key = h->options->key_file;

    cprov_buf_init(&h->gathered, GATHERED);
    if ((key && cprov_signature_signer(key, &h->signature, err) < 0) ||
        cprov_catalog_writer_new(title, created, gather, h, &h->writer, err) < 0 ||
        write_places(h, err) < 0)
        return err->code;
    if (h->versions == 0) {
        cprov_fail(err, CPROV_ENOTFOUND, "the cache has nothing to share");
        cprov_hint(err, CPROV_HINT_REFRESH);
        return CPROV_ENOTFOUND;
    }
    if (cprov_catalog_writer_finish(h->writer, err) < 0 ||
        put(h, h->gathered.ptr, h->gathered.len, err) < 0)
        return err->code;
    return h->deflater ? cprov_deflater_finish(h->deflater, err) : 0;
}

static int time_of_making(char out[CPROV_TIME_TEXT_MAX], struct cprov_error *err)
{
    bool fixed;
    int64_t made;

    if (cprov_time_of_making(&made, &fixed, err) < 0)
        return err->code;
    cprov_time_format(made, out);
    return 0;
}

/* --- into a file --- */

static int write_signature(struct share *h, const char *path, struct cprov_error *err)
{
    auto_buf struct cprov_buf der = { 0 };

    cprov_buf_init(&der, CPROV_SIGNATURE_MAX);
    if (cprov_signature_make(h->signature, &der, err) < 0 ||
        cprov_buf_check(&der, "signature", err) < 0)
        return err->code;
    return cprov_outfile_replace(path, cprov_buf_span(&der), h->options->overwrite, err);
}

/* The signature is there before what it is of. */
static int export_to_file(struct share *h, const char *path, const char *created,
                          struct cprov_error *err)
{
    auto_outfile struct cprov_outfile f = CPROV_OUTFILE_INIT;
    const char *beside = cprov_arena_textf(&h->s->call, "%s.sig", path);

    if (!beside)
        return cprov_fail_memory(err);
    if (h->signature && cprov_outfile_look(path) == CPROV_OUTFILE_STREAM)
        return cprov_fail(err, CPROV_EINVAL, "signing needs an output file ('-' cannot be signed)");
    if (cprov_outfile_open(path, h->options->overwrite, &f, err) < 0)
        return err->code;
    h->fd = f.fd;
    if (write_document(h, created, err) < 0 ||
        (h->signature && write_signature(h, beside, err) < 0))
        return err->code;
    return cprov_outfile_keep(&f, err);
}

static int export(struct share *h, struct cprov_error *err)
{
    const struct cprov_catalog_options *o = h->options;
    char created[CPROV_TIME_TEXT_MAX];

    if (!o->path && !h->bytes)
        return cprov_fail(err, CPROV_EINVAL, "a file to export to is needed");
    if (!o->path && o->key_file)
        return cprov_fail(err, CPROV_EINVAL, "signing needs an output file ('-' cannot be signed)");
    if (o->path && cprov_outfile_check(o->path, o->overwrite, err) < 0)
        return err->code;
    int go = cprov_should(h->s,
                          &(struct cprov_change){ .kind = CPROV_CHANGE_EXPORT_CATALOG,
                                                  .place = o->path ? o->path : "-" },
                          err);
    if (go <= 0)
        return go;
    if (time_of_making(created, err) < 0)
        return err->code;
    if (!o->path)
        return write_document(h, created, err);
    h->bytes = NULL;
    if (export_to_file(h, o->path, created, err) < 0)
        return err->code;
    cprov_say(h->s, CPROV_MSG_VERBOSE, "%llu versions", (unsigned long long)h->versions);
    return 0;
}

int cprov_catalog_export(struct cprov_session *s, const struct cprov_catalog_options *options,
                         cprov_bytes_fn *bytes, const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_catalog_options o;
    auto_share struct share h = { .s = s, .options = &o, .bytes = bytes, .fd = -1 };

    if (cprov_session_begin(s, callbacks, &err) < 0 ||
        cprov_options_copy(&o, sizeof(o), options, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    h.arg = s->callbacks.arg;
    int code = export(&h, &err);
    return cprov_session_end(s, code, o.path ? o.path : "", &err);
}

/* --- into a registry --- */

struct upload {
    struct share *share;
    struct cprov_client *client;
    struct cprov_reference ref;
    const char *name; /* the same, as text */
    struct cprov_catalog_artifact artifact;
    struct cprov_buf signature; /* DER */
    struct cprov_buf manifest;
    struct cprov_digest digest; /* of the manifest */
    int fd;                     /* of the packed document: a file without a name */
    struct cprov_meter meter;
    int code; /* of the first operation that failed */
    struct cprov_error err;
};

static void upload_clear(struct upload *u)
{
    cprov_buf_clear(&u->signature);
    cprov_buf_clear(&u->manifest);
    cprov_fd_close(&u->fd);
}
#define auto_upload CPROV_CLEANUP(upload_clear)

static int make_parts(struct upload *u, struct cprov_error *err)
{
    struct share *h = u->share;
    struct cprov_catalog_artifact *a = &u->artifact;

    const char *given = getenv("TMPDIR");

    if (cprov_fs_nameless(given && *given ? given : "/var/tmp", &u->fd, err) < 0)
        return err->code;
    h->fd = u->fd;
    /* The document does not say when it was made: while nothing changes it stays the same blob. */
    if (cprov_digest_hasher(CPROV_SHA256, &h->hasher, err) < 0 ||
        cprov_deflater_new(put_file, h, &h->deflater, err) < 0 ||
        write_document(h, NULL, err) < 0 ||
        cprov_digest_finish(h->hasher, CPROV_SHA256, &a->document.digest, err) < 0 ||
        cprov_catalog_artifact_config(&a->config, err) < 0)
        return err->code;
    a->document.size = h->written;
    if (!h->signature)
        return 0;
    a->is_signed = true;
    cprov_buf_init(&u->signature, CPROV_SIGNATURE_MAX);
    if (cprov_signature_make(h->signature, &u->signature, err) < 0 ||
        cprov_buf_check(&u->signature, "signature", err) < 0)
        return err->code;
    a->signature.size = u->signature.len;
    return cprov_digest_of(CPROV_SHA256, cprov_buf_span(&u->signature), &a->signature.digest, err);
}

static int make_manifest(struct upload *u, struct cprov_error *err)
{
    char created[CPROV_TIME_TEXT_MAX];

    if (time_of_making(created, err) < 0)
        return err->code;
    u->artifact.created = created;
    u->artifact.title = u->share->options->title;
    cprov_buf_init(&u->manifest, CPROV_MANIFEST_MAX);
    cprov_catalog_artifact_write(&u->artifact, &u->manifest);
    u->artifact.created = NULL;
    return cprov_buf_check(&u->manifest, "manifest", err);
}

static void note(struct upload *u, int code, const struct cprov_error *err)
{
    if (code == 0 || u->code < 0)
        return;
    u->code = code;
    u->err = *err;
}

static void on_blob(void *arg, int code, bool existed, const struct cprov_error *err)
{
    (void)existed;
    note(arg, code, err);
}

static void on_sent(void *arg, uint64_t count)
{
    struct upload *u = arg;

    cprov_meter_set(u->share->s, &u->meter, count);
}

static void on_manifest(void *arg, int code, const struct cprov_digest *digest,
                        const struct cprov_error *err)
{
    struct upload *u = arg;

    u->digest = *digest;
    note(u, code, err);
}

static int push_part(struct upload *u, const struct cprov_descriptor *d, struct cprov_span bytes,
                     struct cprov_error *err)
{
    const struct cprov_blob_push push = {
        .ref = &u->ref,
        .descriptor = d,
        .content = { .bytes = bytes, .fd = u->fd, .sent = bytes.ptr ? NULL : on_sent, .arg = u },
        .done = on_blob,
        .arg = u
    };

    return cprov_client_push_blob(u->client, &push, err);
}

static int run(struct upload *u, struct cprov_error *err)
{
    if (cprov_client_run(u->client, NULL, err) < 0)
        return err->code;
    if (u->code < 0)
        *err = u->err;
    return u->code;
}

static int push_parts(struct upload *u, struct cprov_error *err)
{
    const struct cprov_catalog_artifact *a = &u->artifact;

    if (push_part(u, &a->document, (struct cprov_span){ 0 }, err) < 0 ||
        push_part(u, &a->config, CPROV_SPAN_LITERAL(CPROV_CATALOG_CONFIG), err) < 0 ||
        (a->is_signed && push_part(u, &a->signature, cprov_buf_span(&u->signature), err) < 0)) {
        struct cprov_error ignored = CPROV_ERROR_INIT;

        (void)!cprov_client_run(u->client, NULL, &ignored); /* those that were started */
        return err->code;
    }
    return run(u, err);
}

static int upload(struct upload *u, struct cprov_error *err)
{
    struct cprov_session *s = u->share->s;

    if (make_parts(u, err) < 0 || make_manifest(u, err) < 0)
        return err->code;
    cprov_meter_init(&u->meter, "Uploading", u->name, "", u->artifact.document.size);
    int code = push_parts(u, err);
    cprov_meter_end(s, &u->meter);
    if (code < 0 ||
        cprov_client_push_manifest(u->client, &u->ref, CPROV_MT_OCI_MANIFEST,
                                   cprov_buf_span(&u->manifest), on_manifest, u, err) < 0)
        return err->code;
    return run(u, err);
}

/* A registry is named in words: what a company uses is not sent to the public one by a slip. */
static int read_name(struct upload *u, struct cprov_error *err)
{
    const char *text = u->share->options->reference;
    auto_buf struct cprov_buf name = { 0 };

    if (!text || !*text)
        return cprov_fail(err, CPROV_EINVAL, "a reference is needed to push to");
    if (cprov_reference_parse(cprov_span_of(text), &u->ref, err) < 0)
        return err->code;
    if (!u->ref.has_host)
        return cprov_fail(err, CPROV_EINVAL, "include the registry: HOST/REPOSITORY[:TAG]");
    if (u->ref.has_digest)
        return cprov_fail(err, CPROV_EINVAL, "push a catalog to a tag, not to a digest");
    if (cprov_session_bind_login(u->share->s, u->ref.host, err) < 0)
        return err->code;
    if (!*u->ref.tag)
        memcpy(u->ref.tag, "latest", sizeof("latest"));
    cprov_buf_init(&name, CPROV_KIB);
    cprov_reference_format(&u->ref, &name);
    u->name = cprov_arena_text(&u->share->s->call, cprov_buf_span(&name));
    return cprov_arena_check(&u->share->s->call, err);
}

static int push(struct share *h, struct cprov_error *err)
{
    struct cprov_session *s = h->s;
    auto_upload struct upload u = { .share = h, .fd = -1 };
    char digest[CPROV_DIGEST_TEXT_MAX];

    if (read_name(&u, err) < 0)
        return err->code;
    int go = cprov_should(
        s, &(struct cprov_change){ .kind = CPROV_CHANGE_PUSH_CATALOG, .name = u.name }, err);
    if (go <= 0)
        return go;
    if (cprov_session_client(s, &u.client, err) < 0 || upload(&u, err) < 0)
        return err->code;
    cprov_digest_format(&u.digest, digest);
    cprov_say(s, CPROV_MSG_RESULT, "%s: digest: %s size: %zu", u.name, digest, u.manifest.len);
    cprov_session_log(s, NULL, "catalog-push", u.name, digest);
    return 0;
}

int cprov_catalog_push(struct cprov_session *s, const struct cprov_catalog_options *options,
                       const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_catalog_options o;
    auto_share struct share h = { .s = s, .options = &o, .fd = -1 };

    if (cprov_session_begin(s, callbacks, &err) < 0 ||
        cprov_options_copy(&o, sizeof(o), options, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    int code = push(&h, &err);
    return cprov_session_end(s, code, o.reference ? o.reference : "", &err);
}
