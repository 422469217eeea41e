/* provider/test.c - cprov_test(): every byte read again, and what is bad fetched again. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "manifest/media_type.h"
#include "provider/change.h"
#include "provider/plan.h"
#include "provider/progress.h"
#include "provider/select.h"
#include "registry/manifest_fetch.h"
#include "store/blobs.h"
#include "store/check.h"
#include "store/restore.h"
#include "store/stand_in.h"

/* A document repaired may show that the blobs it names are bad too: config, layers. */
#define REPAIR_ROUNDS 4

struct bad_blob {
    struct cprov_descriptor descriptor; /* media type in the session's arena */
    const struct cprov_image *image;    /* NULL: no image names it */
    enum cprov_check_kind kind;
    struct bad_blob *next;
};

/* What was found before a repair, told after it. */
struct kept_finding {
    struct cprov_finding finding; /* texts in the call's arena */
    struct cprov_digest digest;
    bool has_digest;
    struct kept_finding *next;
};

struct check {
    struct cprov_session *s;
    const struct cprov_test_options *options;
    void (*found)(void *arg, const struct cprov_finding *finding);
    void *arg;
    struct cprov_store *store;
    struct cprov_images *images;
    bool *selected;
    bool *bad; /* images with a finding */
    struct bad_blob *blobs;
    struct kept_finding *kept, **kept_end; /* with --repair */
    bool quiet;                            /* collect, tell nobody */
    struct cprov_meter meter;
    struct cprov_error memory;
};

static const char *problem_word(enum cprov_check_kind kind)
{
    static const char *const words[] = {
        [CPROV_CHECK_MISSING] = "missing",   [CPROV_CHECK_SIZE] = "size",
        [CPROV_CHECK_DIGEST] = "digest",     [CPROV_CHECK_DIFF_ID] = "diff-id",
        [CPROV_CHECK_DOCUMENT] = "document", [CPROV_CHECK_STRAY] = "stray",
    };

    return words[kind];
}

static void remember(struct check *c, const struct cprov_check_finding *f)
{
    for (const struct bad_blob *b = c->blobs; b; b = b->next)
        if (cprov_digest_equal(&b->descriptor.digest, &f->blob->digest))
            return;
    struct bad_blob *b = cprov_arena_alloc(&c->s->call, 1, sizeof(*b));
    if (!b)
        return;
    *b = (struct bad_blob){
        .descriptor = *f->blob, .image = f->image, .kind = f->kind, .next = c->blobs
    };
    b->descriptor.media_type = cprov_arena_text(&c->s->call, cprov_span_of(f->blob->media_type));
    b->descriptor.urls = NULL; /* they live in the manifest that is being read */
    b->descriptor.urls_count = 0;
    b->descriptor.annotations = NULL;
    b->descriptor.annotations_count = 0;
    b->descriptor.has_data = false;
    c->blobs = b;
}

static void keep_finding(struct check *c, const struct cprov_finding *finding,
                         const struct cprov_digest *digest)
{
    struct kept_finding *k = cprov_arena_alloc(&c->s->call, 1, sizeof(*k));

    if (!k)
        return;
    k->finding = *finding;
    k->finding.blob = cprov_arena_text(&c->s->call, cprov_span_of(finding->blob));
    k->finding.message = cprov_arena_text(&c->s->call, cprov_span_of(finding->message));
    k->has_digest = digest != NULL;
    if (digest)
        k->digest = *digest;
    *c->kept_end = k;
    c->kept_end = &k->next;
}

static void on_found(void *arg, const struct cprov_check_finding *f)
{
    struct check *c = arg;
    char digest[CPROV_DIGEST_TEXT_MAX] = "";

    if (f->image)
        c->bad[f->image - c->images->list] = true;
    if (f->blob) {
        remember(c, f);
        cprov_digest_format(&f->blob->digest, digest);
    }
    struct cprov_finding finding = { .size = sizeof(finding),
                                     .name = f->image ? f->image->name : "",
                                     .version = f->image ? f->image->version : "",
                                     .problem = problem_word(f->kind),
                                     .blob = digest,
                                     .message = f->text };
    if (c->quiet || !c->found)
        return;
    if (c->options->repair)
        keep_finding(c, &finding, f->blob ? &f->blob->digest : NULL);
    else
        c->found(c->arg, &finding);
}

