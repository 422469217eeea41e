/* provider/session_index.c - the session's index, and what every search has in common. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/quantity.h"
#include "provider/session.h"

static const char *index_dir(struct cprov_session *s)
{
    auto_buf struct cprov_buf home = { 0 };
    const char *own = getenv("CPROV_CACHE_DIR"), *cache = getenv("XDG_CACHE_HOME");
    bool machine = s->options.all_users || (geteuid() == 0 && !s->options.current_user);

    cprov_buf_init(&home, CPROV_URL_MAX);
    if (own && *own)
        return cprov_arena_text(&s->arena, cprov_span_of(own));
    if (s->conf->cache && !s->options.current_user)
        return s->conf->cache;
    if (cache && *cache == '/')
        return cprov_arena_textf(&s->arena, "%s/container-provider", cache);
    if (machine)
        return "/var/cache/container-provider";
    if (*cprov_fs_home(&home))
        return cprov_arena_textf(&s->arena, "%s/.cache/container-provider", cprov_buf_text(&home));
    return NULL;
}

static void on_rebuilt(void *arg, const char *why)
{
    cprov_say(arg, CPROV_MSG_WARNING, "%s; the cache is rebuilt", why);
}

int cprov_session_index(struct cprov_session *s, struct cprov_cache **out, struct cprov_error *err)
{
    struct cprov_cache_options options = {
        .dir = index_dir(s), .cancel = &s->cancel, .rebuilt = on_rebuilt, .arg = s
    };

    if (s->index && cprov_cache_damaged(s->index)) {
        cprov_cache_close(s->index);
        s->index = NULL;
    }
    if (cprov_arena_check(&s->arena, err) < 0)
        return err->code;
    int code = s->index ? 0 : cprov_cache_open(&options, &s->index, err);
    if (code == CPROV_EREFUSED || code == CPROV_ENOSPACE || code == CPROV_EFAIL) {
        cprov_say(s, CPROV_MSG_VERBOSE, "results are not cached: %s", err->msg);
        s->index_lost = *err;
        *err = (struct cprov_error)CPROV_ERROR_INIT;
        options.dir = NULL;
        code = cprov_cache_open(&options, &s->index, err);
    }
    if (code == 0)
        *out = s->index;
    return code;
}

/* --- a search --- */

static struct cprov_session *session_of(void *arg)
{
    return *(struct cprov_session **)arg;
}

static int open_cache(void *arg, struct cprov_cache **out, struct cprov_error *err)
{
    struct cprov_session *s = session_of(arg);
    int code = cprov_session_index(s, out, err);

    if (code < 0)
        cprov_say(s, CPROV_MSG_VERBOSE, "working without the cache: %s", err->msg);
    return code;
}

static int connect(void *arg, struct cprov_client **out, struct cprov_error *err)
{
    return cprov_session_client(session_of(arg), out, err);
}

static void on_stale(void *arg, const struct cprov_place *place, int64_t checked,
                     const struct cprov_error *why)
{
    char age[CPROV_AGE_TEXT_MAX];

    cprov_say(session_of(arg), CPROV_MSG_WARNING,
              "source '%s' does not answer; using cached results (%s): %s", place->source->name,
              cprov_time_age(cprov_time_now() - checked, age), why->msg);
}

static void on_warning(void *arg, const struct cprov_place *place, const char *text)
{
    struct cprov_session *s = session_of(arg);

    if (place)
        cprov_say(s, CPROV_MSG_WARNING, "source '%s': %s", place->source->name, text);
    else
        cprov_say(s, CPROV_MSG_WARNING, "%s", text);
}

static int on_led(void *arg, const struct cprov_listing *row, struct cprov_error *err)
{
    return cprov_session_led(session_of(arg), row, err);
}

static void on_cache_failed(void *arg, const struct cprov_error *err)
{
    cprov_say(session_of(arg), CPROV_MSG_WARNING, "%s; continuing without it", err->msg);
}

static int read_age(const struct cprov_session *s, bool *given, int64_t *seconds,
                    struct cprov_error *err)
{
    static const struct cprov_quantity age = { CPROV_QUANTITY_TIME, 0, CPROV_AGE_MAX_MS };
    uint64_t ms = s->conf->has_max_age ? s->conf->max_age_ms : CPROV_MAX_AGE_MS;
    char expected[CPROV_QUANTITY_EXPECTED_MAX];

    *given = s->options.max_age != NULL;
    if (*given && !cprov_quantity_read(&age, cprov_span_of(s->options.max_age), &ms))
        return cprov_fail(err, CPROV_EINVAL, "the age '%s' is not %s", s->options.max_age,
                          cprov_quantity_expected(&age, expected));
    *seconds = s->options.refresh ? 0 : (int64_t)(ms / 1000);
    return 0;
}

int cprov_session_query(struct cprov_session *s, bool live, struct cprov_search_query *q,
                        struct cprov_error *err)
{
    struct cprov_search_listener *l = &q->listener;
    int64_t age = 0;
    bool given;

    if (read_age(s, &given, &age, err) < 0 || cprov_session_places(s, err) < 0)
        return err->code;
    q->what.places = s->places;
    q->what.places_count = s->places_count;
    q->what.aliases = s->conf->aliases;
    q->what.aliases_count = s->conf->aliases_count;
    q->freshness = (struct cprov_freshness){ .scan = age,
                                             .versions = live && !given ? 0 : age,
                                             .details = age,
                                             .immutable = s->conf->immutable_tags };
    q->how.host = &s->host;
    q->how.details_max = CPROV_DETAILS_MAX;
    q->how.offline = s->options.offline;
    q->how.sparing = live && !given;
    q->how.has_cache = cprov_cache_exists(index_dir(s));
    q->how.dates_dir = s->conf_dir;
    l->open_cache = open_cache;
    l->connect = connect;
    l->led = on_led;
    l->stale = l->stale ? l->stale : on_stale;
    l->warning = l->warning ? l->warning : on_warning;
    l->cache_failed = l->cache_failed ? l->cache_failed : on_cache_failed;
    return 0;
}
