/* cli/out_format.h - what the formats of out.h share; included by out*.c alone. */
#ifndef CPROV_CLI_OUT_FORMAT_H
#define CPROV_CLI_OUT_FORMAT_H

#include "base/error.h"
#include "base/json.h"
#include "cli/out.h"
#include "cli/template.h"

#define CPROV_OUT_ROW_MAX  ((size_t)16 << 20) /* bytes of one formatted row */
#define CPROV_OUT_HELD_MAX ((size_t)1 << 30)  /* bytes of all cells held back */

struct cprov_out_column {
    const struct cprov_column *column;
    const char *title;
    size_t width; /* fixed tables; 0: as long as it is */
};

struct cprov_out_format {
    const char *name;
    bool for_people;
    bool all_columns; /* without --columns: all of the record's, not the layout's */
    void (*begin)(struct cprov_out *o);
    void (*row)(struct cprov_out *o, const void *record);
    void (*end)(struct cprov_out *o);
};

struct cprov_out {
    struct cprov_out_options options;
    const struct cprov_out_format *format;
    const struct cprov_layout *layout;
    struct cprov_out_column *columns;
    size_t columns_count;
    size_t doubtful; /* index of that column, when there is one */
    bool hides;      /* it is not shown (yet) */
    bool undecided;  /* whether it will be: rows are held back */
    struct cprov_template *tmpl;
    struct cprov_buf text;  /* of the row that is being made */
    struct cprov_buf cells; /* of rows that are held back: cleaned, NUL after each */
    size_t rows;
    size_t held; /* of them in cells */
    struct cprov_error failure;
};

extern const struct cprov_out_format cprov_out_table, cprov_out_list, cprov_out_json,
    cprov_out_jsonl, cprov_out_yaml, cprov_out_csv, cprov_out_swid, cprov_out_template;

/* Gives the layout's column its narrower width when what it is narrow beside is shown. */
void cprov_out_narrow(struct cprov_out *o);
/* Writes o->text out and empties it. */
void cprov_out_send(struct cprov_out *o);
/* The cell as people read it, appended; cleaned. */
void cprov_out_add_cell(struct cprov_buf *b, const struct cprov_column *column, const void *record);
/* The cell as programs read it: bytes and booleans plain, text as it is. */
void cprov_out_add_plain(struct cprov_buf *b, const struct cprov_column *column,
                         const void *record);
void cprov_out_json_cell(struct cprov_json_writer *w, const struct cprov_column *column,
                         const void *record);
bool cprov_column_is_text(const struct cprov_column *column);
const char *cprov_column_text(const struct cprov_column *column, const void *record);
uint64_t cprov_column_number(const struct cprov_column *column, const void *record);
bool cprov_column_bool(const struct cprov_column *column, const void *record);

#endif
