/* archive/tar_pax.c - the records of a PAX header, "LENGTH KEY=VALUE\n", and what they change. */
#include <string.h>

#include "archive/tar_private.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"

#define SCHILY     "SCHILY.xattr."
#define LIBARCHIVE "LIBARCHIVE.xattr."
#define NANO       1000000000u

void cprov_tar_pax_init(struct cprov_tar_pax *p)
{
    *p = (struct cprov_tar_pax){ .present = false };
    cprov_buf_init(&p->text, CPROV_TAR_HEADER_MAX);
}

void cprov_tar_pax_clear(struct cprov_tar_pax *p)
{
    cprov_buf_clear(&p->text);
    cprov_arena_clear(&p->arena);
}

void cprov_tar_pax_reset(struct cprov_tar_pax *p)
{
    cprov_buf_reset(&p->text);
    cprov_arena_clear(&p->arena);
    p->present = p->sparse = p->map_in_data = p->has_map = p->has_size = false;
    p->name = (struct cprov_span){ NULL, 0 };
}

static int fail_record(struct cprov_error *err)
{
    return cprov_fail(err, CPROV_EVERIFY, "a PAX record is malformed");
}

/* Takes the next record from *rest. */
static int next_record(struct cprov_span *rest, struct cprov_tar_pair *out, struct cprov_error *err)
{
    struct cprov_span digits, record;
    uint64_t len;

    if (!cprov_span_cut(cprov_span_make(rest->ptr, rest->len < 21 ? rest->len : 21), ' ', &digits,
                        &record) ||
        !cprov_span_u64(digits, &len) || len > rest->len || len < digits.len + 4)
        return fail_record(err);
    record = cprov_span_make(rest->ptr + digits.len + 1, (size_t)len - digits.len - 1);
    if (record.ptr[record.len - 1] != '\n')
        return fail_record(err);
    record.len--;
    if (!cprov_span_cut(record, '=', &out->key, &out->value) || out->key.len == 0)
        return fail_record(err);
    *rest = cprov_span_from(*rest, (size_t)len);
    return 0;
}

int cprov_tar_pax_check(struct cprov_span text, struct cprov_error *err)
{
    struct cprov_tar_pair record = { .key = { NULL, 0 } };
    int code = 0;

    while (code == 0 && text.len > 0)
        code = next_record(&text, &record, err);
    return code;
}

/* [-]seconds[.fraction]; what is finer than a nanosecond is cut. */
static bool parse_time(struct cprov_span text, int64_t *s, uint32_t *ns)
{
    bool negative = cprov_span_starts_with(text, "-");
    struct cprov_span whole = cprov_span_from(text, negative ? 1 : 0), fraction = { NULL, 0 };
    uint64_t seconds;
    uint32_t nano = 0, scale = NANO;

    cprov_span_cut(whole, '.', &whole, &fraction);
    if (!cprov_span_u64(whole, &seconds) || seconds > INT64_MAX)
        return false;
    for (size_t i = 0; i < fraction.len; i++) {
        if (!cprov_is_digit(fraction.ptr[i]))
            return false;
        scale /= 10;
        nano += (uint32_t)(fraction.ptr[i] - '0') * scale;
    }
    *s = negative ? -(int64_t)seconds : (int64_t)seconds;
    *ns = nano;
    if (negative && nano > 0) {
        *s -= 1; /* at least -INT64_MAX - 1 */
        *ns = NANO - nano;
    }
    return true;
}

enum pax_field { PATH, LINK, SIZE, UID, GID, UNAME, GNAME, MTIME, ATIME };
static const struct {
    const char *key;
    enum pax_field field;
} fields[] = {
    { "path", PATH },   { "linkpath", LINK }, { "size", SIZE },
    { "uid", UID },     { "gid", GID },       { "uname", UNAME },
    { "gname", GNAME }, { "mtime", MTIME },   { "atime", ATIME },
};

