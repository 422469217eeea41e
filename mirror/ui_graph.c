/* mirror/ui_graph.c - which images share which base: a drawing, and the same as lists. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "mirror/ui_page.h"

#define DEPTH_MAX    12 /* columns; what is deeper stands in the last one */
#define VERSIONS_MAX 12 /* links in a row */
#define LABEL_MAX    28 /* bytes in a box */
#define COLUMN       240
#define BOX          212
#define LINE         30
#define BOX_HEIGHT   22

/* One image; or several versions of one that stand side by side with nothing on top of them. */
struct row {
    uint32_t member;
    uint32_t count; /* members: it and its siblings after it */
    unsigned depth;
    size_t parent; /* row */
};

struct graph {
    struct cprov_ui_page *page;
    const struct cprov_member *members;
    uint32_t count;
    struct row *rows; /* of the page that is wanted; in the order of the lists */
    size_t rows_count, rows_room;
    struct cprov_ui_pager pager;
    size_t alone;  /* versions that share nothing */
    size_t hidden; /* rows of a tree that is larger than a page */
};

static const struct cprov_card *card_of(const struct graph *g, uint32_t member)
{
    return &g->page->cards->list[g->members[member].card];
}

static bool is_leaf(const struct graph *g, uint32_t member)
{
    return g->members[member].first_child == CPROV_NOBODY;
}

/* Repositories are texts of the view: one text for each. */
static bool same_group(const struct graph *g, uint32_t a, uint32_t b)
{
    return is_leaf(g, b) && card_of(g, a)->repository == card_of(g, b)->repository;
}

static int add_row(struct graph *g, const struct row *row, struct cprov_error *err)
{
    if (g->rows_count == g->rows_room) {
        size_t room = g->rows_room ? 2 * g->rows_room : 64;
        struct row *grown = reallocarray(g->rows, room, sizeof(*grown));
        if (!grown)
            return cprov_fail_memory(err);
        g->rows = grown;
        g->rows_room = room;
    }
    g->rows[g->rows_count++] = *row;
    return 0;
}

/* Adds the tree below root. Trees may be deep: no recursion. */
static int add_tree(struct graph *g, uint32_t root, struct cprov_error *err)
{
    struct row row = { .member = root, .count = 1, .parent = SIZE_MAX };

    for (;;) {
        uint32_t last = row.member;

        row.count = 1;
        while (is_leaf(g, last) && row.member != root &&
               g->members[last].next_sibling != CPROV_NOBODY &&
               same_group(g, last, g->members[last].next_sibling)) {
            last = g->members[last].next_sibling;
            row.count++;
        }
        if (add_row(g, &row, err) < 0)
            return err->code;
        if (!is_leaf(g, last)) {
            row.parent = g->rows_count - 1;
            row.depth++;
            row.member = g->members[last].first_child;
            continue;
        }
        while (last != root && g->members[last].next_sibling == CPROV_NOBODY) {
            last = g->members[last].parent;
            if (last == root)
                return 0;
            row.depth--;
            row.parent = g->rows[row.parent].parent;
        }
        if (last == root)
            return 0;
        row.member = g->members[last].next_sibling;
    }
}

/* Keeps the trees of the page that is wanted, and counts pages. */
static int choose(struct graph *g, struct cprov_error *err)
{
    size_t page = 1, used = 0, wanted = g->pager.page;

    for (uint32_t i = 0; i < g->count; i++) {
        size_t before = g->rows_count;

        if (g->members[i].parent != CPROV_NOBODY)
            continue;
        if (is_leaf(g, i)) {
            g->alone++;
            continue;
        }
        if (add_tree(g, i, err) < 0)
            return err->code;
        size_t rows = g->rows_count - before;
        if (used > 0 && used + rows > CPROV_UI_ROWS) {
            page++;
            used = 0;
        }
        used += rows;
        if (page != wanted)
            g->rows_count = before;
    }
    g->pager.pages = page;
    if (g->rows_count > CPROV_UI_ROWS) {
        g->hidden = g->rows_count - CPROV_UI_ROWS;
        g->rows_count = CPROV_UI_ROWS;
    }
    return 0;
}

/* --- the drawing --- */

static unsigned column_of(const struct row *r)
{
    return r->depth < DEPTH_MAX ? r->depth : DEPTH_MAX - 1;
}

static void write_edge(struct cprov_buf *out, const struct graph *g, size_t i)
{
    const struct row *r = &g->rows[i];

    if (r->parent == SIZE_MAX)
        return;
    unsigned from = column_of(&g->rows[r->parent]) * COLUMN + 14, to = column_of(r) * COLUMN;
    size_t top = r->parent * LINE + BOX_HEIGHT + 2, y = i * LINE + LINE / 2;
    cprov_buf_addf(out, "<path d=\"M%u %zuV%zuH%u\"/>", from, top, y, to);
}

