/* provider/save.c - cprov_save(): an image into a file or a layout folder, without installing it.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/archive.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/outfile.h"
#include "provider/change.h"
#include "provider/installed.h"
#include "provider/outcome.h"
#include "provider/plan.h"
#include "provider/progress.h"
#include "provider/save_file.h"
#include "provider/select.h"
#include "provider/staging.h"

#define PIECE (128 * CPROV_KIB)

struct save {
    struct cprov_session *s;
    const struct cprov_save_options *options;
    const char *folder; /* files go into it; NULL: `path` is the file or the layout itself */
    const char *path;
    struct cprov_store
        *installed; /* blobs are taken from it rather than from the network; or NULL */
    struct cprov_target target;
    struct cprov_plan plan;
    struct cprov_descriptor chosen;
    struct cprov_meter meter;
};

/* --- where to --- */

static bool is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A pattern that matches one path is that path; several are nobody's wish. */
static int expand_path(struct save *v, struct cprov_error *err)
{
    const char *path = v->options->path;
    glob_t found;

    v->path = path;
    if (v->options->literal_path || !cprov_span_is_pattern(cprov_span_of(path)))
        return 0;
    int rc = glob(path, GLOB_NOSORT, NULL, &found);
    if (rc != 0)
        return 0;
    size_t count = found.gl_pathc;
    if (count == 1)
        v->path = cprov_arena_text(&v->s->call, cprov_span_of(found.gl_pathv[0]));
    globfree(&found);
    if (count > 1)
        return cprov_fail(err, CPROV_EINVAL, "'%s' matches %zu paths", path, count);
    return cprov_arena_check(&v->s->call, err);
}

static int need_folder(struct save *v, struct cprov_error *err)
{
    if (is_folder(v->path))
        return 0;
    if (!v->options->overwrite) {
        cprov_fail(err, CPROV_ENOTFOUND, "Cannot find the path '%s' because it does not exist",
                   v->path);
        cprov_hint(err, CPROV_HINT_MAKE_FOLDER);
        return CPROV_ENOTFOUND;
    }
    return v->s->options.what_if ? 0 : cprov_fs_make_dirs(AT_FDCWD, v->path, 0755, err);
}

static int choose_place(struct save *v, struct cprov_error *err)
{
    const struct cprov_selection named = { .names = v->options->names,
                                           .names_count = v->options->names_count,
                                           .version = v->options->version };
    struct cprov_version_range range;

    if (!v->options->path || !*v->options->path)
        return cprov_fail(err, CPROV_EINVAL, "a path to save to is needed");
    if (cprov_select_check(&named, &range, err) < 0 || expand_path(v, err) < 0)
        return err->code;
    if (cprov_outfile_look(v->path) == CPROV_OUTFILE_STREAM) {
        if (v->options->type == CPROV_SAVE_OCI)
            return cprov_fail(err, CPROV_EINVAL, "'%s' is not a folder, as a layout must be",
                              v->path);
        if (v->options->names_count > 1 || v->options->version->all)
            return cprov_fail(err, CPROV_EINVAL, "'%s' can hold only one image", v->path);
        return 0;
    }
    bool folder = cprov_span_ends_with(cprov_span_of(v->path), "/") || is_folder(v->path);
    if (v->options->type == CPROV_SAVE_OCI) /* the layout itself: made when missing */
        return 0;
    if (v->options->names_count > 1 || v->options->version->all || folder) {
        v->folder = v->path;
        return need_folder(v, err);
    }
    return 0;
}

/* NanoServer-10-0-10586-8.oci.tar, or .wim where that is what the source has: no character that a
 * file system or a shell minds. */
static const char *file_name(struct save *v)
{
    char *text = cprov_arena_textf(&v->s->call, "%s-%s", v->target.name, v->target.version);

    for (char *p = text; p && *p; p++)
        if (!cprov_is_alnum(*p) && *p != '_')
            *p = '-';
    const char *ending = v->target.url ? cprov_file_ending(v->s, v->target.url) : ".oci.tar";
    const char *path =
        cprov_arena_textf(&v->s->call, "%s/%s%s", v->folder, text ? text : "", ending);
    return path ? path : "";
}

/* --- one image --- */

