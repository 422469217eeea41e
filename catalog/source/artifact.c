/* catalog/source/artifact.c - a catalog artifact in a registry as a source. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/inflate.h"
#include "base/limits.h"
#include "base/signature.h"
#include "catalog/document/artifact.h"
#include "catalog/document/file.h"
#include "catalog/document/reader.h"
#include "catalog/source/source.h"
#include "registry/blob_get.h"
#include "registry/blob_queue.h"
#include "registry/manifest_fetch.h"

/* --- the location --- */

static int bad_location(const struct cprov_place *place, const char *why, struct cprov_error *err)
{
    cprov_fail(err, CPROV_EINVAL, "location of source '%s': %s", place->source->name, why);
    cprov_hint(err, CPROV_HINT_CATALOG_LOCATION);
    return CPROV_EINVAL;
}

/* Host and scheme have been read; here it is the name of one artifact. */
static int catalog_init(struct cprov_place *place, struct cprov_error *err)
{
    struct cprov_span text = cprov_span_of(place->source->location);
    void *scheme = memmem(text.ptr, text.len, "://", 3);
    struct cprov_reference r;

    if (scheme)
        text = cprov_span_from(text, (size_t)((char *)scheme + 3 - text.ptr));
    if (cprov_reference_parse(text, &r, err) < 0)
        return bad_location(place, err->msg, err);
    if (!r.has_host || strcmp(r.host, place->base.host) != 0)
        return bad_location(place, "does not name a repository", err);
    place->base = r;
    return 0;
}

/* --- an import --- */

/*
 * The validator: the key it holds for, the digest of the manifest, that of the document. A manifest
 * that was only made anew, with the same document, changes nothing.
 */
#define MARK_MAX      64
#define VALIDATOR_MAX (MARK_MAX + 2 * CPROV_DIGEST_TEXT_MAX)

struct artifact_import {
    struct cprov_client *client;
    struct cprov_place place;
    struct cprov_import want;  /* without its validator */
    struct cprov_buf mark;     /* what validators begin with: the key */
    char known[VALIDATOR_MAX]; /* the validator given, without mark; "" when it holds for
                                  another */
    char validator[VALIDATOR_MAX];
    struct cprov_manifest *manifest;
    struct cprov_catalog_artifact artifact; /* parts of the manifest */
    struct cprov_hasher *hasher;
    struct cprov_inflater *inflater;
    struct cprov_catalog_reader *reader;
    struct cprov_signature *signature; /* NULL: none is demanded */
    struct cprov_buf signed_by;
    uint64_t position; /* of the packed document: bytes that were read */
    uint64_t unpacked;
};

static void import_free(struct artifact_import *i)
{
    cprov_manifest_free(i->manifest);
    cprov_hasher_free(i->hasher);
    cprov_inflater_free(i->inflater);
    cprov_catalog_reader_free(i->reader);
    cprov_signature_free(i->signature);
    cprov_buf_clear(&i->signed_by);
    cprov_buf_clear(&i->mark);
    free(i);
}

/* What the client says names the place; what is found out here does not. */
static int named(const struct artifact_import *i, int code, struct cprov_error *err)
{
    const struct cprov_reference *r = &i->place.base;

    if (code < 0)
        (void)cprov_wrap(err, "catalog %s/%s", r->host, r->repository);
    return code;
}

static void import_end(struct artifact_import *i, int code, bool unchanged, struct cprov_error *err)
{
    i->want.done(i->want.arg, code, unchanged, code == 0 ? i->validator : "",
                 code < 0 ? err : NULL);
    import_free(i);
}

/* --- the document --- */

static int read_document(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    struct artifact_import *i = arg;

    i->unpacked += len;
    if (i->unpacked > CPROV_CATALOG_BYTES_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "more than %llu bytes",
                          (unsigned long long)CPROV_CATALOG_BYTES_MAX);
    if (i->signature && cprov_signature_update(i->signature, data, len, err) < 0)
        return err->code;
    return cprov_catalog_reader_feed(i->reader, data, len, err);
}

/* What comes a second time after a restart was read already; whether it was right, the digest of
 * the whole tells. */
