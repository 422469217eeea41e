/* archive/tar_format.c - the header of a tar member as bytes. */
#include "archive/tar_format.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"

#define PAX_NAME "PaxHeaders/member" /* nobody sees it: one for all keeps the bytes the same */
#define XATTR    "SCHILY.xattr."
#define CHARSET  "hdrcharset"

struct ustar {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
    char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct ustar) == CPROV_TAR_BLOCK_SIZE, "a tar header is one block");

/* The field takes len - 1 digits. */
static bool octal_fits(uint64_t n, size_t len)
{
    return n >> 3 * (len - 1) == 0;
}

/* What does not fit is told by a PAX record, and here is 0. */
static void octal(char *field, size_t len, uint64_t n)
{
    if (!octal_fits(n, len))
        n = 0;
    for (size_t i = len - 1; i-- > 0; n >>= 3)
        field[i] = (char)('0' + (n & 7));
}

static void text(char *field, size_t len, struct cprov_span s)
{
    if (s.len > 0)
        memcpy(field, s.ptr, s.len < len ? s.len : len);
}

static char type_char(enum cprov_tar_type type)
{
    static const char chars[] = {
        [CPROV_TAR_FILE] = '0',        [CPROV_TAR_HARDLINK] = '1',     [CPROV_TAR_SYMLINK] = '2',
        [CPROV_TAR_CHAR_DEVICE] = '3', [CPROV_TAR_BLOCK_DEVICE] = '4', [CPROV_TAR_DIR] = '5',
        [CPROV_TAR_FIFO] = '6',
    };

    return chars[type];
}

static uint64_t content_size(const struct cprov_tar_entry *e)
{
    return e->type == CPROV_TAR_FILE ? e->size : 0;
}

static void add_header(struct cprov_buf *out, struct ustar *h)
{
    unsigned sum = 0;

    memcpy(h->magic, "ustar", sizeof(h->magic));
    memcpy(h->version, "00", sizeof(h->version));
    memset(h->checksum, ' ', sizeof(h->checksum));
    for (size_t i = 0; i < sizeof(*h); i++)
        sum += ((const unsigned char *)h)[i];
    octal(h->checksum, sizeof(h->checksum) - 1, sum);
    h->checksum[sizeof(h->checksum) - 2] = '\0';
    cprov_buf_add(out, h, sizeof(*h));
}

/* Splits at a slash so that both parts fit; false when there is no such place. */
static bool split_name(struct cprov_span path, struct cprov_span *prefix, struct cprov_span *name)
{
    struct ustar h;

    *prefix = cprov_span_make("", 0);
    *name = path;
    if (path.len <= sizeof(h.name))
        return true;
    for (size_t i = path.len - 1; i > 0; i--) {
        if (path.ptr[i] != '/' || i > sizeof(h.prefix) || i + 1 == path.len)
            continue;
        *prefix = cprov_span_make(path.ptr, i);
        *name = cprov_span_from(path, i + 1);
        return name->len <= sizeof(h.name);
    }
    return false;
}

/* --- PAX --- */

/* "LENGTH KEY=VALUE\n", where the length counts its own digits. */
static void add_record(struct cprov_buf *out, const char *prefix, struct cprov_span key,
                       struct cprov_span value)
{
    size_t rest = 1 + strlen(prefix) + key.len + 1 + value.len + 1, total = rest, before;

    do {
        char digits[24];

        before = total;
        total = rest + (size_t)snprintf(digits, sizeof(digits), "%zu", total);
    } while (total != before);
    cprov_buf_addf(out, "%zu %s", total, prefix);
    cprov_buf_add_span(out, key);
    cprov_buf_add_char(out, '=');
    cprov_buf_add_span(out, value);
    cprov_buf_add_char(out, '\n');
}

static void add_text(struct cprov_buf *out, const char *key, struct cprov_span value)
{
    add_record(out, "", cprov_span_of(key), value);
}

static void add_number(struct cprov_buf *out, const char *key, uint64_t n)
{
    char digits[24];

    snprintf(digits, sizeof(digits), "%" PRIu64, n);
    add_text(out, key, cprov_span_of(digits));
}

/* The seconds of a time before 1970 are rounded towards it, and the fraction goes back. */
static void add_time(struct cprov_buf *out, const char *key, int64_t s, uint32_t ns)
{
    bool negative = s < 0;
    uint64_t whole = negative ? -(uint64_t)s : (uint64_t)s;
    char digits[48];

    if (negative && ns > 0) {
        whole--;
        ns = 1000000000u - ns;
    }
    int len = snprintf(digits, sizeof(digits), "%s%" PRIu64, negative ? "-" : "", whole);
    if (ns > 0) {
        len += snprintf(digits + len, sizeof(digits) - (size_t)len, ".%09" PRIu32, ns);
        while (digits[len - 1] == '0')
            len--;
    }
    add_text(out, key, cprov_span_make(digits, (size_t)len));
}

