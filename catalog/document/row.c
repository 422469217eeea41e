/* catalog/document/row.c - one record of a document that lists images, and the entry it makes. */
#include "catalog/document/row_private.h"

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/quantity.h"
#include "manifest/reference.h"
#include "net/url.h"

enum type { TEXT, SIZE, FLAG, LIST, MAP };

static const char *const type_names[] = {
    [TEXT] = "a text",        [SIZE] = "a size such as 123456789 or 500M",
    [FLAG] = "true or false", [LIST] = "a list",
    [MAP] = "a mapping",
};

#define OURS CPROV_CATALOG_OURS
#define MS   CPROV_CATALOG_MICROSOFT
#define BOTH (CPROV_CATALOG_OURS | CPROV_CATALOG_MICROSOFT)

static const struct field {
    struct cprov_span name;
    enum type type;
    unsigned dialects;
    size_t offset;
} fields[] = {
#define F(name, type, dialects, field)                                                             \
    {                                                                                              \
        { name, sizeof(name) - 1 }, type, dialects, offsetof(struct cprov_catalog_row, field)      \
    }
#define FIELD_NONE(id, member, key, dialects)
#define FIELD_TEXT(id, member, key, dialects)         F(key, TEXT, dialects, entry.member),
#define FIELD_LIST(id, member, key, dialects)         F(key, LIST, dialects, values[CPROV_TEXT_##id]),
#define FIELD_MAP(id, member, key, dialects)          F(key, MAP, dialects, values[CPROV_TEXT_##id]),
#define FIELD(id, member, key, shape, dialects, form) FIELD_##shape(id, member, key, dialects)
    CPROV_ENTRY_TEXTS(FIELD) F("digest", TEXT, BOTH, digest),
    F("sha256", TEXT, BOTH, sha256),
    F("size", SIZE, BOTH, entry.bytes),
    F("date", TEXT, BOTH, entry.created),
    F("osImage", FLAG, OURS, entry.is_os),
    F("channels", MAP, OURS, channels),
    F("versions", LIST, OURS, versions),
    F("SasToken", TEXT, MS, entry.url),
    F("Language", MAP, MS, values[CPROV_TEXT_CULTURES]),
    F("Sku", LIST, MS, editions),
    F("NanoServerVersion", TEXT, MS, needs),
#undef F
};

/* --- reading --- */

static bool is_named(struct cprov_span key, struct cprov_span name, unsigned dialect)
{
    if (key.len != name.len)
        return false;
    if (dialect == OURS)
        return memcmp(key.ptr, name.ptr, name.len) == 0;
    return cprov_span_is_nocase(key, name.ptr);
}

/* Other readers take "Digest" for "digest". */
static int check_spelling(struct cprov_span key, struct cprov_error *err)
{
    for (size_t i = 0; i < CPROV_COUNT(fields); i++)
        if ((fields[i].dialects & OURS) && cprov_json_is_misspelled(key, fields[i].name.ptr))
            return cprov_fail(err, CPROV_EVERIFY, "ambiguous: \"%s\" is spelled as %s",
                              fields[i].name.ptr, key.ptr);
    return 0;
}

static const struct field *field_of(struct cprov_span key, unsigned dialect)
{
    for (size_t i = 0; i < CPROV_COUNT(fields); i++)
        if ((fields[i].dialects & dialect) && is_named(key, fields[i].name, dialect))
            return &fields[i];
    return NULL;
}

/* A version is often written as a number: its digits are what was meant. */
static bool is_text(const struct cprov_json *v)
{
    return v->type == CPROV_JSON_STRING || v->type == CPROV_JSON_NUMBER;
}

static bool read_size(const struct cprov_json *v, uint64_t *out)
{
    static const struct cprov_quantity size = { CPROV_QUANTITY_SIZE, 0, UINT64_MAX };

    *out = 0;
    return is_text(v) && (v->text.len == 0 || cprov_quantity_read(&size, v->text, out));
}

