/* serve/ui/ui_page_private.h - a page on its way: what all pages have in common. */
#ifndef CPROV_SERVE_UI_UI_PAGE_PRIVATE_H
#define CPROV_SERVE_UI_UI_PAGE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "serve/answer_private.h"
#include "serve/cards_private.h"
#include "serve/family_private.h"
#include "serve/html_private.h"
#include "serve/service_private.h"
#include "serve/ui/ui_route_private.h"

struct cprov_error;

struct cprov_ui_page {
    struct cprov_buf *body;
    const struct cprov_service *service;
    const struct cprov_serve_request *question;
    const struct cprov_ui_route *route;
    struct cprov_view *view;
    const struct cprov_cards *cards;
    unsigned status;
    char host[CPROV_NAME_MAX + 1]; /* as whom the client knows us */
};

/*
 * Writers of one page each. The body is begun by cprov_ui_begin(). Status 404 or 400 may be left in
 * the page, with nothing written: then that is what is told. Negative: it cannot be made.
 */
CPROV_MUST_CHECK
int cprov_ui_list(struct cprov_ui_page *p, struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_ui_image(struct cprov_ui_page *p, struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_ui_version(struct cprov_ui_page *p, struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_ui_graph(struct cprov_ui_page *p, struct cprov_error *err);

/* Everything up to the content of <main>; `here` is the path of the entry of the menu, or "". */
void cprov_ui_begin(struct cprov_ui_page *p, const char *title, const char *here);
void cprov_ui_end(struct cprov_ui_page *p);

/* <a href> to an image or one of its versions; the texts are escaped. */
void cprov_ui_image_link(struct cprov_buf *out, const char *repository, const char *text);
void cprov_ui_version_link(struct cprov_buf *out, const struct cprov_entry *card, const char *text);
/* "team/app 1.0" as a link to that version. */
void cprov_ui_card_link(struct cprov_buf *out, const struct cprov_entry *card);
/* What platforms there are, as small labels; at most `most`, the rest as a number. */
void cprov_ui_platforms(struct cprov_buf *out, const char *platforms, size_t most);
/* What it is when it is no image: "Helm chart", "Artifact"; else "". */
const char *cprov_ui_kind(const struct cprov_entry *card);
/* The platforms of an image, or what else it is. */
void cprov_ui_what(struct cprov_buf *out, const struct cprov_entry *card, size_t most);
/* <time>; nothing for what is no time. */
void cprov_ui_time(struct cprov_buf *out, const char *created);

/* Links to the pages before and after; `path` ends in '?' or '&'. */
struct cprov_ui_pager {
    const char *path;
    const char *search; /* "", or what q is */
    const char *sort;   /* NULL, "", or what sort is */
    size_t page, pages;
};
void cprov_ui_pager(struct cprov_buf *out, const struct cprov_ui_pager *pager);

/* The embedded files, made by CMake. */
struct cprov_ui_file {
    const unsigned char *bytes;
    size_t len;
    const char *hash; /* hex of their sha256 */
};
extern const struct cprov_ui_file cprov_ui_style, cprov_ui_script;

#endif
