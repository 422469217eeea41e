/* catalog/document/file.c - a document that lists images and lies on this machine. */
#include "catalog/document/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/signature.h"
#include "catalog/document/reader.h"
#include "manifest/digest.h"

int cprov_catalog_key_mark(const char *key, struct cprov_buf *out, struct cprov_error *err)
{
    auto_buf struct cprov_buf pem = { 0 };
    char text[CPROV_DIGEST_TEXT_MAX];
    struct cprov_digest digest;

    cprov_buf_init(&pem, CPROV_SIGNATURE_MAX);
    int code = cprov_fs_read(AT_FDCWD, key, CPROV_SIGNATURE_MAX, &pem, err);
    if (code < 0)
        return cprov_wrap(err, "key");
    code = cprov_digest_of(CPROV_SHA256, cprov_buf_span(&pem), &digest, err);
    if (code < 0)
        return code;
    cprov_buf_addf(out, "signed-%.16s ", cprov_digest_hex(&digest, text));
    return cprov_buf_check(out, "validator", err);
}

static int make_validator(const struct cprov_catalog_file *file, const struct stat *st,
                          struct cprov_buf *out, struct cprov_error *err)
{
    int code = 0;

    cprov_buf_reset(out);
    if (file->key)
        code = cprov_catalog_key_mark(file->key, out, err);
    if (code < 0)
        return code;
    cprov_buf_addf(out, "%" PRIdMAX ".%09ld-%" PRIdMAX "-%" PRIuMAX, (intmax_t)st->st_mtim.tv_sec,
                   st->st_mtim.tv_nsec, (intmax_t)st->st_size, (uintmax_t)st->st_ino);
    return cprov_buf_check(out, "validator", err);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int read_all(int fd, struct cprov_catalog_reader *reader, struct cprov_signature *signature,
                    struct cprov_error *err)
{
    char *piece = malloc(CPROV_HASH_CHUNK);
    int code = piece ? 0 : cprov_fail_memory(err);

    for (off_t at = 0; code == 0;) {
        size_t got = 0;

        code = cprov_fs_read_at(fd, piece, CPROV_HASH_CHUNK, at, &got, err);
        if (code < 0 || got == 0)
            break;
        at += (off_t)got;
        if (signature)
            code = cprov_signature_update(signature, piece, got, err);
        if (code == 0)
            code = cprov_catalog_reader_feed(reader, piece, got, err);
    }
    free(piece);
    return code < 0 ? code : cprov_catalog_reader_finish(reader, err);
}

static int check_signature(const char *path, struct cprov_signature *signature,
                           struct cprov_error *err)
{
    auto_buf struct cprov_buf name = { 0 };
    auto_buf struct cprov_buf made = { 0 };

    cprov_buf_init(&name, 8 * CPROV_KIB);
    cprov_buf_init(&made, CPROV_SIGNATURE_MAX);
    cprov_buf_addf(&name, "%s.sig", path);
    int code = cprov_buf_check(&name, "path", err);
    if (code == 0)
        code = cprov_fs_read(AT_FDCWD, cprov_buf_text(&name), CPROV_SIGNATURE_MAX, &made, err);
    if (code == CPROV_ENOTFOUND)
        return cprov_fail(err, CPROV_EVERIFY, "not signed: %s does not exist",
                          cprov_buf_text(&name));
    return code < 0 ? code : cprov_signature_check(signature, cprov_buf_span(&made), err);
}

static int read_document(const struct cprov_catalog_file *file, int fd, const struct stat *st,
                         struct cprov_error *err)
{
    auto_catalog_reader struct cprov_catalog_reader *reader = NULL;
    auto_signature struct cprov_signature *signature = NULL;
    struct cprov_catalog_reader_options options = {
        .base = file->path,
        .name = file->name,
        .not_before = file->not_before,
        .facts = file->facts,
        .entry = file->entry,
        .arg = file->arg,
    };
    struct stat after;

    int code = cprov_catalog_reader_new(&options, &reader, err);
    if (code == 0 && file->key)
        code = cprov_signature_verifier(file->key, &signature, err);
    if (code == 0)
        code = read_all(fd, reader, signature, err);
    if (code == 0 && signature)
        code = check_signature(file->path, signature, err);
    if (code < 0)
        return code;
    if (fstat(fd, &after) < 0)
        return cprov_fail_os(err, errno, "cannot be examined");
    if (!is_same(st, &after))
        return cprov_fail(err, CPROV_EVERIFY, "it changed while it was being read");
    return 0;
}

int cprov_catalog_read_file(const struct cprov_catalog_file *file, struct cprov_buf *validator,
                            bool *unchanged, struct cprov_error *err)
{
    /* Without O_NONBLOCK the open of a pipe without a writer would wait for one. */
    auto_fd int fd = open(file->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    auto_buf struct cprov_buf now = { 0 };
    struct stat st;

    cprov_buf_init(&now, CPROV_KIB);
    if (fd < 0 || fstat(fd, &st) < 0)
        return cprov_fail_os(err, errno, "%s", file->path);
    if (!S_ISREG(st.st_mode))
        return cprov_fail(err, CPROV_EINVAL, "%s: not a regular file", file->path);
    int code = make_validator(file, &st, &now, err);
    if (code < 0)
        return code;
    *unchanged = file->validator && strcmp(file->validator, cprov_buf_text(&now)) == 0;
    if (!*unchanged && read_document(file, fd, &st, err) < 0)
        return cprov_wrap(err, "%s", file->path);
    cprov_buf_reset(validator);
    cprov_buf_add_span(validator, cprov_buf_span(&now));
    return cprov_buf_check(validator, "validator", err);
}
