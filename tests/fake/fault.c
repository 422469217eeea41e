/* Faults: which request they spoil, and how. */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void fake_fault_read(struct fake_words *w)
{
    struct fake_fault *f = fake_alloc(sizeof(*f));
    const char *at;

    f->glob = fake_word(w, 1, "path pattern");
    f->method = fake_word(w, 2, "method");
    at = fake_option(w, "at");
    f->at = !at ? 0 : strcmp(at, "other") == 0 ? 2 : 1;
    f->skip = fake_number(w, "skip", 0);
    f->count = fake_number(w, "count", UINT64_MAX);
    f->ranged = fake_flag(w, "ranged");
    f->status = (int)fake_number(w, "status", 0);
    f->retry_after = fake_option(w, "retry-after");
    f->redirect = fake_option(w, "redirect");
    f->encoding = fake_option(w, "encoding");
    f->type = fake_option(w, "type");
    f->header = fake_option(w, "header");
    f->body = fake_option(w, "body");
    f->etag = fake_option(w, "etag");
    f->cut = fake_option(w, "cut");
    f->extra = fake_option(w, "extra");
    f->shorten = fake_option(w, "short");
    f->stall_at = fake_option(w, "stall-at");
    f->stall_ms = fake_millis(w, "stall");
    f->delay_ms = fake_millis(w, "delay");
    f->rate = fake_number(w, "rate", 0);
    f->corrupt = fake_flag(w, "corrupt");
    f->no_range = fake_flag(w, "no-range");
    f->bad_content_range = fake_flag(w, "bad-content-range");
    f->no_content_range = fake_flag(w, "no-content-range");
    f->no_digest = fake_flag(w, "no-digest-header");
    f->lie_digest = fake_flag(w, "lie-digest");
    f->html = fake_flag(w, "html");
    f->garbage = fake_flag(w, "garbage");
    f->close = fake_flag(w, "close");
    f->no_length = fake_flag(w, "no-length");
    fake_list_add(&fake.faults, f);
}

/* "@REPO:TAG/layer/2" → "/v2/REPO/blobs/sha256:..." */
static const char *resolved(const char *glob)
{
    char *place = fake_copy(glob + 1), *slash = strrchr(place, '/'), *end;
    const struct fake_image *image;
    const struct fake_blob *blob;
    struct fake_repo *repo;
    uint64_t number = 0;

    if (!slash)
        fake_die("fault: %s", glob);
    if (cprov_span_u64(cprov_span_of(slash + 1), &number)) {
        *slash = '\0';
        slash = strrchr(place, '/');
        if (!slash || strcmp(slash, "/layer") != 0)
            fake_die("fault: %s", glob);
    }
    end = slash;
    *end = '\0';
    image = fake_image_at(place, &repo);
    if (number && number <= image->layers.count)
        blob = image->layers.item[number - 1];
    else
        blob = strcmp(end + 1, "config") == 0 ? image->config : image->manifest;
    return fake_format("/v2/%s/%s/%s", repo->name, blob == image->manifest ? "manifests" : "blobs",
                       blob->digest);
}

void fake_faults_resolve(void)
{
    for (size_t i = 0; i < fake.faults.count; i++) {
        struct fake_fault *f = fake.faults.item[i];

        if (f->glob[0] == '@')
            f->glob = resolved(f->glob);
    }
}

static bool matches(const struct fake_fault *f, const struct fake_request *q)
{
    return fake_glob(f->glob, q->path) && fake_glob(f->method, q->method) &&
           (f->at == 0 || (f->at == 2) == q->other) && (!f->ranged || q->range);
}

const struct fake_fault *fake_fault_for(const struct fake_request *q)
{
    const struct fake_fault *hit = NULL;

    pthread_mutex_lock(&fake.lock);
    for (size_t i = 0; i < fake.faults.count && !hit; i++) {
        struct fake_fault *f = fake.faults.item[i];

        if (!matches(f, q))
            continue;
        f->hits++;
        if (f->hits > f->skip && f->hits - f->skip <= f->count)
            hit = f;
    }
    pthread_mutex_unlock(&fake.lock);
    return hit;
}

/* --- what the answer says --- */

static void apply_retry_after(const struct fake_fault *f, struct fake_reply *p)
{
    char date[64];
    struct tm tm;
    time_t then = time(NULL) + 1;

    if (!f->retry_after)
        return;
    if (strcmp(f->retry_after, "absurd") == 0) {
        fake_reply_header(p, "Retry-After: 99999999999999999999");
    } else if (strcmp(f->retry_after, "date") == 0) {
        if (!gmtime_r(&then, &tm) ||
            !strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm))
            fake_die("date");
        fake_reply_header(p, "Retry-After: %s", date);
    } else {
        fake_reply_header(p, "Retry-After: %s", f->retry_after);
    }
}