static void on_progress(void *arg, uint64_t done, uint64_t total)
{
    struct check *c = arg;

    c->meter.total = total;
    cprov_meter_set(c->s, &c->meter, done);
}

static int run_check(struct check *c, struct cprov_check_result *result, struct cprov_error *err)
{
    c->blobs = NULL;
    memset(c->bad, 0, c->images->count * sizeof(*c->bad));
    cprov_meter_init(&c->meter, "Verifying", "", "", 0);
    int code = cprov_store_check(
        c->store,
        &(struct cprov_check_request){ .images = c->images,
                                       .selected = c->options->all ? NULL : c->selected,
                                       .limits = { .ratio = c->options->max_ratio },
                                       .found = on_found,
                                       .progress = on_progress,
                                       .arg = c },
        result, err);
    cprov_meter_end(c->s, &c->meter);
    return code;
}

/* --- repair --- */

static bool is_document(const struct cprov_descriptor *d)
{
    return cprov_media_type_document(cprov_span_of(d->media_type)) != CPROV_DOC_UNKNOWN;
}

struct refetch {
    struct cprov_transfer *transfer;
    int code;
    struct cprov_error err;
};

static void on_manifest(void *arg, int code, struct cprov_manifest_answer *answer,
                        const struct cprov_error *err)
{
    struct refetch *r = arg;

    if (code == 0)
        code = cprov_transfer_add_bytes(r->transfer, &answer->descriptor, answer->manifest->raw,
                                        &r->err);
    else
        r->err = *err;
    r->code = code;
}

static int refetch_document(struct check *c, const struct bad_blob *b,
                            const struct cprov_reference *repository, struct cprov_transfer *t,
                            struct cprov_error *err)
{
    struct refetch r = { .transfer = t };
    struct cprov_reference ref = *repository;
    struct cprov_client *client;

    ref.digest = b->descriptor.digest;
    ref.has_digest = true;
    if (cprov_session_client(c->s, &client, err) < 0 ||
        cprov_client_get_manifest(client, &ref, &b->descriptor, on_manifest, &r, err) < 0 ||
        cprov_client_run(client, NULL, err) < 0)
        return err->code;
    if (r.code < 0)
        *err = r.err;
    return r.code;
}

static bool stands_in(const struct bad_blob *b)
{
    const struct cprov_descriptor *d = b->image ? b->image->stand_in : NULL;

    return d && cprov_digest_equal(&d->digest, &b->descriptor.digest);
}

/* A damaged blob is taken out first: the store believes a name under blobs/. */
static int repair_blob(struct check *c, const struct bad_blob *b, struct cprov_transfer *t,
                       struct cprov_error *err)
{
    struct cprov_reference repository;

    if (cprov_store_discard(c->store, &b->descriptor.digest, err) < 0)
        return err->code;          /* a folder in its place counts as missing */
    if (!b->image || stands_in(b)) /* nobody needs it, or it is made here */
        return 0;
    if (cprov_reference_parse(cprov_span_of(b->image->reference), &repository, err) < 0)
        return cprov_wrap_as(err, CPROV_ENOTFOUND, "%s %s has no source to repair from",
                             b->image->name, b->image->version);
    if (is_document(&b->descriptor))
        return refetch_document(c, b, &repository, t, err);
    return cprov_transfer_add(t, &repository, &b->descriptor, NULL, err);
}

static int repair_round(struct check *c, struct cprov_error *err)
{
    auto_transfer struct cprov_transfer *t = NULL;

    if (cprov_transfer_new(c->s, c->store, "repair", &t, err) < 0)
        return err->code;
    for (const struct bad_blob *b = c->blobs; b; b = b->next)
        if (repair_blob(c, b, t, err) < 0)
            return err->code;
    if (cprov_transfer_run(t, err) < 0)
        return err->code;
    for (const struct bad_blob *b = c->blobs; b; b = b->next) {
        struct cprov_image image = b->image ? *b->image : (struct cprov_image){ 0 };

        if (stands_in(b) && cprov_stand_in_put(c->store, &image, &c->s->call, err) < 0)
            return err->code;
    }
    return 0;
}

