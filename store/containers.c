/* store/containers.c - one small JSON file a container, changed under index.lock. */
#include "store/containers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/grow.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "store/dir.h"
#include "store/images.h"
#include "store/store_private.h"

#define FOLDER         CPROV_STORE_PRIVATE "/containers"
#define SUFFIX         ".json"
#define RECORD_MAX     (64 * CPROV_KIB) /* bytes of one record */
#define CONTAINERS_MAX 65536
#define NAME_LEN_MAX   128
#define ID_DIGITS      64
#define PATH_LEN       (sizeof(FOLDER) + ID_DIGITS + sizeof(SUFFIX) + 1)

#define FIELD(member, offset_of)                                                                   \
    {                                                                                              \
        member, CPROV_FIELD_TEXT, offsetof(struct cprov_container, offset_of), true                \
    }

/* The table is the file. */
static const struct cprov_json_field fields[] = {
    FIELD("id", id),
    FIELD("name", name),
    FIELD("imageName", image_name),
    FIELD("imageVersion", image_version),
    FIELD("digest", digest),
    FIELD("path", path),
    FIELD("created", created),
    FIELD("isolation", isolation),
    FIELD("runtime", runtime),
};

static const char **field_of(struct cprov_container *c, size_t i)
{
    return (const char **)(void *)((char *)c + fields[i].offset);
}

static bool is_id(struct cprov_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (cprov_hex_value(text.ptr[i]) < 0)
            return false;
    return text.len == ID_DIGITS;
}

/* What runtimes take for an id and shells for a word. */
static bool is_name(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < len; i++)
        if (!cprov_is_alnum(name[i]) && (i == 0 || !strchr("_.-", name[i])))
            return false;
    return len > 0 && len <= NAME_LEN_MAX;
}

static int check(const struct cprov_container *c, struct cprov_error *err)
{
    if (!is_name(c->name))
        return cprov_fail(err, CPROV_EINVAL,
                          "'%s' is not a valid container name: use up to %d letters, digits, '_', "
                          "'.' and '-', beginning with a letter or digit",
                          c->name, NAME_LEN_MAX);
    if (*c->path && (*c->path != '/' || !cprov_span_is_utf8(cprov_span_of(c->path))))
        return cprov_fail(err, CPROV_EINVAL, "the path of a container must be absolute and UTF-8");
    return 0;
}

static void path_of(const char *id, char buf[PATH_LEN])
{
    snprintf(buf, PATH_LEN, FOLDER "/%.*s" SUFFIX, ID_DIGITS, id);
}

/* --- reading --- */

static int decode(struct cprov_span text, struct cprov_span id, struct cprov_arena *arena,
                  struct cprov_container *out, struct cprov_error *err)
{
    struct cprov_container c = { 0 };
    struct cprov_json *root;

    if (cprov_json_parse(text, arena, &root, err) < 0 ||
        cprov_json_decode(root, fields, CPROV_COUNT(fields), &c, err) < 0)
        return err->code;
    if (!cprov_span_is(id, c.id))
        return cprov_fail(err, CPROV_EVERIFY, "the record belongs to another container");
    if (check(&c, err) < 0)
        return err->code;
    *out = c;
    return 0;
}

static int read_one(struct cprov_store *s, struct cprov_span id, struct cprov_arena *arena,
                    struct cprov_container *out, struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };
    char path[PATH_LEN];

    cprov_buf_init(&text, RECORD_MAX);
    path_of(id.ptr, path);
    int code = cprov_fs_read(s->root, path, RECORD_MAX, &text, err);
    if (code == CPROV_ENOTFOUND)
        return code;
    if (code == 0)
        code = decode(cprov_buf_span(&text), id, arena, out, err);
    if (code < 0 && code != CPROV_ENOMEM)
        return cprov_wrap_as(err, CPROV_EVERIFY, "%s/%s", s->path, path);
    return code;
}

/* A record that goes away while the folder is read was never there. */
static int add_file(struct cprov_store *s, struct cprov_containers *c, size_t *room,
                    struct cprov_span id, struct cprov_error *err)
{
    if (c->count >= CONTAINERS_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "more than %d containers", CONTAINERS_MAX);
    if (cprov_grow(&c->list, room, c->count, sizeof(*c->list), CONTAINERS_MAX, err) < 0)
        return err->code;
    int code = read_one(s, id, &c->arena, &c->list[c->count], err);
    if (code == 0)
        c->count++;
    return code == CPROV_ENOTFOUND ? 0 : code;
}

static int compare(const void *left, const void *right)
{
    const struct cprov_container *a = left, *b = right;
    int order = strcmp(a->name, b->name);

    return order != 0 ? order : strcmp(a->id, b->id);
}

int cprov_containers_read(struct cprov_store *s, struct cprov_containers **out,
                          struct cprov_error *err)
{
    auto_containers struct cprov_containers *c = calloc(1, sizeof(*c));
    auto_dir DIR *dir = NULL;
    const char *name;
    size_t room = 0;

    if (!c)
        return cprov_fail_memory(err);
    int code = cprov_dir_open(s->root, FOLDER, &dir, err);
    if (code < 0 && code != CPROV_ENOTFOUND)
        return code;
    while (dir && (name = cprov_dir_next(dir))) {
        struct cprov_span id = cprov_span_of(name);

        if (!cprov_span_ends_with(id, SUFFIX))
            continue;
        id.len -= strlen(SUFFIX);
        if (is_id(id) && add_file(s, c, &room, id, err) < 0)
            return err->code;
    }
    if (c->count > 1)
        qsort(c->list, c->count, sizeof(c->list[0]), compare);
    *out = cprov_steal(&c);
    return 0;
}

