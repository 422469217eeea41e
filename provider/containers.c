/* provider/containers.c - cprov_container_new(), _list(), _remove(): records, and what runs. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/runtime_state.h"
#include "provider/change.h"
#include "provider/containers.h"
#include "provider/installed.h"
#include "provider/outcome.h"
#include "provider/unpack_image.h"
#include "store/containers.h"

#define ID_DIGITS_MIN 4

/* One call. */
struct container_job {
    struct cprov_session *s;
    const struct cprov_container_options *options;
    cprov_container_fn *item;
    void *arg;
};

/* The caller's structs, as this library has them. */
struct container_given {
    struct cprov_container_options options;
    struct cprov_version_options version;
    struct cprov_unpack_to unpack;
};

static int begin(struct cprov_session *s, const struct cprov_container_options *options,
                 cprov_container_fn *item, const struct cprov_callbacks *callbacks,
                 struct container_given *own, struct container_job *j, struct cprov_error *err)
{
    struct cprov_container_options *o = &own->options;

    if (cprov_session_begin(s, callbacks, err) < 0 ||
        cprov_options_copy(o, sizeof(*o), options, err) < 0 ||
        cprov_options_copy(&own->version, sizeof(own->version), o->version, err) < 0 ||
        cprov_options_copy(&own->unpack, sizeof(own->unpack), o->unpack, err) < 0)
        return err->code;
    o->version = &own->version;
    o->unpack = o->unpack ? &own->unpack : NULL;
    *j = (struct container_job){ s, o, item, s->callbacks.arg };
    return 0;
}

static const char *image_text(struct cprov_session *s, const char *name, const char *version)
{
    const char *text = *version ? cprov_arena_textf(&s->call, "%s:%s", name, version) : name;

    return text ? text : name;
}

static void emit(const struct container_job *j, const struct cprov_container *c,
                 const struct cprov_runtime_state *state)
{
    struct cprov_container_item item = {
        .size = sizeof(item),
        .id = c->id,
        .name = c->name,
        .image = image_text(j->s, c->image_name, c->image_version),
        .digest = c->digest,
        .path = c->path,
        .created = c->created,
        .state = cprov_runtime_state_word(state->state),
        .isolation = c->isolation,
        .runtime = *state->runtime ? state->runtime : c->runtime,
        .started = state->started,
        .image_name = c->image_name,
        .image_version = c->image_version,
    };

    if (j->item)
        j->item(j->arg, &item);
}

/* --- new --- */

/* Windows images can run either way, others share the kernel of the host. */
static int check_isolation(const struct container_job *j, const struct cprov_image_config *config,
                           struct cprov_error *err)
{
    const char *isolation = j->options->isolation;

    if (!isolation || !*isolation || strcmp(isolation, "process") == 0)
        return 0;
    if (strcmp(isolation, "hyperv") != 0)
        return cprov_fail(err, CPROV_EINVAL,
                          "the isolation of a container must be process or hyperv");
    if (strcmp(config->platform.os, "windows") != 0)
        return cprov_fail(err, CPROV_EINCOMPATIBLE,
                          "an image for %s cannot use the isolation hyperv", config->platform.os);
    return 0;
}

static int check_new(const struct container_job *j, struct cprov_error *err)
{
    const struct cprov_container_options *o = j->options;

    if (!o->name || !*o->name)
        return cprov_fail(err, CPROV_EINVAL, "the container needs a name");
    if (!o->image || !*o->image)
        return cprov_fail(err, CPROV_EINVAL, "the container needs an image");
    if (o->unpack && !o->unpack->bundle)
        return cprov_fail(err, CPROV_EINVAL, "the files of a container must be a bundle");
    if (o->runtime && *o->runtime && !cprov_runtime_is_known(o->runtime))
        return cprov_fail(err, CPROV_EINVAL, "the runtime of a container must be crun or runc");
    return 0;
}

