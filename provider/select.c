/* provider/select.c - installed images by what the user says of them. */
#include "provider/select.h"

#include <string.h>

#include "catalog/source/local_place.h"
#include "manifest/choice.h"
#include "manifest/reference.h"
#include "provider/name.h"

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

bool cprov_image_has_digest(const struct cprov_image *image, const struct cprov_digest *digest)
{
    char text[CPROV_DIGEST_TEXT_MAX];

    return cprov_digest_equal(&image->descriptor.digest, digest) ||
           strcmp(image->index_digest, cprov_digest_format(digest, text)) == 0;
}

/* How well a text says which image is meant; of several the best counts alone. */
enum match { MATCH_NO, MATCH_ID, MATCH_PART, MATCH_WHOLE };

static enum match match_name(struct cprov_span text, const struct cprov_image *image)
{
    if (cprov_span_is_nocase(text, image->name))
        return MATCH_WHOLE;
    return name_matches(text, image) ? MATCH_PART : MATCH_NO;
}

/* A reference in any of its spellings; one without a tag is the repository. */
static enum match match_reference(struct cprov_span text, const struct cprov_image *image)
{
    struct cprov_reference want, own;
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (!*image->reference || !cprov_reference_names_host(text) ||
        cprov_reference_parse(text, &want, &ignored) < 0 ||
        cprov_reference_parse(cprov_span_of(image->reference), &own, &ignored) < 0 ||
        strcmp(want.host, own.host) != 0 || strcmp(want.repository, own.repository) != 0)
        return MATCH_NO;
    if (want.has_digest)
        return cprov_image_has_digest(image, &want.digest) ? MATCH_WHOLE : MATCH_NO;
    return !*want.tag || strcmp(want.tag, own.tag) == 0 ? MATCH_WHOLE : MATCH_NO;
}

/* NAME:VERSION, NAME@DIGEST. */
static enum match match_qualified(struct cprov_span text, const struct cprov_image *image)
{
    struct cprov_span name, rest, version;
    struct cprov_digest digest;
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (cprov_span_cut_last(text, '@', &name, &rest)) {
        if (cprov_digest_parse(rest, &digest, &ignored) < 0 ||
            !cprov_image_has_digest(image, &digest))
            return MATCH_NO;
        if (cprov_span_cut_last(name, ':', &rest, &version) &&
            cprov_span_find(version, '/') == version.len)
            name = rest;
        return match_name(name, image);
    }
    if (cprov_span_cut_last(text, ':', &name, &version) &&
        cprov_version_same(version, cprov_span_of(image->version)))
        return match_name(name, image);
    return MATCH_NO;
}

static enum match match_digest(struct cprov_span text, const struct cprov_image *image)
{
    char digest[CPROV_DIGEST_TEXT_MAX];

    cprov_digest_format(&image->descriptor.digest, digest);
    if (cprov_span_is(text, digest) || cprov_span_is(text, image->image_id) ||
        cprov_span_is(text, image->index_digest))
        return MATCH_WHOLE;
    return digest_begins(image->image_id, text) || digest_begins(digest, text) ||
                   digest_begins(image->index_digest, text)
               ? MATCH_ID
               : MATCH_NO;
}

static enum match match_text(struct cprov_span text, const struct cprov_image *image)
{
    const enum match each[] = { match_name(text, image), match_reference(text, image),
                                match_qualified(text, image), match_digest(text, image) };
    enum match best = MATCH_NO;

    if (text.len == 0) /* is what other tools' entries have for a reference */
        return MATCH_NO;
    if (cprov_span_is(text, image->reference))
        return MATCH_WHOLE;
    for (size_t i = 0; i < CPROV_COUNT(each); i++)
        best = each[i] > best ? each[i] : best;
    return cprov_span_is_pattern(text) && best ? MATCH_WHOLE : best;
}

/* --- platforms --- */

