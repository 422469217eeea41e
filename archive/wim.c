/* archive/wim.c - what a WIM file says of itself; the home of wimlib. */
#include "archive/wim.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef CPROV_HAVE_WIMLIB
#include <wimlib.h>
#endif

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/library.h"
#include "base/limits.h"
#include "manifest/platform.h"

/* Offsets in the header. Spec: Microsoft, "Windows Imaging File Format", March 2007. */
enum {
    AT_SIZE = 8,
    AT_PART = 40,
    AT_PARTS = 42,
    AT_IMAGES = 44,
    AT_TABLE = 48, /* of the resources; 24 bytes, like what follows */
    AT_XML = 72,
    AT_XML_OFFSET = 80,
    AT_XML_FULL = 88, /* its size without compression */
    AT_REST = 96,     /* boot image and integrity table */
};

#define RESOURCE_COMPRESSED 4
#define RESOURCE_SOLID      0x10

static uint16_t get16(const uint8_t *p)
{
    uint16_t n;

    memcpy(&n, p, sizeof(n));
    return le16toh(n);
}

static uint32_t get32(const uint8_t *p)
{
    uint32_t n;

    memcpy(&n, p, sizeof(n));
    return le32toh(n);
}

static uint64_t get64(const uint8_t *p)
{
    uint64_t n;

    memcpy(&n, p, sizeof(n));
    return le64toh(n);
}

int cprov_wim_header(const uint8_t header[CPROV_WIM_HEADER], uint64_t file_size,
                     struct cprov_wim_parts *out, struct cprov_error *err)
{
    static const uint8_t magic[8] = "MSWIM\0\0";
    uint64_t word = get64(header + AT_XML);
    uint64_t size = word & ((UINT64_C(1) << 56) - 1), full = get64(header + AT_XML_FULL);
    uint64_t offset = get64(header + AT_XML_OFFSET);
    unsigned flags = (unsigned)(word >> 56);

    if (file_size < CPROV_WIM_HEADER || memcmp(header, magic, sizeof(magic)) != 0 ||
        get32(header + AT_SIZE) != CPROV_WIM_HEADER)
        return cprov_fail(err, CPROV_EVERIFY, "not a WIM file");
    if (get16(header + AT_PARTS) != 1 || get16(header + AT_PART) != 1)
        return cprov_fail(err, CPROV_EVERIFY, "part %u of a WIM file that is split into %u",
                          get16(header + AT_PART), get16(header + AT_PARTS));
    if (size == 0 || (flags & RESOURCE_SOLID) || (!(flags & RESOURCE_COMPRESSED) && full != size))
        return cprov_fail(err, CPROV_EVERIFY, "damaged WIM header");
    if (size > CPROV_WIM_XML_MAX || full > CPROV_WIM_XML_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "the description of a WIM file is larger than %zu",
                          CPROV_WIM_XML_MAX);
    if (offset < CPROV_WIM_HEADER || offset > file_size || size > file_size - offset)
        return cprov_fail(err, CPROV_EVERIFY,
                          "the WIM file is cut off: its description is at byte "
                          "%" PRIu64 " of %" PRIu64,
                          offset, file_size);
    *out = (struct cprov_wim_parts){ .xml_offset = offset,
                                     .xml_size = (size_t)size,
                                     .images = get32(header + AT_IMAGES) };
    return 0;
}

#ifdef CPROV_HAVE_WIMLIB

#define WIMLIB_FUNCTIONS(X)                                                                        \
    X(free)                                                                                        \
    X(get_error_string)                                                                            \
    X(get_image_property)                                                                          \
    X(open_wim)

static struct {
#define MEMBER(function) __typeof__(wimlib_##function) *(function);
    WIMLIB_FUNCTIONS(MEMBER)
#undef MEMBER
} wimlib;

