/* conf/catalog_dates.c - the newest date that each signed catalog has had here. */
#include "conf/catalog_dates.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/limits.h"
#include "conf/conf.h"

#define FILE_NAME "catalog-dates"
#define HEADER    "# The newest date of each signed catalog, so that none can be rolled back.\n"
#define ID_LEN    64
#define FILE_MAX  (sizeof(HEADER) + CPROV_CATALOG_DATES_MAX * (ID_LEN + 22))

/* A location may have what nobody else is to read. */
static int make_id(struct cprov_span catalog, char id[ID_LEN + 1], struct cprov_error *err)
{
    static const char digits[] = "0123456789abcdef";
    auto_hasher struct cprov_hasher *hasher = NULL;
    uint8_t raw[CPROV_HASH_RAW_MAX];

    if (cprov_hasher_new(CPROV_HASH_SHA256, &hasher, err) < 0 ||
        cprov_hasher_update(hasher, catalog.ptr, catalog.len, err) < 0 ||
        cprov_hasher_finish(hasher, raw, err) < 0)
        return err->code;
    for (size_t i = 0; i < ID_LEN; i++)
        id[i] = digits[i % 2 ? raw[i / 2] & 15 : raw[i / 2] >> 4];
    id[ID_LEN] = '\0';
    return 0;
}

static int make_path(const char *dir, struct cprov_buf *path, struct cprov_error *err)
{
    cprov_buf_init(path, CPROV_URL_MAX);
    cprov_buf_addf(path, "%s/" FILE_NAME, dir);
    return cprov_buf_check(path, "path", err);
}

static bool read_line(struct cprov_span line, struct cprov_span *id, uint64_t *date)
{
    struct cprov_span number;

    if (!cprov_span_cut(line, ' ', id, &number) || id->len != ID_LEN ||
        !cprov_span_u64(number, date) || *date == 0 || *date > INT64_MAX)
        return false;
    for (size_t i = 0; i < ID_LEN; i++)
        if (cprov_hex_value(id->ptr[i]) < 0)
            return false;
    return true;
}

/* *date is that of the id, or 0; others (may be NULL) gets all lines but that one, *count of them.
 */
static int read_dates(const char *path, const char *id, int64_t *date, struct cprov_buf *others,
                      size_t *count, struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };
    struct cprov_span rest, line, name;
    uint64_t found;

    *date = 0;
    cprov_buf_init(&text, FILE_MAX);
    int code = cprov_fs_read(AT_FDCWD, path, FILE_MAX, &text, err);
    if (code == CPROV_ENOTFOUND) {
        *err = (struct cprov_error)CPROV_ERROR_INIT;
        return 0;
    }
    if (code < 0 && code != CPROV_ELIMIT)
        return code;
    rest = cprov_buf_span(&text);
    bool good = code == 0 && cprov_span_starts_with(rest, HEADER) && rest.ptr[rest.len - 1] == '\n';
    rest = cprov_span_from(rest, strlen(HEADER));
    while (good && rest.len > 0 && cprov_span_next(&rest, '\n', &line)) {
        good = read_line(line, &name, &found);
        if (good && cprov_span_is(name, id)) {
            *date = (int64_t)found;
        } else if (good && others) {
            cprov_buf_addf(others, "%" CPROV_SPAN_FMT "\n", CPROV_SPAN_ARG(line));
            ++*count;
        }
    }
    if (good)
        return 0;
    *err = (struct cprov_error)CPROV_ERROR_INIT;
    cprov_fail(err, CPROV_EVERIFY, "%s is damaged", path);
    cprov_hint(err, CPROV_HINT_DELETE_DATES);
    return CPROV_EVERIFY;
}

/* date 0: the catalog has none any more. What was written last is the last line. */
static int write_date(const char *dir, struct cprov_span catalog, int64_t date,
                      struct cprov_error *err)
{
    auto_buf struct cprov_buf path = { 0 }, others = { 0 }, text = { 0 };
    auto_fd int lock = -1;
    char id[ID_LEN + 1];
    int64_t known;
    size_t count = 0;

    cprov_buf_init(&others, FILE_MAX);
    cprov_buf_init(&text, FILE_MAX);
    if (make_path(dir, &path, err) < 0 || make_id(catalog, id, err) < 0 ||
        cprov_conf_lock(dir, &lock, err) < 0 ||
        read_dates(cprov_buf_text(&path), id, &known, &others, &count, err) < 0)
        return err->code;
    if (date ? date <= known : known == 0)
        return 0;

    struct cprov_span rest = cprov_buf_span(&others), first;
    if (date && count >= CPROV_CATALOG_DATES_MAX)
        (void)cprov_span_next(&rest, '\n', &first);
    cprov_buf_add_text(&text, HEADER);
    cprov_buf_add_span(&text, rest);
    if (date)
        cprov_buf_addf(&text, "%s %" PRId64 "\n", id, date);
    if (cprov_buf_check(&others, FILE_NAME, err) < 0 || cprov_buf_check(&text, FILE_NAME, err) < 0)
        return err->code;
    return cprov_fs_replace(AT_FDCWD, cprov_buf_text(&path), cprov_buf_span(&text), 0644, err);
}

int cprov_catalog_date_get(const char *dir, struct cprov_span catalog, int64_t *out,
                           struct cprov_error *err)
{
    auto_buf struct cprov_buf path = { 0 };
    char id[ID_LEN + 1];
    int64_t date;

    if (make_path(dir, &path, err) < 0 || make_id(catalog, id, err) < 0 ||
        read_dates(cprov_buf_text(&path), id, &date, NULL, NULL, err) < 0)
        return err->code;
    *out = date;
    return 0;
}

int cprov_catalog_date_put(const char *dir, struct cprov_span catalog, int64_t date,
                           struct cprov_error *err)
{
    return date > 0 ? write_date(dir, catalog, date, err) : 0;
}

int cprov_catalog_date_forget(const char *dir, struct cprov_span catalog, struct cprov_error *err)
{
    return write_date(dir, catalog, 0, err);
}
