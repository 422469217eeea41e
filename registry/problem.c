/* registry/problem.c - error answers of registries, token servers and object stores. */
#include "registry/problem_private.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "net/url.h"

#define WORDS_MAX 160 /* bytes of the server's own words in a message */
#define WORD_MAX  80  /* a longer one is a token, a signature or noise */

static const char *const not_found_codes[] = { "MANIFEST_UNKNOWN", "NAME_UNKNOWN", "BLOB_UNKNOWN",
                                               "NOT_FOUND" };
static const char *const denied_codes[] = { "DENIED", "UNAUTHORIZED" };

/* The members under which dialects keep their list of errors. */
static const struct cprov_json *error_list(const struct cprov_json *doc)
{
    static const char *const names[] = { "errors", "details" };

    for (size_t i = 0; i < CPROV_COUNT(names); i++) {
        const struct cprov_json *list = cprov_json_get(doc, names[i]);

        if (list && list->type == CPROV_JSON_ARRAY)
            return list->child;
        if (list && list->type == CPROV_JSON_OBJECT)
            return list;
    }
    return NULL;
}

static bool list_has_code(const struct cprov_json *list, const char *code)
{
    for (const struct cprov_json *e = list; e; e = e->next) {
        const char *text = cprov_json_get_text(e, "code");

        if (text && cprov_span_is_nocase(cprov_span_of(text), code))
            return true;
    }
    return false;
}

static bool list_has_any(const struct cprov_json *list, const char *const *codes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list_has_code(list, codes[i]))
            return true;
    return false;
}

/* NULL for anything that is not a JSON object. */
static const struct cprov_json *document_of(struct cprov_span body, struct cprov_arena *arena)
{
    struct cprov_json *doc = NULL;

    if (!cprov_span_starts_with(cprov_span_trim(body), "{") ||
        cprov_json_parse(body, arena, &doc, NULL) < 0 || doc->type != CPROV_JSON_OBJECT)
        return NULL;
    return doc;
}

bool cprov_problem_has_code(struct cprov_span body, const char *code)
{
    struct cprov_arena arena = { 0 };
    bool found = list_has_code(error_list(document_of(body, &arena)), code);

    cprov_arena_clear(&arena);
    return found;
}