static void write_box(struct cprov_buf *out, const struct graph *g, size_t i)
{
    const struct row *r = &g->rows[i];
    const struct cprov_card *c = card_of(g, r->member);
    unsigned x = column_of(r) * COLUMN;
    char label[CPROV_NAME_MAX + CPROV_TAG_MAX + 2];

    snprintf(label, sizeof(label), "%s %s", c->name, c->version);
    CPROV_HTML(out, "<a href=\"/ui/image/$/-/$\" tabindex=\"-1\"><title>$</title>", c->repository,
               c->version, label);
    cprov_buf_addf(out,
                   "<rect x=\"%u.5\" y=\"%zu.5\" width=\"%d\" height=\"%d\" rx=\"4\"/>"
                   "<svg x=\"%u\" y=\"%zu\" width=\"%d\" height=\"%d\"><text y=\"16\">",
                   x, i * LINE + 3, BOX, BOX_HEIGHT, x + 9, i * LINE + 3, BOX - 14, BOX_HEIGHT);
    cprov_html_cut(out, label, LABEL_MAX);
    if (r->count > 1)
        cprov_buf_addf(out, " +%u", r->count - 1);
    cprov_buf_add_text(out, "</text></svg></a>\n");
}

/* The lists say the same to whoever does not see it. */
static void write_drawing(struct cprov_buf *out, const struct graph *g)
{
    unsigned columns = 1;

    for (size_t i = 0; i < g->rows_count; i++)
        if (column_of(&g->rows[i]) + 1 > columns)
            columns = column_of(&g->rows[i]) + 1;
    cprov_buf_addf(out,
                   "<div class=\"wide\"><svg class=\"graph\" width=\"%u\" height=\"%zu\" "
                   "aria-hidden=\"true\"><g class=\"edges\">",
                   (columns - 1) * COLUMN + BOX + 2, g->rows_count * LINE + 2);
    for (size_t i = 0; i < g->rows_count; i++)
        write_edge(out, g, i);
    cprov_buf_add_text(out, "</g><g class=\"boxes\">");
    for (size_t i = 0; i < g->rows_count; i++)
        write_box(out, g, i);
    cprov_buf_add_text(out, "</g></svg></div>");
}

/* --- the lists --- */

static void write_item(struct cprov_buf *out, const struct graph *g, const struct row *r)
{
    const struct cprov_card *c = card_of(g, r->member);
    uint32_t member = r->member;
    char size[CPROV_UI_NUMBER_MAX];

    cprov_ui_card_link(out, c);
    for (uint32_t i = 1; i < r->count && i < VERSIONS_MAX; i++) {
        member = g->members[member].next_sibling;
        cprov_buf_add_text(out, ", ");
        cprov_ui_version_link(out, card_of(g, member), card_of(g, member)->version);
    }
    if (r->count > VERSIONS_MAX)
        cprov_buf_addf(out, " <span class=\"more\">and %u more</span>", r->count - VERSIONS_MAX);
    CPROV_HTML(out, " <span class=\"more\">$</span>", cprov_ui_size(c->bytes, size));
}

static void write_lists(struct cprov_buf *out, const struct graph *g)
{
    unsigned depth = 0;

    cprov_buf_add_text(out, "<h2 id=\"lists\">As a list</h2><ul class=\"tree\" "
                            "aria-labelledby=\"lists\">\n");
    for (size_t i = 0; i < g->rows_count; i++) {
        unsigned now = column_of(&g->rows[i]);

        if (i > 0 && now > depth)
            cprov_buf_add_text(out, "<ul>");
        else if (i > 0)
            cprov_buf_add_text(out, "</li>");
        for (; now < depth; depth--)
            cprov_buf_add_text(out, "</ul></li>");
        depth = now;
        cprov_buf_add_text(out, "\n<li>");
        write_item(out, g, &g->rows[i]);
    }
    cprov_buf_add_text(out, "</li>");
    for (; depth > 0; depth--)
        cprov_buf_add_text(out, "</ul></li>");
    cprov_buf_add_text(out, "</ul>");
}

static void write_page(struct graph *g)
{
    struct cprov_buf *out = g->page->body;
    char number[CPROV_UI_NUMBER_MAX];

    cprov_ui_begin(g->page, "Bases", "/ui/graph");
    cprov_buf_add_text(out, "<h1>Bases</h1><p class=\"lead\">An image stands on another when it "
                            "begins with all of its layers: those are stored and sent once.</p>");
    if (g->rows_count > 0) {
        write_drawing(out, g);
        write_lists(out, g);
    } else {
        cprov_buf_add_text(out, "<p>No image is built on another one that is served here.</p>");
    }
    if (g->hidden > 0)
        cprov_buf_addf(out,
                       "<p class=\"more\">and %zu more; the page of a version has what is on "
                       "top of it</p>",
                       g->hidden);
    if (g->alone > 0)
        CPROV_HTML(out,
                   "<p class=\"more\">$ $ built on nothing that is served here, and nothing "
                   "is built on $.</p>",
                   cprov_ui_count(g->alone, number), g->alone == 1 ? "image is" : "images are",
                   g->alone == 1 ? "it" : "them");
    cprov_ui_pager(out, &g->pager);
    cprov_ui_end(g->page);
}

int cprov_ui_graph(struct cprov_ui_page *p, struct cprov_error *err)
{
    struct graph g = { .page = p, .pager = { .path = "/ui/graph?", .search = "" } };
    const struct cprov_family *family;

    if (!cprov_ui_number_parse(p->question->page, &g.pager.page)) {
        p->status = 400;
        return 0;
    }
    int code = cprov_view_family(p->view, &family, err);
    if (code < 0)
        return code;
    g.members = cprov_family_members(family, &g.count);
    code = choose(&g, err);
    if (code == 0)
        write_page(&g);
    free(g.rows);
    return code;
}
