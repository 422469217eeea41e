/* provider/session.c - opening a session: options copied, configuration read, platform understood.
 */
#include "provider/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"

/* The public codes are those of base/error.h; provider.h cannot include it, being alone. */
_Static_assert((int)CPROV_NOT_FOUND == (int)CPROV_ENOTFOUND, "codes");
_Static_assert((int)CPROV_NOT_VERIFIED == (int)CPROV_EVERIFY, "codes");
_Static_assert((int)CPROV_SOME_FAILED == (int)CPROV_EPARTIAL, "codes");
_Static_assert((int)CPROV_CANCELLED == (int)CPROV_ECANCELLED, "codes");
_Static_assert((int)CPROV_NO_MEMORY == (int)CPROV_ENOMEM, "codes");
_Static_assert((int)CPROV_UNSUPPORTED == (int)CPROV_EUNSUPPORTED, "codes");
_Static_assert((int)CPROV_TOO_LARGE == (int)CPROV_ELIMIT, "codes");

int cprov_result_exit(int result)
{
    return cprov_exit_code(result);
}

int cprov_version(void)
{
    return CPROV_VERSION;
}

#define QUOTED(number)              #number
#define DOTTED(major, minor, patch) QUOTED(major) "." QUOTED(minor) "." QUOTED(patch)

const char *cprov_version_text(void)
{
    return DOTTED(CPROV_VERSION_MAJOR, CPROV_VERSION_MINOR, CPROV_VERSION_PATCH);
}

static const char *keep(struct cprov_session *s, const char *text)
{
    return text ? cprov_arena_text(&s->arena, cprov_span_of(text)) : NULL;
}

/* Every text member of the options; the secret is among them and wiped on close. */
static void keep_options(struct cprov_session *s)
{
    struct cprov_session_options *o = &s->options;

    const char **texts[] = { &o->root,       &o->config_file, &o->log_file, &o->platform,
                             &o->os_version, &o->isolation,   &o->ca_file,  &o->cert_file,
                             &o->key_file,   &o->proxy,       &o->authfile, &o->username,
                             &o->password,   &o->os_features, &o->max_age };
    for (size_t i = 0; i < CPROV_COUNT(texts); i++)
        *texts[i] = keep(s, *texts[i]);

    const char **sources = cprov_arena_alloc(&s->arena, o->sources_count + 1, sizeof(*sources));
    for (size_t i = 0; sources && i < o->sources_count; i++)
        sources[i] = keep(s, o->sources[i]);
    o->sources = sources;
}

static bool is_cancelled(void *arg)
{
    const struct cprov_session *s = arg;

    if (s->deadline_ms && cprov_clock_ms() > s->deadline_ms)
        return true;
    return s->callbacks.cancelled && s->callbacks.cancelled(s->callbacks.arg);
}

static void write_debug(void *arg, const char *line)
{
    cprov_say(arg, CPROV_MSG_DEBUG, "%s", line);
}

static int find_root(struct cprov_session *s, struct cprov_error *err)
{
    auto_buf struct cprov_buf home = { 0 };
    const char *env = getenv("CPROV_ROOT"), *data = getenv("XDG_DATA_HOME");
    bool machine = s->options.all_users || (geteuid() == 0 && !s->options.current_user);

    cprov_buf_init(&home, CPROV_URL_MAX);
    if (s->options.root)
        s->root = s->options.root;
    else if (env && *env && !s->options.all_users && !s->options.current_user)
        s->root = keep(s, env);
    else if (s->conf->root && !s->options.current_user)
        s->root = s->conf->root;
    else if (machine)
        s->root = "/var/lib/container-provider";
    else if (data && *data == '/')
        s->root = cprov_arena_textf(&s->arena, "%s/container-provider", data);
    else if (*cprov_fs_home(&home))
        s->root = cprov_arena_textf(&s->arena, "%s/.local/share/container-provider",
                                    cprov_buf_text(&home));
    else if (cprov_buf_check(&home, "home folder", err) < 0)
        return err->code;
    else
        return cprov_fail(err, CPROV_EINVAL, "no home directory: say where the store is");
    return cprov_arena_check(&s->arena, err);
}

/* Writers of sources.yaml: the machine's folder for root and --scope allusers, else the user's. */
static void find_conf_dir(struct cprov_session *s)
{
    bool machine = s->options.all_users || (geteuid() == 0 && !s->options.current_user);

    s->conf_dir =
        machine || !s->conf_places.user_dir ? s->conf_places.system_dir : s->conf_places.user_dir;
}

static int read_features(struct cprov_session *s, struct cprov_error *err)
{
    struct cprov_span rest = cprov_span_of(s->options.os_features), item;
    const char **list = cprov_arena_alloc(&s->arena, rest.len + 1, sizeof(*list));

    if (cprov_arena_check(&s->arena, err) < 0)
        return err->code;
    while (cprov_span_next(&rest, ',', &item))
        if (cprov_span_trim(item).len > 0)
            list[s->host.features_count++] = cprov_arena_text(&s->arena, cprov_span_trim(item));
    s->host.features = list;
    s->host.has_features = true;
    return cprov_arena_check(&s->arena, err);
}

