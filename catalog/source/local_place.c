/* catalog/source/local_place.c - locations that are paths on this machine, and what lies there. */
#include "catalog/source/local_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "net/url.h"
#include "store/dir.h"
#include "store/layout.h"

static const struct {
    const char *prefix, *type;
} prefixes[] = {
    { "file://", NULL },
    { "oci-archive:", "archive" },
    { "docker-archive:", "archive" },
    { "oci:", "layout" },
};

static const struct cprov_source_kind *const kinds[] = {
    &cprov_source_layout,
    &cprov_source_mirror,
    &cprov_source_archive,
    &cprov_source_folder,
};

static bool is_local_type(const char *type)
{
    for (size_t i = 0; type && i < CPROV_COUNT(kinds); i++)
        if (strcmp(kinds[i]->type, type) == 0)
            return true;
    return false;
}

/* --- what is there --- */

static bool has_file(int at, const char *folder, const char *name, struct cprov_arena *arena)
{
    const char *path = cprov_arena_textf(arena, "%s/%s", folder, name);
    struct stat st;

    return path && fstatat(at, path, &st, 0) == 0 && S_ISREG(st.st_mode);
}

static bool is_layout(int at, const char *folder, struct cprov_arena *arena)
{
    return has_file(at, folder, CPROV_STORE_LAYOUT, arena);
}

static int compare_texts(const void *left, const void *right)
{
    const char *const *a = left, *const *b = right;

    return strcmp(*a, *b);
}

int cprov_local_layouts(const char *path, struct cprov_arena *arena, const char *const **out,
                        size_t *count, struct cprov_error *err)
{
    auto_dir DIR *dir = NULL;
    const char **names = cprov_arena_alloc(arena, CPROV_INDEX_ENTRIES_MAX, sizeof(*names));
    size_t n = 0;

    if (!names)
        return cprov_fail_memory(err);
    if (cprov_dir_open(AT_FDCWD, path, &dir, err) < 0)
        return err->code;
    for (const char *name; (name = cprov_dir_next(dir));) {
        if (!is_layout(dirfd(dir), name, arena))
            continue;
        if (n == CPROV_INDEX_ENTRIES_MAX)
            return cprov_fail(err, CPROV_ELIMIT, "%s: more than %d layouts", path,
                              CPROV_INDEX_ENTRIES_MAX);
        names[n++] = cprov_arena_text(arena, cprov_span_of(name));
    }
    if (cprov_arena_check(arena, err) < 0)
        return err->code;
    qsort(names, n, sizeof(*names), compare_texts);
    *out = names;
    *count = n;
    return 0;
}

static int folder_type(const char *path, struct cprov_arena *arena, const char **type,
                       struct cprov_error *err)
{
    const char *const *names = NULL;
    size_t count = 0;

    /* One of the two alone is a damaged layout, and told as such. */
    if (is_layout(AT_FDCWD, path, arena) || has_file(AT_FDCWD, path, CPROV_STORE_INDEX, arena)) {
        *type = cprov_source_layout.type;
        return 0;
    }
    if (cprov_local_layouts(path, arena, &names, &count, err) < 0)
        return err->code;
    *type = count > 0 ? cprov_source_mirror.type : cprov_source_folder.type;
    return 0;
}

static int probe(const char *path, struct cprov_arena *arena, const char **type,
                 struct cprov_error *err)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return cprov_fail_os(err, errno, "%s", path);
    if (S_ISDIR(st.st_mode))
        return folder_type(path, arena, type, err);
    struct cprov_span text = cprov_span_of(path);
    if (S_ISREG(st.st_mode) &&
        (cprov_span_ends_with(text, ".json") || cprov_span_ends_with(text, ".yaml") ||
         cprov_span_ends_with(text, ".yml"))) {
        *type = cprov_source_document.type;
        return 0;
    }
    if (!S_ISREG(st.st_mode) ||
        !(memmem(text.ptr, text.len, ".tar", 4) || cprov_span_ends_with(text, ".tgz"))) {
        cprov_fail(err, CPROV_EINVAL, "%s: cannot tell what kind of source it is", path);
        cprov_hint(err, CPROV_HINT_SAY_TYPE);
        return CPROV_EINVAL;
    }
    *type = cprov_source_archive.type;
    return 0;
}

/* --- locations --- */

