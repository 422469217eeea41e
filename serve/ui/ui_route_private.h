/* serve/ui/ui_route_private.h - what a path or a query of the pages asks for; pure. */
#ifndef CPROV_SERVE_UI_UI_ROUTE_PRIVATE_H
#define CPROV_SERVE_UI_UI_ROUTE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "base/span.h"

enum cprov_ui_kind {
    CPROV_UI_ELSEWHERE, /* no path of the pages */
    CPROV_UI_UNKNOWN,   /* below "/ui/", but nothing is there */
    CPROV_UI_LIST,      /* / */
    CPROV_UI_IMAGE,     /* /ui/image/<repository> */
    CPROV_UI_VERSION,   /* /ui/image/<repository>/-/<tag> */
    CPROV_UI_GRAPH,     /* /ui/graph */
    CPROV_UI_STYLE,     /* /ui/style.css */
    CPROV_UI_SCRIPT,    /* /ui/script.js */
};

/* A value without pointers. Names are valid ones. */
struct cprov_ui_route {
    enum cprov_ui_kind kind;
    char repository[CPROV_NAME_MAX + 1];
    char tag[CPROV_TAG_MAX + 1];
};

void cprov_ui_route_parse(struct cprov_span path, struct cprov_ui_route *out);

#define CPROV_UI_SEARCH_MAX 200 /* bytes */

/* The words of ?q= as a form sends them ('+' is a blank); NULL: none. False when they are none. */
bool cprov_ui_search_parse(const char *text, char out[CPROV_UI_SEARCH_MAX + 1]);
/* ?page=, counted from 1; NULL: 1. False when it is no number or too high a one. */
bool cprov_ui_number_parse(const char *text, size_t *out);

#endif