static int unpack(const struct container_job *j, const struct cprov_installed *in,
                  char path[PATH_MAX], struct cprov_error *err)
{
    auto_unpacking struct cprov_unpacking *u = NULL;

    if (cprov_unpacking_begin(j->s, in->store, in->manifest, NULL, j->options->unpack, &u, err) <
            0 ||
        cprov_unpacking_end(u, err) < 0)
        return err->code;
    if (!realpath(j->options->unpack->bundle, path))
        return cprov_fail_os(err, errno, "%s", j->options->unpack->bundle);
    return 0;
}

/* The record first: it keeps the image while its layers are read. */
static int make(const struct container_job *j, const struct cprov_installed *in,
                struct cprov_container *c, struct cprov_error *err)
{
    struct cprov_error ignored = CPROV_ERROR_INIT;
    char id[65], path[PATH_MAX] = "";
    int code = cprov_containers_add(in->store, c, id, err);

    if (code != 0)
        return code;
    if (j->options->unpack) {
        code = unpack(j, in, path, err);
        if (code == 0)
            code = cprov_containers_set_path(in->store, id, path, err);
        if (code != 0 && cprov_containers_remove(in->store, id, &ignored) < 0)
            cprov_say(j->s, CPROV_MSG_WARNING, "%s", ignored.msg);
        if (code != 0)
            return code;
    }
    c->id = cprov_arena_text(&j->s->call, cprov_span_of(id));
    c->path = cprov_arena_text(&j->s->call, cprov_span_of(path));
    return cprov_arena_check(&j->s->call, err);
}

static int new_container(const struct container_job *j, struct cprov_error *err)
{
    const struct cprov_container_options *o = j->options;
    auto_installed struct cprov_installed in = { .store = NULL };
    char digest[CPROV_DIGEST_TEXT_MAX], now[CPROV_TIME_TEXT_MAX];

    if (check_new(j, err) < 0)
        return err->code;
    if (cprov_installed_open(j->s, o->image, o->version, CPROV_INSTALLED_ONLY,
                             j->s->options.what_if ? CPROV_STORE_READ : 0, &in, err) < 0 ||
        check_isolation(j, in.config, err) < 0)
        return cprov_wrap(err, "image %s", o->image);
    struct cprov_container c = { .id = "",
                                 .name = o->name,
                                 .image_name = in.image->name,
                                 .image_version = in.image->version,
                                 .digest =
                                     cprov_digest_format(&in.image->descriptor.digest, digest),
                                 .path = "",
                                 .created = cprov_time_format(cprov_time_now(), now),
                                 .isolation = o->isolation ? o->isolation : "",
                                 .runtime = o->runtime ? o->runtime : "" };
    const char *image = image_text(j->s, c.image_name, c.image_version);
    int go = cprov_should(j->s,
                          &(struct cprov_change){
                              .kind = CPROV_CHANGE_NEW_CONTAINER, .name = c.name, .place = image },
                          err);
    if (go <= 0)
        return go;
    if (make(j, &in, &c, err) < 0)
        return err->code;
    emit(j, &c, &(struct cprov_runtime_state){ .runtime = "" });
    cprov_session_log(j->s, in.store, "new-container", image, digest);
    return 0;
}

int cprov_container_new(struct cprov_session *s, const struct cprov_container_options *options,
                        cprov_container_fn *item, const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct container_given own;
    struct container_job j;

    if (begin(s, options, item, callbacks, &own, &j, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    int code = new_container(&j, &err);
    return cprov_session_end(s, code, own.options.name ? own.options.name : "", &err);
}

/* --- which are meant --- */

static bool id_begins(const char *id, struct cprov_span text)
{
    return text.len >= ID_DIGITS_MIN && text.len <= strlen(id) &&
           memcmp(id, text.ptr, text.len) == 0;
}

static bool matches(const struct cprov_container *c, struct cprov_span text)
{
    return cprov_span_glob(text, cprov_span_of(c->name)) || id_begins(c->id, text);
}

/* A name that is written out, or the part of an id, is one container. */
static int match_one(const struct cprov_containers *all, const char *name, bool *selected,
                     struct cprov_error *err)
{
    struct cprov_span text = cprov_span_of(name);
    bool pattern = cprov_span_is_pattern(text);
    size_t found = 0, last = 0;

    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(all->list[i].name, name) == 0) {
            selected[i] = true;
            return 0;
        }
    }
    for (size_t i = 0; i < all->count; i++) {
        if (!matches(&all->list[i], text))
            continue;
        found++;
        last = i;
        if (pattern)
            selected[i] = true;
    }
    if (found == 1)
        selected[last] = true;
    if (pattern || found == 1)
        return 0;
    if (found == 0)
        return cprov_fail(err, CPROV_ENOTFOUND, "no such container");
    return cprov_fail(err, CPROV_EINVAL, "the name matches %zu containers", found);
}

