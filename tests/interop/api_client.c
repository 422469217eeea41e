/* A program of somebody else: what a registry offers, installs it, and lists what is there. */
#include <provider.h>
#include <stdio.h>
#include <string.h>

struct seen {
    size_t items;
    size_t failures;
    size_t pieces; /* of progress */
};

static void on_item(void *arg, const struct cprov_item *item)
{
    static const char *const states[] = { "available", "installed", "added", "present" };
    struct seen *seen = arg;

    seen->items++;
    printf("%s %s %s %s\n", states[item->state], item->name, item->version, item->digest);
}

static void on_failure(void *arg, const struct cprov_failure *failure)
{
    struct seen *seen = arg;

    seen->failures++;
    printf("failure %d %s %s\n", failure->result, failure->id, failure->target);
}

static void on_progress(void *arg, const struct cprov_progress *progress)
{
    struct seen *seen = arg;

    seen->pieces += progress->finished;
}

static int run(struct cprov_session *session, const struct cprov_callbacks *callbacks,
               const char *name)
{
    const char *names[] = { name };
    struct cprov_find_options find = CPROV_INIT(struct cprov_find_options);
    struct cprov_install_options install = CPROV_INIT(struct cprov_install_options);
    struct cprov_list_options list = CPROV_INIT(struct cprov_list_options);
    int code;

    find.names = install.names = names;
    find.names_count = install.names_count = 1;
    find.fields = CPROV_FIELDS_DETAILS;
    if ((code = cprov_find(session, &find, callbacks)) < 0 ||
        (code = cprov_install(session, &install, callbacks)) < 0)
        return code;
    return cprov_list(session, &list, callbacks);
}

int main(int argc, char **argv)
{
    struct seen seen = { 0, 0, 0 };
    struct cprov_session_options options = CPROV_INIT(struct cprov_session_options);
    struct cprov_callbacks callbacks = CPROV_INIT(struct cprov_callbacks);
    struct cprov_session *session = NULL;
    int code;

    if (argc != 4)
        return 2;
    options.root = argv[1];
    options.sources = (const char *const *)&argv[2];
    options.sources_count = 1;
    options.trust = true;
    callbacks.arg = &seen;
    callbacks.item = on_item;
    callbacks.error = on_failure;
    callbacks.progress = on_progress;

    code = cprov_session_open(&options, &callbacks, &session);
    if (code == 0)
        code = run(session, &callbacks, argv[3]);
    cprov_session_close(session);
    printf("%zu items, %zu failures, %s, version %s\n", seen.items, seen.failures,
           seen.pieces ? "progress" : "no progress", cprov_version_text());
    return cprov_result_exit(code);
}
