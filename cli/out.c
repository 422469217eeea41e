/* cli/out.c - chooses format and columns; the formats are in out_table.c and out_data.c. */
#include "cli/out.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/out_format.h"
#include "cli/text.h"

static const struct cprov_out_format *const formats[] = {
    &cprov_out_table, &cprov_out_list, &cprov_out_json,     &cprov_out_jsonl,
    &cprov_out_yaml,  &cprov_out_csv,  &cprov_out_template, &cprov_out_swid,
};

bool cprov_column_is_text(const struct cprov_column *column)
{
    return column->type == CPROV_COLUMN_TEXT || column->type == CPROV_COLUMN_PROSE ||
           column->type == CPROV_COLUMN_LIST;
}

const char *cprov_column_text(const struct cprov_column *column, const void *record)
{
    const char *text = *(const char *const *)((const char *)record + column->offset);

    return text ? text : "";
}

uint64_t cprov_column_number(const struct cprov_column *column, const void *record)
{
    return *(const uint64_t *)(const void *)((const char *)record + column->offset);
}

bool cprov_column_bool(const struct cprov_column *column, const void *record)
{
    return *(const bool *)((const char *)record + column->offset);
}

void cprov_out_add_cell(struct cprov_buf *b, const struct cprov_column *column, const void *record)
{
    char size[CPROV_SIZE_TEXT_MAX];

    switch (column->type) {
    case CPROV_COLUMN_TEXT:
    case CPROV_COLUMN_LIST:
    case CPROV_COLUMN_PROSE:
        cprov_text_add_clean(b, cprov_span_of(cprov_column_text(column, record)));
        break;
    case CPROV_COLUMN_BYTES:
        if (cprov_column_number(column, record))
            cprov_buf_add_text(b, cprov_text_size(cprov_column_number(column, record), size));
        break;
    case CPROV_COLUMN_COUNT:
        cprov_buf_addf(b, "%" PRIu64, cprov_column_number(column, record));
        break;
    case CPROV_COLUMN_BOOL:
        cprov_buf_add_text(b, cprov_column_bool(column, record) ? "True" : "False");
        break;
    }
}

void cprov_out_add_plain(struct cprov_buf *b, const struct cprov_column *column, const void *record)
{
    switch (column->type) {
    case CPROV_COLUMN_TEXT:
    case CPROV_COLUMN_LIST:
    case CPROV_COLUMN_PROSE:
        cprov_buf_add_text(b, cprov_column_text(column, record));
        break;
    case CPROV_COLUMN_BYTES:
        if (cprov_column_number(column, record))
            cprov_buf_addf(b, "%" PRIu64, cprov_column_number(column, record));
        break;
    case CPROV_COLUMN_COUNT:
        cprov_buf_addf(b, "%" PRIu64, cprov_column_number(column, record));
        break;
    case CPROV_COLUMN_BOOL:
        cprov_buf_add_text(b, cprov_column_bool(column, record) ? "true" : "false");
        break;
    }
}

void cprov_out_send(struct cprov_out *o)
{
    if (!o->failure.code && cprov_buf_check(&o->text, "output", &o->failure) == 0 && o->text.len) {
        int r = o->options.write(o->options.arg, cprov_buf_span(&o->text), &o->failure);

        if (r < 0 && !o->failure.code)
            o->failure.code = r;
    }
    cprov_buf_reset(&o->text);
}

static const struct cprov_column *column_named(const struct cprov_record *record,
                                               struct cprov_span name)
{
    for (size_t i = 0; i < record->count; i++)
        if (cprov_span_is_nocase(name, record->columns[i].key))
            return &record->columns[i];
    return NULL;
}

static int unknown_column(const struct cprov_record *record, struct cprov_span name,
                          struct cprov_error *err)
{
    char word[40];
    size_t len = name.len < sizeof(word) ? name.len : sizeof(word) - 1;

