/* provider/catalog_add.c - files put into a catalog document that lies beside them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/wim.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/outfile.h"
#include "base/signature.h"
#include "catalog/document/file.h"
#include "catalog/document/reader.h"
#include "catalog/document/writer.h"
#include "provider/change.h"
#include "provider/session.h"

/* One file on its way into the catalog; texts in the call's arena. */
struct added {
    struct cprov_entry entry;
    struct cprov_digest digest;
};

struct add {
    struct cprov_session *s;
    const struct cprov_catalog_options *options;
    const char *catalog; /* absolute */
    size_t folder;       /* bytes of it that are the folder, with its slash */
    struct added *files;
    struct cprov_catalog_writer *writer;
    struct cprov_signature *signature; /* or NULL */
    struct cprov_fs_draft draft;
};

static void add_clear(struct add *a)
{
    cprov_catalog_writer_free(a->writer);
    cprov_signature_free(a->signature);
    cprov_fs_draft_drop(&a->draft);
}
#define auto_add CPROV_CLEANUP(add_clear)

/* --- what a file is --- */

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* "NanoServer-10-0-14300-1000.cab" → NanoServer, 10.0.14300.1000: how save-image calls files. */
static bool read_file_name(struct add *a, const char *file, struct cprov_entry *e)
{
    struct cprov_span text = cprov_span_of(file), before, after;
    size_t at;

    if (cprov_span_cut(text, '.', &before, &after))
        text = before;
    for (at = text.len; at > 0 && (cprov_is_digit(text.ptr[at - 1]) || text.ptr[at - 1] == '-');)
        at--;
    while (at < text.len && text.ptr[at] != '-')
        at++;
    if (at == 0 || at + 1 >= text.len)
        return false;
    char *version = cprov_arena_text(&a->s->call, cprov_span_from(text, at + 1));
    for (char *c = version; c && *c; c++)
        if (*c == '-')
            *c = '.';
    e->version = version;
    e->repository = cprov_arena_text(&a->s->call, cprov_span_make(text.ptr, at));
    return true;
}

static int read_wim(struct add *a, int fd, const char *file, struct cprov_entry *e,
                    struct cprov_error *err)
{
    struct cprov_span name = cprov_span_of(file);
    struct cprov_wim wim;

    if (cprov_wim_read(fd, &a->s->call, &wim, err) < 0)
        return err->code;
    name.len -= strlen(".wim");
    e->repository = cprov_arena_text(&a->s->call, name);
    e->version = wim.version;
    e->description = wim.description;
    e->platforms = wim.platform;
    e->os_version = wim.version;
    e->media_type = CPROV_WIM_TYPE;
    e->created = wim.created;
    e->is_os = true;
    return 0;
}

static int describe(struct add *a, int fd, const char *file, struct cprov_entry *e,
                    struct cprov_error *err)
{
    struct cprov_span name = cprov_span_of(file);

    if (cprov_span_ends_with_nocase(name, ".wim"))
        return read_wim(a, fd, file, e, err);
    if (read_file_name(a, file, e))
        return 0;
    cprov_fail(err, CPROV_EINVAL, "not a WIM file, and its name is not NAME-1-2-3.EXT");
    cprov_hint(err, CPROV_HINT_RENAME_FILE);
    return CPROV_EINVAL;
}

static int hash_file(struct add *a, int fd, struct added *f, struct cprov_error *err)
{
    auto_hasher struct cprov_hasher *h = NULL;
    char *piece = cprov_arena_alloc(&a->s->call, 1, CPROV_HASH_CHUNK);
    uint8_t raw[CPROV_HASH_RAW_MAX];
    ssize_t n = 1;

    if (!piece)
        return cprov_fail_memory(err);
    if (cprov_hasher_new(CPROV_HASH_SHA256, &h, err) < 0 || lseek(fd, 0, SEEK_SET) < 0)
        return err->code ? err->code : cprov_fail_os(err, errno, "seek");
    while (n > 0) {
        if (cprov_cancelled(&a->s->cancel))
            return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
        n = read(fd, piece, CPROV_HASH_CHUNK);
        if (n < 0)
            return cprov_fail_os(err, errno, "read");
        if (cprov_hasher_update(h, piece, (size_t)n, err) < 0)
            return err->code;
        f->entry.bytes += (uint64_t)n;
    }
    if (cprov_hasher_finish(h, raw, err) < 0)
        return err->code;
    f->digest = (struct cprov_digest){ .algo = CPROV_SHA256 };
    memcpy(f->digest.raw, raw, cprov_hash_size(CPROV_HASH_SHA256));
    f->entry.digest = &f->digest;
    return 0;
}