static const char *absolute(const char *path, struct cprov_arena *arena, struct cprov_error *err)
{
    struct cprov_span text = cprov_span_of(path);
    const char *here = "";

    while (text.len > 1 && cprov_span_ends_with(text, "/"))
        text.len--;
    char *cwd = *path == '/' ? NULL : getcwd(NULL, 0);
    if (*path != '/' && !cwd) {
        cprov_fail_os(err, errno, "the current folder");
        return NULL;
    }
    while (cwd && cprov_span_starts_with(text, "./"))
        text = cprov_span_from(text, 2);
    if (cwd && cprov_span_is(text, "."))
        text.len = 0;
    here = cwd ? cwd : "";
    const char *full = cprov_arena_textf(arena, "%s%s%" CPROV_SPAN_FMT, here,
                                         cwd && text.len ? "/" : "", CPROV_SPAN_ARG(text));
    free(cwd);
    if (!full)
        cprov_fail_memory(err);
    return full;
}

/* The path in a location, or NULL; *type as its prefix has it. */
static const char *path_of(const char *location, const char *given_type, const char **type)
{
    struct stat st;

    for (size_t i = 0; i < CPROV_COUNT(prefixes); i++)
        if (cprov_span_starts_with(cprov_span_of(location), prefixes[i].prefix) &&
            !cprov_span_starts_with(cprov_span_of(location), "oci://")) {
            *type = prefixes[i].type;
            return location + strlen(prefixes[i].prefix);
        }
    if (*location == '/' || *location == '.' || is_local_type(given_type))
        return location;
    if (!given_type && !strstr(location, "://") && stat(location, &st) == 0)
        return location;
    return NULL;
}

int cprov_local_location(const char *location, const char *given_type, struct cprov_arena *arena,
                         const char **path, const char **type, struct cprov_error *err)
{
    const char *prefixed = NULL, *text = path_of(location, given_type, &prefixed);

    *path = NULL;
    if (!text)
        return 0;
    if (!*text)
        return cprov_fail(err, CPROV_EINVAL, "the location has no path");
    const char *full = absolute(text, arena, err);
    if (!full)
        return err->code;
    *type = given_type ? given_type : prefixed;
    if (!*type && probe(full, arena, type, err) < 0)
        return err->code;
    *path = full;
    return 0;
}

/* --- names --- */

/* What may be an image: a file, or a layout. */
static bool holds_images(struct cprov_span path)
{
    CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena arena = { 0 };
    const char *text = cprov_arena_text(&arena, path);
    struct stat st;

    if (!text || stat(text, &st) < 0)
        return false;
    return S_ISREG(st.st_mode) || (S_ISDIR(st.st_mode) && is_layout(AT_FDCWD, text, &arena));
}

static bool exists(struct cprov_span path)
{
    CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena arena = { 0 };
    const char *text = cprov_arena_text(&arena, path);
    struct stat st;

    return text && stat(text, &st) == 0;
}

/*
 * Where the path ends: names of folders and of images may both have a ':' in them, so the longest
 * path at which something is goes first; where nothing is, the first ':' ends it.
 */
static size_t path_end(struct cprov_span text, bool (*there)(struct cprov_span))
{
    for (size_t len = text.len; len > 0; len--)
        if ((len == text.len || text.ptr[len] == ':') && there(cprov_span_make(text.ptr, len)))
            return len;
    return 0;
}

static size_t prefix_len(struct cprov_span name)
{
    for (size_t i = 0; i < CPROV_COUNT(prefixes); i++)
        if (cprov_span_starts_with(name, prefixes[i].prefix) &&
            !cprov_span_starts_with(name, "oci://"))
            return strlen(prefixes[i].prefix);
    return 0;
}

bool cprov_local_name(struct cprov_span name, struct cprov_span *location, struct cprov_span *image)
{
    size_t prefix = prefix_len(name), end;
    struct cprov_span path = cprov_span_from(name, prefix);
    bool said = prefix || cprov_span_starts_with(name, "/") || cprov_span_starts_with(name, "./") ||
                cprov_span_starts_with(name, "../") || cprov_span_is(name, ".") ||
                cprov_span_is(name, "..");

    if (!said && (cprov_span_find(name, '/') == name.len || cprov_reference_names_host(name)))
        return false;
    end = path_end(path, said ? exists : holds_images);
    if (end == 0 && !said)
        return false;
    if (end == 0)
        end = cprov_span_find(path, ':');
    *location = cprov_span_make(name.ptr, prefix + end);
    *image = cprov_span_from(path, end + (end < path.len));
    return true;
}

