/* conf/secret.c - memory that held a secret is overwritten before it is freed. */
#include "conf/secret.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"

void cprov_secret_free(char *secret)
{
    if (!secret)
        return;
    explicit_bzero(secret, strlen(secret));
    free(secret);
}

void cprov_secret_wipe(char **text)
{
    cprov_secret_free(*text);
    *text = NULL;
}

void cprov_credentials_clear(struct cprov_credentials *c)
{
    cprov_secret_free(c->username);
    cprov_secret_free(c->password);
    cprov_secret_free(c->identity_token);
    cprov_secret_free(c->registry_token);
    *c = (struct cprov_credentials){ 0 };
}

void cprov_secret_buf_init(struct cprov_buf *b, size_t max, size_t room)
{
    cprov_buf_init(b, max);
    if (room > max)
        room = max;
    if (room == 0 || room > INT_MAX)
        return;
    cprov_buf_addf(b, "%*s", (int)room, "");
    cprov_buf_reset(b);
}

void cprov_secret_buf_clear(struct cprov_buf *b)
{
    if (b->ptr)
        explicit_bzero(b->ptr, b->cap);
    cprov_buf_clear(b);
}

void cprov_secret_json_wipe(struct cprov_json *v)
{
    for (; v; v = v->next) {
        cprov_secret_json_wipe(v->child);
        /* The text is const for readers; the memory is the document's own. */
        if (v->text.len)
            explicit_bzero((char *)(uintptr_t)v->text.ptr, v->text.len);
    }
}

char *cprov_secret_dup(struct cprov_span s)
{
    char *copy = malloc(s.len + 1);

    if (!copy)
        return NULL;
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return copy;
}

int cprov_credentials_set(struct cprov_credentials *out, struct cprov_span user,
                          struct cprov_span secret, struct cprov_error *err)
{
    bool token = cprov_span_is(user, CPROV_TOKEN_USER);
    char *copy = cprov_secret_dup(secret);
    char *name = token ? NULL : cprov_secret_dup(user);

    if (!copy || (!token && !name)) {
        cprov_secret_free(copy);
        cprov_secret_free(name);
        return cprov_fail_memory(err);
    }
    cprov_credentials_clear(out);
    out->username = name;
    if (token)
        out->identity_token = copy;
    else
        out->password = copy;
    return 0;
}

bool cprov_credentials_empty(const struct cprov_credentials *c)
{
    return !c->username && !c->identity_token && !c->registry_token;
}
