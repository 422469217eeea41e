/* serve/ui/ui_graph.c - which images share which base: a tree for each base, the busiest first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/limits.h"
#include "base/text.h"
#include "serve/ui/ui_page_private.h"

#define BASES_MAX    40 /* of a page */
#define ROWS_MAX     40 /* of one tree */
#define OPEN_MAX     40 /* rows of a page whose trees are all open from the beginning */
#define DEPTH_MAX    12 /* what is deeper is not moved further in */
#define VERSIONS_MAX 24 /* links in a row */
#define BAR          96 /* width of the busiest base */

/* A base that is built on nothing here, with something on top. */
struct graph_root {
    uint32_t member;
    uint32_t above; /* versions that stand on it, however far up */
    const char *name;
};

/* One image; or several versions of one that stand side by side with nothing on top of them. */
struct graph_row {
    uint32_t member;
    uint32_t count; /* members: it and its siblings after it */
    unsigned depth;
    size_t parent; /* row */
};

struct graph {
    struct cprov_ui_page *page;
    const struct cprov_member *members;
    uint32_t count;
    struct graph_root *roots;
    size_t roots_count;
    struct graph_row *rows; /* of the tree that is being written */
    size_t rows_count, rows_room;
    struct cprov_ui_pager pager;
    size_t alone; /* versions that share nothing */
    bool all_open;
};

static const struct cprov_entry *card_of(const struct graph *g, uint32_t member)
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
    return is_leaf(g, b) && g->members[a].same == g->members[b].same &&
           card_of(g, a)->repository == card_of(g, b)->repository;
}

static int add_row(struct graph *g, const struct graph_row *row, struct cprov_error *err)
{
    if (cprov_grow(&g->rows, &g->rows_room, g->rows_count, sizeof(*g->rows), CPROV_LIST_MAX, err) <
        0)
        return err->code;
    g->rows[g->rows_count++] = *row;
    return 0;
}

