/* provider/resolve.c - names resolved through the catalog, and the question of trust. */
#include "provider/resolve.h"

#include <string.h>

#include "base/limits.h"

#define CANDIDATES_MAX 32 /* rows of a name that is to be one version */

/* Rows that a name led to. */
struct search {
    struct cprov_session *s; /* first: see cprov_session_query() */
    const struct cprov_name *name;
    struct cprov_listing *rows; /* of them the texts that are kept are in the arena */
    size_t count, room;
    int code;
    struct cprov_error err;
    const char *not_running; /* with --match-host: the newest version that the host does not run */
};

static bool build_fits(const struct cprov_session *s, const char *os_version)
{
    struct cprov_os_version host, image;

    if (!cprov_os_version_parse(s->host.os_version, &host) ||
        !cprov_os_version_parse(cprov_span_of(os_version), &image))
        return true;
    return cprov_os_compat(&host, &image, s->host.isolation, NULL) != CPROV_COMPAT_NO;
}

static bool runs_here(struct cprov_session *s, struct cprov_span platform)
{
    struct cprov_platform p;
    struct cprov_error ignored = CPROV_ERROR_INIT;

    return cprov_platform_parse(platform, &s->call, &p, &ignored) == 0 &&
           cprov_platform_fits(&s->host, &p);
}

bool cprov_runs_here(struct cprov_session *s, const struct cprov_listing *row)
{
    struct cprov_span list = cprov_span_of(row->entry.platforms), platform;

    if (row->entry.kind == CPROV_KIND_CHART || row->entry.kind == CPROV_KIND_ARTIFACT)
        return false; /* no host runs it */
    if (list.len == 0)
        return build_fits(s, row->entry.os_version);
    while (cprov_span_next(&list, ',', &platform))
        if (runs_here(s, cprov_span_trim(platform)))
            return true;
    return false;
}

static bool same_repository(const struct cprov_listing *a, const struct cprov_listing *b)
{
    return strcmp(a->reference.host, b->reference.host) == 0 &&
           strcmp(a->reference.repository, b->reference.repository) == 0;
}

static size_t most_of(const struct search *f)
{
    return f->name->all_versions ? CPROV_TARGETS_MAX + 1 : CANDIDATES_MAX;
}

/* Keeps a row, with the texts of it that are looked at later. */
static void keep(struct search *f, const struct cprov_listing *row)
{
    struct cprov_arena *arena = &f->s->call;

    if (f->count == f->room) {
        size_t room = f->room ? 2 * f->room : CANDIDATES_MAX;
        struct cprov_listing *more = cprov_arena_alloc(arena, room, sizeof(*more));

        if (!more) /* the arena is asked at the end */
            return;
        if (f->count > 0)
            memcpy(more, f->rows, f->count * sizeof(*more));
        f->rows = more;
        f->room = room;
    }
    struct cprov_listing *kept = &f->rows[f->count++];
    *kept = *row;
    kept->entry.name = cprov_arena_text(arena, cprov_span_of(row->entry.name));
    kept->entry.version = cprov_arena_text(arena, cprov_span_of(row->entry.version));
    kept->entry.url =
        row->entry.url ? cprov_arena_text(arena, cprov_span_of(row->entry.url)) : NULL;
}

static bool on_row(void *arg, size_t i, const struct cprov_listing *row)
{
    struct search *f = arg;

    (void)i;
    if (!cprov_name_admits(f->name, row))
        return true;
    if (f->s->options.match_host) {
        if (!f->name->all_versions && f->count > 0 && same_repository(&f->rows[f->count - 1], row))
            return true; /* rows come newest first: the first that runs is the one */
        if (!cprov_runs_here(f->s, row)) {
            f->not_running = cprov_arena_text(&f->s->call, cprov_span_of(row->entry.version));
            return true;
        }
    }
    keep(f, row);
    return f->count < most_of(f);
}

