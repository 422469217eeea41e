/* serve/served_catalog.c - the catalog of what is served. */
#include "serve/served_catalog_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/grow.h"
#include "base/hash.h"
#include "catalog/document/writer.h"
#include "serve/cards_private.h"

#define PIECE         (64 * CPROV_KIB) /* bytes that go to the file at once */
#define REFERENCE_MAX (CPROV_NAME_MAX + CPROV_TAG_MAX + 3)

/* What stands before a reference. Nothing else does: a '"' of a text has a '\\' before it. */
static const char mark[] = ",\"reference\":\"";

struct cprov_served_catalog {
    atomic_uint holders;
    int fd;
    uint64_t size;    /* of the file: without hosts */
    uint64_t *places; /* in the file: a host stands before this byte */
    size_t count, room;
    struct cprov_digest digest; /* of the file */
};

struct sink {
    struct cprov_served_catalog *made;
    struct cprov_hasher *hasher;
    struct cprov_buf piece;
    size_t matched; /* of the mark */
};

static int flush(struct sink *s, struct cprov_error *err)
{
    int code = cprov_hasher_update(s->hasher, cprov_buf_text(&s->piece), s->piece.len, err);

    if (code == 0)
        code = cprov_fs_write_all(s->made->fd, cprov_buf_text(&s->piece), s->piece.len, -1, err);
    cprov_buf_reset(&s->piece);
    return code;
}

static int note_place(struct cprov_served_catalog *c, uint64_t place, struct cprov_error *err)
{
    if (cprov_grow(&c->places, &c->room, c->count, sizeof(*c->places), CPROV_LIST_MAX, err) < 0)
        return err->code;
    c->places[c->count++] = place;
    return 0;
}

/* The first byte of the mark is nowhere else in it. */
static int find_marks(struct sink *s, struct cprov_span text, struct cprov_error *err)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != mark[s->matched])
            s->matched = 0;
        if (text.ptr[i] == mark[s->matched] && !mark[++s->matched]) {
            s->matched = 0;
            if (note_place(s->made, s->made->size + i + 1, err) < 0)
                return err->code;
        }
    }
    s->made->size += text.len;
    return 0;
}

