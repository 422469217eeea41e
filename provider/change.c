/* provider/change.c - what_if and confirm: one place tells what is about to be done. */
#include "provider/change.h"

/* The field as the caller of the library hears it: never NULL, without a secret. */
static const char *shown(struct cprov_session *s, const char *text)
{
    auto_buf struct cprov_buf copy = { 0 };

    cprov_buf_init(&copy, CPROV_URL_MAX);
    cprov_buf_add_text(&copy, text ? text : "");
    if (copy.ptr)
        cprov_session_hide(s, copy.ptr);
    const char *kept = cprov_arena_text(&s->call, cprov_buf_span(&copy));
    return kept ? kept : "";
}

static enum cprov_answer tell(struct cprov_session *s, const struct cprov_change *change)
{
    struct cprov_change told = *change;

    if (!s->callbacks.change)
        return CPROV_NO;
    told.size = sizeof(told);
    told.name = shown(s, change->name);
    told.version = shown(s, change->version);
    told.place = shown(s, change->place);
    return s->callbacks.change(s->callbacks.arg, &told);
}

int cprov_should(struct cprov_session *s, const struct cprov_change *change,
                 struct cprov_error *err)
{
    const struct cprov_session_options *o = &s->options;

    if (!o->what_if && (!o->confirm || o->yes))
        return 1;
    enum cprov_answer answer = tell(s, change);
    if (o->what_if)
        return 0;
    if (cprov_cancelled(&s->cancel))
        return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
    if (answer == CPROV_YES || answer == CPROV_YES_TO_ALL)
        return 1;
    cprov_fail(err, CPROV_EREFUSED, "not confirmed");
    if (!s->callbacks.change)
        cprov_hint(err, CPROV_HINT_NOBODY_TO_ASK);
    return err->code;
}
