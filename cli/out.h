/* cli/out.h - rows of data on stdout, in any of the formats. */
#ifndef CPROV_CLI_OUT_H
#define CPROV_CLI_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/span.h"

struct cprov_error;
struct cprov_out;

enum cprov_column_type {
    CPROV_COLUMN_TEXT,  /* const char *; "" is unknown: null in JSON */
    CPROV_COLUMN_LIST,  /* the same, of parts with ", " between; JSON and YAML have a list */
    CPROV_COLUMN_PROSE, /* the same; a table may cut it, with "...", and nothing else */
    CPROV_COLUMN_BYTES, /* uint64_t; 0 is unknown; "44.88 MB" for people */
    CPROV_COLUMN_COUNT, /* uint64_t */
    CPROV_COLUMN_BOOL,  /* bool; "True" for people */
};

/* A field of a record struct: the table is the schema of every format. */
struct cprov_column {
    const char *key; /* "IsOSImage": in JSON, CSV, templates and --columns */
    enum cprov_column_type type;
    size_t offset;
    unsigned width; /* in tables of fixed widths; 0: the rest of the line */
};

struct cprov_record {
    const struct cprov_column *columns;
    size_t count;
};

enum cprov_table_style {
    CPROV_TABLE_FIXED,  /* width of the layout; a longer cell pushes the rest; rows stream */
    CPROV_TABLE_FITTED, /* width of the longest cell */
    CPROV_TABLE_DOCKER, /* width max(20, longest + 3), no dashes, header even without rows */
};

#define CPROV_LAYOUT_MAX 8

/* What a verb's table shows when nothing else is asked for. */
struct cprov_layout {
    enum cprov_table_style style;
    struct cprov_layout_column {
        const char *key;
        const char *title; /* NULL: the key */
        unsigned width;    /* 0: the column's own */
    } columns[CPROV_LAYOUT_MAX];
    const struct cprov_layout *oneget; /* for --format oneget; NULL: there is none */
    /* One column that gets `narrower` when `beside` is shown as well: F15's Description. */
    const char *narrow, *beside;
    unsigned narrower;
    /* One of its columns that a table shows only once two rows have the same `told_by` and another
     * of it: F15's Source. */
    const char *doubtful, *told_by;
};

typedef int cprov_out_write(void *arg, struct cprov_span text, struct cprov_error *err);

struct cprov_out_options {
    const char *format;  /* NULL: "table"; text with "{{" is a template */
    const char *columns; /* NULL: the layout's, all of them for data formats */
    bool no_header;
    bool wide;         /* a fixed table as wide as its cells need, nothing cut */
    unsigned terminal; /* columns of the terminal that stdout is: where prose ends; 0: none */
    const struct cprov_record *record;
    const struct cprov_layout *layout;
    cprov_out_write *write;
    void *arg;
};

/* CPROV_EINVAL: unknown format, column or field of the template. */
CPROV_MUST_CHECK
int cprov_out_open(const struct cprov_out_options *options, struct cprov_out **out,
                   struct cprov_error *err);
/* NULL-safe; prints nothing. */
void cprov_out_close(struct cprov_out *out);
CPROV_DEFINE_CLEANUP(struct cprov_out, cprov_out, cprov_out_close)
#define auto_out CPROV_CLEANUP(cprov_out_cleanup)

/* A failed write is kept for cprov_out_finish(); everything after it does nothing. */
void cprov_out_row(struct cprov_out *out, const void *record);
/* Before the first row: rows may come that the doubtful column tells apart. Until two do, or too
 * many are held back, a table holds its rows. */
void cprov_out_expect_doubt(struct cprov_out *out);
/* What was held back, and the end of a document. */
CPROV_MUST_CHECK
int cprov_out_finish(struct cprov_out *out, struct cprov_error *err);

bool cprov_out_failed(const struct cprov_out *out);
/* Table, list and oneget are for people: messages of results go with them. */
bool cprov_out_is_for_people(const struct cprov_out *out);
size_t cprov_out_rows(const struct cprov_out *out); /* so far */
bool cprov_out_is_table(const struct cprov_out *out);
/* Whether the column is printed. */
bool cprov_out_shows(const struct cprov_out *out, const char *key);

#endif
