/* provider/install.c - cprov_install(): resolve, ask, download, verify, record. */
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "provider/change.h"
#include "provider/installed.h"
#include "provider/outcome.h"
#include "provider/plan.h"
#include "provider/select.h"
#include "provider/unpack_image.h"
#include "store/check.h"

/* A partial download nobody came back to for this long is given up. */
#define PARTIAL_AGE_S (7 * 24 * 3600)

/* One image being installed. */
struct install {
    struct cprov_session *s;
    const struct cprov_install_options *options;
    struct cprov_store *store; /* opened for writing once something is to be written */
    struct cprov_target target;
    struct cprov_plan plan;
    struct cprov_descriptor chosen;
    int64_t started_ms;
};

/* --- what is there already --- */

/* The record of the target: its very document, or the whole index that it is of, under its name and
 * version. A reference by digest alone is any version. */
static const struct cprov_image *find_record(const struct install *in,
                                             const struct cprov_images *images)
{
    const struct cprov_target *t = &in->target;
    bool by_digest = t->reference.has_digest && !*t->reference.tag && *t->reference.host;

    for (size_t i = 0; images && i < images->count; i++) {
        const struct cprov_image *image = &images->list[i];

        if (cprov_span_is_nocase(cprov_span_of(image->name), t->name) &&
            (by_digest || strcmp(image->version, t->version) == 0) &&
            (cprov_digest_equal(&image->descriptor.digest, &in->chosen.digest) ||
             cprov_digest_equal(&image->descriptor.digest, &in->plan.top.descriptor.digest)))
            return image;
    }
    return NULL;
}

/* The list of a store that may not be there yet: then *out is NULL. */
static int read_images(struct cprov_session *s, struct cprov_images **out, struct cprov_error *err)
{
    auto_store struct cprov_store *store = NULL;

    *out = NULL;
    int code = cprov_session_store(s, CPROV_STORE_READ, &store, err);
    if (code == CPROV_ENOTFOUND)
        return 0;
    return code < 0 ? code : cprov_images_read(store, out, err);
}

static void emit(const struct install *in, const struct cprov_image *image,
                 enum cprov_item_state state)
{
    struct cprov_item item;
    char digest[CPROV_DIGEST_TEXT_MAX], full[CPROV_ITEM_TEXT_MAX];

    cprov_item_of_image(image, &item, digest, full);
    item.state = state;
    item.path = in->s->root;
    cprov_item_emit(in->s, &item);
}

/* What is installed is unpacked from the store, without a byte from the network. */
static int unpack_installed(struct install *in, const struct cprov_image *image,
                            struct cprov_error *err)
{
    auto_installed struct cprov_installed found = { 0 };
    auto_unpacking struct cprov_unpacking *u = NULL;
    struct cprov_version_options any = { .size = sizeof(any) };
    const struct cprov_unpack_to *to = in->options->unpack;
    char digest[CPROV_DIGEST_TEXT_MAX];

    int go = cprov_should(in->s,
                          &(struct cprov_change){ .kind = CPROV_CHANGE_UNPACK,
                                                  .name = image->name,
                                                  .version = image->version,
                                                  .place = to->rootfs ? to->rootfs : to->bundle },
                          err);
    if (go <= 0)
        return go;
    cprov_digest_format(&image->descriptor.digest, digest); /* a name may mean several images */
    if (cprov_installed_open(in->s, digest, &any, CPROV_INSTALLED_NEWEST, CPROV_STORE_READ, &found,
                             err) < 0 ||
        cprov_unpacking_begin(in->s, found.store, found.manifest, NULL, in->options->unpack, &u,
                              err) < 0)
        return err->code;
    return cprov_unpacking_end(u, err);
}

/* What there is no need to fetch is told, and unpacked if that is wanted. */
static int skip(struct install *in, const struct cprov_image *image, struct cprov_error *err)
{
    cprov_say(in->s, CPROV_MSG_RESULT, "Skipping installed package %s %s.", image->name,
              image->version);
    if (in->options->unpack && unpack_installed(in, image, err) < 0)
        return err->code;
    emit(in, image, CPROV_PRESENT);
    return 0;
}