int cprov_container_check_idle(const struct cprov_container *c,
                               const struct cprov_runtime_state *state, struct cprov_error *err)
{
    if (state->state == CPROV_RUN_OFF || state->state == CPROV_RUN_STOPPED)
        return 0;
    cprov_fail(err, CPROV_EINUSE, "the container is %s", cprov_runtime_state_word(state->state));
    cprov_hint_about(err, CPROV_HINT_STOP_CONTAINER, "%s kill %s", state->runtime, c->name);
    return CPROV_EINUSE;
}

int cprov_container_pick(struct cprov_session *s, const struct cprov_containers *all,
                         const char *name, const struct cprov_container **out,
                         struct cprov_error *err)
{
    size_t i = 0;

    if (cprov_span_is_pattern(cprov_span_of(name)))
        return cprov_fail(err, CPROV_EINVAL, "one container has to be named");
    bool *selected = cprov_arena_alloc(&s->call, all->count, sizeof(*selected));
    if (!selected)
        return cprov_fail_memory(err);
    if (match_one(all, name, selected, err) < 0)
        return cprov_wrap(err, "%s", name);
    while (!selected[i])
        i++;
    *out = &all->list[i];
    return 0;
}

/* Those that are not there are told, and counted in the outcome. */
static void select_containers(const struct container_job *j, const struct cprov_containers *all,
                              bool *selected, struct cprov_outcome *outcome)
{
    const struct cprov_container_options *o = j->options;

    for (size_t i = 0; i < all->count; i++)
        selected[i] = o->names_count == 0;
    for (size_t i = 0; i < o->names_count; i++) {
        struct cprov_error err = CPROV_ERROR_INIT;

        if (match_one(all, o->names[i], selected, &err) < 0)
            cprov_outcome_add(j->s, outcome, err.code, o->names[i], NULL, NULL, &err);
    }
}

/* A store that is not there has no containers. */
static int read_containers(const struct container_job *j, unsigned flags,
                           struct cprov_store **store, struct cprov_containers **all,
                           bool **selected, struct cprov_error *err)
{
    int code = cprov_session_store(j->s, flags, store, err);

    if (code == CPROV_ENOTFOUND) {
        *all = calloc(1, sizeof(**all));
        code = *all ? 0 : cprov_fail_memory(err);
    } else if (code == 0) {
        code = cprov_containers_read(*store, all, err);
    }
    if (code != 0)
        return code;
    *selected = cprov_arena_alloc(&j->s->call, (*all)->count, sizeof(**selected));
    return cprov_arena_check(&j->s->call, err);
}

/* --- list --- */

static int list_containers(const struct container_job *j, struct cprov_outcome *outcome,
                           struct cprov_error *err)
{
    auto_store struct cprov_store *store = NULL;
    auto_containers struct cprov_containers *all = NULL;
    bool *selected;

    if (read_containers(j, CPROV_STORE_READ, &store, &all, &selected, err) < 0)
        return err->code;
    select_containers(j, all, selected, outcome);
    for (size_t i = 0; i < all->count; i++) {
        if (!selected[i])
            continue;
        if (cprov_cancelled(&j->s->cancel))
            return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
        struct cprov_runtime_state state = cprov_runtime_state_of(&all->list[i], &j->s->cancel);
        emit(j, &all->list[i], &state);
    }
    return 0;
}