/* other: the same path at the other port, signed. chain:N: N hops, then the thing itself. */
static void apply_redirect(const struct fake_fault *f, const struct fake_request *q,
                           struct fake_reply *p)
{
    const char *hop = fake_query(q, "hop");
    uint64_t done = 0, want = 0;

    if (q->other || (hop && !cprov_span_u64(cprov_span_of(hop), &done)))
        return;
    if (strncmp(f->redirect, "chain:", 6) == 0) {
        want = fake_bytes_of(f->redirect + 6);
        if (done >= want)
            return;
        fake_reply_header(p, "Location: %s?hop=%d", q->path, (int)done + 1);
    } else if (strcmp(f->redirect, "loop") == 0) {
        fake_reply_header(p, "Location: %s", q->path);
    } else if (strcmp(f->redirect, "endless") == 0) {
        fake_reply_header(p, "Location: %s?hop=%d", q->path, (int)done + 1);
    } else if (strcmp(f->redirect, "other") == 0) {
        fake_reply_header(p, "Location: %s://%s%s?sig=SECRET-signature&X-Amz-Credential=SECRET",
                          fake.other_scheme, fake.other_host, q->path);
    } else {
        fake_reply_header(p, "Location: %s", f->redirect);
    }
    fake_reply_body(p, f->status ? f->status : 307, "text/plain");
}

static void apply_body(const struct fake_fault *f, struct fake_reply *p)
{
    if (f->html)
        cprov_buf_add_text(&p->body, "<!DOCTYPE html><html><body>Sign in</body></html>\n");
    else if (f->garbage)
        cprov_buf_add_text(&p->body, "{\"schemaVersion\":2,\"layers\":[{\"digest\":\x01\xff");
    else
        cprov_buf_add_text(&p->body, f->body);
    fake_reply_body(p, f->status ? f->status : 200,
                    f->type   ? f->type
                    : f->html ? "text/html"
                              : p->type);
}

void fake_fault_apply(const struct fake_fault *f, const struct fake_request *q,
                      struct fake_reply *p)
{
    static unsigned versions;

    if (f->redirect)
        apply_redirect(f, q, p);
    else if (f->html || f->garbage || f->body)
        apply_body(f, p);
    else if (f->status)
        fake_reply_error(p, f->status, f->status == 429 ? "TOOMANYREQUESTS" : "UNKNOWN");
    apply_retry_after(f, p);
    if (f->type)
        p->type = f->type;
    if (f->header)
        fake_reply_header(p, "%s", f->header);
    if (f->encoding)
        fake_reply_header(p, "Content-Encoding: %s", f->encoding);
    if (f->no_range)
        p->ranges = false;
    if (f->no_digest)
        p->digest = NULL;
    if (f->lie_digest)
        p->digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    if (f->etag && strcmp(f->etag, "change") == 0)
        snprintf(p->etag, sizeof(p->etag), "\"v%u\"", __atomic_add_fetch(&versions, 1, 5));
    else if (f->etag)
        snprintf(p->etag, sizeof(p->etag), "%s", f->etag);
}

/* --- how its bytes go out --- */

/* "40%" of len, or a number. */
static uint64_t part_of(const char *text, uint64_t len)
{
    struct cprov_span s = cprov_span_of(text);
    uint64_t percent;

    if (!cprov_span_ends_with(s, "%"))
        return fake_bytes_of(text);
    s.len--;
    return cprov_span_u64(s, &percent) ? len / 100 * percent + len % 100 * percent / 100 : 0;
}

void fake_shape_of(const struct fake_fault *f, uint64_t len, struct fake_shape *out)
{
    *out = (struct fake_shape){ .declared = len, .cut = UINT64_MAX };
    if (!f)
        return;
    if (f->cut)
        out->cut = part_of(f->cut, len);
    if (f->extra)
        out->declared = len + part_of(f->extra, len);
    if (f->shorten) {
        uint64_t less = part_of(f->shorten, len);

        out->declared = less < len ? len - less : 0;
    }
    if (f->no_length)
        out->declared = UINT64_MAX;
    out->stall_ms = f->stall_ms;
    out->stall_at = f->stall_at ? part_of(f->stall_at, len) : len / 2;
    out->rate = f->rate;
    out->corrupt = f->corrupt;
}