static bool offers(struct cprov_session *s, const struct cprov_image *image, struct cprov_choice *c,
                   size_t i)
{
    struct cprov_span list = cprov_span_of(image->platform), one;
    struct cprov_error ignored = CPROV_ERROR_INIT;
    struct cprov_platform p;
    bool any = false;

    while (cprov_span_next(&list, ',', &one))
        if (cprov_platform_parse(cprov_span_trim(one), &s->call, &p, &ignored) == 0) {
            cprov_choice_offer(c, &p, i);
            any = true;
        }
    return any;
}

bool cprov_select_is_for_host(struct cprov_session *s, const struct cprov_image *image)
{
    struct cprov_choice c;
    size_t i;

    cprov_choice_init(&c, &s->host);
    return !offers(s, image, &c, 0) || cprov_choice_result(&c, &i);
}

static bool fits_host(struct cprov_session *s, const struct cprov_image *image)
{
    return !s->host_given || cprov_select_is_for_host(s, image);
}

bool cprov_select_is_same(const struct cprov_image *a, const struct cprov_image *b)
{
    return cprov_digest_equal(&a->descriptor.digest, &b->descriptor.digest) ||
           (*a->index_digest && strcmp(a->index_digest, b->index_digest) == 0);
}

size_t cprov_select_platform(struct cprov_session *s, const struct cprov_images *images,
                             const bool *selected, size_t i)
{
    const struct cprov_image *list = images->list;
    struct cprov_choice c;
    size_t best = i;

    cprov_choice_init(&c, &s->host);
    for (size_t k = i; k < images->count; k++)
        if (selected[k] && (cprov_select_is_same(&list[k], &list[i]) ||
                            (strcmp(list[k].name, list[i].name) == 0 &&
                             strcmp(list[k].version, list[i].version) == 0)))
            (void)offers(s, &list[k], &c, k);
    return cprov_choice_result(&c, &best) ? best : i;
}

/* --- selecting --- */

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

static void tell_missing(struct cprov_session *s, const char *name, const char *why,
                         struct cprov_outcome *outcome)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    if (cprov_span_is_pattern(cprov_span_of(name)))
        return;
    int code = cprov_fail(&err, CPROV_ENOTFOUND, "%s", why);
    cprov_hint(&err, CPROV_HINT_LIST_INSTALLED);
    cprov_outcome_add(s, outcome, code, name, NULL, NULL, &err);
}

void cprov_select_nothing(struct cprov_session *s, const struct cprov_selection *selection,
                          struct cprov_outcome *outcome)
{
    for (size_t i = 0; i < selection->names_count; i++)
        tell_missing(s, selection->names[i], "not installed", outcome);
}

static bool admits(const struct cprov_selection *selection, const struct cprov_version_range *range,
                   const struct cprov_image *image)
{
    return cprov_version_range_has(range, cprov_span_of(image->version)) &&
           (!selection->publisher ||
            cprov_span_glob(cprov_span_of(selection->publisher), cprov_span_of(image->publisher)));
}

/* The version that a name says itself: "app:1.0"; of a pattern, a digest and a ref none. */
static struct cprov_span version_in(const char *name)
{
    struct cprov_span text = cprov_span_of(name), location, image, before, version;
    struct cprov_digest digest;

    if (cprov_local_name(text, &location, &image))
        text = image;
    text.len = cprov_span_find(text, '@');
    if (cprov_span_is_pattern(text) || cprov_name_is_ref(name) ||
        cprov_digest_parse(text, &digest, NULL) == 0 ||
        !cprov_span_cut_last(text, ':', &before, &version) ||
        cprov_span_find(version, '/') < version.len)
        return cprov_span_make(NULL, 0);
    return version;
}

