/* serve/ui/ui_page.c - a page on its way: what all pages have in common. */
#include "serve/ui/ui_page_private.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "net/url.h"

#define ICON                                                                                       \
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"          \
    "%3Cpath fill='%232b6cb0' d='M2 2h12v3H2zm0 4.5h12v3H2zM2 11h12v3H2z'/%3E%3C/svg%3E"
#define HASH_SHOWN 12 /* digits of a hash in the address of a file */

static void write_file_link(struct cprov_buf *out, const char *before,
                            const struct cprov_ui_file *file, const char *after)
{
    cprov_buf_addf(out, "%s?v=%.*s%s", before, HASH_SHOWN, file->hash, after);
}

static void write_menu(struct cprov_buf *out, const char *here)
{
    static const struct {
        const char *path, *text;
    } entries[] = { { "/", "Images" }, { "/ui/graph", "Bases" } };

    cprov_buf_add_text(out, "<header><div><nav aria-label=\"Pages\"><ul>");
    for (size_t i = 0; i < CPROV_COUNT(entries); i++)
        cprov_buf_addf(out, "<li><a href=\"%s\"%s>%s</a></li>", entries[i].path,
                       strcmp(entries[i].path, here) == 0 ? " aria-current=\"page\"" : "",
                       entries[i].text);
    cprov_buf_add_text(out, "</ul></nav>");
}

void cprov_ui_begin(struct cprov_ui_page *p, const char *title, const char *here)
{
    struct cprov_buf *out = p->body;

    CPROV_HTML(out,
               "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
               "<meta name=\"color-scheme\" content=\"light dark\"><title>$ \xc2\xb7 $</title>",
               title, p->host);
    write_file_link(out, "<link rel=\"stylesheet\" href=\"/ui/style.css", &cprov_ui_style, "\">");
    cprov_buf_add_text(out, "<link rel=\"icon\" href=\"" ICON "\">");
    write_file_link(out, "<script defer src=\"/ui/script.js", &cprov_ui_script, "\"></script>");
    cprov_buf_add_text(out, "</head>\n<body><a class=\"skip\" href=\"#main\">Skip to content</a>");
    write_menu(out, here);
    CPROV_HTML(out, "<p class=\"host\">$</p></div></header>\n<main id=\"main\" tabindex=\"-1\">\n",
               p->host);
}

void cprov_ui_end(struct cprov_ui_page *p)
{
    cprov_buf_add_text(p->body, "</main>\n<footer><p>Served by container-provider. "
                                "<a href=\"/_cprov/catalog.json\">The catalog as JSON</a></p>"
                                "</footer></body></html>\n");
}

void cprov_ui_image_link(struct cprov_buf *out, const char *repository, const char *text)
{
    CPROV_HTML(out, "<a href=\"/ui/image/$\">", repository);
    cprov_html_path(out, text);
    cprov_buf_add_text(out, "</a>");
}

void cprov_ui_version_link(struct cprov_buf *out, const struct cprov_entry *card, const char *text)
{
    CPROV_HTML(out, "<a href=\"/ui/image/$/-/$\">$</a>", card->repository, card->version, text);
}

void cprov_ui_card_link(struct cprov_buf *out, const struct cprov_entry *card)
{
    CPROV_HTML(out, "<a href=\"/ui/image/$/-/$\">", card->repository, card->version);
    cprov_html_path(out, card->name);
    CPROV_HTML(out, " <span class=\"version\">$</span></a>", card->version);
}

void cprov_ui_platforms(struct cprov_buf *out, const char *platforms, size_t most)
{
    struct cprov_span rest = cprov_span_of(platforms), item;
    size_t count = 0;

    while (rest.len > 0 && cprov_span_next(&rest, ',', &item)) {
        item = cprov_span_trim(item);
        if (item.len == 0 || ++count > most)
            continue;
        cprov_buf_add_text(out, "<span class=\"tag\" title=\"");
        cprov_html_text(out, item);
        cprov_buf_add_text(out, "\">");
        cprov_html_text(out, item);
        cprov_buf_add_text(out, "</span> ");
    }
    if (count > most)
        cprov_buf_addf(out, "<span class=\"more\">and %zu more</span>", count - most);
}

const char *cprov_ui_kind(const struct cprov_entry *card)
{
    static const struct {
        const char *type, *kind;
    } kinds[] = {
        { "application/vnd.cncf.helm.", "Helm chart" },
        { "application/vnd.dev.cosign.", "Signature" },
        { "application/vnd.dev.sigstore.", "Signature" },
        { "application/vnd.cncf.notary.", "Signature" },
        { "application/vnd.wasm.", "WebAssembly" },
        { "application/vnd.container-provider.catalog.", "Catalog" },
    };

    if (!*card->artifact_type)
        return "";
    for (size_t i = 0; i < CPROV_COUNT(kinds); i++)
        if (cprov_span_starts_with(cprov_span_of(card->artifact_type), kinds[i].type))
            return kinds[i].kind;
    return "Artifact";
}

void cprov_ui_what(struct cprov_buf *out, const struct cprov_entry *card, size_t most)
{
    if (*card->artifact_type)
        CPROV_HTML(out, "<span class=\"tag kind\" title=\"$\">$</span> ", card->artifact_type,
                   cprov_ui_kind(card));
    else
        cprov_ui_platforms(out, card->platforms, most);
}

void cprov_ui_time(struct cprov_buf *out, const char *created)
{
    char date[CPROV_UI_NUMBER_MAX];

    if (*cprov_ui_date(created, date))
        CPROV_HTML(out, "<time datetime=\"$\" title=\"$\">$</time>", created, created, date);
}

static void write_page_link(struct cprov_buf *out, const struct cprov_ui_pager *pager, size_t page,
                            const char *relation, const char *text)
{
    CPROV_HTML(out, "<a href=\"$", pager->path);
    if (*pager->search) {
        cprov_buf_add_text(out, "q=");
        cprov_url_escape(out, cprov_span_of(pager->search), false);
        cprov_buf_add_text(out, "&amp;");
    }
    if (pager->sort && *pager->sort)
        CPROV_HTML(out, "sort=$&amp;", pager->sort);
    cprov_buf_addf(out, "page=%zu\"", page);
    if (*relation)
        cprov_buf_addf(out, " rel=\"%s\"", relation);
    cprov_buf_addf(out, ">%s</a> ", text);
}

void cprov_ui_pager(struct cprov_buf *out, const struct cprov_ui_pager *pager)
{
    if (pager->pages <= 1)
        return;
    cprov_buf_addf(out, "<nav class=\"pager\" aria-label=\"Pages of the list\"><p>Page %zu of %zu ",
                   pager->page, pager->pages);
    if (pager->page > 2)
        write_page_link(out, pager, 1, "", "First");
    if (pager->page > 1)
        write_page_link(out, pager, pager->page - 1, "prev", "Previous");
    if (pager->page < pager->pages)
        write_page_link(out, pager, pager->page + 1, "next", "Next");
    if (pager->page + 1 < pager->pages)
        write_page_link(out, pager, pager->pages, "", "Last");
    cprov_buf_add_text(out, "</p></nav>");
}
