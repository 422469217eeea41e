/* rootfs/layer_rules.c - names that hide, and what else a member may mean. */
#include "rootfs/layer_rules.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/limits.h"

#define RESERVED CPROV_WHITEOUT_PREFIX CPROV_WHITEOUT_PREFIX
#define OPAQUE   RESERVED ".opq"

#define NAME_SHOWN 100 /* bytes, from the end */

static uint64_t stored_bytes(const struct cprov_tar_entry *e)
{
    uint64_t sum = 0;

    if (!e->sparse)
        return e->size;
    for (size_t i = 0; i < e->extents_count; i++)
        sum += e->extents[i].len; /* at most size */
    return sum;
}

int cprov_unpack_count_entry(const struct cprov_unpack_limits *limits,
                             struct cprov_unpack_count *count, const struct cprov_tar_entry *e,
                             struct cprov_error *err)
{
    return cprov_unpack_count_member(limits, count, stored_bytes(e), e->size, err);
}

/* Appends a component, or takes the last away for "..". */
static int add_component(struct cprov_span item, size_t max, char *out, size_t *len,
                         struct cprov_error *err)
{
    if (item.len == 0 || cprov_span_is(item, "."))
        return 0;
    if (cprov_span_is(item, "..")) {
        if (*len == 0)
            return cprov_fail(err, CPROV_EVERIFY, "the name leads out of the image");
        size_t slash = cprov_span_find_last(cprov_span_make(out, *len), '/');
        *len = slash < *len ? slash : 0;
        return 0;
    }
    if (*len + (*len > 0 ? 1 : 0) + item.len > max)
        return cprov_fail(err, CPROV_ELIMIT, "the name has more than %zu bytes", max);
    if (*len > 0)
        out[(*len)++] = '/';
    memcpy(out + *len, item.ptr, item.len);
    *len += item.len;
    return 0;
}

int cprov_layer_clean(struct cprov_span path, size_t max, char out[CPROV_UNPACK_PATH + 1],
                      struct cprov_error *err)
{
    struct cprov_span item;
    size_t len = 0;
    int code = 0;

    if (path.len > 0 && memchr(path.ptr, '\0', path.len))
        return cprov_fail(err, CPROV_EVERIFY, "the name has a NUL");
    while (code == 0 && path.len > 0 && cprov_span_next(&path, '/', &item))
        code =
            add_component(item, max < CPROV_UNPACK_PATH ? max : CPROV_UNPACK_PATH, out, &len, err);
    if (code == 0)
        out[len] = '\0';
    return code;
}

/* The end of the first component that begins so; 0: none does. */
static size_t component_end(struct cprov_span path, const char *prefix)
{
    struct cprov_span rest = path, name;

    while (cprov_span_next(&rest, '/', &name))
        if (cprov_span_starts_with(name, prefix))
            return (size_t)(name.ptr - path.ptr) + name.len;
    return 0;
}

size_t cprov_layer_reserved(const char *path)
{
    return component_end(cprov_span_of(path), RESERVED);
}

int cprov_layer_meaning(const char *path, enum cprov_layer_meaning *out, const char **hidden,
                        struct cprov_error *err)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    struct cprov_span parent = cprov_span_make(path, slash ? (size_t)(slash - path) : 0);
    bool opaque = strcmp(name, OPAQUE) == 0;

    *hidden = "";
    if ((!opaque && strncmp(name, RESERVED, strlen(RESERVED)) == 0) ||
        component_end(parent, RESERVED) > 0) {
        *out = CPROV_MEANS_NOTHING;
        return 0;
    }
    if (component_end(parent, CPROV_WHITEOUT_PREFIX) > 0)
        return cprov_fail(err, CPROV_EVERIFY, "the name is below a whiteout");
    if (opaque || strncmp(name, CPROV_WHITEOUT_PREFIX, strlen(CPROV_WHITEOUT_PREFIX)) != 0) {
        *out = opaque ? CPROV_MEANS_OPAQUE : CPROV_MEANS_FILE;
        return 0;
    }
    name += strlen(CPROV_WHITEOUT_PREFIX);
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return cprov_fail(err, CPROV_EVERIFY, "the whiteout hides no name");
    *hidden = name;
    *out = CPROV_MEANS_HIDDEN;
    return 0;
}

