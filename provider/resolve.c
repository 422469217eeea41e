/* provider/resolve.c - names resolved through the catalog, and the question of trust. */
#include "provider/resolve.h"

#include <string.h>

#include "base/limits.h"

#define CANDIDATES_MAX 32

/* Rows that a name led to. */
struct search {
    struct cprov_session *s;
    const struct cprov_name *name;
    struct cprov_listing rows[CANDIDATES_MAX]; /* names and versions are copied into the arena */
    size_t count;
    int code;
    struct cprov_error err;
    const char *not_running; /* with --match-host: the newest version that the host does not run */
};

static bool host_runs(const struct cprov_session *s, const char *os_version)
{
    struct cprov_os_version host, image;
    const char *why;

    if (!cprov_os_version_parse(s->host.os_version, &host) ||
        !cprov_os_version_parse(cprov_span_of(os_version), &image))
        return true;
    return cprov_os_compat(&host, &image, s->host.isolation, &why) != CPROV_COMPAT_NO;
}

static bool same_repository(const struct cprov_listing *a, const struct cprov_listing *b)
{
    return strcmp(a->reference.host, b->reference.host) == 0 &&
           strcmp(a->reference.repository, b->reference.repository) == 0;
}

static bool on_row(void *arg, size_t i, const struct cprov_listing *row)
{
    struct search *f = arg;
    struct cprov_arena *arena = &f->s->call;

    (void)i;
    if (!cprov_name_admits(f->name, row))
        return true;
    if (f->s->options.match_host) {
        if (f->count > 0 && same_repository(&f->rows[f->count - 1], row))
            return true; /* rows come newest first: the first that runs is the one */
        if (!host_runs(f->s, row->os_version)) {
            f->not_running = cprov_arena_text(arena, cprov_span_of(row->version));
            return true;
        }
    }
    struct cprov_listing *kept = &f->rows[f->count++];
    *kept = *row;
    kept->name = cprov_arena_text(arena, cprov_span_of(row->name));
    kept->version = cprov_arena_text(arena, cprov_span_of(row->version));
    kept->url = row->url ? cprov_arena_text(arena, cprov_span_of(row->url)) : NULL;
    return f->count < CANDIDATES_MAX;
}

static void on_missed(void *arg, size_t i, const struct cprov_place *place, int code,
                      const struct cprov_error *err)
{
    struct search *f = arg;

    (void)i;
    if (code != CPROV_ENOTFOUND && place && f->s->places_count > 1)
        cprov_say(f->s, CPROV_MSG_WARNING, "source '%s': %s", place->source->name, err->msg);
    if (f->code == 0 || (code == CPROV_ENOTFOUND && !strstr(f->err.msg, "newest is"))) {
        f->code = code;
        f->err = *err;
        if (code != CPROV_ENOTFOUND && place && place->kind->import && f->s->places_count == 1)
            (void)cprov_wrap(&f->err, "source '%s'", place->source->name);
    }
}

static int ask(struct search *f, const struct cprov_name *n, struct cprov_error *err)
{
    struct cprov_session *s = f->s;
    struct cprov_wanted wanted = { .text = n->lookup,
                                   .exactly = n->is_reference ? &n->reference : NULL,
                                   .range = n->range,
                                   .all_versions = s->options.match_host };
    struct cprov_catalog_query query = { .wanted = &wanted,
                                         .wanted_count = 1,
                                         .details = s->options.match_host,
                                         .row = on_row,
                                         .missed = on_missed,
                                         .arg = f };

    /* What is installed is the newest there is now: the index only knows where to look. */
    if (cprov_session_query(s, true, &query, err) < 0)
        return err->code;
    return cprov_catalog_find(&query, err);
}

/* Several candidates: the first source of a --source list decides, else it is for the user to say.
 */
static int choose(struct search *f, const struct cprov_name *n, struct cprov_error *err)
{
    const struct cprov_session *s = f->s;
    size_t rivals = 0;

    for (size_t i = 1; i < f->count; i++)
        if (f->rows[i].place == f->rows[0].place || s->options.sources_count == 0)
            rivals++;
    if (rivals == 0)
        return 0;
    for (size_t i = 0; i < f->count; i++)
        cprov_say(f->s, CPROV_MSG_WARNING, "'%s' matched package '%s/%s' from source '%s' (%s/%s).",
                  n->text, f->rows[i].name, f->rows[i].version,
                  f->rows[i].place ? f->rows[i].place->source->name : f->rows[i].reference.host,
                  f->rows[i].reference.host, f->rows[i].reference.repository);
    cprov_fail(err, CPROV_EINVAL, "multiple images matched");
    cprov_hint(err, "name one --source, or write the reference in full");
    return CPROV_EINVAL;
}