static void on_missed(void *arg, size_t i, const struct cprov_place *place, int code,
                      const struct cprov_error *err)
{
    struct search *f = arg;

    (void)i;
    if (code != CPROV_ENOTFOUND && place && f->s->places_count > 1)
        cprov_say(f->s, CPROV_MSG_WARNING, "source '%s': %s", place->source->name, err->msg);
    if (f->code == 0 || (code == CPROV_ENOTFOUND && !f->err.versions)) {
        f->code = code;
        f->err = *err;
        if (code != CPROV_ENOTFOUND && place && place->kind->import && f->s->places_count == 1)
            (void)cprov_wrap(&f->err, "source '%s'", place->source->name);
    }
}

static int ask(struct search *f, bool details, struct cprov_error *err)
{
    struct cprov_session *s = f->s;
    const struct cprov_name *n = f->name;
    struct cprov_wanted wanted = { .text = n->lookup,
                                   .exactly = n->is_reference ? &n->reference : NULL,
                                   .range = n->range,
                                   .only = n->place,
                                   .all_versions = n->all_versions || s->options.match_host };
    struct cprov_search_query query = {
        .what = { .wanted = &wanted, .wanted_count = 1 },
        .how = { .depth = details ? CPROV_SEARCH_DETAILS : CPROV_SEARCH_VERSIONS },
        .listener = { .arg = f, .row = on_row, .missed = on_missed },
    };

    /* What is installed is the newest there is now: the index only knows where to look. */
    f->count = 0;
    f->code = 0;
    if (cprov_session_query(s, true, &query, err) < 0 || cprov_search_run(&query, NULL, err) < 0)
        return err->code;
    return cprov_arena_check(&s->call, err);
}

/* --- of several, the one that is meant --- */

/* Keeps the rows for which keep() is true, where there are any. */
static void prefer(struct search *f,
                   bool (*good)(const struct search *, const struct cprov_listing *))
{
    size_t n = 0;

    for (size_t i = 0; i < f->count; i++)
        n += good(f, &f->rows[i]);
    if (n == 0)
        return;
    n = 0;
    for (size_t i = 0; i < f->count; i++)
        if (good(f, &f->rows[i]))
            f->rows[n++] = f->rows[i];
    f->count = n;
}

/* team/app is not app: who writes the whole name means it. */
static bool is_whole_name(const struct search *f, const struct cprov_listing *row)
{
    return cprov_span_is_nocase(f->name->lookup, row->entry.name) ||
           cprov_span_is_nocase(f->name->lookup, row->reference.repository);
}

/* The first source of a --source list that has it. */
static bool is_of_first_source(const struct search *f, const struct cprov_listing *row)
{
    return row->place == f->rows[0].place;
}

static bool of_one_image(const struct cprov_listing *a, const struct cprov_listing *b)
{
    return a->place == b->place && same_repository(a, b);
}

static bool is_of_first_image(const struct search *f, const struct cprov_listing *row)
{
    return of_one_image(&f->rows[0], row);
}

/*
 * Two sources may list one repository; two repositories of one source may hold one image. The same
 * bytes in two registries are a choice all the same: of whom to trust.
 */
static bool is_the_same(const struct search *f, const struct cprov_listing *a,
                        const struct cprov_listing *b)
{
    if (of_one_image(a, b))
        return true;
    if (*a->reference.host && same_repository(a, b) &&
        (f->name->all_versions || strcmp(a->reference.tag, b->reference.tag) == 0))
        return true;
    return !f->name->all_versions && a->place == b->place && a->reference.has_digest &&
           b->reference.has_digest &&
           cprov_digest_equal(&a->reference.digest, &b->reference.digest);
}

/* Rows of other images than the first; *unknown: some tell no digest to judge them by. */
static size_t count_rivals(const struct search *f, bool *unknown)
{
    size_t rivals = 0;

    *unknown = false;
    for (size_t i = 1; i < f->count; i++) {
        const struct cprov_listing *a = &f->rows[0], *b = &f->rows[i];

        if (is_the_same(f, a, b))
            continue;
        rivals++;
        *unknown = *unknown ||
                   (a->place == b->place && !(a->reference.has_digest && b->reference.has_digest));
    }
    return rivals;
}

