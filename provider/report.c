/* provider/report.c - speaking to the caller: failures, messages, items. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/outfile.h"
#include "base/text.h"
#include "provider/session.h"

#include <pwd.h>
#include <unistd.h>

/*
 * The doors by which texts leave: what a server says may hold what it was sent, and what people
 * write may hold a login.
 */
void cprov_session_hide(const struct cprov_session *s, char *text)
{
    cprov_secrets_hide(s->secrets, text);
    cprov_text_hide_login(text);
}

void cprov_report(struct cprov_session *s, const char *target, const struct cprov_error *told)
{
    struct cprov_error shown = *told, *err = &shown;
    auto_buf struct cprov_buf name = { 0 };
    char hint[CPROV_HINT_SENTENCE_MAX];

    if (!s->callbacks.error)
        return;
    cprov_session_hide(s, shown.msg);
    cprov_session_hide(s, shown.about);
    cprov_buf_init(&name, CPROV_URL_MAX);
    cprov_buf_add_text(&name, target);
    if (name.ptr)
        cprov_session_hide(s, name.ptr);
    s->callbacks.error(
        s->callbacks.arg,
        &(struct cprov_failure){ .size = sizeof(struct cprov_failure),
                                 .result = err->code,
                                 .id = cprov_code_id(err->code),
                                 .category = cprov_code_category(err->code),
                                 .target = name.ptr ? name.ptr : "",
                                 .message = err->msg,
                                 .hint = cprov_hint_sentence(err->hint, NULL, err->about, hint),
                                 .hint_id = cprov_hint_name(err->hint),
                                 .hint_about = err->about });
}

int cprov_session_end(struct cprov_session *s, int code, const char *target,
                      const struct cprov_error *err)
{
    struct cprov_error late = CPROV_ERROR_INIT;

    if (err && code == CPROV_ECANCELLED && s->deadline_ms && cprov_clock_ms() > s->deadline_ms) {
        code = cprov_fail(&late, CPROV_ENETWORK, "the time-out of %.3g s was exceeded",
                          (double)s->options.timeout_ms / 1000);
        err = &late;
    }
    if (err && code < 0)
        cprov_report(s, target, err);
    s->callbacks = (struct cprov_callbacks){ 0 };
    return code;
}

void cprov_say(struct cprov_session *s, enum cprov_message_level level, const char *format, ...)
{
    auto_buf struct cprov_buf text = { 0 };
    va_list args;

    if (!s->callbacks.message)
        return;
    cprov_buf_init(&text, CPROV_URL_MAX);
    va_start(args, format);
    cprov_buf_vaddf(&text, format, args);
    va_end(args);
    if (text.ptr)
        cprov_session_hide(s, text.ptr);
    s->callbacks.message(s->callbacks.arg, level, cprov_buf_text(&text));
}

static void write_event(struct cprov_buf *line, const char *action, const char *image,
                        const char *digest)
{
    struct cprov_json_writer w;
    char now[CPROV_TIME_TEXT_MAX], storage[1024];
    struct passwd entry, *found = NULL;

    cprov_json_writer_init(&w, line, 0);
    cprov_json_begin_object(&w);
    cprov_json_member(&w, "Time", cprov_time_format(cprov_time_now(), now));
    cprov_json_key(&w, "Uid");
    cprov_json_number(&w, getuid());
    if (getpwuid_r(getuid(), &entry, storage, sizeof(storage), &found) == 0 && found)
        cprov_json_member(&w, "User", found->pw_name);
    cprov_json_member(&w, "Action", action);
    cprov_json_member(&w, "Image", image);
    cprov_json_member(&w, "Digest", digest);
    cprov_json_end_object(&w);
}

static int append_log_file(const char *path, struct cprov_buf *line, struct cprov_error *err)
{
    auto_fd int fd = -1;

    if (cprov_outfile_append(path, &fd, err) < 0)
        return cprov_wrap_as(err, CPROV_EFAIL, "cannot open log file %s", path);
    cprov_buf_add_char(line, '\n');
    return cprov_fs_write_all(fd, line->ptr, line->len, -1, err);
}

void cprov_session_log(struct cprov_session *s, struct cprov_store *store, const char *action,
                       const char *image, const char *digest)
{
    auto_buf struct cprov_buf line = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_buf_init(&line, CPROV_URL_MAX);
    write_event(&line, action, image, digest);
    int code = cprov_buf_check(&line, "log line", &err);
    if (code == 0 && store)
        code = cprov_store_log(store, cprov_buf_span(&line), &err);
    if (code == 0 && s->options.log_file)
        code = append_log_file(s->options.log_file, &line, &err);
    if (code < 0)
        cprov_say(s, CPROV_MSG_WARNING, "the event was not logged: %s", err.msg);
}

/* --- items --- */

void cprov_item_emit(struct cprov_session *s, const struct cprov_item *item)
{
    if (s->callbacks.item)
        s->callbacks.item(s->callbacks.arg, item);
}

void cprov_full_name(const char *publisher, const char *name, const char *version,
                     char out[CPROV_ITEM_TEXT_MAX])
{
    uint64_t n[4];
    const char *cn = *publisher == '\0' || strncmp(publisher, "CN=", 3) == 0 ? "" : "CN=";
    int len;

    if (cprov_version_numbers(cprov_span_of(version), n))
        len = snprintf(out, CPROV_ITEM_TEXT_MAX, "%s%s_%s_%llu.%llu.%llu.%llu", cn, publisher, name,
                       (unsigned long long)n[0], (unsigned long long)n[1], (unsigned long long)n[2],
                       (unsigned long long)n[3]);
    else
        len = snprintf(out, CPROV_ITEM_TEXT_MAX, "%s%s_%s_%s", cn, publisher, name, version);
    if (len >= CPROV_ITEM_TEXT_MAX)
        memcpy(out + CPROV_ITEM_TEXT_MAX - 4, "...", 4);
}

int cprov_legacy_id(const char *full_name, char out[65], struct cprov_error *err)
{
    auto_hasher struct cprov_hasher *h = NULL;
    uint8_t raw[CPROV_HASH_RAW_MAX];

    if (cprov_hasher_new(CPROV_HASH_SHA384, &h, err) < 0 ||
        cprov_hasher_update(h, full_name, strlen(full_name), err) < 0 ||
        cprov_hasher_finish(h, raw, err) < 0)
        return err->code;
    for (size_t i = 0; i < 32; i++) {
        out[2 * i] = "0123456789abcdef"[raw[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[raw[i] & 15];
    }
    out[64] = '\0';
    return 0;
}
