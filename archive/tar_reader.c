/* archive/tar_reader.c - blocks of 512 bytes, wherever the pieces of the stream are cut. */
#include "archive/tar_reader.h"

#include <stdlib.h>
#include <string.h>

#include "archive/tar_private.h"
#include "base/error.h"
#include "base/limits.h"

#define BLOCK CPROV_TAR_BLOCK_SIZE

/* Bytes of a header that are one text or one number. */
struct header_field {
    size_t at, len;
};

static const struct header_field name_field = { 0, 100 };
static const struct header_field mode_field = { 100, 8 };
static const struct header_field uid_field = { 108, 8 };
static const struct header_field gid_field = { 116, 8 };
static const struct header_field size_field = { 124, 12 };
static const struct header_field mtime_field = { 136, 12 };
static const struct header_field checksum_field = { 148, 8 };
static const struct header_field link_field = { 157, 100 };
static const struct header_field uname_field = { 265, 32 };
static const struct header_field gname_field = { 297, 32 };
static const struct header_field major_field = { 329, 8 };
static const struct header_field minor_field = { 337, 8 };
static const struct header_field prefix_field = { 345, 155 };
static const struct header_field star_prefix_field = { 345, 131 };
static const struct header_field gnu_real_size_field = { 483, 12 };

/* Where its other bytes are. */
#define TYPE          156
#define GNU_SPARSE    386
#define GNU_MORE      482 /* whether blocks of extents follow */
#define GNU_NEXT_MORE 504 /* the same, in such a block */

enum state {
    AT_HEADER,
    AT_OLD_MAP, /* more extents of an old GNU sparse file */
    AT_NEW_MAP, /* the map that stands before the data */
    IN_PAX,     /* what follows are bodies */
    IN_GLOBAL,
    IN_LONG_NAME,
    IN_LONG_LINK,
    IN_SKIPPED,
    IN_FILE,
    AT_END,
};

struct cprov_tar_reader {
    struct cprov_tar_handler handler;
    enum state state;
    uint64_t left; /* bytes of the body that are to come */
    size_t pad;    /* zeroes after it */
    uint8_t block[BLOCK];
    size_t block_len;
    bool zeroes; /* the last block was all zero */
    int failed;  /* code that stopped the stream */

    /* for the next member */
    struct cprov_tar_pax pax;
    struct cprov_buf long_name, long_link;
    bool has_long_name, has_long_link;
    struct cprov_buf global; /* looked at, not used */

    /* the member */
    struct cprov_tar_entry entry;
    struct cprov_tar_map map;
    struct cprov_buf path, link;
};

int cprov_tar_reader_new(const struct cprov_tar_handler *handler, struct cprov_tar_reader **out,
                         struct cprov_error *err)
{
    struct cprov_tar_reader *r = calloc(1, sizeof(*r));

    if (!r)
        return cprov_fail_memory(err);
    r->handler = *handler;
    cprov_tar_pax_init(&r->pax);
    cprov_buf_init(&r->long_name, CPROV_TAR_HEADER_MAX);
    cprov_buf_init(&r->long_link, CPROV_TAR_HEADER_MAX);
    cprov_buf_init(&r->global, CPROV_TAR_HEADER_MAX);
    cprov_buf_init(&r->path, CPROV_TAR_HEADER_MAX);
    cprov_buf_init(&r->link, CPROV_TAR_HEADER_MAX);
    *out = r;
    return 0;
}

void cprov_tar_reader_free(struct cprov_tar_reader *r)
{
    if (!r)
        return;
    cprov_tar_pax_clear(&r->pax);
    cprov_buf_clear(&r->long_name);
    cprov_buf_clear(&r->long_link);
    cprov_buf_clear(&r->global);
    cprov_buf_clear(&r->path);
    cprov_buf_clear(&r->link);
    cprov_tar_map_clear(&r->map);
    free(r);
}

static bool base256(const uint8_t *field, size_t len, int64_t *out)
{
    uint8_t sign = field[0] & 0x40 ? 0xff : 0;
    uint64_t value = sign ? UINT64_MAX : 0;

    for (size_t i = 0; i < len; i++) {
        uint8_t byte = field[i];

        if (i == 0)
            byte = (uint8_t)(sign ? byte | 0x80 : byte & 0x7f);
        if (len - i > 8 && byte != sign)
            return false;
        value = value << 8 | byte;
    }
    if ((value >> 63 != 0) != (sign != 0))
        return false;
    *out = (int64_t)value;
    return true;
}

