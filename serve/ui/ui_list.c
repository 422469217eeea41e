/* serve/ui/ui_list.c - the first page: all images, or those that a search finds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/words.h"
#include "net/url.h"
#include "serve/ui/ui_page_private.h"

#define DESCRIPTION_MAX 240 /* bytes shown of it in a row */
#define PLATFORMS_MAX   3

struct list_search {
    char text[CPROV_UI_SEARCH_MAX + 1];
    char words[CPROV_UI_SEARCH_MAX + 1]; /* of it, those that are looked for */
    bool any;
};

/* An image of the list, by what it may be sorted by beside its name. */
struct list_entry {
    const struct cprov_card_group *group;
    int64_t created; /* INT64_MIN: nobody says, or nobody wants to know */
    uint64_t bytes;
};

/* What the list shows, and which part of it. */
struct list_page {
    const struct cprov_cards *cards;
    struct list_entry *entries;
    size_t count, all;
    size_t versions;
    uint64_t bytes;
    size_t first, shown;
    const struct order *order;
    bool down;
    struct cprov_ui_pager pager;
};

static int compare_names(const void *left, const void *right)
{
    const struct list_entry *a = left, *b = right;

    return strcmp(a->group->repository, b->group->repository);
}

static int compare_created(const void *left, const void *right)
{
    const struct list_entry *a = left, *b = right;
    int order = (a->created > b->created) - (a->created < b->created);

    return order != 0 ? order : -compare_names(a, b);
}

static int compare_bytes(const void *left, const void *right)
{
    const struct list_entry *a = left, *b = right;
    int order = (a->bytes > b->bytes) - (a->bytes < b->bytes);

    return order != 0 ? order : -compare_names(a, b);
}

/* The columns; those with a key can be sorted by it. The one of dates and the one of sizes begin
 * with the newest and the largest, which is what people look for. */
static const struct order {
    const char *key, *title, *attribute;
    int (*compare)(const void *left, const void *right);
    bool down_first;
} orders[] = {
    { "name", "Name", "", compare_names, false },
    { NULL, "Newest", "", NULL, false },
    { NULL, "Description", "", NULL, false },
    { NULL, "Platforms", "", NULL, false },
    { "created", "Created", "", compare_created, true },
    { "size", "Size", " class=\"number\"", compare_bytes, true },
};

/* "size", "-size"; NULL: by name. False when it is none. */
static bool parse_sort(const char *text, struct list_page *out)
{
    struct cprov_span key = cprov_span_of(text && *text ? text : orders[0].key);

    out->down = cprov_span_starts_with(key, "-");
    if (out->down)
        key = cprov_span_from(key, 1);
    out->order = NULL;
    for (size_t i = 0; i < CPROV_COUNT(orders); i++)
        if (orders[i].key && cprov_span_is(key, orders[i].key))
            out->order = &orders[i];
    return out->order != NULL;
}

static bool parse_search(const char *text, struct list_search *out)
{
    struct cprov_span rest, word;
    size_t count = 0;

    out->any = false;
    if (!cprov_ui_search_parse(text, out->text))
        return false;
    (void)stpcpy(out->words, out->text);
    rest = cprov_span_of(out->words);
    while (count < CPROV_UI_WORDS_MAX && cprov_words_next(&rest, &word))
        count++;
    out->any = count > 0;
    if (rest.ptr)
        out->words[rest.ptr - out->words] = '\0';
    return true;
}

/* Every word is somewhere in what the row shows, which is where the script looks, too. */
static bool fits(const struct list_search *s, const struct cprov_entry *c)
{
    const char *const texts[] = { c->name,      c->repository, c->version,      c->description,
                                  c->publisher, c->platforms,  cprov_ui_kind(c) };

    return cprov_words_in(s->words, texts, CPROV_COUNT(texts));
}