/* false when the value is of another type. */
static bool store(const struct cprov_json *v, enum type type, void *slot)
{
    const char *text = v->text.len > 0 ? v->text.ptr : NULL;

    switch (type) {
    case TEXT:
        *(const char **)slot = text;
        return is_text(v);
    case SIZE:
        return read_size(v, slot);
    case FLAG:
        *(bool *)slot = v->boolean;
        return v->type == CPROV_JSON_BOOL;
    case LIST:
        *(const struct cprov_json **)slot = v;
        return v->type == CPROV_JSON_ARRAY;
    case MAP:
        *(const struct cprov_json **)slot = v;
        return v->type == CPROV_JSON_OBJECT;
    }
    return false;
}

/* Two members of one record must not mean the same thing. */
static int note_seen(uint64_t *seen, const struct field *f, struct cprov_error *err)
{
    uint64_t bit = UINT64_C(1) << (f->offset / sizeof(void *));

    if (*seen & bit)
        return cprov_fail(err, CPROV_EVERIFY, "ambiguous: %s appears twice", f->name.ptr);
    *seen |= bit;
    return 0;
}

int cprov_catalog_row_read(const struct cprov_json *record, enum cprov_catalog_dialect dialect,
                           struct cprov_catalog_row *row, struct cprov_error *err)
{
    _Static_assert(sizeof(*row) / sizeof(void *) <= 64, "a bit for each member");
    uint64_t seen = 0;

    if (record->type != CPROV_JSON_OBJECT)
        return cprov_fail(err, CPROV_EVERIFY, "not an object");
    for (const struct cprov_json *v = record->child; v; v = v->next) {
        const struct field *f = field_of(v->key, dialect);

        if (!f && dialect == CPROV_CATALOG_OURS && check_spelling(v->key, err) < 0)
            return err->code;
        if (!f || v->type == CPROV_JSON_NULL)
            continue;
        if (note_seen(&seen, f, err) < 0)
            return err->code;
        if (!store(v, f->type, (char *)row + f->offset))
            return cprov_fail(err, CPROV_EVERIFY, "%s: not %s", f->name.ptr, type_names[f->type]);
        /* A whole file with an address that is signed: the WIM of an operating system. */
        if (f->dialects == MS && f->type == TEXT && cprov_span_is(f->name, "SasToken"))
            row->entry.is_os = true;
    }
    return 0;
}

/* --- checking --- */

static bool is_clean(const char *text, const char *forbidden)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f || strchr(forbidden, *text))
            return false;
    return true;
}

static bool is_dots(struct cprov_span s)
{
    return cprov_span_is(s, ".") || cprov_span_is(s, "..");
}

/* Names become parts of paths: nothing in them may lead elsewhere. */
int cprov_catalog_check_name(const char *name, struct cprov_error *err)
{
    struct cprov_span rest = cprov_span_of(name), part;

    if (rest.len == 0)
        return cprov_fail(err, CPROV_EVERIFY, "name: missing");
    bool good =
        rest.len <= CPROV_NAME_MAX && is_clean(name, "\\") && cprov_span_trim(rest).len == rest.len;
    while (good && cprov_span_next(&rest, '/', &part))
        good = part.len > 0 && !is_dots(part);
    return good ? 0 : cprov_fail(err, CPROV_EVERIFY, "name: not the name of an image");
}

int cprov_catalog_check_version(const char *version, struct cprov_error *err)
{
    struct cprov_span s = cprov_span_of(version);

    if (s.len == 0)
        return cprov_fail(err, CPROV_EVERIFY, "version: missing");
    if (s.len > CPROV_TAG_MAX || !is_clean(version, " /\\") || is_dots(s))
        return cprov_fail(err, CPROV_EVERIFY, "version: not a version");
    return 0;
}