static int transfer(struct save *v, struct cprov_store *store, struct cprov_image *image,
                    struct cprov_error *err)
{
    auto_transfer struct cprov_transfer *t = NULL;
    auto_image_config struct cprov_image_config *config = NULL;
    const struct cprov_save_options *o = v->options;
    const char *item = cprov_name_and_version(v->s, v->target.name, v->target.version);

    if (cprov_plan_fetch(v->s, &v->target, o->all_platforms, &v->chosen, &v->plan, err) < 0 ||
        cprov_transfer_new(v->s, store, item, &t, err) < 0)
        return err->code;
    cprov_transfer_prefer(t, v->installed);
    if (cprov_plan_transfer(&v->plan, &v->target, o->all_platforms, t, err) < 0 ||
        cprov_transfer_run(t, err) < 0 ||
        cprov_plan_config(v->s, store, &v->plan, &config, err) < 0 ||
        cprov_plan_describe(v->s, &v->plan, &v->target, config, o->all_platforms,
                            cprov_transfer_total(t), image, err) < 0)
        return err->code;
    /* texts of the config end with this function */
    image->created = cprov_arena_text(&v->s->call, cprov_span_of(image->created));
    image->publisher = cprov_arena_text(&v->s->call, cprov_span_of(image->publisher));
    image->description = cprov_arena_text(&v->s->call, cprov_span_of(image->description));
    image->name = cprov_arena_text(&v->s->call, cprov_span_of(image->name));
    return cprov_arena_check(&v->s->call, err);
}

static void on_written(void *arg, uint64_t done, uint64_t total)
{
    struct save *v = arg;

    v->meter.total = total;
    cprov_meter_set(v->s, &v->meter, done);
}

static int save_layout(struct save *v, const char *path, struct cprov_image *image,
                       struct cprov_error *err)
{
    auto_store struct cprov_store *store = NULL;

    if (cprov_store_open(path, CPROV_STORE_CREATE | CPROV_STORE_EXPORT, &v->s->cancel, &store,
                         err) < 0 ||
        transfer(v, store, image, err) < 0)
        return err->code;
    return cprov_images_add(store, image, err);
}

/* The blobs gather in FILE.partial, from where an interrupted save goes on; then they are packed.
 */
static int save_archive(struct save *v, const char *path, struct cprov_image *image,
                        struct cprov_error *err)
{
    auto_store struct cprov_store *store = NULL;
    const char *staging = cprov_arena_textf(&v->s->call, "%s.partial", path);

    if (!staging)
        return cprov_fail_memory(err);
    if (cprov_staging_open(v->s, staging, &store, err) < 0)
        return err->code;
    int code = transfer(v, store, image, err);
    if (code == CPROV_EVERIFY) { /* bytes that are wrong are nothing to go on from */
        cprov_store_close(cprov_steal(&store));
        cprov_staging_drop(v->s, staging);
        return code;
    }
    if (code < 0)
        return code;
    cprov_meter_init(&v->meter, "Saving", v->target.name, "", 0);
    code = cprov_archive_write(store, image, 1, path, on_written, v, err);
    cprov_meter_end(v->s, &v->meter);
    if (code < 0)
        return code;
    cprov_store_close(cprov_steal(&store));
    return cprov_fs_remove_tree(AT_FDCWD, staging, err);
}

static void emit(struct save *v, const struct cprov_image *image, const char *path,
                 enum cprov_item_state state)
{
    struct cprov_item item;
    char digest[CPROV_DIGEST_TEXT_MAX], full[CPROV_ITEM_TEXT_MAX];

    cprov_item_of_image(image, &item, digest, full);
    item.state = state;
    item.path = path;
    cprov_item_emit(v->s, &item);
}