static void add_entry(struct list_page *l, const struct cprov_card_group *g)
{
    const struct cprov_entry *c = &l->cards->list[g->newest];
    struct list_entry *e = &l->entries[l->count++];

    *e = (struct list_entry){ .group = g, .bytes = c->bytes };
    if (l->order->compare != compare_created ||
        !cprov_time_parse(cprov_span_of(c->created), &e->created))
        e->created = INT64_MIN;
    l->versions += g->versions;
    l->bytes += g->bytes;
}

/* Groups come by name. */
static void sort_entries(struct list_page *l)
{
    if (l->order != &orders[0] && l->count > 1)
        qsort(l->entries, l->count, sizeof(*l->entries), l->order->compare);
    for (size_t i = 0; l->down && i < l->count / 2; i++) {
        struct list_entry swapped = l->entries[i];

        l->entries[i] = l->entries[l->count - 1 - i];
        l->entries[l->count - 1 - i] = swapped;
    }
}

static int choose(struct list_page *l, const struct list_search *s, struct cprov_error *err)
{
    const struct cprov_cards *cards = l->cards;

    l->entries = calloc(cards->groups_count + 1, sizeof(*l->entries));
    if (!l->entries)
        return cprov_fail_memory(err);
    for (size_t i = 0; i < cards->groups_count; i++) {
        const struct cprov_card_group *g = &cards->groups[i];

        if (!g->own || g->versions == 0)
            continue;
        l->all++;
        if (fits(s, &cards->list[g->newest]))
            add_entry(l, g);
    }
    sort_entries(l);
    l->pager.pages = l->count == 0 ? 1 : (l->count + CPROV_UI_ROWS - 1) / CPROV_UI_ROWS;
    if (l->pager.page > l->pager.pages)
        l->pager.page = l->pager.pages;
    l->first = (l->pager.page - 1) * CPROV_UI_ROWS;
    l->shown = l->count - l->first < CPROV_UI_ROWS ? l->count - l->first : CPROV_UI_ROWS;
    return 0;
}

static void write_form(struct cprov_buf *out, const struct list_page *l,
                       const struct list_search *s)
{
    char count[CPROV_UI_NUMBER_MAX], all[CPROV_UI_NUMBER_MAX];

    CPROV_HTML(
        out,
        "<form role=\"search\" action=\"/\" method=\"get\"><label for=\"q\">Search"
        "</label><input id=\"q\" name=\"q\" type=\"search\" value=\"$\" autocomplete=\"off\" "
        "spellcheck=\"false\" maxlength=\"200\" "
        "placeholder=\"name, publisher, word or platform\">",
        s->text);
    if (*l->pager.sort)
        CPROV_HTML(out, "<input type=\"hidden\" name=\"sort\" value=\"$\">", l->pager.sort);
    cprov_buf_add_text(out, "<button>Search</button></form><div class=\"counts\">");
    cprov_ui_count(l->count, count);
    cprov_ui_count(l->all, all);
    CPROV_HTML(out, "<p id=\"hits\" role=\"status\" aria-live=\"polite\" data-all=\"$\" ", all);
    cprov_buf_addf(out, "data-pages=\"%zu\">", l->pager.pages);
    if (s->any)
        CPROV_HTML(out, "$ of $ images match \xe2\x80\x9c$\xe2\x80\x9d. <a href=\"/\">Show all</a>",
                   count, all, s->text);
    else
        CPROV_HTML(out, l->all == 1 ? "$ image" : "$ images", all);
    cprov_buf_add_text(out, "</p>");
    if (l->count > 0) {
        CPROV_HTML(out, "<p title=\"Layers that images share are counted for each of them\">$ $, ",
                   cprov_ui_count(l->versions, count), l->versions == 1 ? "version" : "versions");
        CPROV_HTML(out, "$ in all</p>", cprov_text_size(l->bytes, all));
    }
    cprov_buf_add_text(out, "</div>");
}