static void narrow(struct search *f)
{
    if (f->s->options.sources_count > 0)
        prefer(f, is_of_first_source);
    if (!f->name->is_reference)
        prefer(f, is_whole_name);
}

static int fail_several(const struct search *f, struct cprov_error *err)
{
    for (size_t i = 0; i < f->count && i < CANDIDATES_MAX; i++)
        cprov_say(f->s, CPROV_MSG_WARNING, "'%s' matched package '%s/%s' from source '%s' (%s/%s).",
                  f->name->text, f->rows[i].entry.name, f->rows[i].entry.version,
                  f->rows[i].place ? f->rows[i].place->source->name : f->rows[i].reference.host,
                  f->rows[i].reference.host, f->rows[i].reference.repository);
    cprov_fail(err, CPROV_EINVAL, "multiple images matched");
    cprov_hint(err, f->name->place ? CPROV_HINT_SAY_WHICH_OF_PLACE : CPROV_HINT_SAY_WHICH_SOURCE);
    return CPROV_EINVAL;
}

/*
 * The first source of a --source list decides, then the whole name, then that it is one image all
 * the same; else it is for the user to say. Digests that are not known are fetched for that.
 */
static int choose(struct search *f, struct cprov_error *err)
{
    bool unknown;

    narrow(f);
    size_t rivals = count_rivals(f, &unknown);
    if (rivals > 0 && unknown && !f->name->all_versions) {
        if (ask(f, true, err) < 0)
            return err->code;
        narrow(f);
        rivals = count_rivals(f, &unknown);
    }
    if (f->count == 0)
        return cprov_fail(err, CPROV_ENOTFOUND, "not found");
    if (rivals > 0)
        return fail_several(f, err);
    if (f->count > CPROV_TARGETS_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "it has more than %d versions", CPROV_TARGETS_MAX);
    if (!f->name->all_versions)
        f->count = 1;
    else
        prefer(f, is_of_first_image); /* what a second source lists of the same repository */
    return 0;
}

static int nothing_found(const struct search *f, struct cprov_error *err)
{
    if (f->not_running)
        return cprov_fail(err, CPROV_EINCOMPATIBLE,
                          "no version runs on a host of build %" CPROV_SPAN_FMT " (newest is %s)",
                          CPROV_SPAN_ARG(f->s->host.os_version), f->not_running);
    if (f->code < 0) {
        *err = f->err;
        return f->code;
    }
    if (f->s->places_count == 0 && !f->name->is_reference) {
        cprov_fail(err, CPROV_ENOTFOUND, "no source is registered");
        cprov_hint(err, CPROV_HINT_REGISTER_SOURCE);
        return CPROV_ENOTFOUND;
    }
    return cprov_fail(err, CPROV_ENOTFOUND, "not found");
}

static const char *version_of(struct cprov_session *s, const struct cprov_reference *r)
{
    char hex[CPROV_DIGEST_TEXT_MAX];

    if (*r->tag || !r->has_digest)
        return cprov_arena_text(&s->call, cprov_span_of(r->tag));
    cprov_digest_hex(&r->digest, hex);
    return cprov_arena_textf(&s->call, "%s-%.12s", cprov_digest_algo_name(r->digest.algo), hex);
}

/* One row of the catalog as what is to be fetched. */
static int target_of_row(struct cprov_session *s, const struct cprov_name *n,
                         const struct cprov_listing *row, struct cprov_target *t,
                         struct cprov_error *err)
{
    if (cprov_session_led(s, row, err) < 0)
        return err->code;
    *t = (struct cprov_target){ .text = n->text, .reference = row->reference };
    t->source = row->place ? row->place->source : NULL;
    t->name = row->place ? row->entry.name : cprov_name_of_reference(s, &row->reference);
    t->url = row->entry.url && *row->entry.url ? row->entry.url : NULL;
    t->bytes = row->entry.bytes;
    if (!t->url && !*row->reference.host && row->place && row->place->kind->local)
        t->place = row->place;
    if (n->has_digest) {
        t->reference.digest = n->digest;
        t->reference.has_digest = true;
        t->reference.tag[0] = '\0';
    }
    t->version = version_of(s, &t->reference);
    return 0;
}