bool cprov_tar_number(const uint8_t *field, size_t len, int64_t *out)
{
    uint64_t value = 0;
    size_t i = 0;

    if (len > 0 && field[0] & 0x80)
        return base256(field, len, out);
    while (i < len && (field[i] == ' ' || field[i] == '\0'))
        i++;
    for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
        value = value << 3 | (uint64_t)(field[i] - '0'); /* 12 digits are 36 bits */
    if (i < len && field[i] != ' ' && field[i] != '\0')
        return false;
    *out = (int64_t)value;
    return true;
}

static bool field_number(const uint8_t *block, struct header_field field, int64_t *out)
{
    return cprov_tar_number(block + field.at, field.len, out);
}

static bool field_unsigned(const uint8_t *block, struct header_field field, uint64_t *out)
{
    int64_t n;

    if (!field_number(block, field, &n) || n < 0)
        return false;
    *out = (uint64_t)n;
    return true;
}

static struct cprov_span field_text(const uint8_t *block, struct header_field field)
{
    const char *text = (const char *)block + field.at;

    return cprov_span_make(text, strnlen(text, field.len));
}

/* Early programs summed up signed characters. */
static bool checksum_fits(const uint8_t *block)
{
    int64_t want, plain = 0, with_sign = 0;

    for (size_t i = 0; i < BLOCK; i++) {
        uint8_t byte = i - checksum_field.at < checksum_field.len ? ' ' : block[i];

        plain += byte;
        with_sign += (int8_t)byte;
    }
    return field_number(block, checksum_field, &want) && (want == plain || want == with_sign);
}

static bool is_zero(const uint8_t *block)
{
    return block[0] == 0 && memcmp(block, block + 1, BLOCK - 1) == 0;
}

static size_t padding(uint64_t size)
{
    return (BLOCK - (size_t)(size % BLOCK)) % BLOCK;
}

static void begin_body(struct cprov_tar_reader *r, enum state state, uint64_t size)
{
    r->state = state;
    r->left = size;
    r->pad = padding(size);
}

/* The name of a v7, ustar, star or GNU header; only the middle two have a prefix. */
static void read_name(struct cprov_tar_reader *r, const uint8_t *block)
{
    bool ustar = memcmp(block + 257, "ustar\0", 6) == 0;
    bool star = ustar && memcmp(block + 508, "tar\0", 4) == 0;
    struct cprov_span prefix = { NULL, 0 };

    if (ustar)
        prefix = star ? field_text(block, star_prefix_field) : field_text(block, prefix_field);
    cprov_buf_reset(&r->path);
    cprov_buf_add_span(&r->path, prefix);
    if (prefix.len > 0)
        cprov_buf_add_char(&r->path, '/');
    cprov_buf_add_span(&r->path, field_text(block, name_field));
    cprov_buf_reset(&r->link);
    cprov_buf_add_span(&r->link, field_text(block, link_field));
}

static int fail_number(const char *what, struct cprov_error *err)
{
    return cprov_fail(err, CPROV_EVERIFY, "the %s in a tar header is out of range", what);
}

/* The fields that every member has, as its own header has them. */
static int read_fields(struct cprov_tar_reader *r, const uint8_t *block, struct cprov_error *err)
{
    struct cprov_tar_entry *e = &r->entry;
    uint64_t mode, major = 0, minor = 0;

    *e = (struct cprov_tar_entry){ .type = CPROV_TAR_FILE };
    read_name(r, block);
    if (!field_unsigned(block, mode_field, &mode))
        return fail_number("mode", err);
    if (!field_unsigned(block, uid_field, &e->uid) || !field_unsigned(block, gid_field, &e->gid))
        return fail_number("owner", err);
    if (!field_unsigned(block, size_field, &e->size))
        return fail_number("size", err);
    if (!field_number(block, mtime_field, &e->mtime_s))
        return fail_number("time", err);
    if ((block[TYPE] == '3' || block[TYPE] == '4') &&
        (!field_unsigned(block, major_field, &major) ||
         !field_unsigned(block, minor_field, &minor) || major > UINT32_MAX || minor > UINT32_MAX))
        return fail_number("device", err);
    e->mode = (uint32_t)(mode & 07777);
    e->dev_major = (uint32_t)major;
    e->dev_minor = (uint32_t)minor;
    e->uname = field_text(block, uname_field);
    e->gname = field_text(block, gname_field);
    return 0;
}

