/* provider/save_file.c - a file that a source lists, and no image, brought to a path. */
#include "provider/save_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "net/redirect.h"
#include "provider/progress.h"
#include "provider/staging.h"
#include "provider/transfer.h"
#include "registry/blob_queue.h"
#include "registry/range_read.h"
#include "store/blobs.h"

#define PIECE (32 * CPROV_KIB)

/* One file on its way. */
struct job {
    struct cprov_session *s;
    struct cprov_target *target;
    const char *path;
    const char *partial; /* the folder path.partial */
    const char *item;
};

static bool is_on_disk(const char *url)
{
    return cprov_span_starts_with(cprov_span_of(url), "file://");
}

const char *cprov_file_ending(struct cprov_session *s, const char *url)
{
    struct cprov_span text = cprov_span_of(url);
    size_t dot;

    text.len = cprov_span_find(text, '#');
    text.len = cprov_span_find(text, '?');
    text = cprov_span_from(text, cprov_span_find_last(text, '/') + 1);
    dot = cprov_span_find_last(text, '.');
    if (dot > 4 && dot < text.len && cprov_span_ends_with(cprov_span_make(text.ptr, dot), ".tar"))
        dot -= strlen(".tar");
    text = cprov_span_from(text, dot);
    for (size_t i = 0; i < text.len; i++)
        if (text.len > 16 || (!cprov_is_alnum(text.ptr[i]) && text.ptr[i] != '.'))
            return "";
    const char *ending = text.len > 1 ? cprov_arena_text(&s->call, text) : NULL;
    return ending ? ending : "";
}

/* "host/path": without scheme, query and login. */
static const char *shown(const struct job *j)
{
    auto_buf struct cprov_buf what = { 0 };

    if (is_on_disk(j->target->url))
        return j->target->url + strlen("file://");
    cprov_buf_init(&what, CPROV_URL_MAX);
    cprov_file_what(j->target->url, &what);
    const char *text =
        cprov_arena_text(&j->s->call, cprov_span_from(cprov_buf_span(&what), strlen("file ")));
    return text ? text : "";
}

static bool is_missing(int code, const struct cprov_error *err)
{
    return code < 0 && (code == CPROV_ENOTFOUND || err->http == 404 || err->http == 410);
}

static int no_longer_there(const struct job *j, int code, struct cprov_error *err)
{
    int http = err->http;

    if (!is_missing(code, err))
        return code;
    *err = (struct cprov_error)CPROV_ERROR_INIT;
    err->http = http;
    return cprov_fail(err, CPROV_ENETWORK, "listed, but %s does not have it", shown(j));
}

/* What comes from elsewhere has no say over files here. */
static bool may_name_files(const struct cprov_source *source)
{
    struct cprov_span location = cprov_span_of(source ? source->location : NULL);

    return cprov_span_starts_with(location, "/") || cprov_span_starts_with(location, "file://");
}

/* A public catalog must not send us to a server of our own network, nor to plain http. One in a
 * registry has no scheme in its location: it is https, but on the loopback. */
static int check_url(const struct job *j, struct cprov_error *err)
{
    const struct cprov_source *source = j->target->source;
    auto_buf struct cprov_buf text = { 0 };
    struct cprov_url from, to;
    struct cprov_place place;
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (cprov_url_parse(cprov_span_of(j->target->url), &to, err) < 0)
        return cprov_wrap_as(err, CPROV_EVERIFY, "the URL in the source");
    if (!source || may_name_files(source) ||
        cprov_place_init(source, cprov_kinds, &place, &ignored) < 0 || place.kind->local)
        return 0;
    cprov_buf_init(&text, CPROV_URL_MAX);
    if (!strstr(source->location, "://"))
        cprov_buf_add_text(
            &text, cprov_host_is_loopback(cprov_span_of(place.base.host)) ? "http://" : "https://");
    cprov_buf_add_text(&text, strstr(source->location, "://") ? source->location : place.base.host);
    if (cprov_url_parse(cprov_buf_span(&text), &from, err) < 0)
        return cprov_wrap(err, "source '%s'", source->name);
    return cprov_redirect_check(&from, &to, j->s->options.allow_http, err);
}

/* --- the size, where the source does not tell it --- */

struct size_answer {
    int code;
    uint64_t total;
    struct cprov_error err;
};

