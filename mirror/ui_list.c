/* mirror/ui_list.c - the first page: all images, or those that a search finds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "mirror/ui_page.h"

#define DESCRIPTION_MAX 240 /* bytes shown of it in a row */
#define PLATFORMS_MAX   3

struct search {
    char text[CPROV_UI_SEARCH_MAX + 1];
    struct cprov_span words[CPROV_UI_WORDS_MAX];
    size_t count;
};

/* What the list shows, and which part of it. */
struct list {
    const struct cprov_cards *cards;
    const struct cprov_card_group **groups;
    size_t count, all;
    size_t first, shown;
    struct cprov_ui_pager pager;
};

static bool parse_search(const char *text, struct search *out)
{
    struct cprov_span rest, word;

    out->count = 0;
    if (!cprov_ui_search_parse(text, out->text))
        return false;
    rest = cprov_span_of(out->text);
    while (rest.len > 0 && cprov_span_next(&rest, ' ', &word))
        if (word.len > 0 && out->count < CPROV_UI_WORDS_MAX)
            out->words[out->count++] = word;
    return true;
}

static bool holds(const char *text, struct cprov_span word)
{
    for (size_t len = strlen(text); len >= word.len; len--, text++) {
        size_t i = 0;

        while (i < word.len && cprov_lower(text[i]) == cprov_lower(word.ptr[i]))
            i++;
        if (i == word.len)
            return true;
    }
    return false;
}

/* Every word is somewhere in what the row shows, which is where the script looks, too. */
static bool fits(const struct search *s, const struct cprov_card *c)
{
    const char *const texts[] = { c->name,        c->repository, c->version,
                                  c->description, c->publisher,  c->platforms };

    for (size_t i = 0; i < s->count; i++) {
        size_t k = 0;

        while (k < CPROV_COUNT(texts) && !holds(texts[k], s->words[i]))
            k++;
        if (k == CPROV_COUNT(texts))
            return false;
    }
    return true;
}

static int choose(struct list *l, const struct search *s, struct cprov_error *err)
{
    const struct cprov_cards *cards = l->cards;

    l->groups = calloc(cards->groups_count + 1, sizeof(const struct cprov_card_group *));
    if (!l->groups)
        return cprov_fail_memory(err);
    for (size_t i = 0; i < cards->groups_count; i++) {
        const struct cprov_card_group *g = &cards->groups[i];

        if (!g->own || g->versions == 0)
            continue;
        l->all++;
        if (fits(s, &cards->list[g->newest]))
            l->groups[l->count++] = g;
    }
    l->pager.pages = l->count == 0 ? 1 : (l->count + CPROV_UI_ROWS - 1) / CPROV_UI_ROWS;
    if (l->pager.page > l->pager.pages)
        l->pager.page = l->pager.pages;
    l->first = (l->pager.page - 1) * CPROV_UI_ROWS;
    l->shown = l->count - l->first < CPROV_UI_ROWS ? l->count - l->first : CPROV_UI_ROWS;
    return 0;
}

static void write_form(struct cprov_buf *out, const struct list *l, const struct search *s)
{
    char count[CPROV_UI_NUMBER_MAX], all[CPROV_UI_NUMBER_MAX];

    CPROV_HTML(
        out,
        "<form role=\"search\" action=\"/\" method=\"get\"><label for=\"q\">Search"
        "</label><input id=\"q\" name=\"q\" type=\"search\" value=\"$\" autocomplete=\"off\" "
        "spellcheck=\"false\" maxlength=\"200\" "
        "placeholder=\"name, publisher, word or platform\"><button>Search</button></form>",
        s->text);
    cprov_ui_count(l->count, count);
    cprov_ui_count(l->all, all);
    CPROV_HTML(out, "<p id=\"hits\" role=\"status\" aria-live=\"polite\" data-all=\"$\" ", all);
    cprov_buf_addf(out, "data-pages=\"%zu\">", l->pager.pages);
    if (s->count > 0)
        CPROV_HTML(out, "$ of $ images match \xe2\x80\x9c$\xe2\x80\x9d. <a href=\"/\">Show all</a>",
                   count, all, s->text);
    else
        CPROV_HTML(out, l->all == 1 ? "$ image" : "$ images", all);
    cprov_buf_add_text(out, "</p>");
}

static void write_row(struct cprov_buf *out, const struct list *l, const struct cprov_card_group *g)
{
    const struct cprov_card *c = &l->cards->list[g->newest];
    char number[CPROV_UI_NUMBER_MAX];

    cprov_buf_add_text(out, "<tr><th scope=\"row\">");
    cprov_ui_image_link(out, c->repository, c->name);
    if (c->is_os)
        cprov_buf_add_text(out, " <span class=\"tag os\">base OS</span>");
    if (strcmp(c->name, c->repository) != 0)
        CPROV_HTML(out, "<span class=\"path\">$</span>", c->repository);
    cprov_buf_add_text(out, "</th><td>");
    cprov_ui_version_link(out, c, c->version);
    if (g->versions > 1)
        CPROV_HTML(out, "<span class=\"path\">$ versions</span>",
                   cprov_ui_count(g->versions, number));
    cprov_buf_add_text(out, "</td><td class=\"words\">");
    cprov_html_cut(out, c->description, DESCRIPTION_MAX);
    cprov_buf_add_text(out, "</td><td class=\"who\">");
    cprov_html_cut(out, c->publisher, DESCRIPTION_MAX);
    cprov_buf_add_text(out, "</td><td class=\"tags\">");
    cprov_ui_platforms(out, c->platforms, PLATFORMS_MAX);
    CPROV_HTML(out, "</td><td class=\"number\">$</td></tr>\n", cprov_ui_size(c->bytes, number));
}

static void write_table(struct cprov_buf *out, const struct list *l)
{
    cprov_buf_add_text(
        out, "<div class=\"wide\"><table id=\"images\"><caption class=\"unseen\">Images, each with "
             "its newest version</caption><thead><tr><th scope=\"col\">Name</th>"
             "<th scope=\"col\">Newest</th><th scope=\"col\">Description</th>"
             "<th scope=\"col\">Publisher</th><th scope=\"col\">Platforms</th>"
             "<th scope=\"col\" class=\"number\">Size</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < l->shown; i++)
        write_row(out, l, l->groups[l->first + i]);
    cprov_buf_add_text(out, "</tbody></table></div>");
}

int cprov_ui_list(struct cprov_ui_page *p, struct cprov_error *err)
{
    struct list l = { .cards = p->cards };
    struct search s;

    if (!parse_search(p->question->q, &s) ||
        !cprov_ui_number_parse(p->question->page, &l.pager.page)) {
        p->status = 400;
        return 0;
    }
    l.pager.path = "/?";
    l.pager.search = s.text;
    int code = choose(&l, &s, err);
    if (code < 0)
        return code;
    cprov_ui_begin(p, "Images", "/");
    cprov_buf_add_text(p->body, "<h1>Images</h1>");
    write_form(p->body, &l, &s);
    if (l.shown > 0)
        write_table(p->body, &l);
    else if (l.all == 0)
        cprov_buf_add_text(p->body, "<p>Nothing is installed here yet.</p>");
    cprov_ui_pager(p->body, &l.pager);
    cprov_ui_end(p);
    free(l.groups);
    return 0;
}