static int read_host(struct cprov_session *s, struct cprov_error *err)
{
    const struct cprov_session_options *o = &s->options;
    struct cprov_os_version version;

    s->host.platform = (struct cprov_platform){ "", "", "", "", NULL, 0 };
    if (o->platform &&
        cprov_platform_parse(cprov_span_of(o->platform), &s->arena, &s->host.platform, err) < 0)
        return cprov_wrap(err, "platform");
    if (o->isolation &&
        cprov_isolation_parse(cprov_span_of(o->isolation), &s->host.isolation, err) < 0)
        return cprov_wrap(err, "isolation");
    const char *build = o->os_version ? o->os_version : s->host.platform.os_version;
    if (build && *build && !cprov_os_version_parse(cprov_span_of(build), &version))
        return cprov_fail(err, CPROV_EINVAL, "'%s' is not a Windows version like 10.0.20348.2113",
                          build);
    s->host.os_version = cprov_span_of(build);
    s->host_given = o->platform || o->os_version;
    if (o->os_version && !o->platform)
        s->host.platform.os = "windows"; /* a Windows build is only asked of Windows images */
    return o->os_features ? read_features(s, err) : 0;
}

static int open_session(struct cprov_session *s, const struct cprov_session_options *options,
                        struct cprov_error *err)
{
    if (cprov_options_copy(&s->options, sizeof(s->options), options, err) < 0)
        return err->code;
    keep_options(s);
    if (s->options.all_users && s->options.current_user)
        return cprov_fail(err, CPROV_EINVAL,
                          "scope: choose all users or the current user, not both");
    if (cprov_arena_check(&s->arena, err) < 0 ||
        cprov_conf_places(&s->arena, &s->conf_places, err) < 0)
        return err->code;
    s->conf_places.file = s->options.config_file;
    if (cprov_conf_load(&s->conf_places, &s->conf, err) < 0 || find_root(s, err) < 0)
        return err->code;
    find_conf_dir(s);
    return read_host(s, err);
}

int cprov_session_open(const struct cprov_session_options *options,
                       const struct cprov_callbacks *callbacks, struct cprov_session **out)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_session *s = calloc(1, sizeof(*s));

    if (!s)
        return CPROV_ENOMEM;
    s->secrets = cprov_secrets_new();
    s->log = (struct cprov_log){ .write = write_debug, .arg = s };
    s->cancel = (struct cprov_cancel){ .asked = is_cancelled, .arg = s };
    if (cprov_session_begin(s, callbacks, &err) < 0 || open_session(s, options, &err) < 0) {
        cprov_session_end(s, err.code, "", &err);
        cprov_session_close(s);
        return err.code;
    }
    cprov_session_end(s, 0, "", NULL);
    *out = s;
    return 0;
}

void cprov_session_close(struct cprov_session *s)
{
    if (!s)
        return;
    cprov_client_free(s->client);
    cprov_cache_close(s->index);
    cprov_conf_free(s->conf);
    if (s->options.password) { /* the arena's own copy */
        size_t len = strlen(s->options.password);
        union {
            const char *in;
            char *out;
        } secret = { .in = s->options.password };

        explicit_bzero(secret.out, len);
    }
    cprov_secrets_free(s->secrets);
    cprov_arena_clear(&s->call);
    cprov_arena_clear(&s->arena);
    free(s);
}

int cprov_session_begin(struct cprov_session *s, const struct cprov_callbacks *callbacks,
                        struct cprov_error *err)
{
    cprov_arena_clear(&s->call);
    s->trusted_count = 0;
    if (s->led) /* what the client keeps of these hosts may not be so in another call */
        cprov_client_free(cprov_steal(&s->client));
    s->led = NULL;
    s->login_host = NULL;
    s->token_server = NULL;
    s->refused_all = false;
    if (s->options.timeout_ms)
        s->deadline_ms = cprov_clock_ms() + (int64_t)s->options.timeout_ms;
    return cprov_options_copy(&s->callbacks, sizeof(s->callbacks), callbacks, err);
}

int cprov_session_store(struct cprov_session *s, unsigned flags, struct cprov_store **out,
                        struct cprov_error *err)
{
    int code = cprov_store_open(s->root, flags, &s->cancel, out, err);

    if (code == CPROV_EREFUSED && geteuid() != 0 && s->options.all_users)
        cprov_hint(err, CPROV_HINT_OWN_STORE);
    else if (code == CPROV_EREFUSED)
        cprov_hint(err, CPROV_HINT_OTHER_STORE);
    return code;
}

int cprov_session_range(const struct cprov_version_options *options,
                        struct cprov_version_range *out, struct cprov_error *err)
{
    struct cprov_version_range range = { 0 };
    struct cprov_span required = cprov_span_of(options->required);
    bool limited = options->minimum || options->maximum;

    if (options->required && limited)
        return cprov_fail(err, CPROV_EINVAL,
                          "a required version cannot be used together with a minimum or maximum");
    if (options->required && cprov_version_range_parse(required, &range, err) < 0)
        return err->code;
    if (options->all && range.exact.len > 0)
        return cprov_fail(err, CPROV_EINVAL,
                          "all versions and one exact version cannot be used together");
    if (limited && cprov_version_range_limit(&range, cprov_span_of(options->minimum),
                                             cprov_span_of(options->maximum), err) < 0)
        return err->code;
    *out = range;
    return 0;
}