/* Docker's lists have hex in either case. */
static int read_sha256(const char *hex, struct cprov_digest *out, struct cprov_error *err)
{
    char text[CPROV_DIGEST_TEXT_MAX] = "sha256:";
    size_t len = strlen(text);

    for (; *hex && len + 1 < sizeof(text); hex++)
        text[len++] = cprov_lower(*hex);
    text[len] = '\0';
    if (cprov_digest_parse(cprov_span_of(text), out, err) < 0)
        return cprov_wrap_as(err, CPROV_EVERIFY, "sha256");
    return 0;
}

static int read_digest(const struct cprov_catalog_row *row, struct cprov_digest *out,
                       struct cprov_error *err)
{
    struct cprov_digest hash;

    if (row->digest && cprov_digest_parse(cprov_span_of(row->digest), out, err) < 0)
        return cprov_wrap_as(err, CPROV_EVERIFY, "digest");
    if (!row->sha256)
        return 0;
    int code = read_sha256(row->sha256, &hash, err);
    if (code < 0)
        return code;
    if (row->digest && !cprov_digest_equal(&hash, out))
        return cprov_fail(err, CPROV_EVERIFY, "digest and sha256 differ");
    *out = hash;
    return 0;
}

/* --- addresses --- */

/* Beside a document on this machine may lie files; one from elsewhere never names them. */
static int resolve_path(const char *base, const char *text, struct cprov_buf *out,
                        struct cprov_error *err)
{
    if (strncmp(text, "file://", 7) == 0)
        text += 7;
    if (!is_clean(text, " "))
        return cprov_fail(err, CPROV_EVERIFY, "blanks or control characters");
    if (*text != '/')
        cprov_buf_add(out, base, (size_t)(strrchr(base, '/') + 1 - base));
    cprov_buf_add_text(out, text);
    return cprov_buf_check(out, "URL", err);
}

static int resolve(const char *base, const char *text, struct cprov_buf *out,
                   struct cprov_error *err)
{
    struct cprov_span t = cprov_span_of(text);
    bool web = strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0;
    struct cprov_url url;
    int code;

    if (!web && (!base || !*base))
        return cprov_fail(err, CPROV_EVERIFY, "relative URL in a document without a base URL");
    if (!web && *base == '/')
        return resolve_path(base, text, out, err);
    if (web && (!base || *base == '/' || !*base)) {
        code = cprov_url_parse(t, &url, err);
        cprov_buf_add_span(out, t);
    } else {
        code = cprov_url_resolve(cprov_span_of(base), t, out, err);
    }
    return code < 0 ? code : cprov_buf_check(out, "URL", err);
}

static int read_url(const char *base, const char *text, struct cprov_arena *arena, const char **out,
                    struct cprov_error *err)
{
    auto_buf struct cprov_buf to = { 0 };

    if (!text)
        return 0;
    cprov_buf_init(&to, CPROV_URL_MAX);
    if (resolve(base, text, &to, err) < 0)
        return cprov_wrap_as(err, CPROV_EVERIFY, "url");
    *out = cprov_arena_text(arena, cprov_buf_span(&to));
    return cprov_arena_check(arena, err);
}

/* --- lists, as one text --- */

static int keep(struct cprov_buf *text, struct cprov_arena *arena, const char **out,
                struct cprov_error *err)
{
    if (text->len == 0)
        return cprov_buf_check(text, "list", err);
    int code = cprov_buf_check(text, "list", err);
    *out = cprov_arena_text(arena, cprov_buf_span(text));
    return code < 0 ? code : cprov_arena_check(arena, err);
}

static int read_platforms(const struct cprov_json *list, struct cprov_arena *arena,
                          const char **out, struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };

    cprov_buf_init(&text, CPROV_CATALOG_RECORD_MAX);
    for (const struct cprov_json *v = list ? list->child : NULL; v; v = v->next) {
        if (v->type != CPROV_JSON_STRING || v->text.len == 0 || !is_clean(v->text.ptr, ", "))
            return cprov_fail(err, CPROV_EVERIFY, "platforms: not a list of os/architecture");
        cprov_buf_add_text(&text, text.len ? ", " : "");
        cprov_buf_add_span(&text, v->text);
    }
    return keep(&text, arena, out, err);
}