static int nothing_found(const struct search *f, const struct cprov_name *n,
                         struct cprov_error *err)
{
    if (f->not_running)
        return cprov_fail(err, CPROV_EINCOMPATIBLE,
                          "no version runs on a host of build %" CPROV_SPAN_FMT " (newest is %s)",
                          CPROV_SPAN_ARG(f->s->host.os_version), f->not_running);
    if (f->code < 0) {
        *err = f->err;
        return f->code;
    }
    if (f->s->places_count == 0 && !n->is_reference) {
        cprov_fail(err, CPROV_ENOTFOUND, "no source is registered");
        cprov_hint(err, "register-source NAME LOCATION adds one");
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

/* Through the catalog: a name, or a reference whose version is a range. */
static int search_target(struct cprov_session *s, const struct cprov_name *n,
                         struct cprov_target *t, struct cprov_error *err)
{
    struct search *f = cprov_arena_alloc(&s->call, 1, sizeof(*f));

    if (!f)
        return cprov_fail_memory(err);
    f->s = s;
    f->name = n;
    if (ask(f, n, err) < 0)
        return err->code;
    if (f->count == 0)
        return nothing_found(f, n, err);
    if (choose(f, n, err) < 0)
        return err->code;

    const struct cprov_listing *row = &f->rows[0];
    t->reference = row->reference;
    t->source = row->place ? row->place->source : NULL;
    t->name = row->place ? row->name : cprov_name_of_reference(s, &row->reference);
    t->url = row->url && *row->url ? row->url : NULL;
    t->bytes = row->bytes;
    if (!t->url && !*row->reference.host && row->place && row->place->kind->local)
        t->place = row->place;
    if (n->has_digest) {
        t->reference.digest = n->digest;
        t->reference.has_digest = true;
        t->reference.tag[0] = '\0';
        memcpy(t->reference.tag, "", 1);
    }
    t->version = version_of(s, &t->reference);
    return 0;
}

static void use_latest(struct cprov_target *t)
{
    memcpy(t->reference.tag, "latest", sizeof("latest"));
    t->or_newest = true;
}

int cprov_resolve(struct cprov_session *s, const char *text,
                  const struct cprov_version_options *version, struct cprov_target *out,
                  struct cprov_error *err)
{
    struct cprov_target t = { .text = text };
    struct cprov_name n;

    if (cprov_name_read(s, text, version, false, &n, err) < 0)
        return err->code;
    bool pinned = n.is_reference && (n.reference.has_digest || *n.reference.tag);
    if (n.is_reference &&
        (pinned || (cprov_version_range_is_any(&n.range) && !s->options.match_host))) {
        t.reference = n.reference;
        if (!pinned)
            use_latest(&t);
        t.name = n.shown_name ? n.shown_name : cprov_name_of_reference(s, &n.reference);
        t.version = version_of(s, &t.reference);
        t.source = n.source ? cprov_conf_source(s->conf, n.source) : NULL;
    } else if (search_target(s, &n, &t, err) < 0) {
        return err->code;
    }
    t.source_name = t.source ? t.source->name : n.source ? n.source : NULL;
    if (!t.source_name)
        t.source_name = cprov_arena_text(&s->call, cprov_span_of(t.reference.host));
    if (cprov_arena_check(&s->call, err) < 0)
        return err->code;
    *out = t;
    return 0;
}

int cprov_resolve_newest(struct cprov_session *s, struct cprov_target *target,
                         struct cprov_error *err)
{
    struct cprov_name n = { .text = target->text,
                            .is_reference = true,
                            .reference = target->reference };
    const struct cprov_source *source = target->source;
    const char *name = target->name;

    n.reference.tag[0] = '\0';
    if (search_target(s, &n, target, err) < 0)
        return err->code;
    target->source = source;
    target->name = name;
    target->or_newest = false;
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

    if (!s->callbacks || !s->callbacks->question || s->refused_all)
        return CPROV_NO;
    cprov_buf_init(&text, CPROV_URL_MAX);
    cprov_buf_addf(&text, "Are you sure you want to install software from '%s'?", source->name);
    return s->callbacks->question(
        s->callbacks->arg,
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
    cprov_hint(err, "--trust installs all the same; set-source %s --trusted remembers it",
               source->name);
    return CPROV_EREFUSED;
}