/* Whether there is nothing to do: a file in the way that may not be replaced is left as it is. */
static int look_at_file(struct save *v, const char *path, bool *skip, struct cprov_error *err)
{
    enum cprov_outfile_kind kind = cprov_outfile_look(path);
    struct stat st;

    *skip = false;
    if (v->options->type == CPROV_SAVE_OCI || kind == CPROV_OUTFILE_NONE)
        return 0;
    if (kind == CPROV_OUTFILE_FOLDER)
        return cprov_fail(err, CPROV_EINVAL, "%s is a folder: provide file name with path", path);
    if (kind != CPROV_OUTFILE_FILE)
        return cprov_outfile_check(path, true, err) < 0 ? cprov_wrap(err, "%s", path) : 0;
    if (!v->options->overwrite) {
        cprov_say(v->s, CPROV_MSG_RESULT,
                  "%s already exists. Skipping save. Use -Force to overwrite.", path);
        *skip = true;
        return 0;
    }
    if (lstat(path, &st) == 0 && !(st.st_mode & 0222))
        return cprov_fail(err, CPROV_EREFUSED,
                          "Cannot remove read-only file %s. Remove read-only and use -Force again.",
                          path);
    return 0;
}

/* --- into a pipe --- */

/* A folder of our own, where all of it gathers and is verified before a byte goes out. */
static int make_staging(struct save *v, const char **file, char **dir, struct cprov_error *err)
{
    const char *base = getenv("TMPDIR");

    *dir = cprov_arena_textf(&v->s->call, "%s/cprov-save-XXXXXX", base && *base ? base : "/tmp");
    if (!*dir)
        return cprov_fail_memory(err);
    if (!mkdtemp(*dir)) {
        int os = errno;

        cprov_fail_os(err, os, "cannot create the folder %s", *dir);
        *dir = NULL;
        return err->code;
    }
    *file = cprov_arena_textf(&v->s->call, "%s/image", *dir);
    return *file ? 0 : cprov_fail_memory(err);
}

static int send_file(struct save *v, const char *file, const char *path, struct cprov_error *err)
{
    auto_outfile struct cprov_outfile out = CPROV_OUTFILE_INIT;
    auto_fd int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    size_t got = PIECE;

    if (fd < 0)
        return cprov_fail_os(err, errno, "%s", file);
    if (cprov_outfile_open(path, false, &out, err) < 0)
        return err->code;
    char *piece = malloc(PIECE);
    int code = piece ? 0 : cprov_fail_memory(err);
    for (off_t at = 0; code == 0 && got == PIECE; at += (off_t)got) {
        code = cprov_fs_read_at(fd, piece, PIECE, at, &got, err);
        if (code == 0)
            code = cprov_fs_write_all(out.fd, piece, got, -1, err);
        if (code == 0 && cprov_cancelled(&v->s->cancel))
            code = cprov_fail(err, CPROV_ECANCELLED, "interrupted");
    }
    free(piece);
    return code;
}

/* A file of a source is saved as it is. */
static int save_file(struct save *v, const char *path, struct cprov_image *image,
                     struct cprov_error *err)
{
    const struct cprov_save_options *o = v->options;

    if (o->type == CPROV_SAVE_OCI)
        return cprov_fail(err, CPROV_EUNSUPPORTED, "a layout cannot contain a file, only images");
    if (cprov_save_file(v->s, &v->target, path, o->allow_unverified, err) < 0)
        return err->code;
    *image = (struct cprov_image){ .descriptor = { .media_type = "",
                                                   .digest = v->target.reference.digest,
                                                   .size = v->target.bytes },
                                   .name = v->target.name,
                                   .version = v->target.version,
                                   .publisher = "",
                                   .description = "",
                                   .source = v->target.source_name,
                                   .reference = "",
                                   .installed = "",
                                   .created = "",
                                   .platform = "",
                                   .image_id = "",
                                   .index_digest = "",
                                   .size = v->target.bytes };
    return 0;
}

static int save_to(struct save *v, const char *path, struct cprov_image *image,
                   struct cprov_error *err)
{
    return v->target.url                        ? save_file(v, path, image, err)
           : v->options->type == CPROV_SAVE_OCI ? save_layout(v, path, image, err)
                                                : save_archive(v, path, image, err);
}

static int save_at(struct save *v, const char *path, struct cprov_image *image,
                   struct cprov_error *err)
{
    struct cprov_error ignored = CPROV_ERROR_INIT;
    const char *file = NULL;
    char *dir = NULL;