/* A long name ends at its first NUL. */
static struct cprov_span up_to_nul(const struct cprov_buf *b)
{
    return cprov_span_of(cprov_buf_text(b));
}

/* What the headers before the member say; a GNU name counts more than a PAX one, as in Go. */
static int read_overrides(struct cprov_tar_reader *r, struct cprov_error *err)
{
    struct cprov_tar_entry *e = &r->entry;
    int code = 0;

    e->path = cprov_buf_span(&r->path);
    e->link = cprov_buf_span(&r->link);
    if (r->pax.present)
        code = cprov_tar_pax_apply(&r->pax, e, &r->map, err);
    if (code < 0)
        return code;
    if (r->pax.sparse && r->pax.name.len > 0)
        e->path = r->pax.name;
    if (r->has_long_name)
        e->path = up_to_nul(&r->long_name);
    if (r->has_long_link)
        e->link = up_to_nul(&r->long_link);
    return 0;
}

/* The member is known: tells about it and gets ready for its content. */
static int begin_entry(struct cprov_tar_reader *r, uint64_t stored, struct cprov_error *err)
{
    struct cprov_tar_entry *e = &r->entry;

    if (e->sparse) {
        if (cprov_tar_map_check(&r->map, e->size, stored, err) < 0)
            return err->code;
        e->extents = r->map.list;
        e->extents_count = r->map.count;
    }
    if (e->link.ptr != r->link.ptr) {
        cprov_buf_reset(&r->link);
        cprov_buf_add_span(&r->link, e->link);
    }
    if (cprov_buf_check(&r->path, "the name of a tar member", err) < 0 ||
        cprov_buf_check(&r->link, "the target of a link", err) < 0)
        return err->code;
    e->link.ptr = cprov_buf_text(&r->link);
    while (e->type == CPROV_TAR_DIR && e->path.len > 1 && e->path.ptr[e->path.len - 1] == '/')
        e->path.len--;
    r->state = IN_FILE;
    r->left = stored;
    return r->handler.entry(r->handler.arg, e, err);
}

/* A regular file, in whichever way its bytes are laid out. */
static int begin_file(struct cprov_tar_reader *r, const uint8_t *block, struct cprov_error *err)
{
    struct cprov_tar_entry *e = &r->entry;
    uint64_t stored = e->size;

    r->pad = padding(stored);
    if (block[TYPE] == 'S') {
        if (!field_unsigned(block, gnu_real_size_field, &e->size))
            return fail_number("size", err);
        e->sparse = true;
        int code = cprov_tar_map_old(&r->map, block + GNU_SPARSE, 4, err);
        r->left = stored;
        r->state = AT_OLD_MAP;
        return code < 0 || block[GNU_MORE] ? code : begin_entry(r, stored, err);
    }
    if (!r->pax.sparse || (!r->pax.map_in_data && !r->pax.has_map))
        return begin_entry(r, stored, err);
    if (!r->pax.has_size)
        return cprov_fail(err, CPROV_EVERIFY, "a sparse file has no size");
    e->sparse = true;
    e->size = r->pax.size;
    if (!r->pax.map_in_data)
        return begin_entry(r, stored, err);
    cprov_tar_map_reset(&r->map);
    r->left = stored;
    r->state = AT_NEW_MAP;
    return 0;
}

static int begin_member(struct cprov_tar_reader *r, const uint8_t *block, struct cprov_error *err)
{
    static const enum cprov_tar_type types[] = { CPROV_TAR_HARDLINK,    CPROV_TAR_SYMLINK,
                                                 CPROV_TAR_CHAR_DEVICE, CPROV_TAR_BLOCK_DEVICE,
                                                 CPROV_TAR_DIR,         CPROV_TAR_FIFO };
    struct cprov_tar_entry *e = &r->entry;
    uint8_t type = block[TYPE];

    cprov_tar_map_reset(&r->map);
    int code = read_overrides(r, err);
    if (code < 0)
        return code;
    /* Before POSIX a directory was a file whose name ends in a slash. */
    if (type == '\0' && cprov_span_ends_with(e->path, "/"))
        type = '5';
    if (type == '\0' || type == '0' || type == '7' || type == 'S')
        return begin_file(r, block, err);
    if (type == 'D') { /* its content is a list of names */
        uint64_t size = e->size;

        e->type = CPROV_TAR_DIR;
        e->size = 0;
        code = begin_entry(r, 0, err);
        if (code == 0)
            code = r->handler.end(r->handler.arg, err);
        begin_body(r, IN_SKIPPED, size);
        return code;
    }
    e->type = types[type - '1'];
    e->size = 0; /* some programs write the size of the target; no content follows */
    r->pad = 0;
    return begin_entry(r, 0, err);
}