static bool set_number(struct cprov_span value, uint64_t *out)
{
    uint64_t n;

    if (!cprov_span_u64(value, &n) || n > INT64_MAX)
        return false;
    *out = n;
    return true;
}

static bool set_text(struct cprov_span value, struct cprov_span *out)
{
    if (value.len > 0 && memchr(value.ptr, '\0', value.len))
        return false;
    *out = value;
    return true;
}

static bool set_field(enum pax_field field, struct cprov_span value, struct cprov_tar_entry *e)
{
    if (value.len == 0)
        return true; /* the record is taken back: the header's own value holds */
    switch (field) {
    case PATH:
        return set_text(value, &e->path);
    case LINK:
        return set_text(value, &e->link);
    case SIZE:
        return set_number(value, &e->size);
    case UID:
        return set_number(value, &e->uid);
    case GID:
        return set_number(value, &e->gid);
    case UNAME:
        return set_text(value, &e->uname);
    case GNAME:
        return set_text(value, &e->gname);
    case MTIME:
        return parse_time(value, &e->mtime_s, &e->mtime_ns);
    case ATIME:
        e->has_atime = true;
        return parse_time(value, &e->atime_s, &e->atime_ns);
    }
    return false;
}

/* The lists that are being filled, with room for every record. */
struct pax_lists {
    struct cprov_tar_pair *xattrs, *pax;
    size_t xattrs_count, pax_count;
};

/* The last of the same name counts. */
static void put(struct cprov_tar_pair *list, size_t *count, struct cprov_tar_pair pair)
{
    for (size_t i = 0; i < *count; i++)
        if (cprov_span_equal(list[i].key, pair.key)) {
            list[i].value = pair.value;
            return;
        }
    list[(*count)++] = pair;
}

/* "%41" is "A"; a '%' without two digits stands for itself, as libarchive has it. */
static struct cprov_span unescape(struct cprov_tar_pax *p, struct cprov_span text)
{
    char *out = cprov_arena_alloc(&p->arena, text.len + 1, 1);
    size_t len = 0;

    for (size_t i = 0; out && i < text.len; i++) {
        int hi = -1, lo = -1;
        char c = text.ptr[i];

        if (c == '%' && i + 2 < text.len) {
            hi = cprov_hex_value(cprov_lower(text.ptr[i + 1]));
            lo = cprov_hex_value(cprov_lower(text.ptr[i + 2]));
        }
        if (hi >= 0 && lo >= 0) {
            c = (char)(hi << 4 | lo);
            i += 2;
        }
        out[len++] = c;
    }
    return cprov_span_make(out, len);
}

/* libarchive writes each attribute twice; the plain form counts. */
static int put_encoded(struct cprov_tar_pax *p, struct pax_lists *l, struct cprov_tar_pair record,
                       struct cprov_error *err)
{
    struct cprov_tar_pair pair = { .key = unescape(p, record.key) };
    auto_buf struct cprov_buf raw = { 0 };

    cprov_buf_init(&raw, CPROV_TAR_HEADER_MAX);
    if (cprov_base64_decode(record.value, &raw, err) != 0)
        return cprov_wrap_as(err, CPROV_EVERIFY, "a PAX record");
    pair.value = cprov_span_make(cprov_arena_text(&p->arena, cprov_buf_span(&raw)), raw.len);
    if (cprov_arena_check(&p->arena, err) != 0)
        return err->code;
    for (size_t i = 0; i < l->xattrs_count; i++)
        if (cprov_span_equal(l->xattrs[i].key, pair.key))
            return 0;
    put(l->xattrs, &l->xattrs_count, pair);
    return 0;
}

/* The records of sparse files; a map of form 0.0 comes as two records an extent. */
static int take_sparse(struct cprov_tar_pax *p, struct cprov_tar_pair record,
                       struct cprov_tar_map *map, struct cprov_error *err)
{
    struct cprov_span key = cprov_span_from(record.key, strlen("GNU.sparse."));
    uint64_t n = 0;
    bool number = cprov_span_u64(record.value, &n);

