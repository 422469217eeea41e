/* serve/ui/ui.c - from a path of the pages to its answer. */
#include "serve/ui/ui_private.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "serve/conditions_private.h"
#include "serve/ui/ui_page_private.h"

#define HTML_TYPE "text/html; charset=utf-8"
#define FOR_EVER  "public, max-age=31536000, immutable" /* the address has the hash in it */
#define ASK_AGAIN "no-cache"

static void answer_file(const struct cprov_ui_file *file, const char *type,
                        const struct cprov_serve_request *q, struct cprov_serve_answer *a)
{
    a->status = 200;
    a->content_type = type;
    a->cache_control = FOR_EVER;
    snprintf(a->etag, sizeof(a->etag), "sha256:%s", file->hash);
    if (q->if_none_match &&
        cprov_etag_listed(cprov_span_of(q->if_none_match), cprov_span_of(a->etag), true)) {
        a->status = 304;
        a->content_type = NULL;
        return;
    }
    cprov_buf_add(&a->body, file->bytes, file->len);
}

static int write_page(struct cprov_ui_page *p, struct cprov_error *err)
{
    int code = cprov_view_cards(p->view, &p->cards, err);

    if (code < 0)
        return code;
    switch (p->route->kind) {
    case CPROV_UI_LIST:
        return cprov_ui_list(p, err);
    case CPROV_UI_IMAGE:
        return cprov_ui_image(p, err);
    case CPROV_UI_VERSION:
        return cprov_ui_version(p, err);
    case CPROV_UI_GRAPH:
        return cprov_ui_graph(p, err);
    case CPROV_UI_UNKNOWN:
    case CPROV_UI_ELSEWHERE:
    case CPROV_UI_STYLE:
    case CPROV_UI_SCRIPT:
        p->status = 404;
        break;
    }
    return 0;
}

static void write_failure(struct cprov_ui_page *p)
{
    const char *title = p->status == 404   ? "Not found"
                        : p->status == 400 ? "That is no search"
                                           : "The server has a problem";
    const char *text = p->status == 404   ? "There is no such image, version or page here."
                       : p->status == 400 ? "The address has a value that cannot be read."
                                          : "This page cannot be made. Others may work.";

    cprov_buf_reset(p->body);
    cprov_ui_begin(p, title, "");
    CPROV_HTML(p->body, "<h1>$</h1><p>$</p><p><a href=\"/\">All images</a></p>", title, text);
    cprov_ui_end(p);
}

static void answer_page(struct cprov_ui_page *p, struct cprov_serve_answer *a)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_buf_clear(p->body);
    cprov_buf_init(p->body, CPROV_UI_PAGE_MAX);
    p->status = 200;
    if (write_page(p, &err) < 0 || p->body->failed)
        p->status = 500;
    if (p->status != 200)
        write_failure(p);
    a->status = p->status;
    a->content_type = HTML_TYPE;
    a->cache_control = ASK_AGAIN;
    a->page = true;
}

/* A browser that was given a wrong address; programs read the errors of the API. */
static bool is_for_people(const struct cprov_serve_request *q)
{
    return q->accept && strstr(q->accept, "text/html") && strncmp(q->path, "/v2", 3) != 0 &&
           strncmp(q->path, "/_cprov/", strlen("/_cprov/")) != 0;
}

bool cprov_ui_answer(const struct cprov_service *service, const struct cprov_serve_request *q,
                     struct cprov_serve_answer *out)
{
    struct cprov_ui_route route;

    cprov_ui_route_parse(cprov_span_of(q->path), &route);
    if (route.kind == CPROV_UI_ELSEWHERE && !is_for_people(q))
        return false;
    if (route.kind == CPROV_UI_STYLE) {
        answer_file(&cprov_ui_style, "text/css; charset=utf-8", q, out);
        return true;
    }
    if (route.kind == CPROV_UI_SCRIPT) {
        answer_file(&cprov_ui_script, "text/javascript; charset=utf-8", q, out);
        return true;
    }
    out->part = route.kind == CPROV_UI_VERSION || route.kind == CPROV_UI_GRAPH ? CPROV_VIEW_FAMILY
                                                                               : CPROV_VIEW_CARDS;
    if (q->hasty && !cprov_view_has(out->view, out->part)) {
        out->delay = CPROV_DELAY_PART;
        return true;
    }
    struct cprov_ui_page page = {
        .body = &out->body, .service = service, .question = q, .route = &route, .view = out->view
    };
    cprov_service_host(service, q->host, page.host);
    answer_page(&page, out);
    return true;
}