static int begin_header_body(struct cprov_tar_reader *r, enum state state, struct cprov_error *err)
{
    if (r->entry.size > CPROV_TAR_HEADER_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "a tar header is larger than %zu bytes",
                          CPROV_TAR_HEADER_MAX);
    begin_body(r, state, r->entry.size);
    if (state == IN_PAX)
        cprov_tar_pax_reset(&r->pax);
    if (state == IN_LONG_NAME)
        cprov_buf_reset(&r->long_name);
    if (state == IN_LONG_LINK)
        cprov_buf_reset(&r->long_link);
    if (state == IN_GLOBAL)
        cprov_buf_reset(&r->global);
    return 0;
}

/* Whether a header before a member has come, and the member not yet. */
static bool is_waiting(const struct cprov_tar_reader *r)
{
    return r->pax.present || r->has_long_name || r->has_long_link;
}

static int take_header(struct cprov_tar_reader *r, const uint8_t *block, struct cprov_error *err)
{
    if (is_zero(block)) {
        if (is_waiting(r))
            return cprov_fail(err, CPROV_EVERIFY, "a tar extension header has no member after it");
        if (r->zeroes)
            r->state = AT_END;
        r->zeroes = true;
        return 0;
    }
    if (r->zeroes || !checksum_fits(block))
        return cprov_fail(err, CPROV_EVERIFY, "a tar header is damaged");
    if (read_fields(r, block, err) < 0)
        return err->code;
    switch (block[TYPE]) {
    case 'x':
    case 'X': /* of Solaris */
        return begin_header_body(r, IN_PAX, err);
    case 'g':
        return begin_header_body(r, IN_GLOBAL, err);
    case 'L':
        return begin_header_body(r, IN_LONG_NAME, err);
    case 'K':
        return begin_header_body(r, IN_LONG_LINK, err);
    case 'V': /* the name of a volume */
    case 'N': /* names that are too long, before 'L' */
        begin_body(r, IN_SKIPPED, r->entry.size);
        return 0;
    case '\0':
    case 'D':
    case 'S':
        return begin_member(r, block, err);
    default:
        break;
    }
    if (block[TYPE] >= '0' && block[TYPE] <= '7')
        return begin_member(r, block, err);
    if (r->entry.size > 0)
        return cprov_fail(err, CPROV_EVERIFY, "a tar member has the unknown type 0x%02x",
                          block[TYPE]);
    begin_body(r, IN_SKIPPED, 0);
    return 0;
}

/* The headers before a member are used up. */
static void forget_overrides(struct cprov_tar_reader *r)
{
    if (r->pax.present)
        cprov_tar_pax_reset(&r->pax);
    r->has_long_name = r->has_long_link = false;
}

static int end_body(struct cprov_tar_reader *r, struct cprov_error *err)
{
    enum state state = r->state;

    r->state = AT_HEADER;
    switch (state) {
    case IN_PAX:
        r->pax.present = true;
        return cprov_buf_check(&r->pax.text, "a PAX header", err);
    case IN_GLOBAL:
        /* Engines do not apply these, nor does libarchive; a layer is to be the same everywhere. */
        if (cprov_buf_check(&r->global, "a PAX header", err) != 0)
            return err->code;
        return cprov_tar_pax_check(cprov_buf_span(&r->global), err);
    case IN_LONG_NAME:
        r->has_long_name = true;
        return cprov_buf_check(&r->long_name, "a long name", err);
    case IN_LONG_LINK:
        r->has_long_link = true;
        return cprov_buf_check(&r->long_link, "a long name", err);
    case IN_FILE:
        if (r->handler.end(r->handler.arg, err) != 0)
            return err->code;
        forget_overrides(r);
        return 0;
    case IN_SKIPPED:
        forget_overrides(r);
        return 0;
    case AT_HEADER:
    case AT_OLD_MAP:
    case AT_NEW_MAP:
    case AT_END:
        break;
    }
    return 0;
}