/* Adds the tree below root. Trees may be deep: no recursion. */
static int add_tree(struct graph *g, uint32_t root, struct cprov_error *err)
{
    struct graph_row row = { .member = root, .count = 1, .parent = SIZE_MAX };

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

static int compare_roots(const void *left, const void *right)
{
    const struct graph_root *a = left, *b = right;

    if (a->above != b->above)
        return a->above < b->above ? 1 : -1;
    return strcmp(a->name, b->name);
}

static int find_roots(struct graph *g, struct cprov_error *err)
{
    uint32_t *above = calloc((size_t)g->count + 1, sizeof(*above));

    g->roots = calloc((size_t)g->count + 1, sizeof(*g->roots));
    if (!above || !g->roots) {
        free(above);
        return cprov_fail_memory(err);
    }
    for (uint32_t i = 0; i < g->count; i++) {
        uint32_t root = i;

        while (g->members[root].parent != CPROV_NOBODY)
            root = g->members[root].parent;
        above[root] += root != i;
    }
    for (uint32_t i = 0; i < g->count; i++) {
        if (above[i] > 0)
            g->roots[g->roots_count++] =
                (struct graph_root){ i, above[i], card_of(g, i)->repository };
        else
            g->alone += g->members[i].parent == CPROV_NOBODY;
    }
    free(above);
    if (g->roots_count > 1)
        qsort(g->roots, g->roots_count, sizeof(*g->roots), compare_roots);
    return 0;
}

static unsigned depth_of(const struct graph_row *r)
{
    return r->depth < DEPTH_MAX ? r->depth : DEPTH_MAX;
}

static void write_item(struct cprov_buf *out, const struct graph *g, const struct graph_row *r)
{
    const struct cprov_entry *c = card_of(g, r->member);
    uint32_t member = r->member;
    char size[CPROV_UI_NUMBER_MAX];

    cprov_ui_image_link(out, c->repository, c->name);
    for (uint32_t i = 0; i < r->count && i < VERSIONS_MAX; i++) {
        cprov_buf_add_char(out, ' ');
        cprov_ui_version_link(out, card_of(g, member), card_of(g, member)->version);
        member = g->members[member].next_sibling;
    }
    if (r->count > VERSIONS_MAX)
        cprov_buf_addf(out, " <span class=\"more\">and %u more</span>", r->count - VERSIONS_MAX);
    CPROV_HTML(out, " <span class=\"more\">$$</span>", cprov_text_size(c->bytes, size),
               g->members[r->member].same ? ", the same layers" : "");
}

/* What stands on the root, as lists in lists. */
static void write_branches(struct cprov_buf *out, const struct graph *g)
{
    size_t shown = g->rows_count < ROWS_MAX ? g->rows_count : ROWS_MAX;
    unsigned depth = 0;

    for (size_t i = 1; i < shown; i++) {
        unsigned now = depth_of(&g->rows[i]);

        if (now > depth)
            cprov_buf_add_text(out, depth == 0 ? "<ul class=\"tree\">" : "<ul>");
        else
            cprov_buf_add_text(out, "</li>");
        for (; now < depth; depth--)
            cprov_buf_add_text(out, "</ul></li>");
        depth = now;
        cprov_buf_add_text(out, "\n<li>");
        write_item(out, g, &g->rows[i]);
    }
    for (; depth > 0; depth--)
        cprov_buf_add_text(out, "</li></ul>");
    if (g->rows_count > shown)
        cprov_buf_addf(out,
                       "<p class=\"more\">and %zu more lines; the page of a version has what is "
                       "on top of it</p>",
                       g->rows_count - shown);
}

static int write_root(struct graph *g, size_t i, struct cprov_error *err)
{
    struct cprov_buf *out = g->page->body;
    const struct graph_root *root = &g->roots[i];
    const struct cprov_entry *c = card_of(g, root->member);
    unsigned width = (unsigned)((uint64_t)root->above * BAR / g->roots[0].above);
    char number[CPROV_UI_NUMBER_MAX];

    g->rows_count = 0;
    if (add_tree(g, root->member, err) < 0)
        return err->code;
    cprov_buf_add_text(out, g->all_open ? "<details class=\"base\" open><summary>"
                                        : "<details class=\"base\"><summary>");
    cprov_ui_card_link(out, c);
    CPROV_HTML(out, " <span class=\"more\">$ on top, ", cprov_ui_count(root->above, number));
    CPROV_HTML(out, "$</span>", cprov_text_size(c->bytes, number));
    cprov_buf_addf(out,
                   "<svg class=\"bar\" width=\"%d\" height=\"8\" aria-hidden=\"true\">"
                   "<rect class=\"track\" width=\"%d\" height=\"8\" rx=\"2\"/>"
                   "<rect width=\"%u\" height=\"8\" rx=\"2\"/></svg></summary>",
                   BAR, BAR, width > 0 ? width : 1);
    write_branches(out, g);
    cprov_buf_add_text(out, "</details>\n");
    return 0;
}

static void write_counts(const struct graph *g)
{
    struct cprov_buf *out = g->page->body;
    char number[CPROV_UI_NUMBER_MAX];

    if (g->roots_count > 0)
        CPROV_HTML(out, "<p class=\"more\">$ $, the ones with the most on top first.</p>",
                   cprov_ui_count(g->roots_count, number), g->roots_count == 1 ? "base" : "bases");
    else
        cprov_buf_add_text(out, "<p>No image is built on another one that is served here.</p>");
}

static int write_page(struct graph *g, struct cprov_error *err)
{
    struct cprov_buf *out = g->page->body;
    size_t first = (g->pager.page - 1) * BASES_MAX;
    size_t end = first + BASES_MAX < g->roots_count ? first + BASES_MAX : g->roots_count;
    char number[CPROV_UI_NUMBER_MAX];
    uint64_t above = 0;
    int code = 0;

    cprov_ui_begin(g->page, "Bases", "/ui/graph");
    cprov_buf_add_text(out, "<h1>Bases</h1><p class=\"lead\">An image stands on another when it "
                            "begins with all of its layers: those are stored and sent once.</p>");
    write_counts(g);
    for (size_t i = first; i < end; i++)
        above += g->roots[i].above + 1;
    g->all_open = above <= OPEN_MAX;
    cprov_buf_add_text(out, "<div class=\"bases\">\n");
    for (size_t i = first; code == 0 && i < end; i++)
        code = write_root(g, i, err);
    cprov_buf_add_text(out, "</div>");
    if (g->alone > 0)
        CPROV_HTML(out,
                   "<p class=\"more\">$ $ built on nothing that is served here, and nothing "
                   "is built on $.</p>",
                   cprov_ui_count(g->alone, number), g->alone == 1 ? "image is" : "images are",
                   g->alone == 1 ? "it" : "them");
    cprov_ui_pager(out, &g->pager);
    cprov_ui_end(g->page);
    return code;
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
    code = find_roots(&g, err);
    g.pager.pages = g.roots_count == 0 ? 1 : (g.roots_count + BASES_MAX - 1) / BASES_MAX;
    if (g.pager.page > g.pager.pages)
        g.pager.page = g.pager.pages;
    if (code == 0)
        code = write_page(&g, err);
    free(g.roots);
    free(g.rows);
    return code;
}