static void add_word(struct cprov_buf *out, struct cprov_span word)
{
    bool is_url = memmem(word.ptr, word.len, "://", 3) != NULL;
    size_t query = cprov_span_find(word, '?');

    if (query < word.len && cprov_span_find(cprov_span_from(word, query), '=') < word.len - query)
        word.len = query; /* a path alone may be signed, too */

    if (out->len > 0)
        cprov_buf_add_char(out, ' ');
    if (is_url)
        cprov_url_shown(word, out); /* a signed URL keeps its secrets in the query */
    else if (word.len > WORD_MAX)
        cprov_buf_add_text(out, "...");
    else
        cprov_buf_add_span(out, word);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Blanks and line ends of any kind become one blank. */
static void add_words(struct cprov_buf *out, struct cprov_span text)
{
    size_t i = 0;

    while (i < text.len && out->len < WORDS_MAX) {
        size_t start = i;

        while (i < text.len && !is_blank(text.ptr[i]))
            i++;
        if (i > start)
            add_word(out, cprov_span_make(text.ptr + start, i - start));
        while (i < text.len && is_blank(text.ptr[i]))
            i++;
    }
    if (i < text.len)
        cprov_buf_add_text(out, "...");
}

static void json_words(const struct cprov_json *doc, const struct cprov_json *list,
                       struct cprov_buf *out)
{
    static const char *const names[] = { "message", "error_description", "error", "details",
                                         "detail" };
    const struct cprov_json *from = list ? list : doc;
    const char *code = list ? cprov_json_get_text(list, "code") : NULL;

    for (size_t i = 0; i < CPROV_COUNT(names) && out->len == 0; i++)
        add_words(out, cprov_span_of(cprov_json_get_text(from, names[i])));
    if (code && out->len > 0)
        add_words(out, CPROV_SPAN_LITERAL("-"));
    if (code)
        add_words(out, cprov_span_of(code));
}

static bool is_html(struct cprov_span content_type, struct cprov_span body)
{
    return cprov_span_starts_with(content_type, "text/html") ||
           cprov_span_starts_with(cprov_span_trim(body), "<");
}

static const char *sentence_of(int code, int http)
{
    if (code == CPROV_ENOTFOUND)
        return "not found";
    if (http == 401)
        return "login required";
    if (code == CPROV_EAUTH)
        return "access denied";
    if (http == 429)
        return "too many requests";
    return NULL;
}

static int code_of(const struct cprov_problem *p, const struct cprov_json *list)
{
    if (p->elsewhere && (p->http == 401 || p->http == 403))
        return CPROV_ENETWORK;
    if (p->http == 401 || p->http == 403 || p->http == 407)
        return CPROV_EAUTH;
    if (p->http == 404 || p->http == 410)
        return CPROV_ENOTFOUND;
    if (p->http < 400 || p->http >= 500 || p->http == 429)
        return CPROV_ENETWORK;
    if (list_has_any(list, not_found_codes, CPROV_COUNT(not_found_codes)))
        return CPROV_ENOTFOUND;
    if (list_has_any(list, denied_codes, CPROV_COUNT(denied_codes)))
        return CPROV_EAUTH;
    return CPROV_ENETWORK;
}

static int raise(const struct cprov_problem *p, int code, const char *words,
                 struct cprov_error *err)
{
    const char *sentence = sentence_of(code, p->http);
    const char *open = *words ? " (" : "", *close = *words ? ")" : "";
    char status[CPROV_NAME_MAX + 64], tried[32] = "", asked[64] = "";

    if (p->elsewhere)
        (void)snprintf(status, sizeof(status), "%s, to which the registry leads, answered %d",
                       p->elsewhere, p->http);
    else if (!sentence)
        (void)snprintf(status, sizeof(status), "the server answered %d", p->http);
    if (p->tries > 1)
        (void)snprintf(tried, sizeof(tried), ", tried %u times", p->tries);
    if (p->asked_s > 0)
        (void)snprintf(asked, sizeof(asked), ", which asks to wait %lld s", (long long)p->asked_s);
    (void)cprov_fail(err, code, "%s: %s%s%s%s%s%s", p->what,
                     sentence && !p->elsewhere ? sentence : status, tried, asked, open, words,
                     close);
    if (err)
        err->http = p->http;
    if (p->http == 429)
        cprov_hint(err, CPROV_HINT_WAIT_OR_LOGIN);
    return code;
}

static void read_words(struct cprov_span content_type, struct cprov_span body,
                       const struct cprov_json *doc, struct cprov_buf *out)
{
    cprov_buf_init(out, CPROV_URL_MAX + 2 * WORDS_MAX);
    if (doc)
        json_words(doc, error_list(doc), out);
    else if (is_html(content_type, body))
        cprov_buf_add_text(out, "a web page");
    else
        add_words(out, body);
}

void cprov_problem_words(struct cprov_span content_type, struct cprov_span body,
                         struct cprov_buf *out)
{
    struct cprov_arena arena = { 0 };

    read_words(content_type, body, document_of(body, &arena), out);
    cprov_arena_clear(&arena);
}

int cprov_problem_fail(const struct cprov_problem *problem, struct cprov_error *err)
{
    struct cprov_arena arena = { 0 };
    const struct cprov_json *doc = document_of(problem->body, &arena);
    struct cprov_buf words;
    int code = code_of(problem, error_list(doc));

    read_words(problem->content_type, problem->body, doc, &words);
    code = raise(problem, code, cprov_buf_text(&words), err);
    cprov_buf_clear(&words);
    cprov_arena_clear(&arena);
    return code;
}