static bool time_fits(const struct cprov_tar_entry *e)
{
    return e->mtime_s >= 0 && e->mtime_ns == 0 && octal_fits((uint64_t)e->mtime_s, 12);
}

static void add_names(const struct cprov_tar_entry *e, struct cprov_buf *out)
{
    struct cprov_span prefix, name;
    struct ustar h;
    bool path = !split_name(e->path, &prefix, &name), link = e->link.len > sizeof(h.link);

    /* Readers that convert names are told that these are bytes. */
    if ((path && !cprov_span_is_utf8(e->path)) || (link && !cprov_span_is_utf8(e->link)))
        add_text(out, CHARSET, cprov_span_of("BINARY"));
    if (path)
        add_text(out, "path", e->path);
    if (link)
        add_text(out, "linkpath", e->link);
    if (e->uname.len >= sizeof(h.user))
        add_text(out, "uname", e->uname);
    if (e->gname.len >= sizeof(h.group))
        add_text(out, "gname", e->gname);
}

static void add_records(const struct cprov_tar_entry *e, struct cprov_buf *out)
{
    add_names(e, out);
    if (!octal_fits(content_size(e), 12))
        add_number(out, "size", content_size(e));
    if (!octal_fits(e->uid, 8))
        add_number(out, "uid", e->uid);
    if (!octal_fits(e->gid, 8))
        add_number(out, "gid", e->gid);
    if (!time_fits(e))
        add_time(out, "mtime", e->mtime_s, e->mtime_ns);
    for (size_t i = 0; i < e->xattrs_count; i++)
        add_record(out, XATTR, e->xattrs[i].key, e->xattrs[i].value);
    for (size_t i = 0; i < e->pax_count; i++)
        if (!cprov_span_is(e->pax[i].key, CHARSET)) /* ours says what is so here */
            add_record(out, "", e->pax[i].key, e->pax[i].value);
}

static int add_pax(const struct cprov_tar_entry *e, struct cprov_buf *out, struct cprov_error *err)
{
    static const char zeroes[CPROV_TAR_BLOCK_SIZE];
    auto_buf struct cprov_buf records = { 0 };
    struct ustar h = { .type = 'x' };

    cprov_buf_init(&records, 4 * CPROV_TAR_HEADER_MAX);
    add_records(e, &records);
    if (records.len == 0)
        return cprov_buf_check(&records, "a PAX header", err);
    text(h.name, sizeof(h.name), cprov_span_of(PAX_NAME));
    octal(h.mode, sizeof(h.mode), 0644);
    octal(h.uid, sizeof(h.uid), 0);
    octal(h.gid, sizeof(h.gid), 0);
    octal(h.size, sizeof(h.size), records.len);
    octal(h.mtime, sizeof(h.mtime), 0);
    add_header(out, &h);
    cprov_buf_add_span(out, cprov_buf_span(&records));
    cprov_buf_add(out, zeroes, cprov_tar_format_padding(records.len));
    return cprov_buf_check(&records, "a PAX header", err);
}

/* --- the member --- */

static void fill_device(struct ustar *h, const struct cprov_tar_entry *e)
{
    if (e->type != CPROV_TAR_CHAR_DEVICE && e->type != CPROV_TAR_BLOCK_DEVICE)
        return;
    octal(h->major, sizeof(h->major), e->dev_major);
    octal(h->minor, sizeof(h->minor), e->dev_minor);
}

int cprov_tar_format_header(const struct cprov_tar_entry *e, struct cprov_buf *out,
                            struct cprov_error *err)
{
    struct ustar h = { .type = type_char(e->type) };
    struct cprov_span prefix, name;

    if (e->path.len == 0)
        return cprov_fail(err, CPROV_EINVAL, "a tar member without a name");
    if (!octal_fits(e->dev_major, sizeof(h.major)) || !octal_fits(e->dev_minor, sizeof(h.minor)))
        return cprov_fail(err, CPROV_EINVAL, "the device number does not fit into a tar header");
    if (add_pax(e, out, err) < 0)
        return err->code;
    (void)split_name(e->path, &prefix, &name);
    text(h.name, sizeof(h.name), name);
    text(h.prefix, sizeof(h.prefix), prefix);
    text(h.link, sizeof(h.link), e->link);
    octal(h.mode, sizeof(h.mode), e->mode & 07777);
    octal(h.uid, sizeof(h.uid), e->uid);
    octal(h.gid, sizeof(h.gid), e->gid);
    octal(h.size, sizeof(h.size), content_size(e));
    octal(h.mtime, sizeof(h.mtime), time_fits(e) ? (uint64_t)e->mtime_s : 0);
    /* A field without an end is a text of its whole length only in newer readers. */
    text(h.user, sizeof(h.user) - 1, e->uname);
    text(h.group, sizeof(h.group) - 1, e->gname);
    fill_device(&h, e);
    add_header(out, &h);
    return cprov_buf_check(out, "a tar header", err);
}