static bool repairable(const struct check *c)
{
    for (const struct bad_blob *b = c->blobs; b; b = b->next)
        if (b->kind != CPROV_CHECK_STRAY)
            return true;
    return false;
}

static int repair(struct check *c, struct cprov_check_result *result, struct cprov_error *err)
{
    int go = repairable(c) ? cprov_should(c->s,
                                          &(struct cprov_change){ .kind = CPROV_CHANGE_REPAIR_BLOBS,
                                                                  .place = c->s->root,
                                                                  .count = result->bad },
                                          err)
                           : 0;
    if (go <= 0)
        return go;
    for (int round = 0; round < REPAIR_ROUNDS && result->bad > 0 && repairable(c); round++) {
        if (repair_round(c, err) < 0)
            return cprov_wrap(err, "repair");
        c->quiet = true;
        if (run_check(c, result, err) < 0)
            return err->code;
        cprov_session_log(c->s, c->store, "repair", "", "");
    }
    return 0;
}

static bool is_still_bad(const struct check *c, const struct cprov_digest *digest)
{
    for (const struct bad_blob *b = c->blobs; b; b = b->next)
        if (cprov_digest_equal(&b->descriptor.digest, digest))
            return true;
    return false;
}

static void tell_kept(struct check *c)
{
    for (struct kept_finding *k = c->kept; k; k = k->next) {
        k->finding.repaired = k->has_digest && !is_still_bad(c, &k->digest);
        c->found(c->arg, &k->finding);
    }
}

/* --- the verb --- */

static void tell_whole(struct check *c)
{
    struct cprov_item item;
    char digest[CPROV_DIGEST_TEXT_MAX], full[CPROV_ITEM_TEXT_MAX];

    for (size_t i = 0; i < c->images->count; i++) {
        if ((!c->options->all && !c->selected[i]) || c->bad[i])
            continue;
        cprov_item_of_image(&c->images->list[i], &item, digest, full);
        cprov_item_emit(c->s, &item);
    }
}

static void tell_gone(void *arg, const char *name)
{
    struct check *c = arg;

    cprov_say(c->s, CPROV_MSG_WARNING, "%s is lost: its manifest is not in the store", name);
}

static int restore_list(struct check *c, struct cprov_error *err)
{
    struct cprov_restored restored = { .gone = tell_gone, .arg = c };

    if (cprov_store_restore(c->store, &restored, err) < 0)
        return cprov_wrap(err, "repair");
    cprov_say(c->s, CPROV_MSG_RESULT, "Restored the list of %zu image%s from %s.", restored.images,
              restored.images == 1 ? "" : "s",
              restored.by_digest ? "the blobs, without their names" : "its last good copy");
    cprov_session_log(c->s, c->store, "repair", "index.json", "");
    return 0;
}

static int should_repair(const struct check *c, enum cprov_change_kind kind,
                         struct cprov_error *err)
{
    return cprov_should(c->s, &(struct cprov_change){ .kind = kind, .place = c->s->root }, err);
}

/* With --repair a list that is lost comes back, and an oci-layout is written again. */
static int open_store(struct check *c, struct cprov_error *err)
{
    bool repair = c->options->repair && !c->s->options.what_if;
    struct cprov_error why = CPROV_ERROR_INIT;

    int code = cprov_session_store(c->s, repair ? 0 : CPROV_STORE_READ, &c->store, &why);
    if (code == CPROV_EVERIFY && c->options->repair) {
        int go = should_repair(c, CPROV_CHANGE_REPAIR_LAYOUT, err);
        if (go < 0)
            return go;
        if (go > 0) {
            why = (struct cprov_error)CPROV_ERROR_INIT;
            code = cprov_session_store(c->s, CPROV_STORE_REPAIR, &c->store, &why);
        }
    }
    if (code == 0)
        code = cprov_images_read(c->store, &c->images, &why);
    if (code == CPROV_EVERIFY && c->store && c->options->repair) {
        int go = should_repair(c, CPROV_CHANGE_REPAIR_LIST, err);
        if (go < 0)
            return go;
        if (go > 0)
            return restore_list(c, err) < 0 ? err->code
                                            : cprov_images_read(c->store, &c->images, err);
    }
    *err = why;
    return code;
}