/* Of two that differ in letter case alone neither. */
static const char *text_of(const struct cprov_json *object, const char *name)
{
    const struct cprov_json *found = NULL;

    for (const struct cprov_json *v = object->child; v; v = v->next)
        if (cprov_span_is_nocase(v->key, name)) {
            if (found)
                return NULL;
            found = v;
        }
    return found && is_text(found) ? found->text.ptr : NULL;
}

/* A version, or an interval, in which alone commas stand: they divide the list elsewhere. */
static bool is_range(const char *version)
{
    struct cprov_span s = cprov_span_trim(cprov_span_of(version));

    if (!version || cprov_span_find(s, ',') == s.len)
        return !version || is_clean(version, "");
    return is_clean(version, "") && strchr("[(", s.ptr[0]) && strchr("])", s.ptr[s.len - 1]);
}

/* The version may be an interval: "[2.0, 3.0)". Its blanks say nothing, and would end it. */
static void add_interval(struct cprov_buf *out, const char *version)
{
    if (!version || !*version)
        return;
    cprov_buf_add_char(out, ' ');
    for (; *version; version++)
        if (*version != ' ')
            cprov_buf_add_char(out, *version);
}

static int read_dependencies(const struct cprov_json *list, struct cprov_arena *arena,
                             const char **out, struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };

    cprov_buf_init(&text, CPROV_CATALOG_RECORD_MAX);
    for (const struct cprov_json *v = list ? list->child : NULL; v; v = v->next) {
        const char *name = v->type == CPROV_JSON_OBJECT ? text_of(v, "name") : NULL;
        const char *version = name ? text_of(v, "version") : NULL;

        if (!name || cprov_catalog_check_name(name, NULL) < 0 || !is_clean(name, " ,") ||
            !is_range(version))
            return cprov_fail(err, CPROV_EVERIFY, "dependencies: not a list of names and versions");
        cprov_buf_add_text(&text, text.len ? ", " : "");
        cprov_buf_add_text(&text, name);
        add_interval(&text, version);
    }
    return keep(&text, arena, out, err);
}

/* "base" is the address of the thing itself, the others are what adds a language. */
static int read_cultures(const struct cprov_catalog_row *row, const char *base,
                         struct cprov_arena *arena, struct cprov_entry *out,
                         struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };

    cprov_buf_init(&text, CPROV_CATALOG_RECORD_MAX);
    const struct cprov_json *map = row->values[CPROV_TEXT_CULTURES];
    for (const struct cprov_json *v = map ? map->child : NULL; v; v = v->next) {
        const char *url = NULL;

        if (v->type != CPROV_JSON_STRING || v->key.len == 0 || !is_clean(v->key.ptr, " ="))
            return cprov_fail(err, CPROV_EVERIFY, "cultures: not a mapping of languages to URLs");
        int code = read_url(base, v->text.len ? v->text.ptr : NULL, arena, &url, err);
        if (code < 0)
            return cprov_wrap(err, "cultures");
        if (!url)
            continue;
        if (cprov_span_is_nocase(v->key, "base"))
            out->url = url;
        else
            cprov_buf_addf(&text, "%s%s=%s", text.len ? " " : "", v->key.ptr, url);
    }
    return keep(&text, arena, &out->cultures, err);
}

/* What Nano Server's list says of the host has no member of its own: for people to read. */
static int read_needs(const struct cprov_catalog_row *row, struct cprov_arena *arena,
                      struct cprov_entry *out, struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };

    cprov_buf_init(&text, CPROV_CATALOG_RECORD_MAX);
    if (row->needs)
        cprov_buf_addf(&text, "needs Nano Server %s", row->needs);
    const char *before = text.len ? "; editions: " : "editions: ";
    for (const struct cprov_json *v = row->editions ? row->editions->child : NULL; v; v = v->next) {
        if (v->type != CPROV_JSON_STRING)
            return cprov_fail(err, CPROV_EVERIFY, "Sku: not a list of texts");
        cprov_buf_addf(&text, "%s%s", before, v->text.ptr);
        before = ", ";
    }
    if (text.len > 0 && row->entry.notes)
        cprov_buf_addf(&text, "; %s", row->entry.notes);
    return keep(&text, arena, &out->notes, err);
}

