/* provider/select.c - installed images by what the user says of them. */
#include "provider/select.h"

#include <string.h>

#define ID_DIGITS_MIN 4

static bool digest_begins(const char *digest, struct cprov_span text)
{
    struct cprov_span d = cprov_span_of(digest);

    if (cprov_span_equal(d, text))
        return true;
    for (size_t i = 0; i < text.len; i++)
        if (cprov_hex_value(text.ptr[i]) < 0)
            return false;
    d = cprov_span_from(d, cprov_span_find(d, ':') + 1);
    return text.len >= ID_DIGITS_MIN && text.len <= d.len && memcmp(d.ptr, text.ptr, text.len) == 0;
}

static struct cprov_span last_component(const char *name)
{
    struct cprov_span before, after, s = cprov_span_of(name);

    return cprov_span_cut_last(s, '/', &before, &after) ? after : s;
}

static bool name_matches(struct cprov_span pattern, const struct cprov_image *image)
{
    struct cprov_span name = cprov_span_of(image->name), host, path = name;

    if (cprov_reference_names_host(name)) /* host/team/app is team/app, too */
        cprov_span_cut(name, '/', &host, &path);
    return cprov_span_glob(pattern, name) || cprov_span_glob(pattern, path) ||
           cprov_span_glob(pattern, last_component(image->name));
}

static bool text_matches(struct cprov_span text, const struct cprov_image *image)
{
    char digest[CPROV_DIGEST_TEXT_MAX];
    struct cprov_span name, version;

    if (text.len == 0) /* is what other tools' entries have for a reference */
        return false;
    if (name_matches(text, image) || cprov_span_is(text, image->reference))
        return true;
    if (cprov_span_cut_last(text, ':', &name, &version) && name_matches(name, image) &&
        cprov_version_same(version, cprov_span_of(image->version)))
        return true;
    return digest_begins(image->image_id, text) ||
           digest_begins(cprov_digest_format(&image->descriptor.digest, digest), text);
}

/* images are sorted by name, then newest first: of each name the first selected one stays. */
static void keep_newest(const struct cprov_images *images, bool *selected)
{
    const char *kept = NULL;

    for (size_t i = 0; i < images->count; i++) {
        if (!selected[i])
            continue;
        selected[i] = !kept || strcmp(kept, images->list[i].name) != 0;
        kept = images->list[i].name;
    }
}

static void tell_missing(struct cprov_session *s, const char *name, bool versions,
                         struct cprov_outcome *outcome)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    if (cprov_span_is_pattern(cprov_span_of(name)))
        return;
    int code = cprov_fail(&err, CPROV_ENOTFOUND,
                          versions ? "not installed in that version" : "not installed");
    cprov_outcome_add(s, outcome, code, name, NULL, NULL, &err);
}

void cprov_select_nothing(struct cprov_session *s, const struct cprov_selection *selection,
                          struct cprov_outcome *outcome)
{
    for (size_t i = 0; i < selection->names_count; i++)
        tell_missing(s, selection->names[i], false, outcome);
}

static bool admits(const struct cprov_selection *selection, const struct cprov_version_range *range,
                   const struct cprov_image *image)
{
    return cprov_version_range_has(range, cprov_span_of(image->version)) &&
           (!selection->publisher ||
            cprov_span_glob(cprov_span_of(selection->publisher), cprov_span_of(image->publisher)));
}

int cprov_select(struct cprov_session *s, const struct cprov_images *images,
                 const struct cprov_selection *selection, bool *selected,
                 struct cprov_outcome *outcome, struct cprov_error *err)
{
    struct cprov_version_range range;
    bool limited = selection->version->minimum || selection->version->maximum;

    if (cprov_session_range(selection->version, &range, err) < 0)
        return err->code;
    for (size_t i = 0; i < images->count; i++)
        selected[i] = selection->names_count == 0 && admits(selection, &range, &images->list[i]);
    for (size_t n = 0; n < selection->names_count; n++) {
        struct cprov_span text = cprov_span_of(selection->names[n]);
        bool known = false, found = false;

        for (size_t i = 0; i < images->count; i++) {
            if (!text_matches(text, &images->list[i]))
                continue;
            known = true;
            if (admits(selection, &range, &images->list[i]))
                selected[i] = found = true;
        }
        if (!found)
            tell_missing(s, selection->names[n], known, outcome);
    }
    if (limited && !selection->version->all)
        keep_newest(images, selected);
    return 0;
}