    if (len)
        memcpy(word, name.ptr, len);
    word[len] = '\0';
    struct cprov_guess guess = { .word = word };
    for (size_t i = 0; i < record->count; i++)
        cprov_guess_offer(&guess, record->columns[i].key);
    cprov_fail(err, CPROV_EINVAL, "unknown column '%s'", word);
    if (cprov_guess_best(&guess))
        cprov_hint_words(err, "did you mean '%s'?", cprov_guess_best(&guess));
    else
        cprov_hint_words(err, "'cprov help VERB' lists the columns of a verb");
    return CPROV_EINVAL;
}

static const struct cprov_layout_column *layout_column(const struct cprov_layout *layout,
                                                       const char *key)
{
    for (size_t i = 0; i < CPROV_LAYOUT_MAX && layout->columns[i].key; i++)
        if (!strcmp(layout->columns[i].key, key))
            return &layout->columns[i];
    return NULL;
}

static void add_column(struct cprov_out *o, const struct cprov_column *column)
{
    const struct cprov_layout_column *shown = layout_column(o->layout, column->key);

    o->columns[o->columns_count++] = (struct cprov_out_column){
        .column = column,
        .title = shown && shown->title ? shown->title : column->key,
        .width = shown && shown->width ? shown->width : column->width,
    };
}

/* The n-th column that --columns, the layout or the record asks for. */
static int choose_columns(struct cprov_out *o, struct cprov_error *err)
{
    const struct cprov_record *record = o->options.record;
    struct cprov_span rest = cprov_span_of(o->options.columns), name;

    if (!o->options.columns && o->format->all_columns) {
        for (size_t i = 0; i < record->count; i++)
            add_column(o, &record->columns[i]);
        return 0;
    }
    for (size_t i = 0; !o->options.columns && i < CPROV_LAYOUT_MAX && o->layout->columns[i].key;
         i++) {
        const struct cprov_column *column =
            column_named(record, cprov_span_of(o->layout->columns[i].key));

        if (column)
            add_column(o, column);
    }
    while (o->options.columns && cprov_span_next(&rest, ',', &name)) {
        const struct cprov_column *column = column_named(record, cprov_span_trim(name));

        if (!column)
            return unknown_column(record, cprov_span_trim(name), err);
        if (o->columns_count == record->count)
            return cprov_fail(err, CPROV_EINVAL, "--columns names more than %zu columns",
                              record->count);
        add_column(o, column);
    }
    return 0;
}

static bool is_column(const struct cprov_out_column *shown, const char *key)
{
    return shown->column && !strcmp(shown->column->key, key);
}

/* What was asked for by name is in no doubt. */
static void choose_doubtful(struct cprov_out *o)
{
    if (!o->layout->doubtful || o->options.columns || o->format != &cprov_out_table)
        return;
    for (size_t i = 0; i < o->columns_count; i++)
        if (is_column(&o->columns[i], o->layout->doubtful)) {
            o->doubtful = i;
            o->hides = true;
        }
}

void cprov_out_narrow(struct cprov_out *o)
{
    if (!o->layout->narrow || !cprov_out_shows(o, o->layout->beside))
        return;
    for (size_t i = 0; i < o->columns_count; i++)
        if (is_column(&o->columns[i], o->layout->narrow))
            o->columns[i].width = o->layout->narrower;
}

static bool is_known_field(void *arg, struct cprov_span path)
{
    return column_named(arg, path);
}

static int choose_template(struct cprov_out *o, const char *text, struct cprov_error *err)
{
    struct cprov_record record = *o->options.record;

    if (cprov_template_parse(text, &o->tmpl, err) < 0)
        return err->code;
    struct cprov_span bad = cprov_template_unknown(o->tmpl, is_known_field, &record);
    if (bad.ptr)
        return unknown_column(&record, bad, err);
    o->format = &cprov_out_template;
    o->options.columns = NULL; /* the template says what is shown */
    return 0;
}

