/* provider/find/file.c - what one file says of itself: on this machine, or on a web server. */
#include "provider/find/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/wim.h"
#include "base/limits.h"
#include "base/version.h"
#include "catalog/source/local_place.h"
#include "net/url.h"
#include "registry/range_read.h"

/* `location`: where the file is, as it may be shown. */
static void emit(struct cprov_session *s, const char *location, const struct cprov_entry *e)
{
    char digest[CPROV_DIGEST_TEXT_MAX] = "", full[CPROV_ITEM_TEXT_MAX];
    struct cprov_item item;

    cprov_item_of_entry(e, &item);
    item.source = item.location = location;
    if (e->digest)
        item.digest = cprov_digest_format(e->digest, digest);
    cprov_full_name(item.publisher, item.name, item.version, full);
    item.full_name = full;
    cprov_item_emit(s, &item);
}

/* "/mnt/NanoServer.wim" → "NanoServer" */
static const char *wim_name(struct cprov_session *s, struct cprov_span path)
{
    path = cprov_span_from(
        path, cprov_span_find_last(path, '/') < path.len ? cprov_span_find_last(path, '/') + 1 : 0);
    if (cprov_span_ends_with_nocase(path, ".wim"))
        path.len -= 4;
    const char *name = cprov_arena_text(&s->call, path);
    return name ? name : "";
}

static void emit_wim(struct cprov_session *s, const char *location, const struct cprov_wim *wim)
{
    emit(s, location,
         &(struct cprov_entry){ .name = wim_name(s, cprov_span_of(location)),
                                .version = wim->version,
                                .description = wim->description,
                                .created = wim->created,
                                .platforms = wim->platform,
                                .os_version = wim->version,
                                .media_type = CPROV_WIM_TYPE,
                                .bytes = wim->bytes,
                                .is_os = true });
}

/* --- on this machine --- */

struct file_listing {
    struct cprov_session *s;
    const char *path;
    int code;
    struct cprov_error err;
};

static int on_entry(void *arg, const struct cprov_entry *entry, struct cprov_error *err)
{
    struct file_listing *l = arg;

    (void)err;
    if (!cprov_version_is_attachment(cprov_span_of(entry->version)))
        emit(l->s, l->path, entry);
    return 0;
}

static void on_listed(void *arg, int code, bool unchanged, const char *validator,
                      const struct cprov_error *err)
{
    struct file_listing *l = arg;

    (void)unchanged;
    (void)validator;
    l->code = code;
    if (code < 0)
        l->err = *err;
}

static void on_warning(void *arg, const char *sentence)
{
    struct file_listing *l = arg;

    cprov_say(l->s, CPROV_MSG_WARNING, "%s", sentence);
}

static int list_images(struct cprov_session *s, const char *path, const char *type,
                       struct cprov_error *err)
{
    struct cprov_source source = { .name = path, .file = "" };
    struct file_listing l = { .s = s, .path = path };
    struct cprov_import import = {
        .entry = on_entry, .done = on_listed, .warning = on_warning, .arg = &l
    };
    struct cprov_place place;
    const char *full, *kind;

    /* "./x": also a name without a slash is a path here */
    const char *location = *path == '/' ? path : cprov_arena_textf(&s->call, "./%s", path);
    if (!location)
        return cprov_fail_memory(err);
    if (cprov_local_location(location, type, &s->call, &full, &kind, err) < 0)
        return err->code;
    source.location = full;
    source.type = kind;
    if (cprov_place_init(&source, cprov_kinds, &place, err) < 0 ||
        place.kind->import(NULL, &place, &import, err) < 0)
        return err->code;
    if (l.code < 0)
        *err = l.err;
    return l.code;
}

