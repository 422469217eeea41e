/* provider/item.c - the item that a caller is handed: its texts as a table, and made of a version.
 */
#include "provider/item.h"

#include <stddef.h>
#include <string.h>

#define NO_TEXT CPROV_TEXTS

/* Each text of the public item, and the one of a version that it shows as it is. */
static const struct member {
    size_t at;
    enum cprov_text text;
} members[] = {
#define AT(field) offsetof(struct cprov_item, field)
    { AT(name), CPROV_TEXT_NAME },
    { AT(version), CPROV_TEXT_VERSION },
    { AT(description), CPROV_TEXT_DESCRIPTION },
    { AT(publisher), CPROV_TEXT_PUBLISHER },
    { AT(media_type), CPROV_TEXT_MEDIA_TYPE },
    { AT(platforms), CPROV_TEXT_PLATFORMS },
    { AT(os_version), CPROV_TEXT_OS_VERSION },
    { AT(created), CPROV_TEXT_CREATED },
    { AT(image_id), CPROV_TEXT_IMAGE_ID },
    { AT(notes), CPROV_TEXT_NOTES },
    { AT(dependencies), CPROV_TEXT_DEPENDENCIES },
    { AT(source), NO_TEXT },
    { AT(location), NO_TEXT },
    { AT(reference), NO_TEXT },
    { AT(digest), NO_TEXT },
    { AT(installed), NO_TEXT },
    { AT(full_name), NO_TEXT },
    { AT(parent), NO_TEXT },
    { AT(ref), NO_TEXT },
    { AT(path), NO_TEXT },
    { AT(legacy_id), NO_TEXT },
    { AT(sha256), NO_TEXT },
    { AT(url), NO_TEXT },
    { AT(culture), NO_TEXT },
    { AT(checked), NO_TEXT },
    { AT(platform_digest), NO_TEXT },
    { AT(kind), NO_TEXT },
#undef AT
};

static const char **text_at(struct cprov_item *item, size_t i)
{
    return (const char **)(void *)((char *)item + members[i].at);
}

void cprov_item_init(struct cprov_item *item)
{
    *item = (struct cprov_item){ .size = sizeof(*item) };
    for (size_t i = 0; i < CPROV_COUNT(members); i++)
        *text_at(item, i) = "";
}

void cprov_item_of_entry(const struct cprov_entry *entry, struct cprov_item *item)
{
    cprov_item_init(item);
    for (size_t i = 0; i < CPROV_COUNT(members); i++)
        if (members[i].text != NO_TEXT && entry->texts[members[i].text])
            *text_at(item, i) = entry->texts[members[i].text];
    item->bytes = entry->bytes;
    item->kind = entry->url && *entry->url ? "file" : cprov_kind_name(entry->kind);
    item->is_os = entry->is_os;
}

int cprov_item_copy(const struct cprov_item *item, struct cprov_arena *arena,
                    struct cprov_item *out, struct cprov_error *err)
{
    struct cprov_item copy = *item;

    for (size_t i = 0; i < CPROV_COUNT(members); i++)
        *text_at(&copy, i) = cprov_arena_text(arena, cprov_span_of(*text_at(&copy, i)));
    if (cprov_arena_check(arena, err) < 0)
        return err->code;
    *out = copy;
    return 0;
}

/* The struct as it is, then its texts, each with its end. */
void cprov_item_pack(const struct cprov_item *item, struct cprov_buf *out)
{
    struct cprov_item copy = *item;

    cprov_buf_add(out, item, sizeof(*item));
    for (size_t i = 0; i < CPROV_COUNT(members); i++) {
        const char *text = *text_at(&copy, i);

        cprov_buf_add(out, text, strlen(text) + 1);
    }
}

void cprov_item_unpack(struct cprov_span bytes, struct cprov_item *out)
{
    const char *text = bytes.ptr + sizeof(*out);

    memcpy(out, bytes.ptr, sizeof(*out));
    for (size_t i = 0; i < CPROV_COUNT(members); i++) {
        *text_at(out, i) = text;
        text += strlen(text) + 1;
    }
}