static int on_text(void *arg, struct cprov_span text, struct cprov_error *err)
{
    struct sink *s = arg;

    if (find_marks(s, text, err) < 0)
        return err->code;
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

static int write_card(struct cprov_catalog_writer *w, const struct cprov_entry *card,
                      struct cprov_error *err)
{
    char reference[REFERENCE_MAX];

    snprintf(reference, sizeof(reference), "/%s:%s", card->repository, card->version);
    struct cprov_entry entry = *card;

    entry.reference = reference;
    if (strcmp(card->name, card->repository) == 0)
        entry.name = NULL;
    return cprov_catalog_writer_add(w, &entry, err);
}

static int write_all(struct sink *s, const struct cprov_cards *cards, struct cprov_error *err)
{
    auto_catalog_writer struct cprov_catalog_writer *w = NULL;

    int code = cprov_catalog_writer_new(NULL, NULL, on_text, s, &w, err);
    for (size_t i = 0; code == 0 && i < cards->groups_count; i++) {
        const struct cprov_card_group *g = &cards->groups[i];
        for (size_t k = 0; g->own && code == 0 && k < g->versions; k++)
            code = write_card(w, &cards->list[g->first + k], err);
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

static int make(struct sink *s, const struct cprov_cards *cards, struct cprov_error *err)
{
    struct cprov_served_catalog *c = s->made;

    c->fd = open_nameless(err);
    if (c->fd < 0)
        return c->fd;
    c->digest.algo = CPROV_SHA256;
    if (cprov_hasher_new(CPROV_HASH_SHA256, &s->hasher, err) < 0 || write_all(s, cards, err) < 0 ||
        cprov_hasher_finish(s->hasher, c->digest.raw, err) < 0)
        return err->code;
    return 0;
}

int cprov_served_catalog_new(const struct cprov_cards *cards, struct cprov_served_catalog **out,
                             struct cprov_error *err)
{
    auto_served_catalog struct cprov_served_catalog *c = calloc(1, sizeof(*c));
    struct cprov_error local = CPROV_ERROR_INIT;
    struct sink s = { .made = c };

    err = err ? err : &local;
    if (!c)
        return cprov_fail_memory(err);
    atomic_init(&c->holders, 1);
    c->fd = -1;
    cprov_buf_init(&s.piece, PIECE);
    int code = make(&s, cards, err);
    cprov_buf_clear(&s.piece);
    cprov_hasher_free(s.hasher);
    if (code < 0)
        return code;
    *out = cprov_steal(&c);
    return 0;
}

struct cprov_served_catalog *cprov_served_catalog_hold(struct cprov_served_catalog *c)
{
    atomic_fetch_add(&c->holders, 1);
    return c;
}

void cprov_served_catalog_release(struct cprov_served_catalog *c)
{
    if (!c || atomic_fetch_sub(&c->holders, 1) != 1)
        return;
    cprov_fd_close(&c->fd);
    free(c->places);
    free(c);
}

uint64_t cprov_served_catalog_size(const struct cprov_served_catalog *c, const char *host)
{
    return c->size + c->count * strlen(host);
}

void cprov_served_catalog_etag(const struct cprov_served_catalog *c, const char *host,
                               char out[CPROV_DIGEST_TEXT_MAX])
{
    struct cprov_digest tag;
    char text[CPROV_DIGEST_TEXT_MAX + CPROV_NAME_MAX + 1];

    cprov_digest_format(&c->digest, out);
    snprintf(text, sizeof(text), "%s %s", out, host);
    if (cprov_digest_of(CPROV_SHA256, cprov_span_of(text), &tag, NULL) == 0)
        cprov_digest_format(&tag, out);
}

/* How many hosts begin before `offset` of the document for a host of `width` bytes. */
static size_t hosts_before(const struct cprov_served_catalog *c, size_t width, uint64_t offset)
{
    size_t low = 0, high = c->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->places[middle] + middle * width < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Where in the file the document goes on at `offset`, with i hosts begun before it. */
static uint64_t place_of(const struct cprov_served_catalog *c, size_t width, uint64_t offset,
                         size_t i)
{
    uint64_t at = offset - i * width;

    return i > 0 && at < c->places[i - 1] ? c->places[i - 1] : at; /* within host i - 1 */
}

static bool read_file(const struct cprov_served_catalog *c, uint64_t at, char *out, size_t len)
{
    while (len > 0) {
        ssize_t got = pread(c->fd, out, len, (off_t)at);
        if (got <= 0)
            return false;
        at += (uint64_t)got;
        out += got;
        len -= (size_t)got;
    }
    return true;
}

/* What the file gives is read to the end of the room, and moved forward with the hosts between. */
ssize_t cprov_served_catalog_read(const struct cprov_served_catalog *c, const char *host,
                                  uint64_t offset, void *out, size_t len)
{
    size_t width = strlen(host), i = hosts_before(c, width, offset), done = 0;
    uint64_t left = cprov_served_catalog_size(c, host) - offset;
    char *to = out;

    len = left < len ? (size_t)left : len;
    uint64_t at = place_of(c, width, offset, i);
    uint64_t end = place_of(c, width, offset + len, hosts_before(c, width, offset + len));
    size_t raw = (size_t)(end - at);
    const char *from = to + (len - raw);

    if (!read_file(c, at, to + (len - raw), raw))
        return -1;
    uint64_t inside = offset - i * width;
    if (i > 0 && inside < at) { /* the rest of a host */
        size_t rest = (size_t)(at - inside);
        done = rest < len ? rest : len;
        memcpy(to, host + width - rest, done);
    }
    while (done < len) {
        uint64_t plain = (i < c->count ? c->places[i] : c->size) - at;
        size_t n = plain < len - done ? (size_t)plain : len - done;

        memmove(to + done, from, n);
        from += n;
        at += n;
        done += n;
        n = width < len - done ? width : len - done;
        memcpy(to + done, host, n);
        done += n;
        i++;
    }
    return (ssize_t)len;
}