static bool is_below(const char *path, const char *folder)
{
    return cprov_span_starts_with_nocase(cprov_span_of(path), cprov_span_of(folder));
}

int cprov_layer_check_windows(const char *path, enum cprov_layer_meaning meaning, bool lowest,
                              struct cprov_error *err)
{
    if (strcasecmp(path, CPROV_WINDOWS_FILE) == 0)
        return cprov_fail(err, CPROV_EVERIFY, "the name is reserved for the metadata of layers");
    if (strchr(path, '\\') || (cprov_is_alnum(path[0]) && path[1] == ':'))
        return cprov_fail(err, CPROV_EVERIFY, "the name has another meaning on Windows");
    if (meaning != CPROV_MEANS_HIDDEN && meaning != CPROV_MEANS_OPAQUE)
        return 0;
    if (lowest)
        return cprov_fail(err, CPROV_EVERIFY, "the lowest layer has a whiteout");
    if (!is_below(path, "Files/") && !is_below(path, "UtilityVM/Files/"))
        return cprov_fail(err, CPROV_EVERIFY, "the whiteout is outside Files/");
    return 0;
}

mode_t cprov_layer_mode(const struct cprov_tar_entry *e, bool windows)
{
    if (!windows || (e->mode & 0777) != 0)
        return (mode_t)e->mode & 07777;
    return e->type == CPROV_TAR_DIR ? 0755 : 0644;
}

static bool begins(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

bool cprov_layer_attribute_passes(const struct cprov_layer_attributes *a, const char *name)
{
    if (strcmp(name, CPROV_ROOTLESS_ATTRIBUTE) == 0)
        return false;
    for (size_t i = 0; a && i < a->more_count; i++)
        if (cprov_span_glob(cprov_span_of(a->more[i]), cprov_span_of(name)))
            return true;
    return strcmp(name, "security.capability") == 0 ||
           strcmp(name, "system.posix_acl_access") == 0 ||
           strcmp(name, "system.posix_acl_default") == 0 ||
           (begins(name, "user.") && !begins(name, "user.overlay."));
}

bool cprov_layer_attribute_is_kept(const struct cprov_layer_attributes *a, const char *name)
{
    return strcmp(name, CPROV_ROOTLESS_ATTRIBUTE) == 0 || cprov_layer_attribute_passes(a, name);
}

int cprov_layer_check_attribute(struct cprov_span name, struct cprov_error *err)
{
    if (name.len == 0 || name.len > XATTR_NAME_MAX || memchr(name.ptr, '\0', name.len))
        return cprov_fail(err, CPROV_EVERIFY, "an attribute has an invalid name");
    return 0;
}

int cprov_layer_pass_attributes(struct cprov_tar_entry *e, struct cprov_tar_pair **list,
                                struct cprov_error *err)
{
    size_t count = 0;

    if (e->xattrs_count == 0)
        return 0;
    free(*list);
    *list = calloc(e->xattrs_count, sizeof(**list));
    if (!*list)
        return cprov_fail_memory(err);
    for (size_t i = 0; i < e->xattrs_count; i++) {
        struct cprov_span key = e->xattrs[i].key;
        char name[XATTR_NAME_MAX + 1];

        if (cprov_layer_check_attribute(key, err) < 0)
            return err->code;
        snprintf(name, sizeof(name), "%.*s", (int)key.len, key.ptr);
        if (cprov_layer_attribute_passes(NULL, name))
            (*list)[count++] = e->xattrs[i];
    }
    e->xattrs = *list;
    e->xattrs_count = count;
    return 0;
}

int cprov_layer_wrap(struct cprov_span path, struct cprov_error *err)
{
    struct cprov_span end =
        cprov_span_from(path, path.len > NAME_SHOWN ? path.len - NAME_SHOWN : 0);

    return cprov_wrap(err, "%s%" CPROV_SPAN_FMT, end.len < path.len ? "..." : "",
                      CPROV_SPAN_ARG(end));
}