int cprov_container_list(struct cprov_session *s, const struct cprov_container_options *options,
                         cprov_container_fn *item, const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_outcome outcome = { 0 };
    struct container_given own;
    struct container_job j;

    if (begin(s, options, item, callbacks, &own, &j, &err) < 0 ||
        list_containers(&j, &outcome, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    return cprov_session_end(s, cprov_outcome_code(&outcome), "", NULL);
}

/* --- remove --- */

/* What was made goes, and the folder when nothing else is in it: it may have been one that held
 * something before. */
static int delete_bundle(const char *path, struct cprov_error *err)
{
    static const char *const made[] = { "rootfs", "config.json" };
    auto_fd int dir = -1;
    int code = cprov_fs_open_dir(AT_FDCWD, path, &dir, err);

    if (code == CPROV_ENOTFOUND)
        return 0;
    if (code == 0) /* all of it or nothing */
        code = cprov_fs_check_mounts(dir, false, err);
    for (size_t i = 0; i < CPROV_COUNT(made) && code == 0; i++)
        code = cprov_fs_remove_tree(dir, made[i], err);
    if (code == 0 && rmdir(path) < 0 && errno != ENOTEMPTY && errno != EEXIST && errno != ENOENT &&
        errno != EBUSY) /* it is a mount, and stays one */
        code = cprov_fail_os(err, errno, "%s", path);
    return code;
}

static int remove_one(const struct container_job *j, struct cprov_store *store,
                      const struct cprov_container *c, struct cprov_error *err)
{
    struct cprov_runtime_state state = cprov_runtime_state_of(c, &j->s->cancel);
    bool files = j->options->delete_files && *c->path;

    if (cprov_container_check_idle(c, &state, err) < 0)
        return err->code;
    int go = cprov_should(j->s,
                          &(struct cprov_change){ .kind = CPROV_CHANGE_REMOVE_CONTAINER,
                                                  .name = c->name,
                                                  .place = files ? c->path : NULL },
                          err);
    if (go <= 0)
        return go;
    if ((files && delete_bundle(c->path, err) < 0) ||
        cprov_containers_remove(store, c->id, err) < 0)
        return err->code;
    emit(j, c, &state);
    cprov_session_log(j->s, store, "remove-container",
                      image_text(j->s, c->image_name, c->image_version), c->digest);
    return 0;
}

static int remove_containers(const struct container_job *j, struct cprov_outcome *outcome,
                             struct cprov_error *err)
{
    auto_store struct cprov_store *store = NULL;
    auto_containers struct cprov_containers *all = NULL;
    bool *selected;

    if (read_containers(j, j->s->options.what_if ? CPROV_STORE_READ : 0, &store, &all, &selected,
                        err) < 0)
        return err->code;
    select_containers(j, all, selected, outcome);
    for (size_t i = 0; i < all->count && !outcome->stop; i++) {
        struct cprov_error one = CPROV_ERROR_INIT;

        if (!selected[i])
            continue;
        int code = cprov_cancelled(&j->s->cancel)
                       ? cprov_fail(&one, CPROV_ECANCELLED, "interrupted")
                       : remove_one(j, store, &all->list[i], &one);
        cprov_outcome_add(j->s, outcome, code, all->list[i].name, NULL, NULL, &one);
    }
    return 0;
}

int cprov_container_remove(struct cprov_session *s, const struct cprov_container_options *options,
                           cprov_container_fn *item, const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_outcome outcome = { 0 };
    struct container_given own;
    struct container_job j;

    if (begin(s, options, item, callbacks, &own, &j, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    if (own.options.names_count == 0)
        cprov_outcome_usage(s, &outcome, "no container is named");
    else if (remove_containers(&j, &outcome, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    return cprov_session_end(s, cprov_outcome_code(&outcome), "", NULL);
}