static void write_row(struct cprov_buf *out, const struct list_page *l,
                      const struct cprov_card_group *g)
{
    const struct cprov_entry *c = &l->cards->list[g->newest];
    char number[CPROV_UI_NUMBER_MAX];

    cprov_buf_add_text(out, "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">");
    cprov_ui_image_link(out, c->repository, c->name);
    if (c->is_os)
        cprov_buf_add_text(out, " <span class=\"tag os\">base OS</span>");
    if (strcmp(c->name, c->repository) != 0)
        CPROV_HTML(out, "<span class=\"path\">$</span>", c->repository);
    cprov_buf_add_text(out, "</th><td role=\"cell\" class=\"newest\">");
    cprov_ui_version_link(out, c, c->version);
    if (g->versions > 1)
        CPROV_HTML(out, " <span class=\"path\">$ versions</span>",
                   cprov_ui_count(g->versions, number));
    cprov_buf_add_text(out, "</td><td role=\"cell\" class=\"words\">");
    cprov_html_cut(out, c->description, DESCRIPTION_MAX);
    if (*c->publisher) {
        cprov_buf_add_text(out, "<span class=\"path who\">");
        cprov_html_cut(out, c->publisher, DESCRIPTION_MAX);
        cprov_buf_add_text(out, "</span>");
    }
    cprov_buf_add_text(out, "</td><td role=\"cell\" class=\"tags\">");
    cprov_ui_what(out, c, PLATFORMS_MAX);
    cprov_buf_add_text(out, "</td><td role=\"cell\" class=\"date\">");
    cprov_ui_time(out, c->created);
    CPROV_HTML(out, "</td><td role=\"cell\" class=\"number\">$</td></tr>\n",
               cprov_text_size(c->bytes, number));
}

/* A column that can be sorted by is a link that does it: the other way round when it is sorted. */
static void write_column(struct cprov_buf *out, const struct list_page *l, const struct order *o)
{
    bool is_now = o == l->order;
    bool down = is_now ? !l->down : o->down_first;

    cprov_buf_addf(out, "<th role=\"columnheader\" scope=\"col\"%s", o->attribute);
    if (is_now)
        cprov_buf_addf(out, " aria-sort=\"%s\"", l->down ? "descending" : "ascending");
    if (!o->key) {
        cprov_buf_addf(out, ">%s</th>", o->title);
        return;
    }
    cprov_buf_add_text(out, "><a href=\"/?");
    if (*l->pager.search) {
        cprov_buf_add_text(out, "q=");
        cprov_url_escape(out, cprov_span_of(l->pager.search), false);
        cprov_buf_add_text(out, "&amp;");
    }
    cprov_buf_addf(out, "sort=%s%s\">%s</a></th>", down ? "-" : "", o->key, o->title);
}

static void write_table(struct cprov_buf *out, const struct list_page *l)
{
    cprov_buf_add_text(out,
                       "<div class=\"wide\"><table id=\"images\" class=\"stack\" role=\"table\">"
                       "<caption class=\"unseen\">Images, each with its newest version</caption>"
                       "<thead role=\"rowgroup\"><tr role=\"row\">");
    for (size_t i = 0; i < CPROV_COUNT(orders); i++)
        write_column(out, l, &orders[i]);
    cprov_buf_add_text(out, "</tr></thead><tbody role=\"rowgroup\">\n");
    for (size_t i = 0; i < l->shown; i++)
        write_row(out, l, l->entries[l->first + i].group);
    cprov_buf_add_text(out, "</tbody></table></div>");
}

int cprov_ui_list(struct cprov_ui_page *p, struct cprov_error *err)
{
    struct list_page l = { .cards = p->cards };
    struct list_search s;

    if (!parse_search(p->question->q, &s) || !parse_sort(p->question->sort, &l) ||
        !cprov_ui_number_parse(p->question->page, &l.pager.page)) {
        p->status = 400;
        return 0;
    }
    l.pager.path = "/?";
    l.pager.search = s.text;
    l.pager.sort = p->question->sort ? p->question->sort : "";
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
    free(l.entries);
    return 0;
}