/* An index may change around a manifest that stays: what the registry has now is kept. */
static int keep_index_digest(struct install *in, const struct cprov_image *found,
                             struct cprov_image *now, struct cprov_error *err)
{
    auto_store struct cprov_store *store = NULL;
    char digest[CPROV_DIGEST_TEXT_MAX] = "";

    *now = *found;
    if (cprov_digest_equal(&found->descriptor.digest, &in->plan.top.descriptor.digest))
        return 0;
    cprov_digest_format(&in->plan.top.descriptor.digest, digest);
    if (strcmp(found->index_digest, digest) == 0)
        return 0;
    now->index_digest = cprov_arena_text(&in->s->call, cprov_span_of(digest));
    if (cprov_arena_check(&in->s->call, err) < 0 || in->s->options.what_if)
        return err->code;
    struct cprov_error unwritten = CPROV_ERROR_INIT; /* a store one may only read is no failure */
    if (cprov_session_store(in->s, 0, &store, &unwritten) == 0)
        (void)!cprov_images_add(store, now, &unwritten);
    return 0;
}

/* Whether the very document is installed under this name and version. */
static int already(struct install *in, bool *there, struct cprov_error *err)
{
    auto_images struct cprov_images *images = NULL;
    struct cprov_image now;

    *there = false;
    if (read_images(in->s, &images, err) < 0)
        return err->code;
    const struct cprov_image *found = find_record(in, images);
    if (!found || in->options->reinstall)
        return 0;
    *there = true;
    if (cprov_plan_fits(in->s, &in->plan, found->platform, err) < 0 ||
        keep_index_digest(in, found, &now, err) < 0)
        return err->code;
    return skip(in, &now, err);
}

/* Without a network what is installed has to do: of one version the platform that is wanted. */
static int offline(struct install *in, const char *text, struct cprov_error *err)
{
    auto_images struct cprov_images *images = NULL;
    const struct cprov_version_options *version = in->options->version;
    struct cprov_session *s = in->s;
    const char *why = NULL, *name;
    struct cprov_name n;
    size_t found = 0;

    if (cprov_name_read(s, text, version, false, &n, err) < 0 || read_images(s, &images, err) < 0)
        return err->code;
    if (!(name = cprov_name_installed(s, &n)))
        return cprov_fail_memory(err);
    size_t count = images && !n.place ? images->count : 0;
    bool *selected = cprov_arena_alloc(&s->call, count + 1, sizeof(*selected));
    if (!selected)
        return cprov_fail_memory(err);
    if (count > 0 && cprov_select_quietly(s, images, name, version, selected, &why, err) < 0)
        return err->code;
    for (size_t i = 0; i < count && (found == 0 || n.all_versions); i++) {
        if (!selected[i])
            continue;
        if (skip(in, &images->list[cprov_select_platform(s, images, selected, i)], err) < 0)
            return err->code;
        found++;
    }
    return found ? 0
                 : cprov_fail(err, CPROV_ENETWORK, "%s, and the session is offline",
                              why ? why : "not installed");
}

/* --- getting it --- */

/* A single manifest tells its platform in its config: looked at before the layers when a host was
 * named. */
static int check_host_first(struct install *in, struct cprov_error *err)
{
    auto_transfer struct cprov_transfer *t = NULL;
    auto_image_config struct cprov_image_config *config = NULL;

    if (!in->s->host_given || in->plan.image != &in->plan.top)
        return 0;
    if (cprov_transfer_new(in->s, in->store, in->target.name, &t, err) < 0 ||
        cprov_transfer_add(t, &in->target.reference, &in->plan.top.manifest->config, NULL, err) < 0)
        return err->code;
    cprov_transfer_unpack(t, in->plan.packed);
    if (cprov_transfer_run(t, err) < 0 ||
        cprov_plan_config(in->s, in->store, &in->plan, &config, err) < 0)
        return err->code;
    return 0;
}

/* Fetches, and unpacks meanwhile if that is wanted: files are there for good once every blob is
 * verified. */
