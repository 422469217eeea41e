/* archive/tar_index.c - the files in a tar file, and where in it their content is. */
#include "archive/tar_index_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/tar_format.h"
#include "archive/tar_reader.h"
#include "base/error.h"
#include "base/grow.h"
#include "base/limits.h"

#define LINKS_MAX 4 /* one after the other */
#define ZEROES    (64 * CPROV_KIB)

struct member_reading {
    struct cprov_tar_index *index;
    uint64_t at;   /* where the block after the one that is looked at begins */
    uint64_t skip; /* bytes of content, with their padding, that the reader gets as zeroes */
};

static struct cprov_span plain_path(struct cprov_span path)
{
    while (cprov_span_starts_with(path, "./"))
        path = cprov_span_from(path, 2);
    return path;
}

/* What a link in the folder of `from` means, as a path of the archive; a hard link is one already.
 */
static const char *link_path(struct cprov_arena *arena, const struct cprov_tar_entry *e)
{
    struct cprov_span folder = plain_path(e->path), link = e->link;

    if (e->type == CPROV_TAR_HARDLINK)
        return cprov_arena_text(arena, plain_path(link));
    folder.len =
        cprov_span_find_last(folder, '/') < folder.len ? cprov_span_find_last(folder, '/') : 0;
    while (cprov_span_starts_with(link, "../")) {
        size_t slash = cprov_span_find_last(folder, '/');

        folder.len = slash < folder.len ? slash : 0;
        link = cprov_span_from(link, 3);
    }
    return cprov_arena_textf(arena, "%" CPROV_SPAN_FMT "%s%" CPROV_SPAN_FMT, CPROV_SPAN_ARG(folder),
                             folder.len ? "/" : "", CPROV_SPAN_ARG(plain_path(link)));
}

static int on_entry(void *arg, const struct cprov_tar_entry *e, struct cprov_error *err)
{
    struct member_reading *r = arg;
    struct cprov_tar_index *index = r->index;
    bool file = e->type == CPROV_TAR_FILE;

    if (e->sparse || (!file && e->type != CPROV_TAR_HARDLINK && e->type != CPROV_TAR_SYMLINK))
        return 0;
    if (index->count >= CPROV_MEMBERS_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "more than %d members", CPROV_MEMBERS_MAX);
    if (cprov_grow(&index->list, &index->room, index->count, sizeof(*index->list),
                   CPROV_MEMBERS_MAX, err) < 0)
        return err->code;
    index->list[index->count] = (struct cprov_tar_member){
        .path = cprov_arena_text(&index->arena, plain_path(e->path)),
        .link = file ? NULL : link_path(&index->arena, e),
        .offset = r->at,
        .size = file ? e->size : 0,
        .order = index->count,
    };
    index->count++;
    if (file)
        r->skip = e->size + cprov_tar_format_padding(e->size);
    return cprov_arena_check(&index->arena, err);
}

static int on_data(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    (void)arg;
    (void)data;
    (void)len;
    (void)err;
    return 0;
}

static int on_end(void *arg, struct cprov_error *err)
{
    (void)arg;
    (void)err;
    return 0;
}

/* The reader counts content; what it counts need not be what is there. */
static int skip_content(struct member_reading *r, struct cprov_tar_reader *reader,
                        uint64_t file_size, struct cprov_error *err)
{
    static const char zeroes[ZEROES];

    if (r->skip > file_size || r->at > file_size - r->skip)
        return cprov_fail(err, CPROV_EVERIFY, "the archive is cut off");
    r->at += r->skip;
    while (r->skip > 0) {
        size_t n = r->skip < ZEROES ? (size_t)r->skip : ZEROES;

        r->skip -= n;
        if (cprov_tar_reader_update(reader, zeroes, n, err) < 0)
            return err->code;
    }
    return 0;
}

static int compare(const void *left, const void *right)
{
    const struct cprov_tar_member *a = left, *b = right;
    int order = strcmp(a->path, b->path);

    return order ? order : a->order < b->order ? -1 : a->order > b->order;
}

static int read_blocks(int fd, const struct cprov_cancel *cancel, struct member_reading *r,
                       struct cprov_tar_reader *reader, struct cprov_error *err)
{
    char block[CPROV_TAR_BLOCK_SIZE];
    struct stat st;
    size_t got;

    if (fstat(fd, &st) < 0)
        return cprov_fail_os(err, errno, "archive");
    for (;;) {
        if (cprov_cancelled(cancel))
            return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
        if (cprov_fs_read_at(fd, block, sizeof(block), (off_t)r->at, &got, err) < 0)
            return err->code;
        if (got == 0)
            return cprov_tar_reader_finish(reader, err);
        r->at += got;
        if (cprov_tar_reader_update(reader, block, got, err) < 0 ||
            skip_content(r, reader, (uint64_t)st.st_size, err) < 0)
            return err->code;
    }
}

int cprov_tar_index_read(int fd, const struct cprov_cancel *cancel, struct cprov_tar_index *out,
                         struct cprov_error *err)
{
    auto_tar_reader struct cprov_tar_reader *reader = NULL;
    auto_tar_index struct cprov_tar_index index = { 0 };
    struct member_reading r = { .index = &index };
    struct cprov_tar_handler handler = {
        .entry = on_entry, .data = on_data, .end = on_end, .arg = &r
    };

    if (cprov_tar_reader_new(&handler, &reader, err) < 0 ||
        read_blocks(fd, cancel, &r, reader, err) < 0)
        return err->code;
    if (index.count > 1)
        qsort(index.list, index.count, sizeof(*index.list), compare);
    *out = index;
    index = (struct cprov_tar_index){ 0 };
    return 0;
}

void cprov_tar_index_clear(struct cprov_tar_index *index)
{
    cprov_arena_clear(&index->arena);
    free(index->list);
    *index = (struct cprov_tar_index){ 0 };
}

/* The last of the members of that path. */
static const struct cprov_tar_member *find(const struct cprov_tar_index *index, const char *path)
{
    size_t low = 0, high = index->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(index->list[middle].path, path) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && strcmp(index->list[low - 1].path, path) == 0 ? &index->list[low - 1] : NULL;
}

const struct cprov_tar_member *cprov_tar_index_find(const struct cprov_tar_index *index,
                                                    const char *path)
{
    const struct cprov_tar_member *m = find(index, path);

    for (int i = 0; m && m->link; i++)
        m = i < LINKS_MAX ? find(index, m->link) : NULL;
    return m;
}