void cprov_containers_free(struct cprov_containers *c)
{
    if (!c)
        return;
    cprov_arena_clear(&c->arena);
    free(c->list);
    free(c);
}

/* --- changing; with index.lock held --- */

static int write_one(struct cprov_store *s, struct cprov_container *c, struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };
    struct cprov_json_writer w;
    char path[PATH_LEN];

    cprov_buf_init(&text, RECORD_MAX);
    cprov_json_writer_init(&w, &text, 0);
    cprov_json_begin_object(&w);
    for (size_t i = 0; i < CPROV_COUNT(fields); i++)
        cprov_json_member(&w, fields[i].name, *field_of(c, i));
    cprov_json_end_object(&w);
    cprov_buf_add_char(&text, '\n');
    if (cprov_buf_check(&text, "the record of a container", err) < 0 ||
        cprov_fs_make_dirs(s->root, FOLDER, 0755, err) < 0)
        return err->code;
    path_of(c->id, path);
    return cprov_fs_replace(s->root, path, cprov_buf_span(&text), 0644, err);
}

static int lock(struct cprov_store *s, int *fd, struct cprov_error *err)
{
    if (cprov_store_writable(s, err) < 0)
        return err->code;
    return cprov_store_lock_file(s, CPROV_STORE_INDEXLOCK, true, fd, err);
}

static int look_for_image(struct cprov_store *s, const char *digest, struct cprov_error *err)
{
    auto_images struct cprov_images *images = NULL;
    struct cprov_digest wanted;

    if (cprov_digest_parse(cprov_span_of(digest), &wanted, err) < 0 ||
        cprov_images_read(s, &images, err) < 0)
        return err->code;
    for (size_t i = 0; i < images->count; i++)
        if (cprov_digest_equal(&images->list[i].descriptor.digest, &wanted))
            return 0;
    return cprov_fail(err, CPROV_ENOTFOUND, "the image is no longer installed");
}

static int look_for_name(struct cprov_store *s, const char *name, struct cprov_error *err)
{
    auto_containers struct cprov_containers *there = NULL;

    if (cprov_containers_read(s, &there, err) < 0)
        return err->code;
    for (size_t i = 0; i < there->count; i++)
        if (strcmp(there->list[i].name, name) == 0)
            return cprov_fail(err, CPROV_EEXISTS, "a container with this name exists already");
    return 0;
}

static int make_id(char out[65], struct cprov_error *err)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t raw[ID_DIGITS / 2];

    if (cprov_random(raw, sizeof(raw), err) < 0)
        return err->code;
    for (size_t i = 0; i < sizeof(raw); i++) {
        out[2 * i] = digits[raw[i] >> 4];
        out[2 * i + 1] = digits[raw[i] & 15];
    }
    out[ID_DIGITS] = '\0';
    return 0;
}

int cprov_containers_add(struct cprov_store *s, const struct cprov_container *container,
                         char id_out[65], struct cprov_error *err)
{
    struct cprov_container c = *container;
    auto_fd int fd = -1;
    char id[65];

    if (check(&c, err) < 0 || lock(s, &fd, err) < 0 || look_for_image(s, c.digest, err) < 0 ||
        look_for_name(s, c.name, err) < 0 || make_id(id, err) < 0)
        return err->code;
    c.id = id;
    int code = write_one(s, &c, err);
    if (code == 0)
        memcpy(id_out, id, sizeof(id));
    return code;
}

/* Locks and reads the record that is to change. */
static int open_record(struct cprov_store *s, const char *id, int *fd, struct cprov_arena *arena,
                       struct cprov_container *out, struct cprov_error *err)
{
    if (!is_id(cprov_span_of(id)))
        return cprov_fail(err, CPROV_EINVAL, "'%s' is not the id of a container", id);
    if (lock(s, fd, err) < 0)
        return err->code;
    return read_one(s, cprov_span_of(id), arena, out, err);
}

int cprov_containers_set_path(struct cprov_store *s, const char *id, const char *path,
                              struct cprov_error *err)
{
    CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena arena = { 0 };
    struct cprov_container c;
    auto_fd int fd = -1;

    if (open_record(s, id, &fd, &arena, &c, err) < 0)
        return err->code;
    c.path = path;
    if (check(&c, err) < 0)
        return err->code;
    return write_one(s, &c, err);
}

int cprov_containers_remove(struct cprov_store *s, const char *id, struct cprov_error *err)
{
    char path[PATH_LEN];
    auto_fd int fd = -1;
    auto_fd int folder = -1;

    if (!is_id(cprov_span_of(id)))
        return cprov_fail(err, CPROV_EINVAL, "'%s' is not the id of a container", id);
    if (lock(s, &fd, err) < 0)
        return err->code;
    path_of(id, path);
    if (unlinkat(s->root, path, 0) < 0)
        return cprov_fail_os(err, errno, "container %.12s", id);
    if (cprov_fs_open_dir(s->root, FOLDER, &folder, err) < 0)
        return err->code;
    return cprov_fs_sync_dir(folder, err);
}
