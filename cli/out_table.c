/* cli/out_table.c - tables as PowerShell and Docker draw them, and PowerShell's lists. */
#include <stdlib.h>
#include <string.h>

#include "cli/out_format.h"
#include "cli/text.h"

#define DOCKER_WIDTH 20 /* least width of a column */
#define DOCKER_GAP   3  /* blanks after the longest cell */
#define PROSE_LEAST  12 /* columns of a description, however little the terminal leaves it */

static const char ellipsis[] = "...";

static void add_blanks(struct cprov_buf *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cprov_buf_add_char(b, ' ');
}

static void trim_line(struct cprov_buf *b, size_t start)
{
    size_t blanks = 0;

    while (b->len - blanks > start && b->ptr[b->len - blanks - 1] == ' ')
        blanks++;
    if (blanks) {
        b->len -= blanks;
        b->ptr[b->len] = '\0';
    }
}

static void end_line(struct cprov_buf *b, size_t start)
{
    trim_line(b, start);
    cprov_buf_add_char(b, '\n');
}

/* A cell of at least `width` columns and the blank after it. */
static void add_cell(struct cprov_buf *b, struct cprov_span cell, size_t width)
{
    size_t used = cprov_text_width(cell);

    cprov_buf_add_span(b, cell);
    add_blanks(b, (width > used ? width - used : 0) + 1);
}

/* The cell, or as much of it as `most` columns show and "..."; most 0: all. */
static void add_prose(struct cprov_buf *b, struct cprov_span cell, size_t width, size_t most)
{
    if (most == 0 || cprov_text_width(cell) <= most) {
        add_cell(b, cell, width);
        return;
    }
    size_t marks = most > strlen(ellipsis) ? strlen(ellipsis) : 0;
    struct cprov_span shown = cprov_text_fit(cell, most - marks);
    size_t used = cprov_text_width(shown) + marks;

    cprov_buf_add_span(b, shown);
    cprov_buf_add(b, ellipsis, marks);
    add_blanks(b, (width > used ? width - used : 0) + 1);
}

static void add_header(struct cprov_out *o, const size_t *widths)
{
    size_t start = o->text.len;

    for (size_t i = 0; i < o->columns_count; i++)
        add_cell(&o->text, cprov_span_of(o->columns[i].title), widths[i]);
    end_line(&o->text, start);
    if (o->layout->style == CPROV_TABLE_DOCKER)
        return;

    start = o->text.len;
    for (size_t i = 0; i < o->columns_count; i++) {
        size_t dashes = cprov_text_width(cprov_span_of(o->columns[i].title));

        for (size_t k = 0; k < dashes; k++)
            cprov_buf_add_char(&o->text, '-');
        add_blanks(&o->text, (widths[i] > dashes ? widths[i] - dashes : 0) + 1);
    }
    end_line(&o->text, start);
}

static bool streams(const struct cprov_out *o)
{
    return o->layout->style == CPROV_TABLE_FIXED && !o->options.wide;
}

static size_t *fixed_widths(const struct cprov_out *o)
{
    size_t *widths = calloc(o->columns_count + 1, sizeof(*widths));

    for (size_t i = 0; widths && i < o->columns_count; i++)
        widths[i] = o->columns[i].width;
    return widths;
}

static void table_begin(struct cprov_out *o)
{
    if (!streams(o) || o->options.no_header)
        return;
    size_t *widths = fixed_widths(o);
    if (widths)
        add_header(o, widths);
    else
        cprov_fail_memory(&o->failure);
    free(widths);
}

/* Where prose ends: with the terminal when it is the last cell, else with its column. */
static size_t prose_ends(const struct cprov_out *o, size_t column, size_t line)
{
    if (!o->options.terminal || column + 1 < o->columns_count)
        return o->columns[column].width;
    size_t used = cprov_text_width(cprov_span_make(o->text.ptr + line, o->text.len - line));
    return o->options.terminal > used + PROSE_LEAST ? o->options.terminal - used : PROSE_LEAST;
}

