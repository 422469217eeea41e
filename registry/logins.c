/* registry/logins.c - the logins that a client was given: looked up, and as texts. */
#include "registry/logins_private.h"

#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "conf/secret.h"

#define TOKEN_USER "<token>" /* docker's user name for "the password is an identity token" */

int cprov_logins_find(const struct cprov_logins *logins, const char *host, const char *repository,
                      unsigned skip, struct cprov_credentials *out, struct cprov_error *err)
{
    struct cprov_credentials c = { 0 };

    if (logins->find && logins->find(logins->arg, host, repository, skip, &c, err) < 0) {
        cprov_credentials_clear(&c);
        return cprov_wrap(err, "login for %s", host);
    }
    if (cprov_login_has(c.username) && strcmp(c.username, TOKEN_USER) == 0 &&
        !cprov_login_has(c.identity_token)) {
        cprov_secret_wipe(&c.identity_token);
        c.identity_token = cprov_steal(&c.password);
    }
    *out = c;
    return 0;
}

int cprov_login_basic(const struct cprov_credentials *login, struct cprov_buf *out,
                      struct cprov_error *err)
{
    auto_secret_buf struct cprov_buf plain = { 0 };
    const char *secret = cprov_login_has(login->password) ? login->password : login->identity_token;

    cprov_buf_init(&plain, CPROV_TOKEN_LENGTH_MAX);
    cprov_buf_add_text(&plain, cprov_login_has(login->username) ? login->username : "");
    cprov_buf_add_char(&plain, ':');
    cprov_buf_add_text(&plain, cprov_login_has(secret) ? secret : "");
    if (cprov_buf_check(&plain, "login", err) < 0)
        return err->code;
    cprov_base64_encode(out, cprov_buf_span(&plain));
    return cprov_buf_check(out, "login", err);
}