static const struct cprov_library_symbol symbols[] = {
#define SYMBOL(function) { "wimlib_" #function, (void **)(void *)&wimlib.function },
    WIMLIB_FUNCTIONS(SYMBOL)
#undef SYMBOL
};
static struct cprov_library library = { "libwim.so.15", "libwim15", symbols, CPROV_COUNT(symbols),
                                        NULL };

static void put16(uint8_t *p, uint16_t n)
{
    n = htole16(n);
    memcpy(p, &n, sizeof(n));
}

/*
 * wimlib reads the description with libxml2, which prints what it does not like unless told not to.
 * Its say is per thread, and given back at once: the program around us may use it too. A newer
 * wimlib does without.
 */
typedef void xml_error_fn(void *context, const char *format, ...);
static xml_error_fn **(*xml_errors)(void);
static const struct cprov_library_symbol xml_symbols[] = { { "__xmlGenericError",
                                                             (void **)(void *)&xml_errors } };
static struct cprov_library xml_library = { "libxml2.so.2", "libxml2", xml_symbols,
                                            CPROV_COUNT(xml_symbols), NULL };

static void no_words(void *context, const char *format, ...)
{
    (void)context;
    (void)format;
}

static int open_quietly(const char *path, WIMStruct **out)
{
    struct cprov_error ignored = CPROV_ERROR_INIT;
    xml_error_fn **errors = cprov_library_load(&xml_library, &ignored) == 0 ? xml_errors() : NULL;
    xml_error_fn *kept = errors ? *errors : NULL;

    if (errors)
        *errors = no_words;
    int rc = wimlib.open_wim(path, 0, out);
    if (errors)
        *errors = kept;
    return rc;
}

static void free_wim(WIMStruct **wim)
{
    if (*wim)
        wimlib.free(*wim);
}

/* --- a file without the files in it --- */

/*
 * wimlib wants a file with a name. It gets one that holds the header and the description alone, as
 * if the resources were in another part of a split WIM: gigabytes need not be there, and tables
 * that lie are never looked at.
 */
static int write_extract(int fd, const uint8_t header[CPROV_WIM_HEADER], struct cprov_span xml,
                         struct cprov_error *err)
{
    uint8_t own[CPROV_WIM_HEADER];
    uint64_t offset = htole64(CPROV_WIM_HEADER);

    memcpy(own, header, sizeof(own));
    put16(own + AT_PART, 2);
    put16(own + AT_PARTS, 2);
    memset(own + AT_TABLE, 0, AT_XML - AT_TABLE);
    memcpy(own + AT_XML_OFFSET, &offset, sizeof(offset));
    memset(own + AT_REST, 0, sizeof(own) - AT_REST);
    if (cprov_fs_write_all(fd, own, sizeof(own), 0, err) < 0)
        return err->code;
    return cprov_fs_write_all(fd, xml.ptr, xml.len, CPROV_WIM_HEADER, err);
}

static int open_extract(const uint8_t header[CPROV_WIM_HEADER], struct cprov_span xml,
                        WIMStruct **out, struct cprov_error *err)
{
    const char *folder = getenv("TMPDIR");
    auto_buf struct cprov_buf path = { 0 };

    cprov_buf_init(&path, CPROV_URL_MAX);
    cprov_buf_addf(&path, "%s/cprov-wim-XXXXXX", folder && *folder ? folder : "/tmp");
    if (cprov_buf_check(&path, "TMPDIR", err) < 0)
        return err->code;
    auto_fd int fd = mkstemp(path.ptr);
    if (fd < 0)
        return cprov_fail_os(err, errno, "%s", path.ptr);
    int code = write_extract(fd, header, xml, err);
    if (code == 0) {
        int rc = open_quietly(path.ptr, out);

        if (rc == WIMLIB_ERR_NOMEM)
            code = cprov_fail_memory(err);
        else if (rc != 0)
            code = cprov_fail(err, CPROV_EVERIFY, "damaged WIM file: %s",
                              wimlib.get_error_string((enum wimlib_error_code)rc));
    }
    unlink(path.ptr);
    return code;
}