static int prepare(struct check *c, struct cprov_outcome *outcome, struct cprov_error *err)
{
    const struct cprov_test_options *o = c->options;
    struct cprov_selection selection = { .names = o->names,
                                         .names_count = o->names_count,
                                         .version = o->version };

    struct cprov_version_range range;

    if (cprov_select_check(&selection, &range, err) < 0)
        return err->code;
    int code = open_store(c, err);
    if (code == CPROV_ENOTFOUND && !c->store) {
        cprov_select_nothing(c->s, &selection, outcome);
        return CPROV_ENOTFOUND;
    }
    if (code < 0)
        return code;
    c->selected = cprov_arena_alloc(&c->s->call, c->images->count + 1, sizeof(bool));
    c->bad = cprov_arena_alloc(&c->s->call, c->images->count + 1, sizeof(bool));
    if (cprov_arena_check(&c->s->call, err) < 0)
        return err->code;
    return cprov_select(c->s, c->images, &selection, c->selected, outcome, err);
}

static int test_images(struct check *c, struct cprov_outcome *outcome, struct cprov_error *err)
{
    struct cprov_check_result result;

    int code = prepare(c, outcome, err);
    if (code == CPROV_ENOTFOUND && !c->store)
        return 0;
    if (code < 0 || run_check(c, &result, err) < 0)
        return err->code;
    size_t before = result.bad;
    code = c->options->repair && before > 0 ? repair(c, &result, err) : 0;
    tell_kept(c);
    if (code < 0)
        return code;
    if (before > result.bad)
        cprov_say(c->s, CPROV_MSG_RESULT, "Repaired %zu of %zu.", before - result.bad, before);
    tell_whole(c);
    if (result.bad == 0)
        return 0;
    cprov_fail(err, CPROV_EVERIFY, "%zu of %zu blobs are bad", result.bad, result.blobs);
    if (!c->options->repair)
        cprov_hint(err, CPROV_HINT_REPAIR_BLOBS);
    return CPROV_EVERIFY;
}

int cprov_test(struct cprov_session *s, const struct cprov_test_options *options,
               void (*found)(void *arg, const struct cprov_finding *finding),
               const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_outcome outcome = { 0 };
    struct cprov_version_options version;
    struct cprov_test_options o;

    if (cprov_session_begin(s, callbacks, &err) < 0 ||
        cprov_options_copy(&o, sizeof(o), options, &err) < 0 ||
        cprov_options_copy(&version, sizeof(version), o.version, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    o.version = &version;
    struct check c = { .s = s, .options = &o, .found = found, .arg = s->callbacks.arg };
    c.kept_end = &c.kept;
    int code = test_images(&c, &outcome, &err);
    cprov_images_free(c.images);
    cprov_store_close(c.store);
    if (code < 0)
        return cprov_session_end(s, code, "", &err);
    return cprov_session_end(s, cprov_outcome_code(&outcome), "", NULL);
}

/* --- for install --reinstall --- */

struct discard {
    struct cprov_store *store;
    int code;
    struct cprov_error err;
};

static void discard_found(void *arg, const struct cprov_check_finding *f)
{
    struct discard *d = arg;

    if (f->blob && f->kind != CPROV_CHECK_MISSING && d->code == 0)
        d->code = cprov_store_discard(d->store, &f->blob->digest, &d->err);
}

int cprov_discard_damaged(struct cprov_session *s, struct cprov_store *store,
                          const struct cprov_images *images, const struct cprov_image *image,
                          struct cprov_error *err)
{
    struct discard d = { .store = store };
    struct cprov_check_result result;
    bool *selected = cprov_arena_alloc(&s->call, images->count, sizeof(*selected));

    if (!selected)
        return cprov_fail_memory(err);
    selected[image - images->list] = true;
    if (cprov_store_check(
            store,
            &(struct cprov_check_request){
                .images = images, .selected = selected, .found = discard_found, .arg = &d },
            &result, err) < 0)
        return err->code;
    if (d.code < 0)
        *err = d.err;
    return d.code;
}
