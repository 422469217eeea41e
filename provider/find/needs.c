/* provider/find/needs.c - what images need, found and put before them. */
#include "provider/find/needs.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "provider/find/item.h"

#define NODES_MAX 10000
#define DEPTH_MAX 64

enum mark { UNSEEN, OPEN, GIVEN };

struct node {
    struct node *next;
    struct cprov_item item; /* texts in the call's arena */
    enum mark mark;
};

struct cprov_needs {
    struct cprov_session *session;
    const char *culture;
    struct node *first, **end;
    size_t count;
    struct cprov_rows *rows;
    bool more;
};

int cprov_needs_new(struct cprov_session *s, const char *culture, struct cprov_needs **out,
                    struct cprov_error *err)
{
    struct cprov_needs *n = calloc(1, sizeof(*n));

    if (!n)
        return cprov_fail_memory(err);
    *n = (struct cprov_needs){ .session = s, .culture = culture, .more = true };
    n->end = &n->first;
    *out = n;
    return 0;
}

void cprov_needs_free(struct cprov_needs *n)
{
    free(n); /* nodes are the arena's */
}

int cprov_needs_add(struct cprov_needs *n, const struct cprov_item *item, struct cprov_error *err)
{
    struct node *node = cprov_arena_alloc(&n->session->call, 1, sizeof(*node));

    if (!node)
        return cprov_fail_memory(err);
    if (n->count++ >= NODES_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "more than %d images, including dependencies",
                          NODES_MAX);
    if (cprov_item_copy(item, &n->session->call, &node->item, err) < 0)
        return err->code;
    *n->end = node;
    n->end = &node->next;
    return 0;
}

/* --- one thing that is needed --- */

struct need {
    struct cprov_span name;
    struct cprov_version_range range;
};

/* "Other [2.0,3.0), Base 1.0": the next one. A comma within an interval divides nothing. */
static bool next_need(struct cprov_span *list, struct cprov_span *one)
{
    size_t i = 0;
    int depth = 0;

    *list = cprov_span_trim(*list);
    if (list->len == 0)
        return false;
    for (; i < list->len && (depth > 0 || list->ptr[i] != ','); i++)
        depth += (list->ptr[i] == '[' || list->ptr[i] == '(') -
                 (list->ptr[i] == ']' || list->ptr[i] == ')');
    *one = cprov_span_trim(cprov_span_make(list->ptr, i));
    *list = cprov_span_from(*list, i + 1);
    return true;
}

static int read_need(struct cprov_span text, struct need *out, struct cprov_error *err)
{
    struct cprov_span version = { 0 };

    *out = (struct need){ .name = text };
    cprov_span_cut(text, ' ', &out->name, &version);
    version = cprov_span_trim(version);
    if (version.len > 0 && cprov_version_range_parse(version, &out->range, err) < 0)
        return cprov_wrap_as(err, CPROV_EVERIFY, "depends on '%" CPROV_SPAN_FMT "'",
                             CPROV_SPAN_ARG(text));
    return 0;
}

static struct node *known(const struct cprov_needs *n, const struct need *need)
{
    for (struct node *node = n->first; node; node = node->next)
        if (cprov_span_is_nocase(need->name, node->item.name) &&
            cprov_version_range_has(&need->range, cprov_span_of(node->item.version)))
            return node;
    return NULL;
}

/* --- looked up --- */

struct lookup {
    struct cprov_session *session; /* first: see cprov_session_query() */
    struct cprov_needs *needs;
    int code;
    struct cprov_error err;
};

static bool on_row(void *arg, size_t i, const struct cprov_listing *row)
{
    struct lookup *l = arg;
    auto_found struct cprov_found found = { 0 };
    struct cprov_name name = { .text = "" };

    (void)i;
    cprov_found_init(&found, l->session, &name, l->needs->culture, row);
    l->code = cprov_needs_add(l->needs, &found.item, &l->err);
    return false; /* the first source that has it will do */
}

static void on_missed(void *arg, size_t i, const struct cprov_place *place, int code,
                      const struct cprov_error *err)
{
    struct lookup *l = arg;

    (void)i;
    (void)place;
    if (l->code == 0 && code != CPROV_ENOTFOUND) {
        l->code = code;
        l->err = *err;
    }
}

static int look_up(struct cprov_needs *n, const struct need *need, struct cprov_error *err)
{
    struct lookup l = { .session = n->session, .needs = n };
    struct cprov_wanted wanted = { .text = need->name, .range = need->range };
    struct cprov_search_query query = {
        .what = { .wanted = &wanted, .wanted_count = 1 },
        .how = { .depth = CPROV_SEARCH_DETAILS },
        .listener = { .arg = &l, .row = on_row, .missed = on_missed },
    };

    if (cprov_session_query(n->session, false, &query, err) < 0 ||
        cprov_search_run(&query, NULL, err) < 0)
        return err->code;
    if (l.code < 0)
        *err = l.err;
    return l.code;
}

/* --- in order --- */

static int visit(struct cprov_needs *n, struct node *node, int depth, struct cprov_error *err);

static int visit_need(struct cprov_needs *n, const struct node *node, struct cprov_span text,
                      int depth, struct cprov_error *err)
{
    struct need need;

    if (read_need(text, &need, err) < 0)
        return err->code;
    struct node *found = known(n, &need);
    if (!found && look_up(n, &need, err) < 0)
        return err->code;
    if (!found)
        found = known(n, &need);
    if (!found)
        return cprov_fail(err, CPROV_ENOTFOUND,
                          "%s %s depends on '%" CPROV_SPAN_FMT "', which no source has",
                          node->item.name, node->item.version, CPROV_SPAN_ARG(text));
    return visit(n, found, depth + 1, err);
}

/* Depth first: what is open when it is met again needs itself. */
static int visit(struct cprov_needs *n, struct node *node, int depth, struct cprov_error *err)
{
    struct cprov_span list = cprov_span_of(node->item.dependencies), one;

    if (node->mark == GIVEN)
        return 0;
    if (node->mark == OPEN || depth > DEPTH_MAX)
        return cprov_fail(err, CPROV_EVERIFY, "%s %s depends on itself through others",
                          node->item.name, node->item.version);
    node->mark = OPEN;
    while (next_need(&list, &one))
        if (visit_need(n, node, one, depth, err) < 0)
            return err->code;
    node->mark = GIVEN;
    return n->more ? cprov_rows_add(n->rows, &node->item, 0, &n->more, err) : 0;
}

int cprov_needs_give(struct cprov_needs *n, struct cprov_rows *rows, struct cprov_error *err)
{
    struct node *last_found = NULL;

    n->rows = rows;
    for (struct node *node = n->first; node; node = node->next)
        last_found = node;
    for (struct node *node = n->first; node; node = node->next) {
        if (visit(n, node, 0, err) < 0)
            return err->code;
        if (node == last_found)
            break;
    }
    return 0;
}