    if (cprov_outfile_look(path) != CPROV_OUTFILE_STREAM)
        return save_to(v, path, image, err);
    int code = make_staging(v, &file, &dir, err);
    if (code == 0)
        code = save_to(v, file, image, err);
    if (code == 0)
        code = send_file(v, file, path, err);
    if (dir && cprov_fs_remove_tree(AT_FDCWD, dir, &ignored) < 0)
        cprov_say(v->s, CPROV_MSG_WARNING, "%s", ignored.msg);
    return code;
}

static int save_target(struct save *v, struct cprov_error *err)
{
    const char *path = v->folder ? file_name(v) : v->path;
    int64_t started = cprov_clock_ms();
    struct cprov_image image;
    bool skip;

    if (look_at_file(v, path, &skip, err) < 0)
        return err->code;
    if (skip)
        return 0;
    int go = cprov_should(v->s,
                          &(struct cprov_change){ .kind = CPROV_CHANGE_SAVE,
                                                  .name = v->target.name,
                                                  .version = v->target.version,
                                                  .place = path },
                          err);
    if (go <= 0)
        return go;
    if (save_at(v, path, &image, err) < 0)
        return err->code;
    cprov_say(v->s, CPROV_MSG_RESULT, "%s",
              cprov_time_taken(v->s, "Downloaded", cprov_clock_ms() - started));
    emit(v, &image, path, CPROV_ADDED);
    return 0;
}

/* --- what is installed, without a network --- */

/* An installed image is saved out of the store, which is a layout on this machine. */
static int target_of_installed(struct save *v, const char *text, const struct cprov_image *image,
                               struct cprov_target *out, struct cprov_error *err)
{
    struct cprov_arena *a = &v->s->call;
    struct cprov_error none = CPROV_ERROR_INIT;
    struct cprov_target t = { .text = text };
    const char *store = cprov_arena_textf(a, "oci:%s", v->s->root);

    if (v->options->all_platforms && *image->index_digest)
        return cprov_fail(err, CPROV_ENETWORK,
                          "only %s of it is installed, and the session is offline",
                          image->platform);
    if (!store)
        return cprov_fail_memory(err);
    if (cprov_session_place(v->s, store, &t.place, err) < 0)
        return err->code;
    if (*image->reference &&
        cprov_reference_parse(cprov_span_of(image->reference), &t.reference, &none) < 0)
        t.reference = (struct cprov_reference){ .host = "" };
    t.reference.digest = image->descriptor.digest;
    t.reference.has_digest = true;
    t.name = cprov_arena_text(a, cprov_span_of(image->name));
    t.version = cprov_arena_text(a, cprov_span_of(image->version));
    t.source_name = cprov_arena_text(a, cprov_span_of(image->source));
    *out = t;
    return cprov_arena_check(a, err);
}

/* Every installed version that is meant; out->count is 0 when none is. */
static int add_versions(struct save *v, const char *text, const char *name,
                        const struct cprov_images *images, struct cprov_targets *out,
                        struct cprov_error *err)
{
    bool *selected = cprov_arena_alloc(&v->s->call, images->count, sizeof(*selected));
    const char *why;

    if (!selected)
        return cprov_fail_memory(err);
    if (cprov_select_quietly(v->s, images, name, v->options->version, selected, &why, err) < 0)
        return err->code;
    for (size_t i = 0; i < images->count; i++)
        if (selected[i] &&
            target_of_installed(v, text, &images->list[i], &out->list[out->count++], err) < 0)
            return err->code;
    return 0;
}

/*
 * With a network too: the very version or digest that was said, where no source was, is not fetched
 * again. Of an index the platform has to be the one that is wanted.
 */
static bool is_the_one(const struct save *v, const struct cprov_name *n,
                       const struct cprov_image *image)
{
    const struct cprov_digest *digest = n->has_digest             ? &n->digest
                                        : n->reference.has_digest ? &n->reference.digest
                                                                  : NULL;

    if (digest
            ? !cprov_digest_equal(&image->descriptor.digest, digest)
            : !(*n->reference.tag ? cprov_span_is(cprov_span_of(n->reference.tag), image->version)
                                  : cprov_span_is(n->range.exact, image->version)))
        return false;
    return !*image->index_digest ||
           (!v->options->all_platforms && cprov_select_is_for_host(v->s, image));
}

