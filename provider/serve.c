/* provider/serve.c - cprov_serve(): the store, or another layout, as a registry. */
#include "serve/serve.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "provider/session.h"
#include "store/image_name.h"

static void on_ready(void *arg, const char *url, const char *others)
{
    const struct cprov_serve_options *o = arg;

    if (o->ready)
        o->ready(o->ready_arg, url);
    if (o->reach && *others)
        o->reach(o->ready_arg, others);
}

/* "." does not say what the folder is called, and what its images without a name are called. */
static const char *named_path(struct cprov_session *s, const char *path)
{
    struct cprov_span name = cprov_image_place_name(path);
    bool dots = cprov_span_is(name, ".") || cprov_span_is(name, "..");
    char *full = dots ? realpath(path, NULL) : NULL;
    const char *kept = full ? cprov_arena_text(&s->call, cprov_span_of(full)) : NULL;

    free(full);
    return kept ? kept : path;
}

static int serve(struct cprov_session *s, struct cprov_serve_options *o, struct cprov_error *err)
{
    auto_store struct cprov_store *store = NULL;
    const char *root = o->path ? named_path(s, o->path) : s->root;

    int code = cprov_store_open(root, CPROV_STORE_READ, &s->cancel, &store, err);

    if (code == CPROV_ENOTFOUND && !o->path) {
        cprov_fail(err, CPROV_ENOTFOUND, "no image is installed: there is no store at %s", root);
        cprov_hint(err, CPROV_HINT_INSTALL_OR_SERVE);
    }
    if (code < 0)
        return code;
    return cprov_serve_run(
        &(struct cprov_serve_setup){
            .store = store,
            .listen = o->listen ? o->listen : "127.0.0.1:5000",
            .cert_file = o->cert_file,
            .key_file = o->key_file,
            .max_connections = o->max_connections ? o->max_connections : CPROV_SERVED_CONNECTIONS,
            .cancel = &s->cancel,
            .log = &s->log,
            .ready = on_ready,
            .arg = o,
            .hosts = o->hosts,
            .hosts_count = o->hosts_count,
            .ui = o->ui },
        err);
}

int cprov_serve(struct cprov_session *s, const struct cprov_serve_options *options,
                const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_serve_options o;

    if (cprov_session_begin(s, callbacks, &err) < 0 ||
        cprov_options_copy(&o, sizeof(o), options, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    return cprov_session_end(s, serve(s, &o, &err), "", &err);
}