static void on_size(void *arg, int code, const struct cprov_range_answer *answer,
                    const struct cprov_error *err)
{
    struct size_answer *a = arg;

    a->code = code;
    if (code < 0)
        a->err = *err;
    else
        a->total = answer->total;
}

static int ask_size(const struct job *j, struct cprov_client *client, struct cprov_error *err)
{
    struct size_answer a = { 0 };

    if (j->target->bytes > 0)
        return 0;
    if (cprov_client_read_range(client, j->target->url, 0, 1, on_size, &a, err) < 0 ||
        cprov_client_run(client, NULL, err) < 0)
        return err->code;
    if (a.code < 0) {
        *err = a.err;
        return a.code;
    }
    if (a.total == 0)
        return cprov_fail(err, CPROV_EUNSUPPORTED, "%s: the server does not report its size",
                          shown(j));
    j->target->bytes = a.total;
    return 0;
}

/* --- as a blob of a store of its own --- */

/* After a crash the file has its name, or has it not: the folder is flushed. */
static int sync_folder(const struct job *j, struct cprov_error *err)
{
    const char *slash = strrchr(j->path, '/');
    size_t len = slash == j->path ? 1 : slash ? (size_t)(slash - j->path) : 0;
    const char *folder = len ? cprov_arena_text(&j->s->call, cprov_span_make(j->path, len)) : ".";
    auto_fd int fd = -1;

    if (!folder)
        return cprov_fail_memory(err);
    if (cprov_fs_open_dir(AT_FDCWD, folder, &fd, err) < 0)
        return err->code;
    return cprov_fs_sync_dir(fd, err);
}

/* Gives the file its name. What is opened without following has the mode changed, and no other. */
static int finish_path(const struct job *j, const char *from, struct cprov_error *err)
{
    auto_fd int fd = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return cprov_fail_os(err, errno, "%s", from);
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
        return cprov_fail(err, CPROV_EREFUSED, "%s changed after it was written", from);
    if (fchmod(fd, 0644) < 0 || rename(from, j->path) < 0)
        return cprov_fail_os(err, errno, "%s", j->path);
    return sync_folder(j, err);
}

static int take_blob(const struct job *j, struct cprov_store *store, struct cprov_error *err)
{
    char hex[CPROV_DIGEST_TEXT_MAX];
    const struct cprov_digest *digest = &j->target->reference.digest;
    const char *blob =
        cprov_arena_textf(&j->s->call, "%s/blobs/%s/%s", cprov_store_root(store),
                          cprov_digest_algo_name(digest->algo), cprov_digest_hex(digest, hex));

    return blob ? finish_path(j, blob, err) : cprov_fail_memory(err);
}

/* Of bytes from elsewhere, of this machine. */
static int fetch(const struct job *j, struct cprov_store *store, const struct cprov_descriptor *d,
                 struct cprov_digest *found, struct cprov_error *err)
{
    auto_transfer struct cprov_transfer *t = NULL;
    struct cprov_reference at;

    if (cprov_file_reference(j->target->url, &at, err) < 0 ||
        cprov_transfer_new(j->s, store, j->item, &t, err) < 0 ||
        cprov_transfer_add(t, &at, d, j->target->reference.has_digest ? NULL : found, err) < 0)
        return err->code;
    return cprov_transfer_run(t, err);
}

static int copy_pieces(const struct job *j, int from, struct cprov_blob_writer *w,
                       struct cprov_error *err)
{
    struct cprov_meter meter;
    char piece[PIECE];
    size_t got = PIECE;
    int code = 0;

    cprov_meter_init(&meter, "Copying", j->item, "", j->target->bytes);
    for (uint64_t at = 0; got == PIECE && code == 0; at += got) {
        if (cprov_cancelled(&j->s->cancel))
            code = cprov_fail(err, CPROV_ECANCELLED, "interrupted");
        else if (cprov_fs_read_at(from, piece, PIECE, (off_t)at, &got, err) < 0 ||
                 cprov_blob_writer_write(w, at, piece, got, err) < 0)
            code = err->code;
        else
            cprov_meter_set(j->s, &meter, at + got);
    }
    cprov_meter_end(j->s, &meter);
    return code;
}