static int unknown_format(const char *name, struct cprov_error *err)
{
    struct cprov_guess guess = { .word = name };

    for (size_t i = 0; i < CPROV_COUNT(formats); i++)
        cprov_guess_offer(&guess, formats[i]->name);
    cprov_fail(err, CPROV_EINVAL,
               "option '--format': '%s' is not one of table, list, json, jsonl, "
               "yaml, csv, swidtag, template=..., oneget",
               name);
    if (cprov_guess_best(&guess))
        cprov_hint_words(err, "did you mean '%s'?", cprov_guess_best(&guess));
    return CPROV_EINVAL;
}

static int choose_format(struct cprov_out *o, struct cprov_error *err)
{
    const char *name = o->options.format ? o->options.format : "table";

    if (!strncmp(name, "template=", strlen("template=")))
        return choose_template(o, name + strlen("template="), err);
    if (strstr(name, "{{"))
        return choose_template(o, name, err);
    if (cprov_text_same(name, "oneget") && o->layout->oneget) {
        o->layout = o->layout->oneget;
        o->format = &cprov_out_table;
        return 0;
    }
    for (size_t i = 0; i < CPROV_COUNT(formats); i++) {
        if (cprov_text_same(name, formats[i]->name) && formats[i] != &cprov_out_template) {
            o->format = formats[i];
            return 0;
        }
    }
    return unknown_format(name, err);
}

int cprov_out_open(const struct cprov_out_options *options, struct cprov_out **out,
                   struct cprov_error *err)
{
    auto_out struct cprov_out *o = calloc(1, sizeof(*o));
    struct cprov_error local = CPROV_ERROR_INIT;

    if (!err)
        err = &local;
    if (!o)
        return cprov_fail_memory(err);
    o->options = *options;
    o->layout = options->layout;
    cprov_buf_init(&o->text, CPROV_OUT_ROW_MAX);
    cprov_buf_init(&o->cells, CPROV_OUT_HELD_MAX);
    o->columns = calloc(options->record->count + CPROV_LAYOUT_MAX, sizeof(*o->columns));
    if (!o->columns)
        return cprov_fail_memory(err);
    if (choose_format(o, err) < 0 || choose_columns(o, err) < 0)
        return err->code;
    choose_doubtful(o);
    cprov_out_narrow(o);
    *out = cprov_steal(&o);
    return 0;
}

void cprov_out_close(struct cprov_out *out)
{
    if (!out)
        return;
    cprov_template_free(out->tmpl);
    cprov_buf_clear(&out->text);
    cprov_buf_clear(&out->cells);
    free(out->columns);
    free(out);
}

void cprov_out_expect_doubt(struct cprov_out *out)
{
    out->undecided = out->hides;
}

void cprov_out_row(struct cprov_out *out, const void *record)
{
    if (out->failure.code)
        return;
    if (!out->rows && out->format->begin)
        out->format->begin(out);
    out->format->row(out, record);
    out->rows++;
    cprov_out_send(out);
}

int cprov_out_finish(struct cprov_out *out, struct cprov_error *err)
{
    if (!out->failure.code) {
        out->format->end(out);
        cprov_out_send(out);
    }
    if (out->failure.code && err)
        *err = out->failure;
    return out->failure.code;
}

bool cprov_out_failed(const struct cprov_out *out)
{
    return out && out->failure.code;
}

bool cprov_out_is_for_people(const struct cprov_out *out)
{
    return out->format->for_people;
}

size_t cprov_out_rows(const struct cprov_out *out)
{
    return out->rows;
}

bool cprov_out_is_table(const struct cprov_out *out)
{
    return out->format == &cprov_out_table;
}

static bool is_other_field(void *arg, struct cprov_span path)
{
    return !cprov_span_is_nocase(path, arg);
}

bool cprov_out_shows(const struct cprov_out *out, const char *key)
{
    char wanted[40];

    if (out->tmpl) {
        snprintf(wanted, sizeof(wanted), "%s", key);
        return cprov_template_unknown(out->tmpl, is_other_field, wanted).ptr;
    }
    for (size_t i = 0; i < out->columns_count; i++)
        if (is_column(&out->columns[i], key))
            return !(out->hides && i == out->doubtful);
    return false;
}