/* The file as seen from the catalog: both are moved together. */
static int set_url(struct add *a, const char *path, struct cprov_entry *e, struct cprov_error *err)
{
    char *full = realpath(path, NULL);

    if (!full)
        return cprov_fail_os(err, errno, "%s", path);
    if (strncmp(full, a->catalog, a->folder) == 0)
        e->url = cprov_arena_text(&a->s->call, cprov_span_of(full + a->folder));
    free(full);
    if (!e->url)
        return cprov_fail(err, CPROV_EINVAL, "the file is not in the catalog's folder or below");
    return cprov_arena_check(&a->s->call, err);
}

static int read_file(struct add *a, const char *path, struct added *f, struct cprov_error *err)
{
    auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    char text[CPROV_TIME_TEXT_MAX];
    struct stat st;

    *f = (struct added){ .entry = { .complete = true } };
    if (fd < 0 || fstat(fd, &st) < 0)
        return cprov_fail_os(err, errno, "cannot be read");
    if (!S_ISREG(st.st_mode))
        return cprov_fail(err, CPROV_EINVAL, "not a file");
    if (describe(a, fd, last_component(path), &f->entry, err) < 0 ||
        set_url(a, path, &f->entry, err) < 0 || hash_file(a, fd, f, err) < 0)
        return err->code;
    if (!f->entry.created || !*f->entry.created)
        f->entry.created = cprov_arena_text(
            &a->s->call, cprov_span_of(cprov_time_format((int64_t)st.st_mtime, text)));
    return cprov_arena_check(&a->s->call, err);
}

/* --- the catalog --- */

static int write_text(void *arg, struct cprov_span text, struct cprov_error *err)
{
    struct add *a = arg;

    if (a->signature && cprov_signature_update(a->signature, text.ptr, text.len, err) < 0)
        return err->code;
    return cprov_fs_write_all(a->draft.fd, text.ptr, text.len, -1, err);
}

static bool is_replaced(const struct add *a, const struct cprov_entry *e)
{
    for (size_t i = 0; i < a->options->files_count; i++)
        if (cprov_span_is_nocase(cprov_span_of(e->repository), a->files[i].entry.repository) &&
            strcmp(e->version, a->files[i].entry.version) == 0)
            return true;
    return false;
}

/* What was in it before; addresses were made whole when they were read. */
static int keep_entry(void *arg, const struct cprov_entry *entry, struct cprov_error *err)
{
    struct add *a = arg;
    struct cprov_entry e = *entry;

    if (is_replaced(a, entry))
        return 0;
    if (e.url && strncmp(e.url, a->catalog, a->folder) == 0)
        e.url += a->folder;
    return cprov_catalog_writer_add(a->writer, &e, err);
}

static int keep_others(struct add *a, struct cprov_error *err)
{
    struct cprov_catalog_facts facts = { 0 };
    const struct cprov_catalog_file file = {
        .path = a->catalog, .validator = "", .facts = &facts, .entry = keep_entry, .arg = a
    };
    auto_buf struct cprov_buf validator = { 0 };
    bool unchanged;

    cprov_buf_init(&validator, CPROV_VALIDATOR_MAX);
    if (access(a->catalog, F_OK) < 0 && errno == ENOENT)
        return 0;
    if (cprov_catalog_read_file(&file, &validator, &unchanged, err) < 0)
        return err->code;
    if (facts.left_out == 0)
        return 0;
    *err = facts.first; /* what is written anew must not lose what somebody wrote */
    return cprov_wrap(err, "%s", a->catalog);
}

static int write_signature(struct add *a, struct cprov_error *err)
{
    auto_buf struct cprov_buf der = { 0 };
    const char *path = cprov_arena_textf(&a->s->call, "%s.sig", a->catalog);

    if (!a->signature)
        return 0;
    cprov_buf_init(&der, CPROV_SIGNATURE_MAX);
    if (!path)
        return cprov_fail_memory(err);
    if (cprov_signature_make(a->signature, &der, err) < 0 ||
        cprov_buf_check(&der, "signature", err) < 0)
        return err->code;
    return cprov_outfile_replace(path, cprov_buf_span(&der), true, err);
}

