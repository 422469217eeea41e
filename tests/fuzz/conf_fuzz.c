/* Any bytes as a YAML, netrc or auth file end in a value or an error, and sources that were read
 * are read back from what is written of them. */
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "conf/auth_file_private.h"
#include "conf/draft_private.h"
#include "conf/netrc_private.h"
#include "fuzz.h"

#define FILE_NUMBER 1

static void check_round_trip(const struct cprov_draft *d)
{
    auto_conf struct cprov_conf *conf = cprov_conf_new();
    struct cprov_draft again = { .conf = conf };
    auto_buf struct cprov_buf text;

    cprov_buf_init(&text, 16 * CPROV_CONF_FILE_MAX);
    cprov_draft_format_sources(&d->sources, FILE_NUMBER, &text);
    FUZZ_CHECK(conf && cprov_buf_check(&text, "text", CPROV_IGNORED) == 0);
    FUZZ_CHECK(cprov_draft_read(&again, "again", cprov_buf_span(&text), CPROV_IGNORED) == 0);
    FUZZ_CHECK(again.sources.count == d->sources.count);

    const struct cprov_draft_entry *b = again.sources.head;
    for (const struct cprov_draft_entry *a = d->sources.head; a; a = a->next, b = b->next) {
        const struct cprov_source *x = a->value, *y = b->value;
        FUZZ_CHECK(strcmp(a->key, b->key) == 0 && a->removed == b->removed);
        FUZZ_CHECK(a->removed || strcmp(x->location, y->location) == 0);
        FUZZ_CHECK(a->removed || !x->proxy || (y->proxy && strcmp(x->proxy, y->proxy) == 0));
    }
}

static void check_yaml(struct cprov_span text)
{
    auto_conf struct cprov_conf *conf = cprov_conf_new();
    struct cprov_draft draft = { .conf = conf };
    struct cprov_error err = CPROV_ERROR_INIT;

    FUZZ_CHECK(conf);
    int code = cprov_draft_read(&draft, "dir/file.yaml", text, &err);
    FUZZ_CHECK(code == err.code);
    if (code < 0)
        return;
    FUZZ_CHECK(cprov_draft_finish(&draft, CPROV_IGNORED) == 0);
    check_round_trip(&draft);
}

static void check_netrc(struct cprov_span text)
{
    auto_credentials struct cprov_credentials login = { 0 };
    int code = cprov_netrc_find(text, CPROV_SPAN_LITERAL("h:1"), &login, CPROV_IGNORED);

    FUZZ_CHECK(code == 0 || (!login.username && !login.identity_token));
}

static void check_auth_file(struct cprov_span text)
{
    static const struct cprov_auth_name name = { { "h", 1 }, { "a/b", 3 } };
    auto_auth_file struct cprov_auth_file f = { .root = NULL };
    auto_credentials struct cprov_credentials login = { 0 };
    const char *server = NULL;

    if (cprov_auth_file_parse(text, "file", &f, CPROV_IGNORED) < 0)
        return;
    FUZZ_CHECK(!cprov_auth_file_helper(&f, &name, &server) || server);
    int code = cprov_auth_file_find(&f, &name, &login, CPROV_IGNORED);
    FUZZ_CHECK(code == 0 || (!login.username && !login.identity_token));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cprov_span text = cprov_span_make((const char *)data, size);

    check_yaml(text);
    check_netrc(text);
    check_auth_file(text);
    return 0;
}
