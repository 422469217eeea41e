/* serve/ui/ui_image.c - one image: its versions. */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "serve/ui/ui_page_private.h"

#define PLATFORMS_MAX 6
#define HEX_SHOWN     12 /* digits of a digest in a row */

static void write_head(struct cprov_buf *out, const struct cprov_entry *c)
{
    cprov_buf_add_text(out, "<nav aria-label=\"Where this is\"><ol class=\"crumbs\"><li><a "
                            "href=\"/\">Images</a></li></ol></nav>");
    CPROV_HTML(out, "<h1>$</h1>", c->name);
    if (strcmp(c->name, c->repository) != 0)
        CPROV_HTML(out, "<p class=\"path\">$</p>", c->repository);
    if (*c->description) {
        cprov_buf_add_text(out, "<p class=\"lead\">");
        cprov_html_cut(out, c->description, CPROV_UI_TEXT_MAX);
        cprov_buf_add_text(out, "</p>");
    }
    if (*c->publisher)
        CPROV_HTML(out, "<p>Published by $</p>", c->publisher);
}

static void write_row(struct cprov_buf *out, const struct cprov_entry *c)
{
    char number[CPROV_UI_NUMBER_MAX], digest[CPROV_DIGEST_TEXT_MAX], hex[HEX_SHOWN + 1];

    cprov_digest_format(c->digest, digest);
    snprintf(hex, sizeof(hex), "%.*s", HEX_SHOWN, strchr(digest, ':') + 1);
    cprov_buf_add_text(out, "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">");
    cprov_ui_version_link(out, c, c->version);
    cprov_buf_add_text(out, "</th><td role=\"cell\" class=\"tags\">");
    cprov_ui_what(out, c, PLATFORMS_MAX);
    cprov_buf_add_text(out, "</td><td role=\"cell\" class=\"date\">");
    cprov_ui_time(out, c->created);
    CPROV_HTML(out,
               "</td><td role=\"cell\" class=\"digest\"><code title=\"$\">$</code></td>"
               "<td role=\"cell\" class=\"number\">$</td></tr>\n",
               digest, hex, cprov_text_size(c->bytes, number));
}

int cprov_ui_image(struct cprov_ui_page *p, struct cprov_error *err)
{
    const struct cprov_card_group *g =
        cprov_cards_group(p->cards, cprov_span_of(p->route->repository));
    char path[sizeof("/ui/image/?") + CPROV_NAME_MAX];
    struct cprov_ui_pager pager = { .path = path, .search = "" };
    char count[CPROV_UI_NUMBER_MAX], size[CPROV_UI_NUMBER_MAX];

    (void)err;
    if (!g || !cprov_ui_number_parse(p->question->page, &pager.page)) {
        p->status = g ? 400 : 404;
        return 0;
    }
    size_t shown = g->versions > 0 ? g->versions : g->count;
    snprintf(path, sizeof(path), "/ui/image/%s?", g->repository);
    pager.pages = (shown + CPROV_UI_ROWS - 1) / CPROV_UI_ROWS;
    if (pager.page > pager.pages)
        pager.page = pager.pages;
    size_t first = (pager.page - 1) * CPROV_UI_ROWS;
    size_t end = first + CPROV_UI_ROWS < shown ? first + CPROV_UI_ROWS : shown;
    cprov_ui_begin(p, p->cards->list[g->newest].name, "");
    write_head(p->body, &p->cards->list[g->newest]);
    CPROV_HTML(p->body, "<p class=\"more\">$ $, $ in all</p>", cprov_ui_count(shown, count),
               shown == 1 ? "version" : "versions", cprov_text_size(g->bytes, size));
    cprov_buf_add_text(p->body,
                       "<h2 id=\"versions\">Versions</h2><div class=\"wide\"><table role=\"table\" "
                       "class=\"stack versions\" aria-labelledby=\"versions\">"
                       "<thead role=\"rowgroup\"><tr role=\"row\">"
                       "<th role=\"columnheader\" scope=\"col\">Version</th>"
                       "<th role=\"columnheader\" scope=\"col\">Platforms</th>"
                       "<th role=\"columnheader\" scope=\"col\">Created</th>"
                       "<th role=\"columnheader\" scope=\"col\">Digest</th>"
                       "<th role=\"columnheader\" scope=\"col\" class=\"number\">Size</th>"
                       "</tr></thead><tbody role=\"rowgroup\">\n");
    for (size_t i = first; i < end; i++)
        write_row(p->body, &p->cards->list[g->first + i]);
    cprov_buf_add_text(p->body, "</tbody></table></div>");
    cprov_ui_pager(p->body, &pager);
    cprov_ui_end(p);
    return 0;
}