/* --- what the description says --- */

/* A property of the first image; "" when it is not there. */
static struct cprov_span property(const WIMStruct *wim, const char *name)
{
    return cprov_span_of(wimlib.get_image_property(wim, 1, name));
}

static const char *text_property(const WIMStruct *wim, const char *name, struct cprov_arena *arena)
{
    struct cprov_span text = property(wim, name);

    return cprov_arena_text(arena, cprov_span_is_utf8(text) ? text : (struct cprov_span){ "", 0 });
}

/* MAJOR.MINOR.BUILD.SPBUILD; what stands behind the build may be missing. */
static int read_version(const WIMStruct *wim, struct cprov_arena *arena, struct cprov_wim *w,
                        struct cprov_error *err)
{
    static const char *const names[] = { "WINDOWS/VERSION/MAJOR", "WINDOWS/VERSION/MINOR",
                                         "WINDOWS/VERSION/BUILD", "WINDOWS/VERSION/SPBUILD" };
    uint64_t part[CPROV_COUNT(names)];

    for (size_t i = 0; i < CPROV_COUNT(names); i++) {
        struct cprov_span text = property(wim, names[i]);

        part[i] = 0;
        if (text.len == 0 && i == 3)
            continue;
        if (text.len == 0)
            return cprov_fail(err, CPROV_EVERIFY, "the WIM file has no version: %s is missing",
                              names[i]);
        if (!cprov_span_u64(text, &part[i]) || part[i] > UINT32_MAX)
            return cprov_fail(err, CPROV_EVERIFY, "%s of the WIM file is '%.32s'", names[i],
                              text.ptr);
    }
    w->version = cprov_arena_textf(arena, "%" PRIu64 ".%" PRIu64 ".%" PRIu64 ".%" PRIu64, part[0],
                                   part[1], part[2], part[3]);
    return 0;
}

/* The numbers of PROCESSOR_ARCHITECTURE_*. */
static const char *architecture_of(struct cprov_span number)
{
    static const struct {
        const char *number, *name;
    } known[] = { { "0", "386" }, { "5", "arm" }, { "9", "amd64" }, { "12", "arm64" } };

    for (size_t i = 0; i < CPROV_COUNT(known); i++)
        if (cprov_span_is(number, known[i].number))
            return known[i].name;
    return "";
}

/* "0x01D2A3B4" */
static bool hex_number(struct cprov_span text, uint64_t *out)
{
    uint64_t n = 0;

    if (!cprov_span_starts_with(text, "0x") || text.len < 3 || text.len > 10)
        return false;
    for (size_t i = 2; i < text.len; i++) {
        int digit = cprov_hex_value(cprov_lower(text.ptr[i]));

        if (digit < 0)
            return false;
        n = n << 4 | (uint64_t)digit;
    }
    *out = n;
    return true;
}

/* Ticks of 100 ns since 1601. */
static const char *read_created(const WIMStruct *wim, struct cprov_arena *arena)
{
    char text[CPROV_TIME_TEXT_MAX] = "";
    uint64_t high, low;

    if (hex_number(property(wim, "CREATIONTIME/HIGHPART"), &high) &&
        hex_number(property(wim, "CREATIONTIME/LOWPART"), &low) && high < INT32_MAX)
        cprov_time_format((int64_t)((high << 32 | low) / 10000000) - INT64_C(11644473600), text);
    return cprov_arena_text(arena, cprov_span_of(text));
}

static int read_properties(const WIMStruct *wim, struct cprov_arena *arena, struct cprov_wim *w,
                           struct cprov_error *err)
{
    auto_buf struct cprov_buf platform = { 0 };