static int take_body(struct cprov_tar_reader *r, const uint8_t *data, size_t len,
                     struct cprov_error *err)
{
    r->left -= len;
    switch (r->state) {
    case IN_PAX:
        cprov_buf_add(&r->pax.text, data, len);
        return 0;
    case IN_GLOBAL:
        cprov_buf_add(&r->global, data, len);
        return 0;
    case IN_LONG_NAME:
        cprov_buf_add(&r->long_name, data, len);
        return 0;
    case IN_LONG_LINK:
        cprov_buf_add(&r->long_link, data, len);
        return 0;
    case IN_FILE:
        return r->handler.data(r->handler.arg, data, len, err);
    case IN_SKIPPED:
    case AT_HEADER:
    case AT_OLD_MAP:
    case AT_NEW_MAP:
    case AT_END:
        break;
    }
    return 0;
}

static int take_block(struct cprov_tar_reader *r, const uint8_t *block, struct cprov_error *err)
{
    bool done = false;

    if (r->state == AT_HEADER)
        return take_header(r, block, err);
    if (r->state == AT_OLD_MAP) {
        int code = cprov_tar_map_old(&r->map, block, 21, err);
        return code < 0 || block[GNU_NEXT_MORE] ? code : begin_entry(r, r->left, err);
    }
    if (r->left < BLOCK)
        return cprov_fail(err, CPROV_EVERIFY, "the map of a sparse file is cut off");
    r->left -= BLOCK;
    int code = cprov_tar_map_block(&r->map, block, &done, err);
    return code < 0 || !done ? code : begin_entry(r, r->left, err);
}

/* Takes what there is for a block; a whole one is looked at where it lies. */
static int update_block(struct cprov_tar_reader *r, struct cprov_span *rest,
                        struct cprov_error *err)
{
    const uint8_t *data = (const uint8_t *)rest->ptr;

    if (r->block_len == 0 && rest->len >= BLOCK) {
        *rest = cprov_span_from(*rest, BLOCK);
        return take_block(r, data, err);
    }
    size_t n = BLOCK - r->block_len < rest->len ? BLOCK - r->block_len : rest->len;
    memcpy(r->block + r->block_len, data, n);
    r->block_len += n;
    *rest = cprov_span_from(*rest, n);
    if (r->block_len < BLOCK)
        return 0;
    r->block_len = 0;
    return take_block(r, r->block, err);
}

static int step(struct cprov_tar_reader *r, struct cprov_span *rest, struct cprov_error *err)
{
    if (r->state == AT_HEADER && r->pad > 0) {
        size_t n = r->pad < rest->len ? r->pad : rest->len;

        r->pad -= n;
        *rest = cprov_span_from(*rest, n);
        return 0;
    }
    if (r->state <= AT_NEW_MAP)
        return update_block(r, rest, err);
    size_t n = r->left < rest->len ? (size_t)r->left : rest->len;
    const char *data = rest->ptr;
    *rest = cprov_span_from(*rest, n);
    return take_body(r, (const uint8_t *)data, n, err);
}

int cprov_tar_reader_update(struct cprov_tar_reader *r, const void *data, size_t len,
                            struct cprov_error *err)
{
    struct cprov_span rest = cprov_span_make(data, len);

    if (r->failed)
        return cprov_fail(err, r->failed, "internal error: the archive was read after a failure");
    while (rest.len > 0 && r->state != AT_END && r->failed == 0) {
        r->failed = step(r, &rest, err);
        if (r->failed == 0 && r->state >= IN_PAX && r->state <= IN_FILE && r->left == 0)
            r->failed = end_body(r, err);
    }
    return r->failed;
}

int cprov_tar_reader_finish(struct cprov_tar_reader *r, struct cprov_error *err)
{
    if (r->failed)
        return cprov_fail(err, r->failed, "internal error: the archive was read after a failure");
    if (r->state == AT_END)
        return 0;
    /* The padding of the last member may be missing: nothing is lost with it. */
    if (r->state != AT_HEADER || r->block_len > 0 || is_waiting(r))
        return cprov_fail(err, CPROV_EVERIFY, "the archive ends in the middle of a member");
    return 0;
}
