/* cli/out_swid.c - software identification tags, as OneGet's feeds have them: ISO/IEC 19770-2. */
#include <string.h>

#include "cli/out_format.h"
#include "cli/text.h"

static const struct cprov_column *column_named(const struct cprov_out *o, const char *key)
{
    for (size_t i = 0; i < o->options.record->count; i++)
        if (!strcmp(o->options.record->columns[i].key, key))
            return &o->options.record->columns[i];
    return NULL;
}

static const char *text_of(const struct cprov_out *o, const char *key, const void *record)
{
    const struct cprov_column *column = column_named(o, key);

    return column && cprov_column_is_text(column) ? cprov_column_text(column, record) : "";
}

/* XML has no way to write most control characters: they become blanks. */
static void add_escaped(struct cprov_buf *b, const char *text)
{
    struct cprov_span rest = cprov_span_of(text);
    size_t length;

    for (; rest.len; rest = cprov_span_from(rest, length)) {
        uint32_t c = cprov_text_char(rest, &length);

        if (c == '&')
            cprov_buf_add_text(b, "&amp;");
        else if (c == '<')
            cprov_buf_add_text(b, "&lt;");
        else if (c == '>')
            cprov_buf_add_text(b, "&gt;");
        else if (c == '"')
            cprov_buf_add_text(b, "&quot;");
        else if (c < 0x20 || cprov_text_is_control(c) || (c & 0xfffe) == 0xfffe)
            cprov_buf_add_char(b, ' ');
        else
            cprov_buf_add(b, rest.ptr, length);
    }
}

static void add_attribute(struct cprov_buf *b, const char *name, const char *text)
{
    if (!*text)
        return;
    cprov_buf_addf(b, " %s=\"", name);
    add_escaped(b, text);
    cprov_buf_add_char(b, '"');
}

/* One to four numbers, or a release with its suffix. */
static const char *scheme_of(const char *version)
{
    size_t numbers = strspn(version, "0123456789.");

    return version[numbers] == '\0' && numbers ? "multipartnumeric" : "semver";
}

static void swid_begin(struct cprov_out *o)
{
    cprov_buf_add_text(&o->text, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                                 "<SoftwareIdentities>\n");
}

static void swid_row(struct cprov_out *o, const void *record)
{
    struct cprov_buf *b = &o->text;
    const char *version = text_of(o, "Version", record);

    cprov_buf_add_text(b, "  <SoftwareIdentity"
                          " xmlns=\"http://standards.iso.org/iso/19770/-2/2015/schema.xsd\"");
    add_attribute(b, "name", text_of(o, "Name", record));
    add_attribute(b, "version", version);
    add_attribute(b, "versionScheme", scheme_of(version));
    add_attribute(b, "tagId", text_of(o, "FullName", record));
    cprov_buf_add_text(b, ">\n    <Meta");
    add_attribute(b, "summary", text_of(o, "Description", record));
    add_attribute(b, "source", text_of(o, "Source", record));
    add_attribute(b, "digest", text_of(o, "Digest", record));
    cprov_buf_add_text(b, "/>\n");
    if (*text_of(o, "Publisher", record)) {
        cprov_buf_add_text(b, "    <Entity");
        add_attribute(b, "name", text_of(o, "Publisher", record));
        cprov_buf_add_text(b, " role=\"softwareCreator\"/>\n");
    }
    if (*text_of(o, "Reference", record)) {
        cprov_buf_add_text(b, "    <Link rel=\"installationmedia\"");
        add_attribute(b, "href", text_of(o, "Reference", record));
        cprov_buf_add_text(b, "/>\n");
    }
    cprov_buf_add_text(b, "  </SoftwareIdentity>\n");
}

static void swid_end(struct cprov_out *o)
{
    if (!o->rows)
        swid_begin(o);
    cprov_buf_add_text(&o->text, "</SoftwareIdentities>\n");
}

const struct cprov_out_format cprov_out_swid = {
    .name = "swidtag", .all_columns = true, .begin = swid_begin, .row = swid_row, .end = swid_end
};