/* Whether what is installed may be asked before the sources. */
static bool may_be_installed(const struct save *v, const struct cprov_name *n)
{
    const struct cprov_session_options *o = &v->s->options;

    return !n->place && (o->offline || !(n->all_versions || o->refresh || o->sources_count > 0));
}

/* out->count is 0 when nothing installed is meant. */
static int find_installed(struct save *v, const char *text, struct cprov_targets *out,
                          struct cprov_error *err)
{
    auto_images struct cprov_images *images = NULL;
    const struct cprov_image *image = NULL;
    struct cprov_session *s = v->s;
    const char *name;
    struct cprov_name n;

    out->count = 0;
    if (!v->installed)
        return 0;
    if (cprov_name_read(s, text, v->options->version, false, &n, err) < 0 ||
        cprov_images_read(v->installed, &images, err) < 0)
        return err->code;
    out->list = cprov_arena_alloc(&s->call, images->count, sizeof(*out->list));
    if (!out->list || !(name = cprov_name_installed(s, &n)))
        return cprov_fail_memory(err);
    if (!may_be_installed(v, &n))
        return 0;
    if (n.all_versions)
        return add_versions(v, text, name, images, out, err);
    int code = cprov_installed_find(s, images, name, v->options->version, CPROV_INSTALLED_NEWEST,
                                    &image, err);
    if (code == CPROV_ENOTFOUND || (code < 0 && !s->options.offline))
        return 0;
    if (code == 0 && !s->options.offline && !is_the_one(v, &n, image))
        return 0;
    return code < 0 ? code : target_of_installed(v, text, image, &out->list[out->count++], err);
}

/* What is installed goes first, then what lies on this machine or is in a source. */
static int find_targets(struct save *v, const char *text, struct cprov_targets *out,
                        struct cprov_error *err)
{
    if (find_installed(v, text, out, err) < 0)
        return err->code;
    if (out->count > 0)
        return 0;
    return cprov_resolve_all(v->s, text, v->options->version, out, err);
}

/* One word of the user's: an image, or with all versions several. */
static void save_name(struct save *v, const char *text, struct cprov_outcome *outcome)
{
    struct cprov_targets targets = { .list = NULL };
    struct cprov_error err = CPROV_ERROR_INIT;

    int code = find_targets(v, text, &targets, &err);
    if (code < 0) {
        cprov_outcome_add(v->s, outcome, code, text, NULL, NULL, &err);
        return;
    }
    for (size_t i = 0; i < targets.count && !outcome->stop; i++) {
        struct cprov_error own = CPROV_ERROR_INIT;

        v->target = targets.list[i];
        code = v->target.url ? 0
                             : cprov_plan_start(v->s, &v->target, v->options->all_platforms,
                                                &v->plan, &v->chosen, &own);
        if (code == 0)
            code = save_target(v, &own);
        cprov_outcome_add(v->s, outcome, code, text, v->target.name, v->target.version, &own);
        cprov_plan_clear(&v->plan);
    }
}

int cprov_save(struct cprov_session *s, const struct cprov_save_options *options,
               const struct cprov_callbacks *callbacks)
{
    auto_store struct cprov_store *installed = NULL;
    struct cprov_error err = CPROV_ERROR_INIT, ignored = CPROV_ERROR_INIT;
    struct cprov_outcome outcome = { 0 };
    struct cprov_version_options version;
    struct cprov_save_options o;
    struct save v = { .s = s, .options = &o };

    if (cprov_session_begin(s, callbacks, &err) < 0 ||
        cprov_options_copy(&o, sizeof(o), options, &err) < 0 ||
        cprov_options_copy(&version, sizeof(version), o.version, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    o.version = &version;
    if (o.names_count == 0)
        cprov_outcome_usage(s, &outcome, "no image is named");
    else if (choose_place(&v, &err) < 0)
        cprov_outcome_add(s, &outcome, err.code, "", NULL, NULL, &err);
    if (cprov_session_store(s, CPROV_STORE_READ, &installed, &ignored) == 0)
        v.installed = installed;
    bool usable = outcome.code == 0;
    for (size_t i = 0; i < o.names_count && usable && !outcome.stop; i++)
        save_name(&v, o.names[i], &outcome);
    return cprov_session_end(s, cprov_outcome_code(&outcome), "", NULL);
}
