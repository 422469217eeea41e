/* provider/list.c - cprov_list(): the installed images, filtered. */
#include <stdlib.h>
#include <string.h>

#include "provider/outcome.h"
#include "provider/select.h"
#include "store/lineage.h"

/* "windows(10.0.20348.1)/amd64" → "10.0.20348.1". */
static const char *os_version_of(struct cprov_session *s, const char *platform)
{
    const char *open = strchr(platform, '(');
    size_t len = open ? strcspn(open + 1, "+)") : 0;
    const char *text = cprov_arena_text(&s->call, cprov_span_make(open ? open + 1 : "", len));

    return text ? text : "";
}

static const char *parent_text(struct cprov_session *s, const struct cprov_image *parent)
{
    const char *text = cprov_arena_textf(
        &s->call, "ContainerImage (Name = '%s') [Publisher = '%s', Version = '%s']", parent->name,
        parent->publisher, parent->version);

    return text ? text : "";
}

/* lineage: NULL when nobody asks for parents. */
static int emit(struct cprov_session *s, struct cprov_store *store,
                const struct cprov_images *images, size_t i, const struct cprov_list_options *o,
                const struct cprov_lineage *lineage, struct cprov_error *err)
{
    struct cprov_item item;
    char digest[CPROV_DIGEST_TEXT_MAX], full[CPROV_ITEM_TEXT_MAX], legacy[65];
    const struct cprov_image *parent = NULL;

    cprov_item_of_image(&images->list[i], &item, digest, full);
    item.os_version = os_version_of(s, images->list[i].platform);
    if (o->legacy_ids && cprov_legacy_id(full, legacy, err) < 0)
        return err->code;
    if (o->legacy_ids)
        item.legacy_id = legacy;
    item.path = cprov_store_root(store);
    if (o->parents)
        parent = cprov_lineage_parent(lineage, i);
    if (parent)
        item.parent = parent_text(s, parent);
    cprov_item_emit(s, &item);
    return 0;
}

static int keep_children(const struct cprov_lineage *lineage, const struct cprov_images *images,
                         const char *child_of, bool *selected, struct cprov_error *err)
{
    struct cprov_span name = cprov_span_of(child_of), version = { 0 };
    bool known = false;

    cprov_span_cut_last(cprov_span_of(child_of), ':', &name, &version);
    for (size_t i = 0; i < images->count; i++) {
        known = known || cprov_span_is_nocase(name, images->list[i].name);
        if (!selected[i])
            continue;
        const struct cprov_image *parent = cprov_lineage_parent(lineage, i);
        selected[i] = parent && cprov_span_is_nocase(name, parent->name) &&
                      (version.len == 0 || cprov_span_is(version, parent->version));
    }
    return known ? 0 : cprov_fail(err, CPROV_ENOTFOUND, "'%s' is not installed", child_of);
}

static int list_images(struct cprov_session *s, const struct cprov_list_options *o,
                       struct cprov_outcome *outcome, struct cprov_error *err)
{
    auto_store struct cprov_store *store = NULL;
    auto_images struct cprov_images *images = NULL;
    auto_lineage struct cprov_lineage *lineage = NULL;
    struct cprov_selection selection = { .names = o->names,
                                         .names_count = o->names_count,
                                         .version = o->version,
                                         .publisher = o->publisher };

    struct cprov_version_range range;

    if (cprov_select_check(&selection, &range, err) < 0)
        return err->code;
    int code = cprov_session_store(s, CPROV_STORE_READ, &store, err);
    if (code == CPROV_ENOTFOUND) {
        cprov_select_nothing(s, &selection, outcome);
        return 0;
    }
    if (code < 0 || cprov_images_read(store, &images, err) < 0)
        return err->code;
    bool *selected = cprov_arena_alloc(&s->call, images->count, sizeof(*selected));
    if (!selected)
        return cprov_fail_memory(err);
    if ((o->parents || o->child_of) && cprov_lineage_new(store, images, &lineage, err) < 0)
        return err->code;
    if (cprov_select(s, images, &selection, selected, outcome, err) < 0 ||
        (o->child_of && keep_children(lineage, images, o->child_of, selected, err) < 0))
        return err->code;
    for (size_t i = 0; i < images->count; i++)
        if (selected[i] && emit(s, store, images, i, o, lineage, err) < 0)
            return err->code;
    return 0;
}

int cprov_list(struct cprov_session *s, const struct cprov_list_options *options,
               const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_outcome outcome = { 0 };
    struct cprov_version_options version;
    struct cprov_list_options o;

    if (cprov_session_begin(s, callbacks, &err) < 0 ||
        cprov_options_copy(&o, sizeof(o), options, &err) < 0 ||
        cprov_options_copy(&version, sizeof(version), o.version, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    o.version = &version;
    int code = list_images(s, &o, &outcome, &err);
    if (code < 0)
        return cprov_session_end(s, code, "", &err);
    return cprov_session_end(s, cprov_outcome_code(&outcome), "", NULL);
}
