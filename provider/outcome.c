/* provider/outcome.c - results of several items; items of records. */
#include "provider/outcome.h"

#include <string.h>

#include "base/clock.h"

void cprov_outcome_add(struct cprov_session *s, struct cprov_outcome *o, int code, const char *text,
                       const char *name, const char *version, const struct cprov_error *err)
{
    const char *target = text;

    if (code == 0) {
        o->done++;
        return;
    }
    if (name && version && *version)
        target = cprov_arena_textf(&s->call, "%s %s", name, version);
    o->stop = code == CPROV_ECANCELLED;
    if (o->stop || o->code == 0)
        o->code = code;
    if (o->stop) /* a time-out is told by its own name */
        o->code = cprov_session_end(s, code, target ? target : text, err);
    else
        cprov_report(s, target ? target : text, err);
}

void cprov_outcome_usage(struct cprov_session *s, struct cprov_outcome *o, const char *message)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    o->code = cprov_fail(&err, CPROV_EINVAL, "%s", message);
    cprov_report(s, "", &err);
}

int cprov_outcome_code(const struct cprov_outcome *o)
{
    return o->code < 0 && o->done > 0 && !o->stop ? CPROV_EPARTIAL : o->code;
}

const char *cprov_time_taken(struct cprov_session *s, const char *what, int64_t ms)
{
    int64_t seconds = ms / 1000;
    const char *text = cprov_arena_textf(&s->call, "%s in %lld hours, %lld minutes, %lld seconds.",
                                         what, (long long)(seconds / 3600),
                                         (long long)(seconds / 60 % 60), (long long)(seconds % 60));

    return text ? text : what;
}

void cprov_item_of_image(const struct cprov_image *image, struct cprov_item *item,
                         char digest[CPROV_DIGEST_TEXT_MAX], char full[CPROV_ITEM_TEXT_MAX])
{
    cprov_item_init(item);
    cprov_full_name(image->publisher, image->name, image->version, full);
    item->state = CPROV_INSTALLED;
    item->name = image->name;
    item->version = image->version;
    item->description = image->description;
    item->publisher = image->publisher;
    item->source = image->source;
    item->reference = image->reference;
    item->platform_digest = cprov_digest_format(&image->descriptor.digest, digest);
    item->digest = *image->index_digest ? image->index_digest : digest;
    item->media_type = image->descriptor.media_type;
    item->platforms = image->platform;
    item->created = image->created;
    item->installed = image->installed;
    item->image_id = image->image_id;
    item->full_name = full;
    item->bytes = image->size;
    item->is_os = image->is_os;
}
