/* conf/netrc.c - logins in ~/.netrc. */
#include "conf/netrc_private.h"

#include "base/buf.h"
#include "base/error.h"
#include "conf/host_private.h"
#include "conf/secret.h"

struct lexer {
    struct cprov_span rest;
    size_t line;
    bool line_start;
    struct cprov_buf *token; /* the last one, without quotes */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void advance(struct lexer *lx)
{
    lx->line_start = lx->rest.ptr[0] == '\n';
    lx->line += lx->line_start;
    lx->rest = cprov_span_from(lx->rest, 1);
}

static void skip_line(struct lexer *lx)
{
    while (lx->rest.len && lx->rest.ptr[0] != '\n')
        advance(lx);
    if (lx->rest.len)
        advance(lx);
}

static void skip_blanks(struct lexer *lx)
{
    bool start = lx->line_start;

    while (lx->rest.len) {
        if (start && lx->rest.ptr[0] == '#') {
            skip_line(lx);
            start = true;
        } else if (is_blank(lx->rest.ptr[0])) {
            advance(lx);
            start = start || lx->line_start;
        } else {
            return;
        }
    }
}

static char unescape(char c)
{
    return (char)(c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c);
}

/* The text after an opening quote. */
static int read_quoted(struct lexer *lx, struct cprov_error *err)
{
    while (lx->rest.len && lx->rest.ptr[0] != '\n') {
        char c = lx->rest.ptr[0];

        advance(lx);
        if (c == '"')
            return 0;
        if (c == '\\' && lx->rest.len) {
            c = unescape(lx->rest.ptr[0]);
            advance(lx);
        }
        cprov_buf_add_char(lx->token, c);
    }
    return cprov_fail(err, CPROV_EINVAL, "%zu: a quote is not closed", lx->line);
}

/* The next token; *got is false at the end of the text. */
static int next(struct lexer *lx, bool *got, struct cprov_error *err)
{
    int code = 0;

    cprov_buf_reset(lx->token);
    skip_blanks(lx);
    *got = lx->rest.len > 0;
    if (!*got)
        return 0;
    if (lx->rest.ptr[0] == '"') {
        advance(lx);
        code = read_quoted(lx, err);
    } else {
        while (lx->rest.len && !is_blank(lx->rest.ptr[0])) {
            cprov_buf_add_char(lx->token, lx->rest.ptr[0]);
            advance(lx);
        }
    }
    return code < 0 ? code : cprov_buf_check(lx->token, "a word", err);
}

/* A macro ends with an empty line. */
static void skip_macro(struct lexer *lx)
{
    skip_line(lx);
    while (lx->rest.len && lx->rest.ptr[0] != '\n' && !cprov_span_starts_with(lx->rest, "\r\n"))
        skip_line(lx);
}

/* What has been read of the file so far. */
struct netrc_search {
    struct lexer lx;
    struct cprov_span host;
    bool matching; /* the entry that is read is for the host */
    char *login;
    char *password;
};

static void search_clear(struct netrc_search *s)
{
    cprov_secret_free(s->login);
    cprov_secret_free(s->password);
}

#define auto_search CPROV_CLEANUP(search_clear)

static bool is_word(const struct netrc_search *s, const char *word)
{
    return cprov_span_is_nocase(cprov_buf_span(s->lx.token), word);
}

static int keep(struct netrc_search *s, char **field, struct cprov_error *err)
{
    if (!s->matching)
        return 0;
    char *copy = cprov_secret_dup(cprov_buf_span(s->lx.token));
    if (!copy)
        return cprov_fail_memory(err);
    cprov_secret_free(*field);
    *field = copy;
    return 0;
}

static void begin_entry(struct netrc_search *s, bool matching)
{
    s->matching = matching;
    search_clear(s);
    s->login = NULL;
    s->password = NULL;
}

/* The value that follows one of the words with a value. */
static int read_value(struct netrc_search *s, char **field, struct cprov_error *err)
{
    bool got;
    int code = next(&s->lx, &got, err);

    if (code < 0 || !got)
        return code;
    if (field)
        return keep(s, field, err);
    struct cprov_span name = cprov_buf_span(s->lx.token);
    begin_entry(s,
                cprov_host_same(name, s->host) || cprov_host_same(name, cprov_host_bare(s->host)));
    return 0;
}

/* Goes on until an entry for the host is complete, or the text ends. */
static int run(struct netrc_search *s, struct cprov_error *err)
{
    for (;;) {
        bool got;
        char *ignored = NULL;
        int code = next(&s->lx, &got, err);

        if (code < 0 || !got)
            return code;
        bool machine = is_word(s, "machine"), fallback = is_word(s, "default");
        if ((machine || fallback) && s->login)
            return 0;
        if (machine)
            code = read_value(s, NULL, err);
        else if (fallback)
            begin_entry(s, true);
        else if (is_word(s, "login"))
            code = read_value(s, &s->login, err);
        else if (is_word(s, "password"))
            code = read_value(s, &s->password, err);
        else if (is_word(s, "account"))
            code = read_value(s, &ignored, err);
        else if (is_word(s, "macdef"))
            skip_macro(&s->lx);
        cprov_secret_free(ignored);
        if (code < 0)
            return code;
    }
}

int cprov_netrc_find(struct cprov_span text, struct cprov_span host, struct cprov_credentials *out,
                     struct cprov_error *err)
{
    auto_secret_buf struct cprov_buf token;
    auto_search struct netrc_search s = {
        .lx = { .rest = text, .line = 1, .line_start = true, .token = &token },
        .host = host,
    };

    cprov_secret_buf_init(&token, text.len + 1, text.len + 1);
    int code = run(&s, err);
    if (code < 0 || !s.login)
        return code;
    return cprov_credentials_set(out, cprov_span_of(s.login),
                                 cprov_span_of(s.password ? s.password : ""), err);
}