/* Through the catalog: a name, or a reference whose version is a range. */
static int search_targets(struct cprov_session *s, const struct cprov_name *n,
                          struct cprov_targets *out, struct cprov_error *err)
{
    struct search f = { .s = s, .name = n };
    struct cprov_name as_tag = *n;

    as_tag.lookup.len = 0;
    as_tag.range.exact = n->lookup;
    if (ask(&f, s->options.match_host, err) < 0)
        return err->code;
    if (f.count == 0 && n->place && n->lookup.len > 0 && cprov_version_range_is_any(&n->range)) {
        f.name = &as_tag; /* oci:DIR:1.0 */
        if (ask(&f, s->options.match_host, err) < 0)
            return err->code;
    }
    if (f.count == 0)
        return nothing_found(&f, err);
    if (choose(&f, err) < 0)
        return err->code;
    struct cprov_targets t = { .list = cprov_arena_alloc(&s->call, f.count, sizeof(*t.list)),
                               .count = f.count };
    for (size_t i = 0; t.list && i < f.count; i++)
        if (target_of_row(s, n, &f.rows[i], &t.list[i], err) < 0)
            return err->code;
    if (cprov_arena_check(&s->call, err) < 0)
        return err->code;
    *out = t;
    return 0;
}

/*
 * A ref whose image is in a registry says besides which source listed it. That decides about trust:
 * a registry is the user's own word, a document is not, registered or not.
 */
static const struct cprov_source *source_of_ref(struct cprov_session *s, const struct cprov_name *n)
{
    const struct cprov_place *place = NULL;
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (!n->source || strcmp(n->source, n->reference.host) == 0)
        return NULL;
    if (cprov_session_place(s, n->source, &place, &ignored) < 0) {
        struct cprov_source *unknown = cprov_arena_alloc(&s->call, 1, sizeof(*unknown));

        if (unknown)
            *unknown = (struct cprov_source){
                .name = n->source, .location = n->source, .type = "oci", .file = ""
            };
        return unknown;
    }
    bool own = !*place->source->file && !place->kind->import &&
               strcmp(place->base.host, n->reference.host) == 0;
    return own ? NULL : place->source;
}

/* A ref whose image a document lists: where that came from, the index knows. */
static int led_by_ref(struct cprov_session *s, const struct cprov_name *n, struct cprov_error *err)
{
    struct cprov_listing row = { .reference = n->reference };
    struct cprov_error ignored = CPROV_ERROR_INIT;
    struct cprov_cache *ix;

    if (!n->source || cprov_session_place(s, n->source, &row.place, &ignored) < 0)
        return 0;
    if (row.place->kind->import && !row.place->kind->local &&
        cprov_session_index(s, &ix, &ignored) == 0 &&
        cprov_search_came_from_private(ix, row.place, &row.from_private, &ignored) < 0)
        row.from_private = false;
    return cprov_session_led(s, &row, err);
}

/* A reference that the catalog need not be asked about. */
static int named_target(struct cprov_session *s, const struct cprov_name *n, bool pinned,
                        struct cprov_targets *out, struct cprov_error *err)
{
    struct cprov_target *t = cprov_arena_alloc(&s->call, 1, sizeof(*t));

    if (!t)
        return cprov_fail_memory(err);
    if (led_by_ref(s, n, err) < 0)
        return err->code;
    *t = (struct cprov_target){ .text = n->text, .reference = n->reference };
    if (!pinned) {
        memcpy(t->reference.tag, "latest", sizeof("latest"));
        t->or_newest = true;
    }
    t->name = n->shown_name ? n->shown_name : cprov_name_of_reference(s, &n->reference);
    t->version = version_of(s, &t->reference);
    t->source = source_of_ref(s, n);
    *out = (struct cprov_targets){ .list = t, .count = 1 };
    return 0;
}

int cprov_resolve_all(struct cprov_session *s, const char *text,
                      const struct cprov_version_options *version, struct cprov_targets *out,
                      struct cprov_error *err)
{
    struct cprov_targets t = { .list = NULL };
    struct cprov_name n;

