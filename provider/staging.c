/* provider/staging.c - a store for the time of one save. */
#include "provider/staging.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "store/blobs.h"
#include "store/check.h"

struct distrust {
    struct cprov_store *store;
    int code;
    struct cprov_error err;
};

static void on_found(void *arg, const struct cprov_check_finding *f)
{
    struct distrust *d = arg;

    if (f->blob && d->code == 0)
        d->code = cprov_store_discard(d->store, &f->blob->digest, &d->err);
}

/* A name under blobs/ is believed in a store; here it is looked at. */
static int discard_wrong(struct cprov_store *store, struct cprov_error *err)
{
    const struct cprov_images none = { .count = 0 };
    struct distrust d = { .store = store };
    struct cprov_check_result result;

    if (cprov_store_check(
            store, &(struct cprov_check_request){ .images = &none, .found = on_found, .arg = &d },
            &result, err) < 0)
        return err->code;
    if (d.code < 0)
        *err = d.err;
    return d.code;
}

/* A file or a pipe in the folder's place is none of ours, and goes unread. A symlink is refused
 * with what it leads to. */
static int clear_place(const char *path, struct cprov_error *err)
{
    struct stat st;

    if (lstat(path, &st) < 0 || S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode))
        return 0;
    return cprov_fs_remove_tree(AT_FDCWD, path, err);
}

int cprov_staging_open(struct cprov_session *s, const char *path, struct cprov_store **out,
                       struct cprov_error *err)
{
    auto_store struct cprov_store *store = NULL;

    if (clear_place(path, err) < 0 ||
        cprov_store_open(path, CPROV_STORE_CREATE | CPROV_STORE_OWN, &s->cancel, &store, err) < 0 ||
        discard_wrong(store, err) < 0)
        return err->code;
    *out = cprov_steal(&store);
    return 0;
}

void cprov_staging_drop(struct cprov_session *s, const char *path)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    if (cprov_fs_remove_tree(AT_FDCWD, path, &err) < 0)
        cprov_say(s, CPROV_MSG_WARNING, "%s", err.msg);
}