static int run_transfer(struct install *in, struct cprov_transfer *t, struct cprov_error *err)
{
    auto_unpacking struct cprov_unpacking *u = NULL;

    if (in->options->unpack && !in->plan.image)
        return cprov_fail(err, CPROV_EINCOMPATIBLE,
                          "the image has no manifest for this platform, so it cannot be unpacked");
    if (in->options->unpack && cprov_unpacking_begin(in->s, in->store, in->plan.image->manifest, t,
                                                     in->options->unpack, &u, err) < 0)
        return err->code;
    /* A download's own failure is the reason, whatever the unpacking made of it. */
    int code = cprov_transfer_run(t, err);
    if (code < 0 && !cprov_transfer_abandoned(t))
        return code;
    return u ? cprov_unpacking_end(u, err) : code;
}

static int download(struct install *in, uint64_t *bytes, struct cprov_error *err)
{
    auto_transfer struct cprov_transfer *t = NULL;
    const char *item = cprov_name_and_version(in->s, in->target.name, in->target.version);

    if (check_host_first(in, err) < 0 || cprov_transfer_new(in->s, in->store, item, &t, err) < 0 ||
        cprov_plan_transfer(&in->plan, &in->target, in->options->all_platforms, t, err) < 0)
        return err->code;
    *bytes = cprov_transfer_total(t);
    return run_transfer(in, t, err);
}

static int record(struct install *in, uint64_t bytes, struct cprov_image *image,
                  struct cprov_error *err)
{
    auto_image_config struct cprov_image_config *config = NULL;
    char now[CPROV_TIME_TEXT_MAX], digest[CPROV_DIGEST_TEXT_MAX];

    if (cprov_plan_config(in->s, in->store, &in->plan, &config, err) < 0 ||
        cprov_plan_describe(in->s, &in->plan, &in->target, config, in->options->all_platforms,
                            bytes, image, err) < 0)
        return err->code;
    image->installed = cprov_time_format(cprov_time_now(), now);
    if (cprov_images_install(in->store, image, err) < 0)
        return err->code;
    cprov_say(in->s, CPROV_MSG_RESULT, "%s",
              cprov_time_taken(in->s, "Downloaded", cprov_clock_ms() - in->started_ms));
    cprov_say(in->s, CPROV_MSG_VERBOSE, "Installed %s %s (%llu bytes) in %s", image->name,
              image->version, (unsigned long long)bytes, cprov_store_root(in->store));
    emit(in, image, CPROV_ADDED);
    cprov_session_log(in->s, in->store, "install",
                      cprov_name_and_version(in->s, image->name, image->version),
                      cprov_digest_format(&image->descriptor.digest, digest));
    return 0;
}

/* With --reinstall, what is there is read again, and what turns out damaged is taken out so that it
 * is fetched. */
static int discard_damaged(struct install *in, struct cprov_error *err)
{
    auto_images struct cprov_images *images = NULL;

    if (!in->options->reinstall)
        return 0;
    if (cprov_images_read(in->store, &images, err) < 0)
        return err->code;
    const struct cprov_image *found = find_record(in, images);
    return found ? cprov_discard_damaged(in->s, in->store, images, found, err) : 0;
}

/* Opens the store for writing, once a call; what broken-off downloads of long ago left goes. */
static int need_store(struct install *in, struct cprov_error *err)
{
    size_t removed;
    uint64_t bytes;

    if (in->store)
        return 0;
    if (cprov_session_store(in->s, CPROV_STORE_CREATE, &in->store, err) < 0 ||
        cprov_store_begin(in->store, err) < 0)
        return err->code;
    return cprov_store_collect_partials(in->store, PARTIAL_AGE_S, false, &removed, &bytes, err);
}

static int get_image(struct install *in, struct cprov_error *err)
{
    struct cprov_image image;
    uint64_t bytes = 0;

    if (need_store(in, err) < 0)
        return err->code;
    in->started_ms = cprov_clock_ms();
    if (in->target.place)
        cprov_say(in->s, CPROV_MSG_VERBOSE, "Copying %s %s from %s", in->target.name,
                  in->target.version, cprov_place_path(in->target.place));
    else
        cprov_say(in->s, CPROV_MSG_VERBOSE, "Downloading %s %s from %s/%s", in->target.name,
                  in->target.version, in->target.reference.host, in->target.reference.repository);
    if (discard_damaged(in, err) < 0 ||
        cprov_plan_fetch(in->s, &in->target, in->options->all_platforms, &in->chosen, &in->plan,
                         err) < 0 ||
        download(in, &bytes, err) < 0)
        return err->code;
    return record(in, bytes, &image, err);
}