const char *cprov_local_path(struct cprov_span location, struct cprov_arena *arena)
{
    bool said = prefix_len(location) || (location.len && strchr("/.", location.ptr[0]));

    return cprov_arena_textf(
        arena, "%s%" CPROV_SPAN_FMT "%s", said ? "" : "./", CPROV_SPAN_ARG(location),
        cprov_span_is(location, ".") || cprov_span_is(location, "..") ? "/" : "");
}

static int any_entry(void *arg, const struct cprov_entry *entry, struct cprov_error *err)
{
    (void)arg;
    (void)entry;
    return cprov_fail(err, CPROV_ECANCELLED, "name it once");
}

static void checked(void *arg, int code, bool unchanged, const char *validator,
                    const struct cprov_error *err)
{
    (void)unchanged;
    (void)validator;
    if (code < 0 && code != CPROV_ECANCELLED)
        *(struct cprov_error *)arg = *err;
}

int cprov_local_check(const struct cprov_place *place, struct cprov_error *err)
{
    struct cprov_error found = CPROV_ERROR_INIT;
    struct cprov_import import = { .entry = any_entry, .done = checked, .arg = &found };

    if (place->kind->import(NULL, place, &import, err) < 0)
        return err->code;
    if (found.code < 0)
        *err = found;
    return found.code;
}

/* --- images of a place --- */

static bool has_blob(struct cprov_packed *p, const struct cprov_digest *digest,
                     struct cprov_error *err)
{
    auto_fd int fd = -1;
    uint64_t offset, size;
    auto_buf struct cprov_buf made = { 0 };

    if (cprov_packed_open_blob(p, digest, &fd, &offset, &size, err) == 0)
        return true;
    cprov_buf_init(&made, CPROV_MANIFEST_MAX);
    return cprov_packed_read(p, digest, CPROV_MANIFEST_MAX, &made, err) == 0;
}

static int open_mirror(const char *path, const struct cprov_digest *digest,
                       const struct cprov_cancel *cancel, struct cprov_packed **out,
                       struct cprov_error *err)
{
    CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena arena = { 0 };
    const char *const *names = NULL;
    size_t count = 0;

    if (cprov_local_layouts(path, &arena, &names, &count, err) < 0)
        return err->code;
    for (size_t i = 0; i < count; i++) {
        auto_packed struct cprov_packed *p = NULL;
        struct cprov_error ignored = CPROV_ERROR_INIT;
        const char *folder = cprov_arena_textf(&arena, "%s/%s", path, names[i]);

        if (!folder)
            return cprov_fail_memory(err);
        if (cprov_packed_open(folder, cancel, &p, &ignored) == 0 && has_blob(p, digest, &ignored)) {
            *out = cprov_steal(&p);
            return 0;
        }
    }
    return cprov_fail(err, CPROV_ENOTFOUND, "no layout in %s contains the image any more", path);
}

int cprov_local_open(const struct cprov_place *place, const struct cprov_digest *digest,
                     const struct cprov_cancel *cancel, struct cprov_packed **out,
                     struct cprov_error *err)
{
    CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena arena = { 0 };
    const char *path = cprov_place_path(place);

    if (place->kind == &cprov_source_mirror && !is_layout(AT_FDCWD, path, &arena))
        return open_mirror(path, digest, cancel, out, err);
    return cprov_packed_open(path, cancel, out, err);
}

void cprov_row_reference(const struct cprov_listing *row, struct cprov_buf *out)
{
    const struct cprov_place *place = row->place;

    if (row->entry.url && cprov_span_starts_with(cprov_span_of(row->entry.url), "file://"))
        cprov_buf_add_text(out, row->entry.url);
    else if (row->entry.url && *row->entry.url)
        cprov_url_shown(cprov_span_of(row->entry.url), out);
    else if (*row->reference.host)
        cprov_reference_format(&row->reference, out);
    else if (place && place->kind->local)
        cprov_buf_addf(out, "%s:%s:%s:%s",
                       place->kind == &cprov_source_archive ? "oci-archive" : "oci",
                       cprov_place_path(place), row->entry.name, row->entry.version);
}
