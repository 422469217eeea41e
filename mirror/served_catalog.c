/* mirror/served_catalog.c - the catalog of what is served. */
#include "mirror/served_catalog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "mirror/cards.h"
#include "registry/catalog_writer.h"

#define PIECE         (64 * CPROV_KIB) /* bytes that go to the file at once */
#define REFERENCE_MAX (2 * CPROV_NAME_MAX + CPROV_TAG_MAX + 3)

struct sink {
    int fd;
    struct cprov_hasher *hasher;
    struct cprov_buf piece;
    uint64_t size;
};

static int flush(struct sink *s, struct cprov_error *err)
{
    int code = cprov_hasher_update(s->hasher, cprov_buf_text(&s->piece), s->piece.len, err);

    if (code == 0)
        code = cprov_fs_write_all(s->fd, cprov_buf_text(&s->piece), s->piece.len, -1, err);
    s->size += s->piece.len;
    cprov_buf_reset(&s->piece);
    return code;
}

static int on_text(void *arg, struct cprov_span text, struct cprov_error *err)
{
    struct sink *s = arg;

    while (text.len > 0) {
        size_t room = PIECE - s->piece.len;
        size_t len = text.len < room ? text.len : room;
        cprov_buf_add(&s->piece, text.ptr, len);
        text = cprov_span_from(text, len);
        if (s->piece.len == PIECE && flush(s, err) < 0)
            return err->code;
    }
    return cprov_buf_check(&s->piece, "catalog", err);
}

static int write_card(struct cprov_catalog_writer *w, const struct cprov_card *card,
                      const char *host, struct cprov_error *err)
{
    char reference[REFERENCE_MAX];

    snprintf(reference, sizeof(reference), "%s/%s:%s", host, card->repository, card->version);
    struct cprov_entry entry = {
        .repository = card->repository,
        .name = strcmp(card->name, card->repository) == 0 ? NULL : card->name,
        .version = card->version,
        .reference = reference,
        .digest = &card->digest,
        .bytes = card->bytes,
        .description = card->description,
        .publisher = card->publisher,
        .title = card->title,
        .created = card->created,
        .platforms = card->platforms,
        .os_version = card->os_version,
        .media_type = card->media_type,
        .image_id = card->image_id,
        .is_os = card->is_os,
        .complete = true,
    };
    return cprov_catalog_writer_add(w, &entry, err);
}

static int write_all(struct sink *s, const struct cprov_cards *cards, const char *host,
                     struct cprov_error *err)
{
    auto_catalog_writer struct cprov_catalog_writer *w = NULL;

    int code = cprov_catalog_writer_new(NULL, NULL, on_text, s, &w, err);
    for (size_t i = 0; code == 0 && i < cards->groups_count; i++) {
        const struct cprov_card_group *g = &cards->groups[i];
        for (size_t k = 0; g->own && code == 0 && k < g->count; k++)
            code = write_card(w, &cards->list[g->first + k], host, err);
    }
    if (code == 0)
        code = cprov_catalog_writer_finish(w, err);
    return code < 0 ? code : flush(s, err);
}

/* On disk, where there is one that may be written to. */
static int open_nameless(struct cprov_error *err)
{
    const char *folder = getenv("TMPDIR");

    int fd = open(folder && *folder ? folder : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        fd = memfd_create("cprov-catalog", MFD_CLOEXEC);
    return fd < 0 ? cprov_fail_os(err, errno, "file for the catalog") : fd;
}

static int make(struct sink *s, const struct cprov_cards *cards, const char *host,
                struct cprov_served_catalog *out, struct cprov_error *err)
{
    struct cprov_digest digest = { .algo = CPROV_SHA256 };

    s->fd = open_nameless(err);
    if (s->fd < 0)
        return s->fd;
    if (cprov_hasher_new(CPROV_HASH_SHA256, &s->hasher, err) < 0 ||
        write_all(s, cards, host, err) < 0 || cprov_hasher_finish(s->hasher, digest.raw, err) < 0)
        return err->code;
    out->fd = s->fd;
    out->size = s->size;
    s->fd = -1;
    snprintf(out->host, sizeof(out->host), "%s", host);
    cprov_digest_format(&digest, out->etag);
    return 0;
}

int cprov_served_catalog_write(const struct cprov_cards *cards, const char *host,
                               struct cprov_served_catalog *out, struct cprov_error *err)
{
    struct cprov_error local = CPROV_ERROR_INIT;
    struct sink s = { .fd = -1 };

    cprov_buf_init(&s.piece, PIECE);
    int code = make(&s, cards, host, out, err ? err : &local);
    cprov_buf_clear(&s.piece);
    cprov_hasher_free(s.hasher);
    cprov_fd_close(&s.fd);
    return code;
}

int cprov_served_catalog_dup(const struct cprov_served_catalog *file,
                             struct cprov_served_catalog *out, struct cprov_error *err)
{
    int fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);

    if (fd < 0)
        return cprov_fail_os(err, errno, "file of the catalog");
    *out = *file;
    out->fd = fd;
    return 0;
}

void cprov_served_catalog_close(struct cprov_served_catalog *file)
{
    cprov_fd_close(&file->fd);
}