static int read_packed(void *arg, uint64_t offset, const void *data, size_t len,
                       struct cprov_error *err)
{
    struct artifact_import *i = arg;

    if (offset > i->position)
        return cprov_fail(err, CPROV_EFAIL, "a part of the catalog is missing");
    if (i->position - offset >= len)
        return 0;
    size_t known = (size_t)(i->position - offset);
    data = (const char *)data + known;
    len -= known;
    i->position += len;
    if (cprov_hasher_update(i->hasher, data, len, err) < 0)
        return named(i, err->code, err);
    return named(i, cprov_inflater_update(i->inflater, data, len, err), err);
}

static int on_restart(void *arg, struct cprov_error *err)
{
    (void)arg;
    (void)err;
    return 0;
}

static int check_document(struct artifact_import *i, struct cprov_error *err)
{
    const struct cprov_descriptor *want = &i->artifact.document;
    struct cprov_digest digest;

    if (cprov_digest_finish(i->hasher, want->digest.algo, &digest, err) < 0)
        return err->code;
    if (i->position != want->size || !cprov_digest_equal(&digest, &want->digest))
        return cprov_fail(err, CPROV_EVERIFY, "size or digest differs from its manifest");
    if (cprov_inflater_finish(i->inflater, err) < 0 ||
        cprov_catalog_reader_finish(i->reader, err) < 0)
        return err->code;
    if (!i->signature)
        return 0;
    return cprov_signature_check(i->signature, cprov_buf_span(&i->signed_by), err);
}

static void on_document(void *arg, int code, const struct cprov_error *err)
{
    struct artifact_import *i = arg;
    struct cprov_error local = err ? *err : (struct cprov_error)CPROV_ERROR_INIT;

    if (code == 0)
        code = named(i, check_document(i, &local), &local);
    import_end(i, code, false, &local);
}

static enum cprov_compression packing_of(const char *type)
{
    struct cprov_span text = cprov_span_of(type);

    if (cprov_span_ends_with(text, "+gzip"))
        return CPROV_GZIP;
    return cprov_span_ends_with(text, "+zstd") ? CPROV_ZSTD : CPROV_PLAIN;
}

static int fetch_document(struct artifact_import *i, struct cprov_error *err)
{
    const struct cprov_descriptor *d = &i->artifact.document;
    const struct cprov_catalog_reader_options options = { .not_before = i->want.not_before,
                                                          .facts = i->want.facts,
                                                          .entry = i->want.entry,
                                                          .arg = i->want.arg };

    if (cprov_digest_hasher(d->digest.algo, &i->hasher, err) < 0 ||
        cprov_inflater_new(packing_of(d->media_type), read_document, i, &i->inflater, err) < 0 ||
        cprov_catalog_reader_new(&options, &i->reader, err) < 0)
        return err->code;
    return cprov_client_fetch_blob(
        i->client,
        &(struct cprov_blob_request){
            .ref = &i->place.base,
            .descriptor = d,
            .in_order = true,
            .sink = { .write = read_packed, .restart = on_restart, .arg = i },
            .done = on_document },
        err);
}

/* --- the signature --- */

static void on_signature(void *arg, int code, struct cprov_span bytes,
                         const struct cprov_error *err)
{
    struct artifact_import *i = arg;
    struct cprov_error local = err ? *err : (struct cprov_error)CPROV_ERROR_INIT;

    if (code == 0) {
        cprov_buf_init(&i->signed_by, CPROV_SIGNATURE_MAX);
        cprov_buf_add_span(&i->signed_by, bytes);
        code = named(i, cprov_buf_check(&i->signed_by, "signature", &local), &local);
    }
    if (code == 0)
        code = named(i, fetch_document(i, &local), &local);
    if (code < 0)
        import_end(i, code, false, &local);
}

static int fetch_parts(struct artifact_import *i, struct cprov_error *err)
{
    const char *key = i->place.source->key;

    if (!key)
        return fetch_document(i, err);
    if (!i->artifact.is_signed)
        return cprov_fail(err, CPROV_EVERIFY, "not signed, but source '%s' requires a signature",
                          i->place.source->name);
    if (cprov_signature_verifier(key, &i->signature, err) < 0)
        return err->code;
    return cprov_client_get_blob(i->client, &i->place.base, &i->artifact.signature,
                                 CPROV_SIGNATURE_MAX, on_signature, i, err);
}