int cprov_select_check(const struct cprov_selection *selection, struct cprov_version_range *range,
                       struct cprov_error *err)
{
    if (cprov_session_range(selection->version, range, err) < 0)
        return err->code;
    for (size_t i = 0; i < selection->names_count; i++) {
        const char *name = selection->names[i];
        struct cprov_span version = version_in(name);
        bool digest = strchr(name, '@') && !cprov_span_is_pattern(cprov_span_of(name));

        if (selection->version->all && (version.len > 0 || digest))
            return cprov_fail(err, CPROV_EINVAL,
                              "'%s' names one version, which contradicts all versions", name);
        if (version.len > 0 && !cprov_version_range_is_any(range) &&
            !cprov_version_range_has(range, version))
            return cprov_fail(err, CPROV_EINVAL,
                              "version '%" CPROV_SPAN_FMT "' contradicts the options",
                              CPROV_SPAN_ARG(version));
    }
    return 0;
}

/* "1" is "1.0" as long as nothing is spelled "1": whether the version is the wanted one to the
 * letter. */
static bool spells(struct cprov_span text, const struct cprov_version_range *range,
                   const struct cprov_image *image)
{
    struct cprov_span name, version = range->exact;

    if (version.len == 0 && !cprov_span_cut_last(text, ':', &name, &version))
        return false;
    return version.len > 0 && cprov_span_is(version, image->version);
}

/* Flags what one text means; *why is set when that is nothing. */
static void select_one(struct cprov_session *s, const struct cprov_images *images,
                       const struct cprov_selection *selection,
                       const struct cprov_version_range *range, struct cprov_span text,
                       bool *selected, const char **why)
{
    enum match best = MATCH_NO;
    bool found = false, admitted = false, spelled = false;

    for (size_t i = 0; i < images->count; i++) {
        enum match m = match_text(text, &images->list[i]);

        if (m > best || (m == best && !spelled))
            spelled = m && spells(text, range, &images->list[i]);
        best = m > best ? m : best;
    }
    for (size_t i = 0; best && i < images->count; i++) {
        if (match_text(text, &images->list[i]) != best ||
            !admits(selection, range, &images->list[i]) ||
            (spelled && !spells(text, range, &images->list[i])))
            continue;
        admitted = true;
        if (fits_host(s, &images->list[i]))
            selected[i] = found = true;
    }
    *why = found      ? NULL
           : admitted ? "not installed for that platform"
           : best     ? "not installed in that version"
                      : "not installed";
}

int cprov_select(struct cprov_session *s, const struct cprov_images *images,
                 const struct cprov_selection *selection, bool *selected,
                 struct cprov_outcome *outcome, struct cprov_error *err)
{
    struct cprov_version_range range;
    bool limited = selection->version->minimum || selection->version->maximum;

    if (cprov_select_check(selection, &range, err) < 0)
        return err->code;
    for (size_t i = 0; i < images->count; i++)
        selected[i] = selection->names_count == 0 && admits(selection, &range, &images->list[i]) &&
                      fits_host(s, &images->list[i]);
    for (size_t n = 0; n < selection->names_count; n++) {
        const char *why;

        select_one(s, images, selection, &range, cprov_span_of(selection->names[n]), selected,
                   &why);
        if (why)
            tell_missing(s, selection->names[n], why, outcome);
    }
    if (limited && !selection->version->all)
        keep_newest(images, selected);
    return 0;
}

int cprov_select_quietly(struct cprov_session *s, const struct cprov_images *images,
                         const char *name, const struct cprov_version_options *version,
                         bool *selected, const char **why, struct cprov_error *err)
{
    struct cprov_selection selection = { .names = &name, .names_count = 1, .version = version };
    struct cprov_version_range range;

    if (cprov_select_check(&selection, &range, err) < 0)
        return err->code;
    memset(selected, 0, images->count * sizeof(*selected));
    select_one(s, images, &selection, &range, cprov_span_of(name), selected, why);
    if ((version->minimum || version->maximum) && !version->all)
        keep_newest(images, selected);
    return 0;
}
