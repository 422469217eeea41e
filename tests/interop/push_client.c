/* A file put into a registry as a blob, and a manifest that names it: push_client REF FILE
 * [USER:WORD]. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/limits.h"
#include "catalog/document/artifact.h"
#include "manifest/media_type.h"
#include "registry/client.h"
#include "registry/push.h"
#include "registry/push_manifest.h"

struct work {
    const char *login;
    int code;
    bool existed;
    unsigned long long sent;
    struct cprov_error err;
};

static int find_login(void *arg, const char *host, const char *repository, unsigned skip,
                      struct cprov_credentials *out, struct cprov_error *err)
{
    const struct work *w = arg;
    const char *colon = w->login ? strchr(w->login, ':') : NULL;

    (void)host;
    if (skip > 0)
        return 0;
    (void)repository;
    if (!colon)
        return 0;
    out->username = strndup(w->login, (size_t)(colon - w->login));
    out->password = strdup(colon + 1);
    return out->username && out->password ? 0 : cprov_fail_memory(err);
}

static void note(struct work *w, int code, const struct cprov_error *err)
{
    if (code < 0 && w->code == 0) {
        w->code = code;
        w->err = *err;
    }
}

static void on_blob(void *arg, int code, bool existed, const struct cprov_error *err)
{
    struct work *w = arg;

    w->existed = existed;
    note(w, code, err);
}

static void on_manifest(void *arg, int code, const struct cprov_digest *digest,
                        const struct cprov_error *err)
{
    char text[CPROV_DIGEST_TEXT_MAX];

    if (code == 0)
        printf("manifest %s\n", cprov_digest_format(digest, text));
    note(arg, code, err);
}

static void on_sent(void *arg, uint64_t count)
{
    ((struct work *)arg)->sent = count;
}

static int describe(int fd, struct cprov_descriptor *out, struct cprov_error *err)
{
    auto_hasher struct cprov_hasher *h = NULL;
    static char piece[65536];
    size_t got = 1;
    int code = cprov_digest_hasher(CPROV_SHA256, &h, err);

    *out = (struct cprov_descriptor){ .media_type = "" };
    while (code == 0 && got > 0) {
        code = cprov_fs_read_at(fd, piece, sizeof(piece), (off_t)out->size, &got, err);
        if (code == 0)
            code = cprov_hasher_update(h, piece, got, err);
        out->size += got;
    }
    return code < 0 ? code : cprov_digest_finish(h, CPROV_SHA256, &out->digest, err);
}

static int push_blobs(struct cprov_client *c, const struct cprov_reference *ref, int fd,
                      const struct cprov_catalog_artifact *a, struct work *w,
                      struct cprov_error *err)
{
    const struct cprov_blob_push config = { .ref = ref,
                                            .descriptor = &a->config,
                                            .content = { .bytes = CPROV_SPAN_LITERAL(
                                                             CPROV_CATALOG_CONFIG) },
                                            .done = on_blob,
                                            .arg = w };
    const struct cprov_blob_push file = { .ref = ref,
                                          .descriptor = &a->document,
                                          .content = { .fd = fd, .sent = on_sent, .arg = w },
                                          .done = on_blob,
                                          .arg = w };

    if (cprov_client_push_blob(c, &config, err) < 0 || cprov_client_run(c, NULL, err) < 0 ||
        cprov_client_push_blob(c, &file, err) < 0 || cprov_client_run(c, NULL, err) < 0)
        return err->code;
    if (w->code < 0)
        *err = w->err;
    return w->code;
}

static int work(const char *name, const char *path, struct work *w, struct cprov_error *err)
{
    const struct cprov_client_options options = { .retries = 3,
                                                  .credentials = find_login,
                                                  .arg = w };
    auto_client struct cprov_client *c = NULL;
    auto_buf struct cprov_buf manifest = { 0 };
    struct cprov_catalog_artifact a = { .title = "interop" };
    struct cprov_reference ref;
    auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

    cprov_buf_init(&manifest, CPROV_MANIFEST_MAX);
    if (describe(fd, &a.document, err) < 0 || cprov_catalog_artifact_config(&a.config, err) < 0 ||
        cprov_reference_parse(cprov_span_of(name), &ref, err) < 0 ||
        cprov_client_new(&options, &c, err) < 0 || push_blobs(c, &ref, fd, &a, w, err) < 0)
        return err->code;
    cprov_catalog_artifact_write(&a, &manifest);
    if (cprov_client_push_manifest(c, &ref, CPROV_MT_OCI_MANIFEST, cprov_buf_span(&manifest),
                                   on_manifest, w, err) < 0 ||
        cprov_client_run(c, NULL, err) < 0)
        return err->code;
    if (w->code < 0)
        *err = w->err;
    return w->code;
}

int main(int argc, char **argv)
{
    struct work w = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;

    if (argc < 3)
        return 2;
    w.login = argc > 3 ? argv[3] : NULL;
    int code = work(argv[1], argv[2], &w, &err);
    if (code < 0)
        fprintf(stderr, "%s\n", err.msg);
    else
        printf("blob %s %llu\n", w.existed ? "existed" : "sent", w.sent);
    return cprov_exit_code(code);
}
