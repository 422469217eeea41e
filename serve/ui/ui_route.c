/* serve/ui/ui_route.c - what a path or a query of the pages asks for. */
#include "serve/ui/ui_route_private.h"

#include <stdint.h>
#include <string.h>

#include "manifest/reference.h"
#include "serve/routes_private.h"

#define IMAGE    "/ui/image/"
#define PAGE_MAX 1000000

static const struct {
    const char *path;
    enum cprov_ui_kind kind;
} fixed[] = {
    { "/", CPROV_UI_LIST },
    { "/ui/", CPROV_UI_LIST },
    { "/ui", CPROV_UI_LIST },
    { "/ui/graph", CPROV_UI_GRAPH },
    { "/ui/style.css", CPROV_UI_STYLE },
    { "/ui/script.js", CPROV_UI_SCRIPT },
};

/* "team/app" or "team/app/-/1.0": no component of a repository is "-". */
static void parse_image(struct cprov_span text, struct cprov_ui_route *out)
{
    struct cprov_span name = text, before, dash, tag = { 0 };
    bool has_tag = cprov_span_cut_last(text, '/', &before, &tag) &&
                   cprov_span_cut_last(before, '/', &name, &dash) && cprov_span_is(dash, "-");

    if (!has_tag)
        name = text;
    if (cprov_reference_check_repository(name, NULL) < 0 ||
        (has_tag && cprov_reference_check_tag(tag, NULL) < 0))
        return;
    memcpy(out->repository, name.ptr, name.len);
    if (has_tag)
        memcpy(out->tag, tag.ptr, tag.len);
    out->kind = has_tag ? CPROV_UI_VERSION : CPROV_UI_IMAGE;
}

void cprov_ui_route_parse(struct cprov_span path, struct cprov_ui_route *out)
{
    char decoded[CPROV_ROUTE_PATH_MAX + 1];

    *out = (struct cprov_ui_route){ .kind = CPROV_UI_ELSEWHERE };
    if (!cprov_route_decode(path, decoded))
        return;
    struct cprov_span text = cprov_span_of(decoded);
    for (size_t i = 0; i < CPROV_COUNT(fixed); i++)
        if (cprov_span_is(text, fixed[i].path))
            out->kind = fixed[i].kind;
    if (out->kind != CPROV_UI_ELSEWHERE || !cprov_span_starts_with(text, "/ui/"))
        return;
    out->kind = CPROV_UI_UNKNOWN;
    if (cprov_span_starts_with(text, IMAGE))
        parse_image(cprov_span_from(text, strlen(IMAGE)), out);
}

bool cprov_ui_search_parse(const char *text, char out[CPROV_UI_SEARCH_MAX + 1])
{
    char plain[3 * CPROV_UI_SEARCH_MAX + 1];
    size_t len = text ? strlen(text) : 0;

    out[0] = '\0';
    if (len == 0)
        return true;
    if (len >= sizeof(plain))
        return false;
    memcpy(plain, text, len + 1);
    for (size_t i = 0; i < len; i++)
        if (plain[i] == '+')
            plain[i] = ' ';
    return cprov_percent_decode(cprov_span_of(plain), out, CPROV_UI_SEARCH_MAX + 1) &&
           cprov_span_is_utf8(cprov_span_of(out));
}

bool cprov_ui_number_parse(const char *text, size_t *out)
{
    uint64_t n = 1;

    if (text && (!cprov_span_u64(cprov_span_of(text), &n) || n == 0 || n > PAGE_MAX))
        return false;
    *out = (size_t)n;
    return true;
}
