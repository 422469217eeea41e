/* cli/out_data.c - formats that programs read: JSON, YAML, CSV, templates. */
#include <string.h>

#include "base/json.h"
#include "cli/out_format.h"
#include "cli/text.h"

static void add_list(struct cprov_json_writer *w, const char *text)
{
    struct cprov_span rest = cprov_span_of(text), part;

    cprov_json_begin_array(w);
    while (cprov_span_next(&rest, ',', &part))
        cprov_json_span(w, cprov_span_trim(part));
    cprov_json_end_array(w);
}

/* What is not known has no member. */
static bool is_known(const struct cprov_column *column, const void *record)
{
    switch (column->type) {
    case CPROV_COLUMN_TEXT:
    case CPROV_COLUMN_LIST:
    case CPROV_COLUMN_PROSE:
        return *cprov_column_text(column, record);
    case CPROV_COLUMN_BYTES:
        return cprov_column_number(column, record) != 0;
    case CPROV_COLUMN_COUNT:
    case CPROV_COLUMN_BOOL:
        break;
    }
    return true;
}

void cprov_out_json_cell(struct cprov_json_writer *w, const struct cprov_column *column,
                         const void *record)
{
    switch (column->type) {
    case CPROV_COLUMN_LIST:
        if (*cprov_column_text(column, record)) {
            add_list(w, cprov_column_text(column, record));
            break;
        }
        cprov_json_null(w);
        break;
    case CPROV_COLUMN_TEXT:
    case CPROV_COLUMN_PROSE:
        if (*cprov_column_text(column, record))
            cprov_json_text(w, cprov_column_text(column, record));
        else
            cprov_json_null(w);
        break;
    case CPROV_COLUMN_BYTES:
        if (cprov_column_number(column, record))
            cprov_json_number(w, cprov_column_number(column, record));
        else
            cprov_json_null(w);
        break;
    case CPROV_COLUMN_COUNT:
        cprov_json_number(w, cprov_column_number(column, record));
        break;
    case CPROV_COLUMN_BOOL:
        cprov_json_bool(w, cprov_column_bool(column, record));
        break;
    }
}

static void add_object(struct cprov_out *o, const void *record)
{
    struct cprov_json_writer w;

    cprov_buf_reset(&o->cells);
    cprov_json_writer_init(&w, &o->cells, 0);
    cprov_json_begin_object(&w);
    for (size_t i = 0; i < o->columns_count; i++) {
        if (!is_known(o->columns[i].column, record))
            continue;
        cprov_json_key(&w, o->columns[i].column->key);
        cprov_out_json_cell(&w, o->columns[i].column, record);
    }
    cprov_json_end_object(&w);
    if (cprov_buf_check(&o->cells, "row", &o->failure) == 0)
        cprov_buf_add_span(&o->text, cprov_buf_span(&o->cells));
}

static void json_row(struct cprov_out *o, const void *record)
{
    cprov_buf_add_text(&o->text, o->rows ? ",\n" : "[\n");
    add_object(o, record);
}

static void json_end(struct cprov_out *o)
{
    cprov_buf_add_text(&o->text, o->rows ? "\n]\n" : "[]\n");
}

const struct cprov_out_format cprov_out_json = {
    .name = "json", .all_columns = true, .row = json_row, .end = json_end
};

static void jsonl_row(struct cprov_out *o, const void *record)
{
    add_object(o, record);
    cprov_buf_add_char(&o->text, '\n');
}

static void nothing(struct cprov_out *o)
{
    (void)o;
}

const struct cprov_out_format cprov_out_jsonl = {
    .name = "jsonl", .all_columns = true, .row = jsonl_row, .end = nothing
};

/* A text that no reader of YAML takes for anything else. */
static bool is_plain_yaml(struct cprov_span s)
{
    static const char *const words[] = {
        "y", "n", "yes", "no", "true", "false", "on", "off", "null"
    };

    if (!s.len || !cprov_is_alpha(s.ptr[0]))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!cprov_is_alnum(s.ptr[i]) && !strchr("_-./", s.ptr[i]))
            return false;
    for (size_t i = 0; i < CPROV_COUNT(words); i++)
        if (cprov_span_is_nocase(s, words[i]))
            return false;
    return true;
}

