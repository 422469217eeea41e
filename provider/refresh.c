/* provider/refresh.c - cprov_refresh(): the index brought up to date, source by source. */
#include "provider/refresh.h"

/* A tag that was looked at so short a time ago is not looked at again. */
#define MOVED_AFTER_S 3600

struct refresh {
    struct cprov_session *s; /* first: see cprov_session_query() */
    const struct cprov_refresh_options *options;
    cprov_refreshed_fn *item;
    void *item_arg;
    const char *source;
    uint64_t repositories;
    int code; /* why the source could not be read */
    struct cprov_error err;
};

static void on_missed(void *arg, size_t i, const struct cprov_place *place, int code,
                      const struct cprov_error *err)
{
    struct refresh *r = arg;

    (void)i;
    (void)place;
    if (r->code == 0 && code != CPROV_ENOTFOUND) {
        r->code = code;
        r->err = *err;
    }
}

/* What is stale stays stale: that is the failure of a refresh. */
static void on_stale(void *arg, const struct cprov_place *place, int64_t checked,
                     const struct cprov_error *why)
{
    struct refresh *r = arg;

    (void)checked;
    on_missed(r, 0, place, why->code, why);
}

static void tell_progress(const struct refresh *r, uint64_t done, uint64_t known, bool finished)
{
    const struct cprov_callbacks *c = &r->s->callbacks;

    if (c->progress)
        c->progress(c->arg, &(struct cprov_progress){ .size = sizeof(struct cprov_progress),
                                                      .activity = "Refreshing",
                                                      .item = r->source,
                                                      .id = "",
                                                      .done = done,
                                                      .total = known,
                                                      .finished = finished });
}

static void on_progress(void *arg, const struct cprov_place *place, uint64_t done, uint64_t known)
{
    struct refresh *r = arg;

    (void)place;
    r->repositories = done;
    tell_progress(r, done, known, false);
}

static void on_warning(void *arg, const struct cprov_place *place, const char *text)
{
    const struct refresh *r = arg;

    cprov_say(r->s, CPROV_MSG_WARNING, "source '%s': %s", place ? place->source->name : r->source,
              text);
}

/* What cannot be kept has been asked for in vain. */
static void on_cache_failed(void *arg, const struct cprov_error *err)
{
    on_missed(arg, 0, NULL, err->code, err);
}

static uint64_t requests_of(const struct cprov_session *s)
{
    return s->client ? cprov_client_requests(s->client) : 0;
}

static int prepare(struct refresh *r, const struct cprov_place *place,
                   const struct cprov_wanted *wanted, struct cprov_search_query *query,
                   struct cprov_error *err)
{
    struct cprov_cache *index;

    query->listener = (struct cprov_search_listener){ .arg = r,
                                                      .missed = on_missed,
                                                      .progress = on_progress,
                                                      .stale = on_stale,
                                                      .warning = on_warning,
                                                      .cache_failed = on_cache_failed };
    if (cprov_session_query(r->s, false, query, err) < 0 ||
        cprov_session_index(r->s, &index, err) < 0)
        return err->code;
    query->what.wanted = wanted;
    query->what.wanted_count = 1;
    query->what.places = place;
    query->what.places_count = 1;
    return 0;
}

/*
 * The lists, and the manifests of versions that nothing is known of; what is left of the budget
 * goes to tags that may have moved, which their age says.
 */
static int list_and_read(struct refresh *r, struct cprov_search_query *query,
                         struct cprov_error *err)
{
    size_t budget = r->options->details;
    struct cprov_search_counts counts;

    query->how.depth = budget > 0 ? CPROV_SEARCH_DETAILS : CPROV_SEARCH_VERSIONS;
    query->how.details_max = budget;
    query->freshness.scan = query->freshness.versions = 0;
    query->freshness.details = INT32_MAX;
    if (cprov_search_run(query, &counts, err) < 0)
        return err->code;
    if (r->code < 0 || counts.asked >= budget)
        return 0;
    query->freshness.scan = query->freshness.versions = INT32_MAX;
    query->freshness.details = MOVED_AFTER_S;
    query->how.details_max = budget - counts.asked;
    query->listener.progress = NULL;
    return cprov_search_run(query, NULL, err);
}

/* One source after the other: what each costs can be told, and they do not wait for each other's
 * slots. */
static int refresh_one(struct refresh *r, const struct cprov_place *place, struct cprov_error *err)
{
    struct cprov_wanted everything = { .text = { 0 } };
    struct cprov_search_query query = { 0 };
    uint64_t before = requests_of(r->s);

    r->source = place->source->name;
    r->repositories = 0;
    r->code = 0;
    if (prepare(r, place, &everything, &query, err) < 0 || list_and_read(r, &query, err) < 0)
        return err->code;
    tell_progress(r, r->repositories, r->repositories, true);
    if (r->item)
        r->item(r->item_arg,
                &(struct cprov_refreshed_item){ .size = sizeof(struct cprov_refreshed_item),
                                                .source = r->source,
                                                .repositories = r->repositories,
                                                .requests = requests_of(r->s) - before,
                                                .problem = r->code ? r->err.msg : "" });
    return 0;
}

int cprov_refresh_place(struct cprov_session *s, struct cprov_place *place, struct cprov_error *err)
{
    struct cprov_refresh_options options = CPROV_INIT(struct cprov_refresh_options);
    struct refresh r = { .s = s, .options = &options };
    struct cprov_place *places = s->places;
    size_t count = s->places_count;

    s->places = place;
    s->places_count = 1;
    int code = refresh_one(&r, place, err);
    s->places = places;
    s->places_count = count;
    if (code == 0 && r.code < 0) {
        *err = r.err;
        code = r.code;
    }
    return code;
}

static int refresh_all(struct refresh *r, size_t *failed, int *first, struct cprov_error *err)
{
    struct cprov_session *s = r->s;
    struct cprov_cache *index;

    if (s->options.offline)
        return cprov_fail(err, CPROV_EINVAL,
                          "a refresh needs the network, but the session is offline");
    if (cprov_session_places(s, err) < 0)
        return err->code;
    if (s->places_count == 0) {
        cprov_fail(err, CPROV_ENOTFOUND, "no source is registered");
        cprov_hint(err, CPROV_HINT_REGISTER_SOURCE);
        return CPROV_ENOTFOUND;
    }
    if (cprov_session_index(s, &index, err) < 0)
        return err->code;
    if (s->index_lost.code < 0) {
        *err = s->index_lost;
        return err->code;
    }
    for (size_t i = 0; i < s->places_count; i++) {
        if (refresh_one(r, &s->places[i], err) < 0)
            return err->code;
        if (r->code == 0)
            continue;
        cprov_report(s, r->source, &r->err);
        *first = *first ? *first : r->code;
        ++*failed;
    }
    return 0;
}

int cprov_refresh(struct cprov_session *s, const struct cprov_refresh_options *options,
                  cprov_refreshed_fn *item, const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_refresh_options o;
    size_t failed = 0;
    int first = 0;

    if (cprov_session_begin(s, callbacks, &err) < 0 ||
        cprov_options_copy(&o, sizeof(o), options, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    struct refresh r = { .s = s, .options = &o, .item = item, .item_arg = s->callbacks.arg };
    int code = refresh_all(&r, &failed, &first, &err);
    if (code < 0)
        return cprov_session_end(s, code, "", &err);
    code = failed > 0 && failed < s->places_count ? CPROV_EPARTIAL : first;
    return cprov_session_end(s, code, "", NULL);
}