static int copy(const struct job *j, struct cprov_store *store, struct cprov_descriptor *d,
                struct cprov_digest *found, struct cprov_error *err)
{
    auto_blob_writer struct cprov_blob_writer *w = NULL;
    auto_fd int from = open(j->target->url + strlen("file://"), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;

    if (from < 0 || fstat(from, &st) < 0)
        return cprov_fail_os(err, errno, "%s", shown(j));
    if (!S_ISREG(st.st_mode))
        return cprov_fail(err, CPROV_EVERIFY, "%s is not a regular file", shown(j));
    j->target->bytes = d->size = (uint64_t)st.st_size;
    int code = cprov_blob_writer_open(store, d, 0, &w, err);
    if (code == CPROV_EEXISTS)
        return 0;
    if (code < 0 || (!j->target->reference.has_digest && cprov_blob_writer_accept(w, err) < 0) ||
        cprov_store_need_space(store, d->size, err) < 0 || copy_pieces(j, from, w, err) < 0 ||
        cprov_blob_writer_finish(w, err) < 0)
        return err->code;
    *found = cprov_blob_writer_descriptor(w)->digest;
    return cprov_store_commit(store, &w, 1, err);
}

/* The hash that came out, where the source tells none. */
static void tell_digest(const struct job *j, const struct cprov_digest *found)
{
    char actual[CPROV_DIGEST_TEXT_MAX];

    if (!is_on_disk(j->target->url))
        cprov_say(j->s, CPROV_MSG_WARNING,
                  "%s was not verified: its source has no hash; its hash is %s", j->item,
                  cprov_digest_format(found, actual));
    j->target->reference.digest = *found;
    j->target->reference.has_digest = true;
}

/* Brings the file into the store; its digest is known afterwards. Without one in the source it
 * gathers under that of its URL. */
static int gather(const struct job *j, struct cprov_store *store, struct cprov_error *err)
{
    struct cprov_reference *r = &j->target->reference;
    const char *const urls[] = { j->target->url };
    struct cprov_descriptor d = { .media_type = "",
                                  .digest = r->digest,
                                  .size = j->target->bytes,
                                  .urls = urls,
                                  .urls_count = 1 };
    struct cprov_digest found = { 0 };

    if (!r->has_digest &&
        cprov_digest_of(CPROV_SHA256, cprov_span_of(j->target->url), &d.digest, err) < 0)
        return err->code;
    if ((is_on_disk(j->target->url) ? copy(j, store, &d, &found, err)
                                    : fetch(j, store, &d, &found, err)) < 0)
        return err->code;
    if (!r->has_digest)
        tell_digest(j, &found);
    return 0;
}

static int bring(const struct job *j, struct cprov_error *err)
{
    auto_store struct cprov_store *store = NULL;
    int code = cprov_staging_open(j->s, j->partial, &store, err);

    if (code == 0)
        code = gather(j, store, err);
    if (code == 0)
        code = take_blob(j, store, err);
    cprov_store_close(cprov_steal(&store));
    if (code == 0)
        return cprov_fs_remove_tree(AT_FDCWD, j->partial, err);
    /* Bytes that are wrong, or none, are nothing to resume from, nor is a copy. */
    if (code == CPROV_EVERIFY || is_missing(code, err) || is_on_disk(j->target->url))
        cprov_staging_drop(j->s, j->partial);
    return code;
}

int cprov_save_file(struct cprov_session *s, struct cprov_target *target, const char *path,
                    bool unverified, struct cprov_error *err)
{
    struct job j = { .s = s,
                     .target = target,
                     .path = path,
                     .partial = cprov_arena_textf(&s->call, "%s.partial", path),
                     .item = cprov_name_and_version(s, target->name, target->version) };
    struct cprov_client *client;

    if (!j.partial)
        return cprov_fail_memory(err);
    if (is_on_disk(target->url) && !may_name_files(target->source))
        return cprov_fail(err, CPROV_EVERIFY,
                          "a source on the network refers to a file on this machine");
    if (is_on_disk(target->url))
        return no_longer_there(&j, bring(&j, err), err);
    if (!target->reference.has_digest && !unverified) {
        cprov_fail(err, CPROV_EVERIFY, "the source of %s has no hash", shown(&j));
        cprov_hint(err, CPROV_HINT_ALLOW_UNVERIFIED);
        return CPROV_EVERIFY;
    }
    if (check_url(&j, err) < 0 || cprov_session_client(s, &client, err) < 0)
        return err->code;
    cprov_say(s, CPROV_MSG_VERBOSE, "Downloading %s to %s", shown(&j), path);
    int code = ask_size(&j, client, err);
    return no_longer_there(&j, code < 0 ? code : bring(&j, err), err);
}
