#include "store/image_name.h"

#include <string.h>

#include "base/error.h"
#include "base/hash_table.h"
#include "manifest/reference.h"

/* "registry:5000/team/app:1.2" is cut at the last ':' that no '/' follows. */
static void split_name(struct cprov_span text, struct cprov_span *name, struct cprov_span *version)
{
    struct cprov_span before, after;

    *name = text;
    *version = (struct cprov_span){ NULL, 0 };
    if (cprov_span_cut_last(text, ':', &before, &after) && before.len > 0 &&
        cprov_span_find(after, '/') == after.len) {
        *name = before;
        *version = after;
    }
}

/* docker.io/library/alpine:3.20 → library/alpine, 3.20: as our own entries are named. */
static bool name_from_reference(struct cprov_image *image, struct cprov_arena *arena,
                                const char *text)
{
    struct cprov_reference r;

    if (cprov_reference_parse(cprov_span_of(text), &r, CPROV_IGNORED) < 0)
        return false;
    if (strcmp(r.host, "docker.io") == 0)
        image->name = cprov_arena_text(arena, cprov_span_of(r.repository));
    else
        image->name = cprov_arena_textf(arena, "%s/%s", r.host, r.repository);
    image->version = cprov_arena_text(arena, cprov_span_of(r.tag));
    image->reference = text;
    return true;
}

/* "team/app@sha256:…", as ctr exports what it knows by digest alone. */
static bool cut_digest(struct cprov_span text, struct cprov_span *name)
{
    struct cprov_span digest;
    struct cprov_digest ignored;

    return cprov_span_cut(text, '@', name, &digest) && name->len > 0 &&
           cprov_digest_parse(digest, &ignored, CPROV_IGNORED) == 0;
}

/* "@sha256:…" or "sha256:…": of an image without a tag ctr writes this, beside its full name. */
static bool is_digest_alone(const char *ref)
{
    struct cprov_digest ignored;

    return cprov_digest_parse(cprov_span_of(*ref == '@' ? ref + 1 : ref), &ignored,
                              CPROV_IGNORED) == 0;
}

static void name_by_digest(struct cprov_image *image, struct cprov_arena *arena)
{
    char digest[CPROV_DIGEST_TEXT_MAX];

    image->name = cprov_arena_text(
        arena, cprov_span_of(cprov_digest_format(&image->descriptor.digest, digest)));
    image->version = "";
    image->naming = CPROV_NAMED_NOT;
}

static void name_by_ref_name(struct cprov_image *image, struct cprov_arena *arena, const char *ref)
{
    struct cprov_span text = cprov_span_of(ref), name, version;

    if (cut_digest(text, &name)) {
        if (cprov_reference_names_host(text) && name_from_reference(image, arena, ref))
            return;
        split_name(name, &name, &version);
    } else if (!strpbrk(ref, ":/") && cprov_reference_check_tag(text, CPROV_IGNORED) == 0) {
        name = cprov_span_make("", 0);
        version = text;
        image->naming = CPROV_NAMED_BY_PLACE;
    } else {
        split_name(text, &name, &version);
    }
    image->name = cprov_arena_text(arena, name);
    image->version = cprov_arena_text(arena, version);
}

void cprov_image_name(struct cprov_image *image, struct cprov_arena *arena, const char *reference)
{
    const struct cprov_descriptor *d = &image->descriptor;
    const char *ref =
        cprov_annotation_get(d->annotations, d->annotations_count, CPROV_ANN_REF_NAME);
    const char *full =
        cprov_annotation_get(d->annotations, d->annotations_count, CPROV_ANN_CONTAINERD);

    bool says_name = ref && strpbrk(ref, ":/") && !is_digest_alone(ref);
    image->naming = CPROV_NAMED_IN_FULL;
    if (reference && name_from_reference(image, arena, reference))
        return;
    if (full && !says_name && name_from_reference(image, arena, full))
        return;
    if (!ref || !*ref || is_digest_alone(ref))
        name_by_digest(image, arena);
    else
        name_by_ref_name(image, arena, ref);
}

bool cprov_image_is_nameless(const struct cprov_image *image)
{
    char digest[CPROV_DIGEST_TEXT_MAX];

    return strcmp(image->name, cprov_digest_format(&image->descriptor.digest, digest)) == 0;
}

struct cprov_span cprov_image_place_name(const char *path)
{
    static const char *const endings[] = { ".gz",  ".zst", ".xz",  ".bz2",
                                           ".lz4", ".tgz", ".tar", ".oci" };
    struct cprov_span text = cprov_span_of(path);

    while (text.len > 1 && text.ptr[text.len - 1] == '/')
        text.len--;
    size_t slash = cprov_span_find_last(text, '/');
    if (slash < text.len)
        text = cprov_span_from(text, slash + 1);
    for (size_t i = 0; i < CPROV_COUNT(endings); i++)
        if (cprov_span_ends_with(text, endings[i]) && text.len > strlen(endings[i]))
            text.len -= strlen(endings[i]);
    return text;
}

const char *cprov_image_short_digest(const struct cprov_image *image,
                                     char buf[CPROV_SHORT_DIGEST_MAX])
{
    char digest[CPROV_DIGEST_TEXT_MAX];
    const char *colon = strchr(cprov_digest_format(&image->descriptor.digest, digest), ':');

    memcpy(buf, colon + 1, CPROV_SHORT_DIGEST_MAX - 1);
    buf[CPROV_SHORT_DIGEST_MAX - 1] = '\0';
    return buf;
}

/* The names of which a "latest" is there. */
static int note_latest(struct cprov_hash_table *latest, const struct cprov_image *images,
                       size_t count, struct cprov_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(images[i].version, "latest") == 0 &&
            cprov_hash_table_note(latest, 0, images[i].name, err) < 0)
            return err->code;
    return 0;
}

static int give_version(struct cprov_image *image, struct cprov_hash_table *latest,
                        struct cprov_arena *arena, struct cprov_error *err)
{
    char digits[CPROV_SHORT_DIGEST_MAX];

    if (!cprov_hash_table_noted(latest, 0, image->name)) {
        image->version = "latest";
        return cprov_hash_table_note(latest, 0, image->name, err);
    }
    image->version =
        cprov_arena_text(arena, cprov_span_of(cprov_image_short_digest(image, digits)));
    return image->version ? 0 : cprov_fail_memory(err);
}

/* Of our own entries one without a version was installed by its digest, and says so. */
static bool lacks_version(const struct cprov_image *image)
{
    return image->naming != CPROV_NAMED_BY_US && !*image->version &&
           !cprov_image_is_nameless(image);
}

int cprov_images_complete(struct cprov_image *images, size_t count, const char *place,
                          struct cprov_arena *arena, struct cprov_error *err)
{
    auto_hash_table struct cprov_hash_table latest = { 0 };
    const char *name = cprov_arena_text(arena, cprov_image_place_name(place));
    size_t open = 0;

    if (!name)
        return cprov_fail_memory(err);
    for (size_t i = 0; i < count; i++) {
        if (images[i].naming == CPROV_NAMED_BY_PLACE ||
            (count == 1 && images[i].naming == CPROV_NAMED_NOT))
            images[i].name = name;
        open += lacks_version(&images[i]);
    }
    if (open == 0)
        return 0;
    if (note_latest(&latest, images, count, err) < 0)
        return err->code;
    for (size_t i = 0; i < count; i++)
        if (lacks_version(&images[i]) && give_version(&images[i], &latest, arena, err) < 0)
            return err->code;
    return cprov_arena_check(arena, err);
}
