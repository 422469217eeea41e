#include "manifest/image_config.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "manifest/decode_private.h"
#include "manifest/manifest.h"
#include "manifest/platform_private.h"

#define OS_IMAGE_KEY "io.container-provider.os-image"

struct config_root {
    const char *created;
    const char *author;
    const struct cprov_json *rootfs;
    const struct cprov_json *history;
    const struct cprov_json *config;
};

static const struct cprov_json_field root_fields[] = {
    { "created", CPROV_FIELD_TEXT, offsetof(struct config_root, created), false },
    { "author", CPROV_FIELD_TEXT, offsetof(struct config_root, author), false },
    { "rootfs", CPROV_FIELD_OBJECT, offsetof(struct config_root, rootfs), false },
    { "history", CPROV_FIELD_ARRAY, offsetof(struct config_root, history), false },
    { "config", CPROV_FIELD_OBJECT, offsetof(struct config_root, config), false },
};

/* All that is read of the top: what else is there may be of any size. */
static const struct cprov_json_field known_fields[] = {
    { .name = "created" },      { .name = "author" },  { .name = "rootfs" },
    { .name = "history" },      { .name = "config" },  { .name = "os" },
    { .name = "architecture" }, { .name = "variant" }, { .name = "os.version" },
    { .name = "os.features" },
};

struct rootfs {
    const char *type;
    const struct cprov_json *diff_ids;
};

static const struct cprov_json_field rootfs_fields[] = {
    { "type", CPROV_FIELD_TEXT, offsetof(struct rootfs, type), false },
    { "diff_ids", CPROV_FIELD_ARRAY, offsetof(struct rootfs, diff_ids), false },
};

struct config_run {
    const char *user;
    const char *working_dir;
    const struct cprov_json *entrypoint;
    const struct cprov_json *cmd;
    const struct cprov_json *env;
    const struct cprov_json *labels;
    const char *stop_signal;
    const struct cprov_json *volumes;
    const struct cprov_json *ports;
};

static const struct cprov_json_field run_fields[] = {
    { "User", CPROV_FIELD_TEXT, offsetof(struct config_run, user), false },
    { "WorkingDir", CPROV_FIELD_TEXT, offsetof(struct config_run, working_dir), false },
    { "Entrypoint", CPROV_FIELD_VALUE, offsetof(struct config_run, entrypoint), false },
    { "Cmd", CPROV_FIELD_VALUE, offsetof(struct config_run, cmd), false },
    { "Env", CPROV_FIELD_ARRAY, offsetof(struct config_run, env), false },
    { "Labels", CPROV_FIELD_OBJECT, offsetof(struct config_run, labels), false },
    { "StopSignal", CPROV_FIELD_TEXT, offsetof(struct config_run, stop_signal), false },
    { "Volumes", CPROV_FIELD_OBJECT, offsetof(struct config_run, volumes), false },
    { "ExposedPorts", CPROV_FIELD_OBJECT, offsetof(struct config_run, ports), false },
};

static const struct cprov_json_field history_fields[] = {
    { "created", CPROV_FIELD_TEXT, offsetof(struct cprov_history, created), false },
    { "created_by", CPROV_FIELD_TEXT, offsetof(struct cprov_history, created_by), false },
    { "comment", CPROV_FIELD_TEXT, offsetof(struct cprov_history, comment), false },
    { "empty_layer", CPROV_FIELD_BOOL, offsetof(struct cprov_history, empty_layer), false },
};

static int decode_rootfs(struct cprov_image_config *c, const struct cprov_json *obj,
                         struct cprov_error *err)
{
    struct rootfs fs = { .type = "" };
    size_t n = 0;

    if (obj && cprov_json_decode(obj, rootfs_fields, CPROV_COUNT(rootfs_fields), &fs, err) < 0)
        return cprov_wrap(err, "rootfs");
    /* Tools are out there that leave the type away; every engine takes it for "layers". */
    if (*fs.type && strcmp(fs.type, "layers") != 0)
        return cprov_fail(err, CPROV_EVERIFY, "rootfs.type is not \"layers\"");
    size_t count = fs.diff_ids ? fs.diff_ids->count : 0;
    if (count > CPROV_LAYERS_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "rootfs.diff_ids: %zu items, at most %d are allowed",
                          count, CPROV_LAYERS_MAX);

