/* rootfs/unpack_windows.c - names without regard to case, and what Linux cannot hold beside them.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "rootfs/unpack_private.h"
#include "store/dir.h"

#define FLUSH_AT (64 * CPROV_KIB)

static const char *const type_names[] = {
    "file", "link", "symlink", "character device", "block device", "directory", "fifo"
};

/* Letters beyond ASCII keep their case: a rule for them differs between versions of Windows. */
static void fold(char *text)
{
    for (; *text; text++)
        *text = cprov_lower(*text);
}

/* Writes the name that the directory has for `name`, whatever its case. */
static int find_variant(struct cprov_unpack *u, const char *path, char *name,
                        struct cprov_error *err)
{
    struct cprov_spot place;
    auto_dir DIR *dir = NULL;

    if (cprov_tree_find(u->tree, path, CPROV_TREE_LOOK, &place, err) < 0 ||
        cprov_dir_open(place.dir, ".", &dir, err) < 0)
        return err->code == CPROV_ENOTFOUND ? 0 : err->code;
    for (const char *entry; (entry = cprov_dir_next(dir));)
        if (strcasecmp(entry, place.name) == 0) {
            for (size_t i = 0; entry[i]; i++) /* it is as long */
                name[i] = entry[i];
            return 0;
        }
    return 0;
}

/* path ends after the component that begins at `name`. */
static int settle_component(struct cprov_unpack *u, const char *path, char *name,
                            struct cprov_error *err)
{
    char folded[CPROV_UNPACK_PATH + 1];
    struct cprov_unpack_windows *w = &u->win;

    if (cprov_hash_table_noted(&w->exact, 0, path))
        return 0;
    memcpy(folded, path, strlen(path) + 1);
    fold(folded);
    int code = 0;
    if (cprov_hash_table_noted(&w->folded, 0, folded))
        code = find_variant(u, path, name, err);
    else
        code = cprov_hash_table_note(&w->folded, 0, folded, err);
    return code < 0 ? code : cprov_hash_table_note(&w->exact, 0, path, err);
}

int cprov_unpack_windows_name(struct cprov_unpack *u, char path[CPROV_UNPACK_PATH + 1],
                              struct cprov_error *err)
{
    int code = 0;

    for (char *name = path; code == 0 && *name;) {
        char *end = strchrnul(name, '/');
        char kept = *end;

        *end = '\0';
        code = settle_component(u, path, name, err);
        *end = kept;
        name = kept ? end + 1 : end;
    }
    return code;
}

static int open_file(struct cprov_unpack *u, struct cprov_error *err)
{
    struct cprov_spot place;

    if (cprov_tree_find(u->tree, CPROV_WINDOWS_FILE, CPROV_TREE_MAKE, &place, err) < 0)
        return err->code;
    return cprov_tree_file(u->tree, &place, 0644, &u->win.fd, err);
}

static int write_lines(struct cprov_unpack *u, struct cprov_error *err)
{
    if (cprov_buf_check(&u->win.lines, "the metadata of a layer", err) < 0 ||
        cprov_fs_write_all(u->win.fd, u->win.lines.ptr, u->win.lines.len, -1, err) < 0)
        return err->code;
    cprov_buf_reset(&u->win.lines);
    return 0;
}

/* Text where it is text; else its bytes in base64, under a name that says so. */
static void write_value(struct cprov_json_writer *json, struct cprov_span key,
                        struct cprov_span value)
{
    struct cprov_buf name, coded;

    cprov_buf_init(&name, CPROV_TAR_HEADER_MAX);
    cprov_buf_init(&coded, 2 * CPROV_TAR_HEADER_MAX);
    cprov_buf_add_span(&name, key);
    if (cprov_span_is_utf8(value)) {
        cprov_json_key(json, cprov_buf_text(&name));
        cprov_json_span(json, value);
    } else {
        cprov_buf_add_text(&name, ".base64");
        cprov_base64_encode(&coded, value);
        cprov_json_key(json, cprov_buf_text(&name));
        cprov_json_span(json, cprov_buf_span(&coded));
    }
    cprov_buf_clear(&name);
    cprov_buf_clear(&coded);
}

/* One line; a later one about the same path takes its place. */
int cprov_unpack_windows_note(struct cprov_unpack *u, const char *path,
                              const struct cprov_tar_entry *e, struct cprov_error *err)
{
    struct cprov_json_writer json;

    if (u->win.fd < 0 && open_file(u, err) < 0)
        return err->code;
    cprov_json_writer_init(&json, &u->win.lines, 0);
    cprov_json_begin_object(&json);
    cprov_json_member(&json, "path", path);
    cprov_json_member(&json, "type", type_names[e->type]);
    if (e->link.len > 0) {
        cprov_json_key(&json, "target");
        cprov_json_span(&json, e->link);
    }
    for (size_t i = 0; i < e->pax_count; i++)
        write_value(&json, e->pax[i].key, e->pax[i].value);
    cprov_json_end_object(&json);
    cprov_buf_add_char(&u->win.lines, '\n');
    return u->win.lines.len < FLUSH_AT
               ? cprov_buf_check(&u->win.lines, "the metadata of a layer", err)
               : write_lines(u, err);
}

int cprov_unpack_windows_finish(struct cprov_unpack *u, struct cprov_error *err)
{
    return u->win.fd < 0 ? 0 : write_lines(u, err);
}

void cprov_unpack_windows_clear(struct cprov_unpack *u)
{
    cprov_hash_table_clear(&u->win.exact);
    cprov_hash_table_clear(&u->win.folded);
    cprov_fd_close(&u->win.fd);
    cprov_buf_clear(&u->win.lines);
}
