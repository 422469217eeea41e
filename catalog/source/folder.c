/* catalog/source/folder.c - a folder of WIM files as a source, one level of folders deep. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/wim.h"
#include "base/error.h"
#include "base/grow.h"
#include "base/limits.h"
#include "catalog/source/file_stamp_private.h"
#include "catalog/source/local_place.h"
#include "store/dir.h"

struct candidate {
    const char *path;
    struct stat st;
};

struct folder {
    struct cprov_arena arena;
    size_t root_len; /* of the path, with its slash */
    struct candidate *list;
    size_t count, room;
    size_t given, failed;
    struct cprov_error first; /* failure */
};

static void folder_clear(struct folder *f)
{
    cprov_arena_clear(&f->arena);
    free(f->list);
}

/* --- the candidates --- */

static bool is_wim_name(const char *name)
{
    struct cprov_span text = cprov_span_of(name);

    return cprov_span_ends_with_nocase(text, ".wim");
}

static int add_candidate(struct folder *f, const char *path, const struct stat *st,
                         struct cprov_error *err)
{
    if (f->count == CPROV_MEMBERS_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "more than %d WIM files", CPROV_MEMBERS_MAX);
    if (cprov_grow(&f->list, &f->room, f->count, sizeof(*f->list), CPROV_MEMBERS_MAX, err) < 0)
        return err->code;
    f->list[f->count++] = (struct candidate){ .path = path, .st = *st };
    return 0;
}

/* Hidden files and folders count as well. */
static int look_in(struct folder *f, const char *path, bool deeper, struct cprov_error *err)
{
    auto_dir DIR *dir = NULL;

    if (cprov_dir_open(AT_FDCWD, path, &dir, err) < 0)
        return err->code;
    for (const char *name; (name = cprov_dir_next(dir));) {
        struct cprov_error ignored = CPROV_ERROR_INIT;
        struct stat st;

        if (fstatat(dirfd(dir), name, &st, 0) < 0)
            continue;
        bool wim = S_ISREG(st.st_mode) && is_wim_name(name);
        bool folder = S_ISDIR(st.st_mode) && deeper;
        if (!wim && !folder)
            continue;
        const char *full = cprov_arena_textf(&f->arena, "%s/%s", path, name);
        if (!full)
            return cprov_fail_memory(err);
        if (wim && add_candidate(f, full, &st, err) < 0)
            return err->code;
        /* A folder that is not ours to read hides its files, not the others. */
        if (folder && look_in(f, full, false, &ignored) < 0 && ignored.code == CPROV_ENOMEM)
            return cprov_fail_memory(err);
    }
    return 0;
}

static int compare_candidates(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;

    return strcmp(a->path, b->path);
}

static int stamp(const struct folder *f, char out[CPROV_DIGEST_TEXT_MAX], struct cprov_error *err)
{
    auto_file_stamp struct cprov_file_stamp s = { 0 };

    for (size_t i = 0; i < f->count; i++)
        if (cprov_file_stamp_add(&s, f->list[i].path, &f->list[i].st, err) < 0)
            return err->code;
    return cprov_file_stamp_take(&s, out, err);
}

/* --- their headers --- */

static int read_wim(const char *path, struct cprov_arena *arena, struct cprov_wim *out,
                    struct cprov_error *err)
{
    auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return cprov_fail_os(err, errno, "%s", path);
    return cprov_wim_read(fd, arena, out, err) < 0 ? cprov_wrap(err, "%s", path) : 0;
}

static const char *name_of(const char *path, struct cprov_arena *arena)
{
    struct cprov_span text = cprov_span_of(path);

    text = cprov_span_from(text, cprov_span_find_last(text, '/') + 1);
    text.len -= strlen(".wim");
    return cprov_arena_text(arena, text);
}

/* Files of one name in two folders are two images: their paths tell them apart. */
static const char *relative(const struct folder *f, const char *path, struct cprov_arena *arena)
{
    struct cprov_span text = cprov_span_from(cprov_span_of(path), f->root_len);

    text.len -= strlen(".wim");
    return cprov_arena_text(arena, text);
}

static int give(struct folder *f, const struct candidate *c, const struct cprov_import *request,
                struct cprov_error *err)
{
    CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena arena = { 0 };
    struct cprov_wim wim;

    if (read_wim(c->path, &arena, &wim, err) < 0)
        return err->code;
    struct cprov_entry entry = {
        .repository = relative(f, c->path, &arena),
        .name = name_of(c->path, &arena),
        .version = wim.version,
        .url = cprov_arena_textf(&arena, "file://%s", c->path),
        .bytes = wim.bytes,
        .description = wim.description,
        .title = wim.image_name,
        .created = wim.created,
        .platforms = wim.platform,
        .os_version = wim.version,
        .media_type = CPROV_WIM_TYPE,
        .is_os = true,
        .complete = true,
    };
    if (cprov_arena_check(&arena, err) < 0)
        return err->code;
    f->given++;
    return request->entry(request->arg, &entry, err);
}

/* A file that is no WIM is passed over, unless it is our own lack that none can be read. */
static int give_all(struct folder *f, const struct cprov_import *request, struct cprov_error *err)
{
    for (size_t i = 0; i < f->count; i++) {
        struct cprov_error local = CPROV_ERROR_INIT;
        size_t given = f->given;
        int code = give(f, &f->list[i], request, &local);

        if (code == 0)
            continue;
        if (given < f->given || code == CPROV_ENOMEM || code == CPROV_EUNSUPPORTED) {
            *err = local;
            return code;
        }
        if (f->failed++ == 0)
            f->first = local;
        if (request->warning)
            request->warning(request->arg, local.msg);
    }
    if (f->given == 0 && f->failed > 0) {
        *err = f->first;
        return f->first.code;
    }
    if (f->given == 0 && request->warning)
        request->warning(request->arg, "contains no WIM file, layout or archive");
    return 0;
}

static int import(struct cprov_client *c, const struct cprov_place *place,
                  const struct cprov_import *request, struct cprov_error *err)
{
    CPROV_CLEANUP(folder_clear) struct folder f = { 0 };
    struct cprov_error local = CPROV_ERROR_INIT;
    char validator[CPROV_DIGEST_TEXT_MAX] = "";
    bool unchanged = false;

    (void)c;
    (void)err;
    f.root_len = strlen(cprov_place_path(place)) + 1;
    int code = look_in(&f, cprov_place_path(place), true, &local);
    if (code == 0 && f.count > 1)
        qsort(f.list, f.count, sizeof(*f.list), compare_candidates);
    if (code == 0)
        code = stamp(&f, validator, &local);
    if (code == 0) {
        unchanged = request->validator && strcmp(request->validator, validator) == 0;
        code = unchanged ? 0 : give_all(&f, request, &local);
    }
    request->done(request->arg, code, unchanged, code < 0 ? "" : validator,
                  code < 0 ? &local : NULL);
    return 0;
}

const struct cprov_source_kind cprov_source_folder = { .type = "folder",
                                                       .import = import,
                                                       .local = true };