    struct cprov_digest *list = cprov_arena_alloc(&c->arena, count, sizeof(*list));
    if (!list)
        return cprov_fail_memory(err);
    for (const struct cprov_json *v = count ? fs.diff_ids->child : NULL; v; v = v->next, n++) {
        if (v->type != CPROV_JSON_STRING)
            return cprov_fail(err, CPROV_EVERIFY, "rootfs.diff_ids[%zu] is not a string", n);
        if (cprov_digest_parse(v->text, &list[n], err) < 0)
            return cprov_wrap_as(err, CPROV_EVERIFY, "rootfs.diff_ids[%zu]", n);
    }
    c->diff_ids = list;
    c->diff_ids_count = n;
    return 0;
}

static int decode_history(struct cprov_image_config *c, const struct cprov_json *array,
                          struct cprov_error *err)
{
    size_t n = 0, count = array ? array->count : 0;

    if (count > CPROV_LAYERS_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "history: %zu items, at most %d are allowed", count,
                          CPROV_LAYERS_MAX);
    struct cprov_history *list = cprov_arena_alloc(&c->arena, count, sizeof(*list));
    if (!list)
        return cprov_fail_memory(err);
    for (const struct cprov_json *v = count ? array->child : NULL; v; v = v->next, n++) {
        list[n] = (struct cprov_history){ .created = "", .created_by = "", .comment = "" };
        if (cprov_json_decode(v, history_fields, CPROV_COUNT(history_fields), &list[n], err) < 0)
            return cprov_wrap(err, "history[%zu]", n);
    }
    c->history = list;
    c->history_count = n;
    return 0;
}

/* A command is a list of words, or one string in documents of the first years. */
static int decode_words(const struct cprov_json *v, struct cprov_arena *arena,
                        const char *const **out, size_t *count, struct cprov_error *err)
{
    if (!v || v->type != CPROV_JSON_STRING)
        return cprov_texts_decode(v, CPROV_JSON_VALUES_MAX, arena, out, count, err);

    const char **list = cprov_arena_alloc(arena, 1, sizeof(*list));
    if (!list)
        return cprov_fail_memory(err);
    list[0] = v->text.ptr;
    *out = list;
    *count = 1;
    return 0;
}

/* A set is an object whose members are empty: their names count. */
static int decode_names(const struct cprov_json *obj, struct cprov_arena *arena,
                        const char *const **out, size_t *count, struct cprov_error *err)
{
    const char **list = cprov_arena_alloc(arena, obj ? obj->count : 0, sizeof(*list));
    size_t n = 0;

    if (!list)
        return cprov_fail_memory(err);
    for (const struct cprov_json *v = obj ? obj->child : NULL; v; v = v->next)
        list[n++] = v->key.ptr;
    *out = list;
    *count = n;
    return 0;
}

static int decode_run(struct cprov_image_config *c, const struct cprov_json *obj,
                      struct cprov_error *err)
{
    struct config_run run = { .user = "", .working_dir = "", .stop_signal = "" };
    struct cprov_arena *arena = &c->arena;

    if (obj && cprov_json_decode(obj, run_fields, CPROV_COUNT(run_fields), &run, err) < 0)
        return cprov_wrap(err, "config");
    c->user = run.user;
    c->working_dir = run.working_dir;
    c->stop_signal = run.stop_signal;
    if (decode_names(run.volumes, arena, &c->volumes, &c->volumes_count, err) < 0 ||
        decode_names(run.ports, arena, &c->ports, &c->ports_count, err) < 0)
        return err->code;
    if (decode_words(run.entrypoint, arena, &c->entrypoint, &c->entrypoint_count, err) < 0)
        return cprov_wrap(err, "config.Entrypoint");
    if (decode_words(run.cmd, arena, &c->cmd, &c->cmd_count, err) < 0)
        return cprov_wrap(err, "config.Cmd");
    if (decode_words(run.env, arena, &c->env, &c->env_count, err) < 0)
        return cprov_wrap(err, "config.Env");
    if (cprov_annotations_decode(run.labels, arena, &c->labels, &c->labels_count, err) < 0)
        return cprov_wrap(err, "config.Labels");
    return 0;
}

static int decode(struct cprov_image_config *c, struct cprov_span bytes, struct cprov_error *err)
{
    struct config_root root = { .created = "", .author = "" };
    struct cprov_json *obj = NULL;
    int rc = cprov_json_parse_known(bytes, known_fields, CPROV_COUNT(known_fields), &c->arena, &obj,
                                    err);

    if (rc == 0)
        rc = cprov_json_decode(obj, root_fields, CPROV_COUNT(root_fields), &root, err);
    if (rc < 0)
        return rc;
    c->created = root.created;
    c->author = root.author;
    rc = cprov_platform_decode(obj, &c->arena, &c->platform, err);
    if (rc == 0)
        rc = decode_rootfs(c, root.rootfs, err);
    if (rc == 0)
        rc = decode_history(c, root.history, err);
    return rc < 0 ? rc : decode_run(c, root.config, err);
}