    if (read_version(wim, arena, w, err) < 0)
        return err->code;
    w->image_name = text_property(wim, "NAME", arena);
    w->description = text_property(wim, "DESCRIPTION", arena);
    w->created = read_created(wim, arena);
    w->architecture = architecture_of(property(wim, "WINDOWS/ARCH"));
    cprov_buf_init(&platform, CPROV_KIB);
    cprov_platform_format(&(struct cprov_platform){ .os = "windows",
                                                    .architecture = w->architecture,
                                                    .variant = "",
                                                    .os_version = w->version ? w->version : "" },
                          &platform);
    w->platform = cprov_arena_text(arena, cprov_buf_span(&platform));
    return cprov_arena_check(arena, err);
}

int cprov_wim_describe(const uint8_t header[CPROV_WIM_HEADER], uint64_t file_size,
                       struct cprov_span xml, struct cprov_arena *arena, struct cprov_wim *out,
                       struct cprov_error *err)
{
    struct cprov_wim_parts parts = { 0 };
    CPROV_CLEANUP(free_wim) WIMStruct *wim = NULL;

    if (cprov_wim_header(header, file_size, &parts, err) < 0)
        return err->code;
    if (parts.images != 1 && parts.images != 2)
        return cprov_fail(err, CPROV_EVERIFY,
                          "the WIM file contains an unexpected number of images (%" PRIu32 ")",
                          parts.images);
    if (xml.len != parts.xml_size)
        return cprov_fail(err, CPROV_EVERIFY, "the description of the WIM file is cut off");
    if (cprov_library_load(&library, err) < 0 || open_extract(header, xml, &wim, err) < 0)
        return err->code;

    struct cprov_wim w = { .bytes = file_size, .images = parts.images };
    if (read_properties(wim, arena, &w, err) < 0)
        return err->code;
    *out = w;
    return 0;
}

#else

int cprov_wim_describe(const uint8_t header[CPROV_WIM_HEADER], uint64_t file_size,
                       struct cprov_span xml, struct cprov_arena *arena, struct cprov_wim *out,
                       struct cprov_error *err)
{
    (void)header;
    (void)file_size;
    (void)xml;
    (void)arena;
    (void)out;
    cprov_fail(err, CPROV_EUNSUPPORTED, "this program was built without wimlib");
    cprov_hint(err, CPROV_HINT_BUILD_WITH_WIMLIB);
    return CPROV_EUNSUPPORTED;
}

#endif

int cprov_wim_read(int fd, struct cprov_arena *arena, struct cprov_wim *out,
                   struct cprov_error *err)
{
    auto_buf struct cprov_buf xml = { 0 };
    uint8_t header[CPROV_WIM_HEADER];
    struct cprov_wim_parts parts = { 0 };
    char piece[16 * 1024];
    struct stat st;
    size_t got;

    if (fstat(fd, &st) < 0)
        return cprov_fail_os(err, errno, "WIM file");
    if (cprov_fs_read_at(fd, header, sizeof(header), 0, &got, err) < 0)
        return err->code;
    if (got < sizeof(header))
        return cprov_fail(err, CPROV_EVERIFY, "not a WIM file");
    if (cprov_wim_header(header, (uint64_t)st.st_size, &parts, err) < 0)
        return err->code;
    cprov_buf_init(&xml, CPROV_WIM_XML_MAX);
    while (xml.len < parts.xml_size) {
        size_t left = parts.xml_size - xml.len;

        if (cprov_fs_read_at(fd, piece, left < sizeof(piece) ? left : sizeof(piece),
                             (off_t)(parts.xml_offset + xml.len), &got, err) < 0)
            return err->code;
        cprov_buf_add(&xml, piece, got);
        if (got == 0 || xml.failed)
            break;
    }
    if (cprov_buf_check(&xml, "the description of a WIM file", err) < 0)
        return err->code;
    return cprov_wim_describe(header, (uint64_t)st.st_size, cprov_buf_span(&xml), arena, out, err);
}