/* Without a network: what is installed, or lies on this machine. */
static int resolve_offline(struct install *in, const char *text, struct cprov_targets *out,
                           bool *done, struct cprov_error *err)
{
    struct cprov_error missing = CPROV_ERROR_INIT;
    int code = offline(in, text, &missing);

    *done = code == 0;
    if (code == 0)
        return 0;
    if (code == CPROV_ENETWORK)
        code = cprov_resolve_all(in->s, text, in->options->version, out, err);
    if (code == 0 && (out->list[0].place || out->list[0].url))
        return 0;
    if (code < 0 && code != CPROV_ENETWORK && code != CPROV_ENOTFOUND && err->code == code)
        return code; /* a source on this machine has something to say */
    *err = missing;
    return missing.code;
}

static int install_target(struct install *in, struct cprov_error *err)
{
    bool there;

    if (in->target.url) {
        cprov_fail(err, CPROV_EUNSUPPORTED, "installing WIM files is not supported yet");
        cprov_hint(err, CPROV_HINT_SAVE_INSTEAD);
        return CPROV_EUNSUPPORTED;
    }
    if (cprov_plan_start(in->s, &in->target, in->options->all_platforms, &in->plan, &in->chosen,
                         err) < 0 ||
        already(in, &there, err) < 0)
        return err->code;
    if (there)
        return 0;
    int go = cprov_should(in->s,
                          &(struct cprov_change){ .kind = CPROV_CHANGE_INSTALL,
                                                  .name = in->target.name,
                                                  .version = in->target.version,
                                                  .place = in->target.source_name },
                          err);
    if (go <= 0)
        return go;
    if (cprov_resolve_trust(in->s, &in->target, err) < 0)
        return err->code;
    return get_image(in, err);
}

/* One word of the user's: an image, or with all versions several. */
static void install_name(struct install *in, const char *text, struct cprov_outcome *outcome)
{
    struct cprov_targets targets = { .list = NULL };
    struct cprov_error err = CPROV_ERROR_INIT;
    bool done = false;

    int code = in->s->options.offline
                   ? resolve_offline(in, text, &targets, &done, &err)
                   : cprov_resolve_all(in->s, text, in->options->version, &targets, &err);
    if (code < 0 || done)
        cprov_outcome_add(in->s, outcome, code, text, NULL, NULL, &err);
    for (size_t i = 0; code == 0 && !done && i < targets.count && !outcome->stop; i++) {
        struct cprov_error own = CPROV_ERROR_INIT;

        in->target = targets.list[i];
        int result = install_target(in, &own);
        cprov_outcome_add(in->s, outcome, result, text, in->target.name, in->target.version, &own);
        cprov_plan_clear(&in->plan);
    }
}

int cprov_install(struct cprov_session *s, const struct cprov_install_options *options,
                  const struct cprov_callbacks *callbacks)
{
    auto_store struct cprov_store *store = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_outcome outcome = { 0 };
    struct cprov_version_options version;
    struct cprov_install_options o;
    struct cprov_unpack_to to;

    if (cprov_session_begin(s, callbacks, &err) < 0 ||
        cprov_options_copy(&o, sizeof(o), options, &err) < 0 ||
        cprov_options_copy(&version, sizeof(version), o.version, &err) < 0 ||
        cprov_options_copy(&to, sizeof(to), o.unpack, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    o.version = &version;
    o.unpack = o.unpack ? &to : NULL;
    if (o.names_count == 0)
        cprov_outcome_usage(s, &outcome, "no image is named");
    else if (o.unpack && (o.names_count > 1 || version.all))
        cprov_outcome_usage(s, &outcome, "only one image can be unpacked at a time");
    bool usage = outcome.code != 0;
    for (size_t i = 0; i < o.names_count && !outcome.stop && !usage; i++) {
        struct install in = { .s = s, .options = &o, .store = store };

        install_name(&in, o.names[i], &outcome);
        store = in.store;
    }
    return cprov_session_end(s, cprov_outcome_code(&outcome), "", NULL);
}
