/* rootfs/acl.c - entries in the order that the kernel asks for, with a mask where it must be. */
#include "rootfs/acl_private.h"

#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdlib.h>

#include "base/error.h"

#define ENTRIES_MAX 1024
#define NO_ID       UINT32_MAX

struct acl_entry {
    uint16_t tag, perm;
    uint32_t id;
};

struct acl_list {
    struct acl_entry entries[ENTRIES_MAX];
    size_t count;
};

static void list_free(struct acl_list **l)
{
    free(*l);
}

static int fail_malformed(struct cprov_error *err)
{
    return cprov_fail(err, CPROV_EVERIFY, "an access control list is malformed");
}

/* "rwx", "r-x", ...; libarchive writes other letters for NFSv4 lists, which are not for us. */
static bool parse_perm(struct cprov_span text, uint16_t *out)
{
    static const char letters[] = "rwx";
    uint16_t perm = 0;

    if (text.len != 3)
        return false;
    for (size_t i = 0; i < 3; i++) {
        if (text.ptr[i] != letters[i] && text.ptr[i] != '-')
            return false;
        perm = (uint16_t)(perm << 1 | (text.ptr[i] == letters[i] ? 1 : 0));
    }
    *out = perm;
    return true;
}

static bool parse_tag(struct cprov_span text, bool named, uint16_t *out)
{
    static const struct {
        const char *word, *letter;
        uint16_t plain, named;
    } tags[] = { { "user", "u", ACL_USER_OBJ, ACL_USER },
                 { "group", "g", ACL_GROUP_OBJ, ACL_GROUP },
                 { "mask", "m", ACL_MASK, 0 },
                 { "other", "o", ACL_OTHER, 0 } };

    for (size_t i = 0; i < CPROV_COUNT(tags); i++) {
        if (!cprov_span_is(text, tags[i].word) && !cprov_span_is(text, tags[i].letter))
            continue;
        *out = named ? tags[i].named : tags[i].plain;
        return *out != 0;
    }
    return false;
}

/* One "tag:who:perm[:id]". *usable is false when nobody knows who is meant. */
static int parse_entry(struct cprov_span text, struct acl_entry *out, bool *usable,
                       struct cprov_error *err)
{
    struct cprov_span tag, who, perm, number = { NULL, 0 }, rest;
    uint64_t id = NO_ID;

    if (cprov_span_starts_with(text, "default:"))
        text = cprov_span_from(text, 8);
    if (!cprov_span_cut(text, ':', &tag, &rest) || !cprov_span_cut(rest, ':', &who, &perm))
        return fail_malformed(err);
    cprov_span_cut(perm, ':', &perm, &number);
    if (!parse_tag(tag, who.len > 0, &out->tag) || !parse_perm(perm, &out->perm))
        return fail_malformed(err);
    *usable = true;
    if (who.len > 0 && !cprov_span_u64(number, &id))
        *usable = cprov_span_u64(who, &id);
    if (*usable && who.len > 0 && id >= NO_ID)
        return fail_malformed(err);
    out->id = (uint32_t)id;
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct acl_entry *x = a, *y = b;

    if (x->tag != y->tag)
        return x->tag < y->tag ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static const struct acl_entry *find(const struct acl_list *l, uint16_t tag)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->entries[i].tag == tag)
            return &l->entries[i];
    return NULL;
}

/* With names there has to be a mask: all that the group and the names may. */
static void add_mask(struct acl_list *l)
{
    uint16_t perm = 0;

    if (find(l, ACL_MASK) || (!find(l, ACL_USER) && !find(l, ACL_GROUP)))
        return;
    for (size_t i = 0; i < l->count; i++)
        if (l->entries[i].tag & (ACL_USER | ACL_GROUP | ACL_GROUP_OBJ))
            perm |= l->entries[i].perm;
    l->entries[l->count++] = (struct acl_entry){ ACL_MASK, perm, NO_ID };
}

static void add_number(struct cprov_buf *out, uint32_t n, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        cprov_buf_add_char(out, (char)(n >> 8 * i & 0xff));
}

static void format(const struct acl_list *l, struct cprov_buf *out)
{
    add_number(out, POSIX_ACL_XATTR_VERSION, 4);
    for (size_t i = 0; i < l->count; i++) {
        add_number(out, l->entries[i].tag, 2);
        add_number(out, l->entries[i].perm, 2);
        add_number(out, l->entries[i].id, 4);
    }
}

static int parse_list(struct cprov_span text, cprov_acl_id_fn *id, void *arg, struct acl_list *l,
                      uint64_t *skipped, struct cprov_error *err)
{
    struct cprov_span line, item, comment;

    while (text.len > 0 && cprov_span_next(&text, '\n', &line)) {
        cprov_span_cut(line, '#', &line, &comment);
        while (line.len > 0 && cprov_span_next(&line, ',', &item)) {
            struct acl_entry e = { .id = NO_ID };
            bool usable = false;

            item = cprov_span_trim(item);
            if (item.len == 0)
                continue;
            if (parse_entry(item, &e, &usable, err) < 0 ||
                (usable && e.id != NO_ID && id(arg, e.tag == ACL_GROUP, e.id, &e.id, err) < 0))
                return err->code;
            if (l->count >= ENTRIES_MAX - 1)
                return cprov_fail(err, CPROV_ELIMIT, "an access control list has too many entries");
            if (usable)
                l->entries[l->count++] = e;
            else
                (*skipped)++;
        }
    }
    return 0;
}

int cprov_acl_parse(struct cprov_span text, cprov_acl_id_fn *id, void *arg, struct cprov_buf *out,
                    uint64_t *skipped, struct cprov_error *err)
{
    CPROV_CLEANUP(list_free) struct acl_list *l = calloc(1, sizeof(*l));
    uint64_t unknown = 0;

    if (!l)
        return cprov_fail_memory(err);
    if (parse_list(text, id, arg, l, &unknown, err) < 0)
        return err->code;
    if (!find(l, ACL_USER_OBJ) || !find(l, ACL_GROUP_OBJ) || !find(l, ACL_OTHER))
        return fail_malformed(err);
    add_mask(l);
    qsort(l->entries, l->count, sizeof(l->entries[0]), compare);
    format(l, out);
    *skipped += unknown;
    return cprov_buf_check(out, "an access control list", err);
}