/* A row of a table whose widths are known before. */
static void stream_row(struct cprov_out *o, const void *record)
{
    size_t start = o->text.len;

    for (size_t i = 0; i < o->columns_count; i++) {
        cprov_buf_reset(&o->cells);
        cprov_out_add_cell(&o->cells, o->columns[i].column, record);
        if (o->columns[i].column->type == CPROV_COLUMN_PROSE)
            add_prose(&o->text, cprov_buf_span(&o->cells), o->columns[i].width,
                      prose_ends(o, i, start));
        else
            add_cell(&o->text, cprov_buf_span(&o->cells), o->columns[i].width);
    }
    end_line(&o->text, start);
}

static void table_row(struct cprov_out *o, const void *record)
{
    if (streams(o)) {
        stream_row(o, record);
        return;
    }
    for (size_t i = 0; i < o->columns_count; i++) {
        cprov_out_add_cell(&o->cells, o->columns[i].column, record);
        cprov_buf_add_char(&o->cells, '\0');
    }
    if (cprov_buf_check(&o->cells, "the table", &o->failure) < 0)
        return;
}

/* Calls with every cell held back, row by row. */
static void each_cell(struct cprov_out *o,
                      void (*call)(struct cprov_out *o, size_t column, const char *text,
                                   size_t *widths),
                      size_t *widths)
{
    const char *text = o->cells.ptr;

    for (size_t row = 0; row < o->rows && !o->failure.code; row++)
        for (size_t i = 0; i < o->columns_count; i++) {
            call(o, i, text, widths);
            text += strlen(text) + 1;
        }
}

static void widen(struct cprov_out *o, size_t column, const char *text, size_t *widths)
{
    size_t width = cprov_text_width(cprov_span_of(text));

    (void)o;
    if (width > widths[column])
        widths[column] = width;
}

static void print(struct cprov_out *o, size_t column, const char *text, size_t *widths)
{
    add_cell(&o->text, cprov_span_of(text), widths[column]);
    if (column + 1 == o->columns_count) {
        end_line(&o->text, 0);
        cprov_out_send(o);
    }
}

static void print_held(struct cprov_out *o, size_t *widths)
{
    each_cell(o, widen, widths);
    if (o->layout->style == CPROV_TABLE_DOCKER)
        for (size_t i = 0; i < o->columns_count; i++)
            widths[i] = widths[i] + DOCKER_GAP > DOCKER_WIDTH ? widths[i] + DOCKER_GAP - 1
                                                              : DOCKER_WIDTH - 1;
    if (!o->options.no_header)
        add_header(o, widths);
    each_cell(o, print, widths);
}

/* The width begins as the title's; cells widen it. */
static void table_end(struct cprov_out *o)
{
    if (streams(o) || (!o->rows && o->layout->style != CPROV_TABLE_DOCKER))
        return;
    size_t *widths = fixed_widths(o);
    if (!widths) {
        cprov_fail_memory(&o->failure);
        return;
    }
    for (size_t i = 0; i < o->columns_count; i++) {
        size_t title = cprov_text_width(cprov_span_of(o->columns[i].title));

        if (o->layout->style != CPROV_TABLE_FIXED || title > widths[i])
            widths[i] = title;
    }
    print_held(o, widths);
    free(widths);
}

const struct cprov_out_format cprov_out_table = {
    .name = "table", .for_people = true, .begin = table_begin, .row = table_row, .end = table_end
};

static void list_row(struct cprov_out *o, const void *record)
{
    size_t longest = 0;

    for (size_t i = 0; i < o->columns_count; i++)
        if (strlen(o->columns[i].column->key) > longest)
            longest = strlen(o->columns[i].column->key);
    if (o->rows)
        cprov_buf_add_char(&o->text, '\n');
    for (size_t i = 0; i < o->columns_count; i++) {
        size_t start = o->text.len;

        cprov_buf_addf(&o->text, "%-*s : ", (int)longest, o->columns[i].column->key);
        cprov_out_add_cell(&o->text, o->columns[i].column, record);
        end_line(&o->text, start);
    }
}

static void list_end(struct cprov_out *o)
{
    (void)o;
}

const struct cprov_out_format cprov_out_list = {
    .name = "list", .for_people = true, .all_columns = true, .row = list_row, .end = list_end
};