int cprov_find_file(struct cprov_session *s, const char *path, struct cprov_error *err)
{
    char magic[6];
    struct cprov_wim wim = { 0 };
    struct stat st;
    size_t got = 0;

    if (cprov_span_starts_with(cprov_span_of(path), "file://"))
        path += strlen("file://");
    auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0)
        return cprov_fail_os(err, errno, "%s", path);
    if (S_ISDIR(st.st_mode))
        return list_images(s, path, NULL, err);
    if (!S_ISREG(st.st_mode))
        return cprov_fail(err, CPROV_EVERIFY, "%s: not a folder or a file", path);
    if (cprov_fs_read_at(fd, magic, sizeof(magic), 0, &got, err) < 0)
        return cprov_wrap(err, "%s", path);
    bool is_wim = got == sizeof(magic) && memcmp(magic, "MSWIM\0", sizeof(magic)) == 0;
    struct cprov_span name = cprov_span_of(path);
    bool called_wim = cprov_span_ends_with_nocase(name, ".wim");
    if (!is_wim && !called_wim)
        return list_images(s, path, cprov_source_archive.type, err);
    if (cprov_wim_read(fd, &s->call, &wim, err) < 0)
        return cprov_wrap(err, "%s", path);
    emit_wim(s, path, &wim);
    return 0;
}

/* --- on a web server --- */

struct file_piece {
    int code;
    bool ranges;
    uint64_t total;
    struct cprov_buf bytes;
    struct cprov_error err;
};

static void on_piece(void *arg, int code, const struct cprov_range_answer *answer,
                     const struct cprov_error *err)
{
    struct file_piece *p = arg;

    p->code = code;
    if (code < 0) {
        p->err = *err;
        return;
    }
    p->ranges = answer->ranges;
    p->total = answer->total;
    cprov_buf_add_span(&p->bytes, answer->bytes);
}

static int read_piece(struct cprov_session *s, const char *url, uint64_t offset, size_t len,
                      struct file_piece *p, struct cprov_error *err)
{
    struct cprov_client *client;

    cprov_buf_reset(&p->bytes);
    if (cprov_session_client(s, &client, err) < 0 ||
        cprov_client_read_range(client, url, offset, len, on_piece, p, err) < 0 ||
        cprov_client_run(client, NULL, err) < 0)
        return err->code;
    if (p->code < 0) {
        *err = p->err;
        return p->code;
    }
    if (!p->ranges)
        return cprov_fail(err, CPROV_EUNSUPPORTED,
                          "the server does not support ranges; save the file first");
    if (p->bytes.len != len)
        return cprov_fail(err, CPROV_EVERIFY, "not a WIM file, or incomplete");
    return cprov_buf_check(&p->bytes, "answer", err);
}

static int read_uri(struct cprov_session *s, const char *url, struct file_piece *p,
                    struct cprov_wim *wim, struct cprov_error *err)
{
    uint8_t header[CPROV_WIM_HEADER];
    struct cprov_wim_parts parts;

    if (read_piece(s, url, 0, CPROV_WIM_HEADER, p, err) < 0)
        return err->code;
    memcpy(header, p->bytes.ptr, sizeof(header));
    uint64_t total = p->total ? p->total : INT64_MAX; /* the server need not tell */
    if (cprov_wim_header(header, total, &parts, err) < 0 ||
        read_piece(s, url, parts.xml_offset, parts.xml_size, p, err) < 0 ||
        cprov_wim_describe(header, total, cprov_buf_span(&p->bytes), &s->call, wim, err) < 0)
        return err->code;
    if (total == INT64_MAX)
        wim->bytes = 0;
    return 0;
}

int cprov_find_uri(struct cprov_session *s, const char *url, struct cprov_error *err)
{
    auto_buf struct cprov_buf shown = { 0 };
    struct file_piece p = { 0 };
    struct cprov_wim wim = { 0 };
    struct cprov_url u;

    if (cprov_span_starts_with(cprov_span_of(url), "file://"))
        return cprov_find_file(s, url, err);
    if (cprov_url_parse(cprov_span_of(url), &u, err) < 0)
        return cprov_wrap(err, "URI");
    cprov_buf_init(&shown, CPROV_URL_MAX);
    cprov_url_shown(cprov_span_of(url), &shown);
    cprov_buf_init(&p.bytes, CPROV_RANGE_MAX);
    int code = read_uri(s, url, &p, &wim, err);
    cprov_buf_clear(&p.bytes);
    if (code < 0)
        return code;
    emit_wim(s, cprov_buf_text(&shown), &wim);
    return 0;
}