/* --- the manifest --- */

/* Whether the n-th digest is that of the last time. */
static bool is_as_before(const struct artifact_import *i, size_t n, const char *digest)
{
    struct cprov_span manifest, document;

    return cprov_span_cut(cprov_span_of(i->known), ' ', &manifest, &document) &&
           cprov_span_is(n == 0 ? manifest : document, digest);
}

static void on_manifest(void *arg, int code, struct cprov_manifest_answer *answer,
                        const struct cprov_error *err)
{
    struct artifact_import *i = arg;
    struct cprov_error local = err ? *err : (struct cprov_error)CPROV_ERROR_INIT;
    char manifest[CPROV_DIGEST_TEXT_MAX], document[CPROV_DIGEST_TEXT_MAX];

    if (code == 0) {
        i->manifest = cprov_steal(&answer->manifest);
        code = named(i, cprov_catalog_artifact_read(i->manifest, &i->artifact, &local), &local);
    }
    if (code == 0) {
        cprov_digest_format(&answer->descriptor.digest, manifest);
        cprov_digest_format(&i->artifact.document.digest, document);
        (void)snprintf(i->validator, sizeof(i->validator), "%s%s %s", cprov_buf_text(&i->mark),
                       manifest, document);
        if (is_as_before(i, 1, document)) {
            import_end(i, 0, true, NULL);
            return;
        }
        code = named(i, fetch_parts(i, &local), &local);
    }
    if (code < 0)
        import_end(i, code, false, &local);
}

static void on_head(void *arg, int code, struct cprov_manifest_answer *answer,
                    const struct cprov_error *err)
{
    struct artifact_import *i = arg;
    struct cprov_error local = err ? *err : (struct cprov_error)CPROV_ERROR_INIT;
    struct cprov_reference ref = i->place.base;
    char digest[CPROV_DIGEST_TEXT_MAX];

    if (code == 0 && is_as_before(i, 0, cprov_digest_format(&answer->descriptor.digest, digest))) {
        (void)snprintf(i->validator, sizeof(i->validator), "%s%s", cprov_buf_text(&i->mark),
                       i->known);
        import_end(i, 0, true, NULL);
        return;
    }
    if (code == 0 && answer->manifest) { /* it took a GET to learn the digest */
        on_manifest(i, 0, answer, NULL);
        return;
    }
    if (code == 0) {
        ref.digest = answer->descriptor.digest;
        ref.has_digest = true;
        code = cprov_client_get_manifest(i->client, &ref, NULL, on_manifest, i, &local);
    }
    if (code < 0)
        import_end(i, code, false, &local);
}

/* --- public --- */

static int take_validator(struct artifact_import *i, const char *validator, struct cprov_error *err)
{
    const char *key = i->place.source->key;
    int code = key ? cprov_catalog_key_mark(key, &i->mark, err) : 0;

    if (code == 0 && validator && strlen(validator) < VALIDATOR_MAX &&
        strncmp(validator, cprov_buf_text(&i->mark), i->mark.len) == 0)
        (void)snprintf(i->known, sizeof(i->known), "%s", validator + i->mark.len);
    return code;
}

static int catalog_import(struct cprov_client *c, const struct cprov_place *place,
                          const struct cprov_import *want, struct cprov_error *err)
{
    struct artifact_import *i = calloc(1, sizeof(*i));

    if (!i)
        return cprov_fail_memory(err);
    i->client = c;
    i->place = *place;
    i->want = *want;
    i->want.validator = NULL;
    cprov_buf_init(&i->mark, MARK_MAX);
    int code = take_validator(i, want->validator, err);
    if (code == 0 && *i->known)
        code = cprov_client_head_manifest(c, &place->base, on_head, i, err);
    else if (code == 0)
        code = cprov_client_get_manifest(c, &place->base, NULL, on_manifest, i, err);
    if (code < 0)
        import_free(i);
    return code;
}

const struct cprov_source_kind cprov_source_catalog = {
    .type = "catalog",
    .init = catalog_init,
    .import = catalog_import,
    .is_url = true,
};