/* --- all of them --- */

int cprov_catalog_row_lists(const struct cprov_catalog_row *row, const char *base,
                            struct cprov_arena *arena, struct cprov_entry *out,
                            struct cprov_error *err)
{
    struct cprov_entry e = row->entry;

    e.url = NULL;
    if (read_url(base, row->entry.url, arena, &e.url, err) < 0 ||
        read_platforms(row->values[CPROV_TEXT_PLATFORMS], arena, &e.platforms, err) < 0 ||
        read_dependencies(row->values[CPROV_TEXT_DEPENDENCIES], arena, &e.dependencies, err) < 0 ||
        read_cultures(row, base, arena, &e, err) < 0 ||
        ((row->needs || row->editions) && read_needs(row, arena, &e, err) < 0))
        return err->code;
    *out = e;
    return 0;
}

/* What the row has of its image is not read once more for each of its versions. */
static int read_lists(const struct cprov_catalog_row *row, const struct cprov_catalog_image *image,
                      const char *base, struct cprov_arena *arena, struct cprov_entry *out,
                      struct cprov_error *err)
{
    struct cprov_catalog_row own = *row;
    bool same[CPROV_TEXTS] = { false };

    if (!image)
        return cprov_catalog_row_lists(row, base, arena, out, err);
    for (size_t i = 0; i < CPROV_TEXTS; i++)
        same[i] = own.values[i] && own.values[i] == image->row->values[i];
    /* a culture may be the address */
    same[CPROV_TEXT_URL] =
        own.entry.url == image->row->entry.url &&
        own.values[CPROV_TEXT_CULTURES] == image->row->values[CPROV_TEXT_CULTURES];
    same[CPROV_TEXT_CULTURES] = same[CPROV_TEXT_URL];
    for (size_t i = 0; i < CPROV_TEXTS; i++)
        if (same[i])
            own.values[i] = NULL;
    if (same[CPROV_TEXT_URL])
        own.entry.url = NULL;
    if (cprov_catalog_row_lists(&own, base, arena, out, err) < 0)
        return err->code;
    for (size_t i = 0; i < CPROV_TEXTS; i++)
        if (same[i])
            out->texts[i] = image->entry.texts[i];
    return 0;
}

/* --- the entry --- */

int cprov_catalog_row_entry(const struct cprov_catalog_row *row,
                            const struct cprov_catalog_image *image, const char *base,
                            struct cprov_arena *arena, struct cprov_digest *digest,
                            struct cprov_entry *entry, struct cprov_error *err)
{
    struct cprov_entry e;

    cprov_catalog_row_names(row, &e);
    if (cprov_catalog_check_name(e.repository, err) < 0 ||
        (e.name && cprov_catalog_check_name(e.name, err) < 0) ||
        cprov_catalog_check_version(e.version, err) < 0 || read_digest(row, digest, err) < 0 ||
        read_lists(row, image, base, arena, entry, err) < 0)
        return err->code;
    for (size_t i = 0; i < CPROV_TEXT_NAMES; i++)
        entry->texts[i] = e.texts[i];
    entry->digest = row->digest || row->sha256 ? digest : NULL;
    entry->complete = true;
    return 0;
}

void cprov_catalog_row_names(const struct cprov_catalog_row *row, struct cprov_entry *out)
{
    const struct cprov_entry *e = &row->entry;

    *out = (struct cprov_entry){ .repository = e->repository ? e->repository : e->name,
                                 .name = e->repository ? e->name : NULL,
                                 .version = e->version,
                                 .complete = true };
}
