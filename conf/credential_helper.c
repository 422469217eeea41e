/* conf/credential_helper.c - docker-credential-NAME programs. */
#include "conf/credential_helper_private.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/child.h"
#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "conf/secret.h"

#define WHAT            "credential helper "
#define PROGRAM         "docker-credential-"
#define NAME_MAX_LENGTH 64
#define NOT_FOUND       "credentials not found in native keychain"

/* The name comes from a file: it must not lead out of the folders of PATH. */
static bool is_helper_name(const char *name)
{
    size_t len = 0;

    for (; name[len]; len++)
        if (!cprov_is_alnum(name[len]) && !strchr("._-", name[len]))
            return false;
    return len > 0 && len <= NAME_MAX_LENGTH;
}

static int run(const struct cprov_helper *h, const char *verb, struct cprov_span input,
               struct cprov_buf *out, int *status, struct cprov_error *err)
{
    char path[PATH_MAX], what[sizeof(WHAT PROGRAM) + NAME_MAX_LENGTH];
    const char *program = what + strlen(WHAT);

    if (!is_helper_name(h->name))
        return cprov_fail(err, CPROV_EAUTH,
                          "the name of a credential helper has invalid characters");
    snprintf(what, sizeof(what), WHAT PROGRAM "%s", h->name);
    if (!cprov_child_find(program, path)) {
        cprov_fail(err, CPROV_EAUTH, "%s is not in PATH", what);
        cprov_hint(err, CPROV_HINT_CREDENTIAL_HELPER);
        return err->code;
    }
    const struct cprov_child child = { .what = what,
                                       .args = { path, verb },
                                       .input = input,
                                       .timeout_ms = h->timeout_ms,
                                       .failure = CPROV_EAUTH };
    return cprov_child_run(&child, out, status, err);
}

static bool says_not_found(int status, const struct cprov_buf *answer)
{
    return status != 0 && cprov_span_is(cprov_span_trim(cprov_buf_span(answer)), NOT_FOUND);
}

static int fail_status(const struct cprov_helper *h, const char *verb, int status,
                       struct cprov_error *err)
{
    if (status == CPROV_CHILD_KILLED)
        cprov_fail(err, CPROV_EAUTH, "credential helper docker-credential-%s was killed", h->name);
    else
        cprov_fail(err, CPROV_EAUTH, "credential helper docker-credential-%s failed with status %d",
                   h->name, status);
    cprov_hint_about(err, CPROV_HINT_RUN_HELPER, "echo %s | docker-credential-%s %s", h->server,
                     h->name, verb);
    return CPROV_EAUTH;
}

/* {"ServerURL", "Username", "Secret"}; two empty texts are no login. */
static int parse_answer(struct cprov_span text, struct cprov_arena *arena,
                        struct cprov_credentials *out, struct cprov_error *err)
{
    struct cprov_json *doc = NULL;
    int code = cprov_json_parse(text, arena, &doc, CPROV_IGNORED);

    if (code == CPROV_ENOMEM)
        return cprov_fail_memory(err);
    const char *user = code < 0 ? NULL : cprov_json_get_text(doc, "Username");
    const char *secret = code < 0 ? NULL : cprov_json_get_text(doc, "Secret");
    if (!user || !secret)
        code = cprov_fail(err, CPROV_EAUTH, "garbage");
    else if (*user || *secret)
        code = cprov_credentials_set(out, cprov_span_of(user), cprov_span_of(secret), err);
    cprov_secret_json_wipe(doc);
    return code;
}

int cprov_helper_get(const struct cprov_helper *h, struct cprov_credentials *out,
                     struct cprov_error *err)
{
    auto_secret_buf struct cprov_buf answer;
    struct cprov_arena arena = { 0 };
    int status = 0;

    cprov_secret_buf_init(&answer, CPROV_TOKEN_BODY_MAX, CPROV_TOKEN_BODY_MAX / 4);
    if (run(h, "get", cprov_span_of(h->server), &answer, &status, err) < 0)
        return err->code;
    if (says_not_found(status, &answer))
        return 0;
    if (status != 0)
        return fail_status(h, "get", status, err);
    int code = parse_answer(cprov_buf_span(&answer), &arena, out, err);
    cprov_arena_clear(&arena);
    if (code == CPROV_EAUTH)
        return cprov_fail(err, CPROV_EAUTH,
                          "credential helper docker-credential-%s did not return a login as JSON",
                          h->name);
    return code;
}

int cprov_helper_store(const struct cprov_helper *h, const struct cprov_credentials *login,
                       struct cprov_error *err)
{
    auto_secret_buf struct cprov_buf input;
    auto_secret_buf struct cprov_buf answer;
    struct cprov_json_writer w;
    bool token = login->identity_token != NULL;
    int status = 0;

    cprov_secret_buf_init(&input, CPROV_TOKEN_BODY_MAX, CPROV_TOKEN_BODY_MAX / 4);
    cprov_secret_buf_init(&answer, CPROV_TOKEN_BODY_MAX, 0);
    if (!token && !login->username)
        return cprov_fail(err, CPROV_EUNSUPPORTED,
                          "credential helper docker-credential-%s cannot store registry tokens",
                          h->name);
    cprov_json_writer_init(&w, &input, 0);
    cprov_json_begin_object(&w);
    cprov_json_member(&w, "ServerURL", h->server);
    cprov_json_member(&w, "Username", token ? CPROV_TOKEN_USER : login->username);
    cprov_json_member(&w, "Secret",
                      token             ? login->identity_token
                      : login->password ? login->password
                                        : "");
    cprov_json_end_object(&w);

    if (cprov_buf_check(&input, "the login", err) < 0 ||
        run(h, "store", cprov_buf_span(&input), &answer, &status, err) < 0)
        return err->code;
    return status != 0 ? fail_status(h, "get", status, err) : 0;
}

int cprov_helper_erase(const struct cprov_helper *h, struct cprov_error *err)
{
    auto_secret_buf struct cprov_buf answer;
    int status = 0;

    cprov_secret_buf_init(&answer, CPROV_TOKEN_BODY_MAX, 0);
    if (run(h, "erase", cprov_span_of(h->server), &answer, &status, err) < 0)
        return err->code;
    if (status != 0 && !says_not_found(status, &answer))
        return fail_status(h, "erase", status, err);
    return 0;
}
