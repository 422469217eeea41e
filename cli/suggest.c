#include "cli/suggest.h"

#include <string.h>

#include "cli/cli.h"
#include "cli/text.h"

#define NAMES_MAX 20000 /* more are not looked at: a tenth of a second */

struct suggestion {
    struct cprov_arena *arena;
    struct cprov_guess guess;
};

/* The guess keeps what it is offered; names live for the time of the call. */
static void offer(struct suggestion *s, const char *name)
{
    cprov_guess_offer(&s->guess, name);
    if (s->guess.nearest == name)
        s->guess.nearest = cprov_arena_text(s->arena, cprov_span_of(name));
}

static void on_item(void *arg, const struct cprov_item *item)
{
    struct suggestion *s = arg;
    const char *slash = strrchr(item->name, '/');

    offer(s, item->name);
    if (slash)
        offer(s, slash + 1);
}

/* "nginx:1.2", "nginx 1.2" and "nginx@sha256:..." as nginx; NULL for a reference with a host, which
 * no list can correct. */
static const char *name_of(struct cprov_cli *cli, const char *target)
{
    struct cprov_span name = cprov_span_make(target, strcspn(target, " @")), before, after;
    struct cprov_span host, rest;

    if (cprov_span_cut_last(name, ':', &before, &after) && cprov_span_find(after, '/') == after.len)
        name = before;
    if (cprov_span_cut(name, '/', &host, &rest) &&
        (cprov_span_find(host, '.') < host.len || cprov_span_find(host, ':') < host.len))
        return NULL;
    return name.len ? cprov_arena_text(&cli->settings.arena, name) : NULL;
}

const char *cprov_suggest_image(struct cprov_cli *cli, const struct cprov_failure *failure)
{
    struct cprov_session_options options = cli->settings.session;
    struct cprov_find_options find = CPROV_INIT(struct cprov_find_options);
    struct suggestion s = { .arena = &cli->settings.arena };
    struct cprov_callbacks callbacks = { .size = sizeof(callbacks), .arg = &s, .item = on_item };
    struct cprov_session *session = NULL;

    if (failure->result != CPROV_NOT_FOUND || *failure->hint ||
        cli->verb->group != CPROV_GROUP_GET || !(s.guess.word = name_of(cli, failure->target)))
        return NULL;
    options.offline = true;
    find.limit = NAMES_MAX;
    if (cprov_session_open(&options, &callbacks, &session) < 0)
        return NULL;
    (void)cprov_find(session, &find, &callbacks);
    cprov_session_close(session);

    const char *best = cprov_guess_best(&s.guess);
    if (!best || s.guess.distance == 0)
        return NULL;
    return cprov_arena_textf(&cli->settings.arena, "did you mean '%s'?", best);
}