    if (cprov_name_read(s, text, version, false, &n, err) < 0)
        return err->code;
    bool pinned = n.is_reference && (n.reference.has_digest || *n.reference.tag);
    bool any = cprov_version_range_is_any(&n.range) && !n.all_versions && !s->options.match_host;
    if ((n.is_reference && (pinned || any) ? named_target(s, &n, pinned, &t, err)
                                           : search_targets(s, &n, &t, err)) < 0)
        return err->code;
    for (size_t i = 0; i < t.count; i++) {
        struct cprov_target *one = &t.list[i];

        one->source_name = one->source ? one->source->name : n.source;
        if (!one->source_name)
            one->source_name = cprov_arena_text(&s->call, cprov_span_of(one->reference.host));
    }
    if (cprov_arena_check(&s->call, err) < 0)
        return err->code;
    *out = t;
    return 0;
}

int cprov_resolve(struct cprov_session *s, const char *text,
                  const struct cprov_version_options *version, struct cprov_target *out,
                  struct cprov_error *err)
{
    struct cprov_targets t;

    if (version->all)
        return cprov_fail(err, CPROV_EINVAL, "this verb takes one image, not all versions");
    if (cprov_resolve_all(s, text, version, &t, err) < 0)
        return err->code;
    *out = t.list[0];
    return 0;
}

int cprov_resolve_newest(struct cprov_session *s, struct cprov_target *target,
                         struct cprov_error *err)
{
    struct cprov_name n = { .text = target->text,
                            .is_reference = true,
                            .reference = target->reference };
    struct cprov_targets found;

    n.reference.tag[0] = '\0';
    if (search_targets(s, &n, &found, err) < 0)
        return err->code;
    struct cprov_target newest = found.list[0];
    newest.source = target->source;
    newest.source_name = target->source_name;
    newest.name = target->name;
    *target = newest;
    return 0;
}

/* --- trust --- */

static bool trusted_already(const struct cprov_session *s, const struct cprov_source *source)
{
    if (source->trusted || s->options.trust)
        return true;
    for (size_t i = 0; i < s->trusted_count; i++)
        if (strcmp(s->trusted_for_run[i], source->name) == 0)
            return true;
    return false;
}

static enum cprov_answer ask_trust(struct cprov_session *s, const struct cprov_source *source)
{
    auto_buf struct cprov_buf text = { 0 };

    if (!s->callbacks.question || s->refused_all)
        return CPROV_NO;
    cprov_buf_init(&text, CPROV_URL_MAX);
    cprov_buf_addf(&text, "Are you sure you want to install software from '%s'?", source->name);
    return s->callbacks.question(
        s->callbacks.arg,
        &(struct cprov_question){
            .size = sizeof(struct cprov_question),
            .caption =
                "The package(s) come(s) from a package source that is not marked as trusted.",
            .text = cprov_buf_text(&text) });
}

/*
 * A reference written out in full names its registry: that is the user's own word, and nothing is
 * asked. A name that was looked up may come from anywhere.
 */
int cprov_resolve_trust(struct cprov_session *s, const struct cprov_target *target,
                        struct cprov_error *err)
{
    const struct cprov_source *source = target->source;

    if (!source || trusted_already(s, source))
        return 0;
    switch (ask_trust(s, source)) {
    case CPROV_YES_TO_ALL:
    case CPROV_YES:
        /* one source is asked about once: yes holds for the rest of the call */
        if (s->trusted_count < CPROV_COUNT(s->trusted_for_run))
            s->trusted_for_run[s->trusted_count++] =
                cprov_arena_text(&s->call, cprov_span_of(source->name));
        return 0;
    case CPROV_NO_TO_ALL:
        s->refused_all = true;
        break;
    case CPROV_NO:
        break;
    }
    cprov_fail(err, CPROV_EREFUSED, "source '%s' is not trusted", source->name);
    cprov_hint_about(err, CPROV_HINT_TRUST_SOURCE, "%s", source->name);
    return CPROV_EREFUSED;
}
