/* cli/out_table.c - tables as PowerShell and Docker draw them, and PowerShell's lists. */
#include <stdlib.h>
#include <string.h>

#include "cli/out_format.h"
#include "cli/text.h"

#define DOCKER_WIDTH 20  /* least width of a column */
#define DOCKER_GAP   3   /* blanks after the longest cell */
#define DOUBT_MAX    512 /* rows held back until it is known what tells them apart */
#define PROSE_LEAST  12  /* columns of a description, however little the terminal leaves it */

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

static bool is_hidden(const struct cprov_out *o, size_t column)
{
    return o->hides && column == o->doubtful;
}

static void add_header(struct cprov_out *o)
{
    size_t start = o->text.len;

    for (size_t i = 0; i < o->columns_count; i++)
        if (!is_hidden(o, i))
            add_cell(&o->text, cprov_span_of(o->columns[i].title), o->columns[i].width);
    end_line(&o->text, start);
    if (o->layout->style == CPROV_TABLE_DOCKER)
        return;

    start = o->text.len;
    for (size_t i = 0; i < o->columns_count; i++) {
        size_t dashes = cprov_text_width(cprov_span_of(o->columns[i].title));
        size_t width = o->columns[i].width;

        if (is_hidden(o, i))
            continue;
        for (size_t k = 0; k < dashes; k++)
            cprov_buf_add_char(&o->text, '-');
        add_blanks(&o->text, (width > dashes ? width - dashes : 0) + 1);
    }
    end_line(&o->text, start);
}

/* Whether the widths are known before the rows. */
static bool streams(const struct cprov_out *o)
{
    return o->layout->style == CPROV_TABLE_FIXED && !o->options.wide;
}

static void table_begin(struct cprov_out *o)
{
    if (streams(o) && !o->undecided && !o->options.no_header)
        add_header(o);
}

/* Where prose ends: with the terminal when it is the last cell, else with its column. */
static size_t prose_ends(const struct cprov_out *o, size_t column, size_t line)
{
    if (!o->options.terminal || column + 1 < o->columns_count)
        return o->columns[column].width;
    size_t used = cprov_text_width(cprov_span_make(o->text.ptr + line, o->text.len - line));
    return o->options.terminal > used + PROSE_LEAST ? o->options.terminal - used : PROSE_LEAST;
}

/* The rows that are held back, which are no more after it. */
static void print_held(struct cprov_out *o)
{
    const char *text = o->cells.ptr;

    for (; o->held > 0 && !o->failure.code; o->held--) {
        size_t start = o->text.len;

        for (size_t i = 0; i < o->columns_count; i++) {
            struct cprov_span cell = cprov_span_of(text);

            text += cell.len + 1;
            if (is_hidden(o, i))
                continue;
            if (streams(o) && o->columns[i].column->type == CPROV_COLUMN_PROSE)
                add_prose(&o->text, cell, o->columns[i].width, prose_ends(o, i, start));
            else
                add_cell(&o->text, cell, o->columns[i].width);
        }
        end_line(&o->text, start);
        cprov_out_send(o);
    }
    cprov_buf_reset(&o->cells);
}

static void decide(struct cprov_out *o, bool shown)
{
    o->undecided = false;
    o->hides = !shown;
    cprov_out_narrow(o);
    if (!streams(o))
        return;
    if (!o->options.no_header)
        add_header(o);
    print_held(o);
}

static const char *cell_of(const char *row, size_t column)
{
    while (column-- > 0)
        row += strlen(row) + 1;
    return row;
}

/* Whether a row before the last one looks the same without the doubtful column. */
static bool is_told_apart(const struct cprov_out *o, const char *last)
{
    size_t by = 0;

    while (by < o->columns_count && strcmp(o->columns[by].column->key, o->layout->told_by) != 0)
        by++;
    for (const char *row = o->cells.ptr; row < last; row = cell_of(row, o->columns_count))
        if (cprov_text_same(cell_of(row, by), cell_of(last, by)) &&
            strcmp(cell_of(row, o->doubtful), cell_of(last, o->doubtful)) != 0)
            return true;
    return false;
}

static void table_row(struct cprov_out *o, const void *record)
{
    size_t begin = o->cells.len;

    for (size_t i = 0; i < o->columns_count; i++) {
        cprov_out_add_cell(&o->cells, o->columns[i].column, record);
        cprov_buf_add_char(&o->cells, '\0');
    }
    if (cprov_buf_check(&o->cells, "the table", &o->failure) < 0)
        return;
    o->held++;
    if (o->undecided && (o->held == DOUBT_MAX || is_told_apart(o, o->cells.ptr + begin)))
        decide(o, true);
    else if (streams(o) && !o->undecided)
        print_held(o);
}

/* The width begins as the title's; cells widen it. */
static void fit_columns(struct cprov_out *o)
{
    const char *text = o->cells.ptr;

    for (size_t i = 0; i < o->columns_count; i++) {
        size_t title = cprov_text_width(cprov_span_of(o->columns[i].title));

        if (o->layout->style != CPROV_TABLE_FIXED || title > o->columns[i].width)
            o->columns[i].width = title;
    }
    for (size_t row = 0; row < o->held; row++)
        for (size_t i = 0; i < o->columns_count; i++, text += strlen(text) + 1) {
            size_t width = cprov_text_width(cprov_span_of(text));

            if (width > o->columns[i].width)
                o->columns[i].width = width;
        }
    for (size_t i = 0; o->layout->style == CPROV_TABLE_DOCKER && i < o->columns_count; i++) {
        size_t wanted = o->columns[i].width + DOCKER_GAP;

        o->columns[i].width = (wanted > DOCKER_WIDTH ? wanted : DOCKER_WIDTH) - 1;
    }
}

static void table_end(struct cprov_out *o)
{
    if (o->undecided)
        decide(o, false);
    if (streams(o) || (!o->rows && o->layout->style != CPROV_TABLE_DOCKER))
        return;
    fit_columns(o);
    if (!o->options.no_header)
        add_header(o);
    print_held(o);
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