static int write_catalog(struct add *a, struct cprov_error *err)
{
    const struct cprov_catalog_options *o = a->options;

    if (o->key_file && cprov_signature_signer(o->key_file, &a->signature, err) < 0)
        return err->code;
    if (cprov_fs_draft_begin(AT_FDCWD, a->catalog, &a->draft, err) < 0 ||
        cprov_catalog_writer_new(o->title, NULL, write_text, a, &a->writer, err) < 0 ||
        keep_others(a, err) < 0)
        return err->code;
    for (size_t i = 0; i < o->files_count; i++)
        if (cprov_catalog_writer_add(a->writer, &a->files[i].entry, err) < 0)
            return err->code;
    if (cprov_catalog_writer_finish(a->writer, err) < 0 || write_signature(a, err) < 0)
        return err->code;
    return cprov_fs_draft_keep(&a->draft, 0644, false, err);
}

static void emit(struct add *a, const struct added *f)
{
    struct cprov_item item;
    char digest[CPROV_DIGEST_TEXT_MAX];

    cprov_item_of_entry(&f->entry, &item);
    item.state = CPROV_ADDED;
    item.name = f->entry.repository;
    item.source = item.location = a->catalog;
    item.digest = cprov_digest_format(&f->digest, digest);
    item.sha256 = strchr(item.digest, ':') + 1;
    item.url = f->entry.url;
    cprov_item_emit(a->s, &item);
}

/* The catalog need not be there yet, but its folder. */
static int find_catalog(struct add *a, struct cprov_error *err)
{
    const char *path = a->options->path, *name = last_component(path);
    const char *dir = cprov_arena_textf(&a->s->call, "%.*s.", (int)(name - path), path);
    char *full = dir ? realpath(dir, NULL) : NULL;

    if (!dir)
        return cprov_fail_memory(err);
    if (!full)
        return cprov_fail_os(err, errno, "the folder of %s", path);
    a->catalog =
        cprov_arena_textf(&a->s->call, "%s%s%s", full, full[1] ? "/" : "", *name ? name : "");
    free(full);
    if (!a->catalog)
        return cprov_fail_memory(err);
    if (!*name)
        return cprov_fail(err, CPROV_EINVAL, "%s names no file", path);
    if (cprov_outfile_look(path) == CPROV_OUTFILE_STREAM)
        return cprov_fail(err, CPROV_EINVAL, "cannot add to %s: not a catalog file", path);
    if (cprov_outfile_check(path, true, err) < 0)
        return cprov_wrap(err, "%s", path);
    a->folder = (size_t)(last_component(a->catalog) - a->catalog);
    return 0;
}

static int add(struct add *a, struct cprov_error *err)
{
    const struct cprov_catalog_options *o = a->options;

    if (!o->path || o->files_count == 0)
        return cprov_fail(err, CPROV_EINVAL, "a catalog and the files to add are needed");
    a->files = cprov_arena_alloc(&a->s->call, o->files_count, sizeof(*a->files));
    if (!a->files)
        return cprov_fail_memory(err);
    if (find_catalog(a, err) < 0)
        return err->code;
    for (size_t i = 0; i < o->files_count; i++)
        if (read_file(a, o->files[i], &a->files[i], err) < 0)
            return cprov_wrap(err, "%s", o->files[i]);
    int go = cprov_should(
        a->s, &(struct cprov_change){ .kind = CPROV_CHANGE_ADD_TO_CATALOG, .place = a->catalog },
        err);
    if (go <= 0)
        return go;
    if (write_catalog(a, err) < 0)
        return err->code;
    for (size_t i = 0; i < o->files_count; i++)
        emit(a, &a->files[i]);
    return 0;
}

int cprov_catalog_add(struct cprov_session *s, const struct cprov_catalog_options *options,
                      const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_catalog_options o;
    auto_add struct add a = { .s = s, .options = &o, .draft = CPROV_FS_DRAFT_INIT };

    if (cprov_session_begin(s, callbacks, &err) < 0 ||
        cprov_options_copy(&o, sizeof(o), options, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    int code = add(&a, &err);
    return cprov_session_end(s, code, "", &err);
}