int cprov_image_config_parse(struct cprov_span bytes, struct cprov_image_config **out,
                             struct cprov_error *err)
{
    if (bytes.len > CPROV_CONFIG_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "%zu bytes, at most %zu are allowed", bytes.len,
                          CPROV_CONFIG_MAX);

    auto_image_config struct cprov_image_config *c = calloc(1, sizeof(*c));
    if (!c)
        return cprov_fail_memory(err);
    int rc = decode(c, bytes, err);
    if (rc == 0)
        rc = cprov_arena_check(&c->arena, err);
    if (rc < 0)
        return rc;
    *out = cprov_steal(&c);
    return 0;
}

void cprov_image_config_free(struct cprov_image_config *c)
{
    if (!c)
        return;
    cprov_arena_clear(&c->arena);
    free(c);
}

int cprov_image_config_fits(const struct cprov_image_config *c, const struct cprov_manifest *m,
                            struct cprov_error *err)
{
    if (c->diff_ids_count != 0 && c->diff_ids_count != m->layers_count)
        return cprov_fail(err, CPROV_EVERIFY, "the config names %zu layers, the manifest %zu",
                          c->diff_ids_count, m->layers_count);
    return 0;
}

int cprov_image_config_unpacks(const struct cprov_image_config *c, const struct cprov_manifest *m,
                               struct cprov_error *err)
{
    if (c->diff_ids_count == 0 && m->layers_count > 0)
        return cprov_fail(err, CPROV_EUNSUPPORTED,
                          "the config has no rootfs.diff_ids, so the files cannot be verified");
    return cprov_image_config_fits(c, m, err);
}

static bool is_base_step(const char *created_by)
{
    struct cprov_span text = cprov_span_of(created_by);

    return cprov_span_starts_with(text, "Apply image") ||
           cprov_span_starts_with(text, "Install update");
}

/* The step of the history that made layer i, or NULL. */
static const struct cprov_history *step_of(const struct cprov_image_config *c, size_t layer)
{
    for (size_t i = 0; i < c->history_count; i++)
        if (!c->history[i].empty_layer && layer-- == 0)
            return &c->history[i];
    return NULL;
}

static bool is_windows_base(const struct cprov_manifest *m, const struct cprov_image_config *c)
{
    if (c->history_count == 0 && m->layers_count == 1)
        return true;
    for (size_t i = 0; i < m->layers_count; i++) {
        const struct cprov_history *step = step_of(c, i);

        if (!cprov_media_type_layer(cprov_span_of(m->layers[i].media_type)).foreign &&
            !(step && is_base_step(step->created_by)))
            return false;
    }
    return m->layers_count > 0;
}

static bool is_shell(const char *command)
{
    static const char *const shells[] = { "sh", "bash", "ash", "zsh", "dash" };
    struct cprov_span name = cprov_span_of(command), folder, base;

    while (name.len >= 2 && name.ptr[0] == '"' && name.ptr[name.len - 1] == '"')
        name = cprov_span_make(name.ptr + 1, name.len - 2);
    if (cprov_span_cut_last(name, '/', &folder, &base))
        name = base;
    for (size_t i = 0; i < CPROV_COUNT(shells); i++)
        if (cprov_span_is(name, shells[i]))
            return true;
    return false;
}

/* A shell that is given nothing to do, or another such shell: the CMD bash of a Dockerfile. */
static bool runs_a_shell(const struct cprov_image_config *c)
{
    if (c->cmd_count == 0 || !is_shell(c->cmd[0]))
        return false;
    if (c->cmd_count == 3)
        return strcmp(c->cmd[1], "-c") == 0 && is_shell(c->cmd[2]);
    return c->cmd_count == 1;
}

bool cprov_image_is_os(const struct cprov_manifest *m, const struct cprov_image_config *c)
{
    const char *said = cprov_manifest_annotation(m, OS_IMAGE_KEY);

    if (!said)
        said = cprov_image_config_label(c, OS_IMAGE_KEY);
    if (said && (strcmp(said, "true") == 0 || strcmp(said, "false") == 0))
        return strcmp(said, "true") == 0;
    if (strcmp(c->platform.os, "windows") == 0)
        return is_windows_base(m, c);
    return m->layers_count == 1 && c->entrypoint_count == 0 && runs_a_shell(c);
}

const char *cprov_image_config_label(const struct cprov_image_config *c, const char *key)
{
    return cprov_annotation_get(c->labels, c->labels_count, key);
}