static void yaml_row(struct cprov_out *o, const void *record)
{
    for (size_t i = 0; i < o->columns_count; i++) {
        const struct cprov_column *column = o->columns[i].column;
        struct cprov_json_writer w;

        cprov_buf_addf(&o->text, "%s%s: ", i ? "  " : "- ", column->key);
        if (cprov_column_is_text(column) && column->type != CPROV_COLUMN_LIST &&
            is_plain_yaml(cprov_span_of(cprov_column_text(column, record)))) {
            cprov_buf_add_text(&o->text, cprov_column_text(column, record));
        } else { /* JSON is YAML */
            cprov_buf_reset(&o->cells);
            cprov_json_writer_init(&w, &o->cells, 0);
            cprov_out_json_cell(&w, column, record);
            if (cprov_buf_check(&o->cells, "row", &o->failure) == 0)
                cprov_buf_add_span(&o->text, cprov_buf_span(&o->cells));
        }
        cprov_buf_add_char(&o->text, '\n');
    }
}

static void yaml_end(struct cprov_out *o)
{
    if (!o->rows)
        cprov_buf_add_text(&o->text, "[]\n");
}

const struct cprov_out_format cprov_out_yaml = {
    .name = "yaml", .all_columns = true, .row = yaml_row, .end = yaml_end
};

/*
 * RFC 4180; control characters but line ends are no data of ours. What a spreadsheet would take for
 * a formula gets an apostrophe in front: the texts are strangers'.
 */
static void add_csv(struct cprov_buf *b, struct cprov_span s)
{
    bool quoted = false, formula = s.len > 0 && memchr("=+-@\t\r", s.ptr[0], 6);
    size_t length;

    for (size_t i = 0; i < s.len; i++)
        quoted |= s.ptr[i] == ',' || s.ptr[i] == '"' || s.ptr[i] == '\n' || s.ptr[i] == '\r';
    if (quoted)
        cprov_buf_add_char(b, '"');
    if (formula)
        cprov_buf_add_char(b, '\'');
    for (; s.len; s = cprov_span_from(s, length)) {
        uint32_t c = cprov_text_char(s, &length);

        if (c == '"')
            cprov_buf_add_text(b, "\"\"");
        else if (c == '\n' || c == '\r' || c == '\t')
            cprov_buf_add_char(b, (char)c);
        else
            cprov_text_add_clean(b, cprov_span_make(s.ptr, length));
    }
    if (quoted)
        cprov_buf_add_char(b, '"');
}

static void csv_header(struct cprov_out *o)
{
    for (size_t i = 0; i < o->columns_count && !o->options.no_header; i++)
        cprov_buf_addf(&o->text, "%s%s", i ? "," : "", o->columns[i].column->key);
    if (!o->options.no_header)
        cprov_buf_add_text(&o->text, "\r\n");
}

static void csv_row(struct cprov_out *o, const void *record)
{
    for (size_t i = 0; i < o->columns_count; i++) {
        cprov_buf_reset(&o->cells);
        cprov_out_add_plain(&o->cells, o->columns[i].column, record);
        if (i)
            cprov_buf_add_char(&o->text, ',');
        add_csv(&o->text, cprov_buf_span(&o->cells));
    }
    cprov_buf_add_text(&o->text, "\r\n");
}

static void csv_end(struct cprov_out *o)
{
    if (!o->rows)
        csv_header(o);
}

const struct cprov_out_format cprov_out_csv = {
    .name = "csv", .all_columns = true, .begin = csv_header, .row = csv_row, .end = csv_end
};

struct template_row {
    struct cprov_out *out;
    const void *record;
};

static void template_field(void *arg, struct cprov_span path, bool json, struct cprov_buf *out)
{
    struct template_row *row = arg;
    struct cprov_json_writer w;

    if (!path.len) {
        add_object(row->out, row->record);
        return;
    }
    for (size_t i = 0; i < row->out->columns_count; i++) {
        const struct cprov_column *column = row->out->columns[i].column;

        if (!cprov_span_is_nocase(path, column->key))
            continue;
        cprov_buf_reset(&row->out->cells);
        if (json) {
            cprov_json_writer_init(&w, &row->out->cells, 0);
            cprov_out_json_cell(&w, column, row->record);
            cprov_buf_add_span(out, cprov_buf_span(&row->out->cells));
        } else {
            cprov_out_add_plain(&row->out->cells, column, row->record);
            cprov_text_add_clean(out, cprov_buf_span(&row->out->cells));
        }
        return;
    }
}

static void template_row(struct cprov_out *o, const void *record)
{
    struct template_row row = { o, record };

    cprov_template_run(o->tmpl, template_field, &row, &o->text);
    cprov_buf_add_char(&o->text, '\n');
}

const struct cprov_out_format cprov_out_template = {
    .name = "template=", .all_columns = true, .row = template_row, .end = nothing
};