    p->sparse = true;
    if (cprov_span_is(key, "name")) {
        if (!set_text(record.value, &p->name))
            return fail_record(err);
        return 0;
    }
    if (cprov_span_is(key, "map")) {
        p->has_map = true;
        return cprov_tar_map_list(map, record.value, err);
    }
    if (!number || n > INT64_MAX)
        return fail_record(err);
    if (cprov_span_is(key, "major"))
        p->map_in_data = n == 1;
    if (cprov_span_is(key, "size") || cprov_span_is(key, "realsize")) {
        p->size = n;
        p->has_size = true;
    }
    if (!cprov_span_is(key, "offset") && !cprov_span_is(key, "numbytes"))
        return 0; /* numblocks, minor: the map says it, too */
    if (cprov_span_is(key, "numbytes") != map->half)
        return fail_record(err);
    p->has_map = true;
    return cprov_tar_map_number(map, n, err);
}

static int take_record(struct cprov_tar_pax *p, struct cprov_tar_pair record,
                       struct cprov_tar_entry *e, struct pax_lists *l, struct cprov_error *err)
{
    for (size_t i = 0; i < CPROV_COUNT(fields); i++)
        if (cprov_span_is(record.key, fields[i].key))
            return set_field(fields[i].field, record.value, e) ? 0 : fail_record(err);
    if (cprov_span_starts_with(record.key, SCHILY)) {
        record.key = cprov_span_from(record.key, strlen(SCHILY));
        put(l->xattrs, &l->xattrs_count, record);
        return 0;
    }
    if (cprov_span_starts_with(record.key, LIBARCHIVE)) {
        record.key = cprov_span_from(record.key, strlen(LIBARCHIVE));
        return put_encoded(p, l, record, err);
    }
    put(l->pax, &l->pax_count, record);
    return 0;
}

/* How many records may become pairs. */
static int count_records(struct cprov_span text, size_t *out, struct cprov_error *err)
{
    struct cprov_tar_pair record = { .key = { NULL, 0 } };
    size_t count = 0;

    while (text.len > 0) {
        if (next_record(&text, &record, err) < 0)
            return err->code;
        count += cprov_span_starts_with(record.key, "GNU.sparse.") ? 0 : 1;
    }
    if (count > CPROV_TAR_RECORDS_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "a PAX header has more than %d records",
                          CPROV_TAR_RECORDS_MAX);
    *out = count;
    return 0;
}

static int take_records(struct cprov_tar_pax *p, struct cprov_tar_entry *e, struct pax_lists *l,
                        struct cprov_tar_map *map, struct cprov_error *err)
{
    struct cprov_span rest = cprov_buf_span(&p->text);
    struct cprov_tar_pair record = { .key = { NULL, 0 } };

    while (rest.len > 0) {
        if (next_record(&rest, &record, err) < 0)
            return err->code;
        bool sparse = cprov_span_starts_with(record.key, "GNU.sparse.");
        if ((sparse ? take_sparse(p, record, map, err) : take_record(p, record, e, l, err)) < 0)
            return err->code;
    }
    return 0;
}

int cprov_tar_pax_apply(struct cprov_tar_pax *p, struct cprov_tar_entry *e,
                        struct cprov_tar_map *map, struct cprov_error *err)
{
    struct pax_lists l = { .xattrs_count = 0 };
    size_t count = 0;

    if (count_records(cprov_buf_span(&p->text), &count, err) < 0)
        return err->code;
    l.xattrs = cprov_arena_alloc(&p->arena, count, sizeof(*l.xattrs));
    l.pax = cprov_arena_alloc(&p->arena, count, sizeof(*l.pax));
    if (cprov_arena_check(&p->arena, err) < 0 || take_records(p, e, &l, map, err) < 0)
        return err->code;
    e->xattrs = l.xattrs;
    e->xattrs_count = l.xattrs_count;
    e->pax = l.pax;
    e->pax_count = l.pax_count;
    return 0;
}
