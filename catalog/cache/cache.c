/* catalog/cache/cache.c - the database under the index: opened, made anew when damaged, asked. */
#include "catalog/cache/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "catalog/cache/cache_private.h"

#define SCHEMA    1
#define NAME_ROOM 64 /* of the file of one */
#define WAIT_MS   10 /* between two looks at a database that another process writes */

/*
 * Names compare as people type them. A version has no rowid of its own: it lies beside the others
 * of its repository. The numbers of sources and repositories are given once: who still holds one of
 * something that is gone means nothing else by it. Texts that many rows share (platforms, media
 * types) are kept once; what is searched lies in `words`, one row for each different description of
 * a repository. Repositories of negative sources are what imports bring while they are not yet
 * whole.
 */
static const char schema[] =
    "CREATE TABLE source(id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, host TEXT "
    "NOT NULL,"
    " checked INTEGER NOT NULL DEFAULT 0, validator TEXT NOT NULL DEFAULT '',"
    " scan INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE repository(id INTEGER PRIMARY KEY AUTOINCREMENT, source INTEGER NOT NULL,"
    " path TEXT NOT NULL COLLATE NOCASE, leaf TEXT NOT NULL COLLATE NOCASE,"
    " name TEXT COLLATE NOCASE, newest TEXT,"
    " checked INTEGER NOT NULL DEFAULT 0, scan INTEGER NOT NULL DEFAULT 0,"
    " fingerprint INTEGER NOT NULL DEFAULT 0, words INTEGER NOT NULL DEFAULT 0,"
    " known INTEGER NOT NULL DEFAULT 0);"
    "CREATE UNIQUE INDEX repository_path ON repository(source, path);"
    "CREATE INDEX repository_leaf ON repository(source, leaf, path);"
    "CREATE INDEX repository_name ON repository(source, name) WHERE name IS NOT NULL;"
    "CREATE INDEX repository_unknown ON repository(source, path) WHERE known = 0;"
    "CREATE TABLE text(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
    "CREATE VIRTUAL TABLE words USING fts5(name, description, publisher, title UNINDEXED,"
    " tokenize='trigram', columnsize=0);"
    "CREATE TABLE words_of(id INTEGER PRIMARY KEY, repository INTEGER NOT NULL);"
    "CREATE INDEX words_of_repository ON words_of(repository);";

/* --- failures --- */

int cprov_cache_fail(struct cprov_cache *ix, int rc, struct cprov_error *err)
{
    const char *text = ix->db ? cprov_sqlite.errmsg(ix->db) : "cannot be opened";

    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        return cprov_fail_memory(err);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
        ix->damaged = true;
        return cprov_fail(err, CPROV_EVERIFY, "the cache is damaged: %s", text);
    case SQLITE_FULL:
        return cprov_fail(err, CPROV_ENOSPACE, "no space for the cache");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
        return cprov_fail(err, CPROV_EREFUSED, "the cache: %s", text);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        if (cprov_cancelled(ix->options.cancel))
            return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
        return cprov_fail(err, CPROV_EFAIL, "the cache is in use: %s", text);
    case SQLITE_IOERR:
        if (ix->db && cprov_sqlite.system_errno(ix->db) == ENOSPC)
            return cprov_fail(err, CPROV_ENOSPACE, "no space for the cache");
        return cprov_fail(err, CPROV_EFAIL, "the cache: %s", text);
    }
    return cprov_fail(err, ix->damaged ? CPROV_EVERIFY : CPROV_EFAIL, "the cache: %s", text);
}

/* The same of our own SQL. When it cannot be prepared, a table is not there or is another:
 * somebody else's file under our name. */
static int fail_sql(struct cprov_cache *ix, const char *sql, int rc, struct cprov_error *err)
{
    sqlite3_stmt *again = NULL;

    int code = cprov_cache_fail(ix, rc, err);
    if (rc != SQLITE_ERROR ||
        cprov_sqlite.prepare_v2(ix->db, sql, -1, &again, NULL) != SQLITE_ERROR) {
        (void)cprov_sqlite.finalize(again);
        return code;
    }
    ix->damaged = true;
    return err->code = CPROV_EVERIFY;
}

int cprov_cache_fail_forgotten(struct cprov_error *err)
{
    return cprov_fail(err, CPROV_ENOTFOUND, "another process removed the source");
}

/* --- statements --- */

int cprov_cache_exec(struct cprov_cache *ix, const char *sql, struct cprov_error *err)
{
    int rc = cprov_sqlite.exec(ix->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : fail_sql(ix, sql, rc, err);
}

int cprov_query_begin(struct cprov_cache *ix, const char *sql, struct cprov_query *q,
                      struct cprov_error *err)
{
    size_t i = 0;

    *q = (struct cprov_query){ .ix = ix };
    while (i < ix->statements_count && ix->statements[i].sql != sql)
        i++;
    if (i == ix->statements_count) {
        if (i == CPROV_CACHE_STATEMENTS)
            return cprov_fail(err, CPROV_EFAIL, "internal error: too many kinds of statements");
        int rc = cprov_sqlite.prepare_v2(ix->db, sql, -1, &ix->statements[i].statement, NULL);
        if (rc != SQLITE_OK)
            return fail_sql(ix, sql, rc, err);
        ix->statements[i].sql = sql;
        ix->statements_count++;
    }
    q->sql = sql;
    q->statement = ix->statements[i].statement;
    if (ix->held && !cprov_sqlite.stmt_readonly(q->statement))
        cprov_cache_release(ix);
    return 0;
}

void cprov_query_end(struct cprov_query *q)
{
    if (q->statement)
        (void)cprov_sqlite.reset(q->statement); /* what failed has been told by step */
    q->statement = NULL;
}

static void note(struct cprov_query *q, int rc)
{
    if (q->rc == SQLITE_OK)
        q->rc = rc;
}

void cprov_query_number(struct cprov_query *q, int64_t n)
{
    note(q, cprov_sqlite.bind_int64(q->statement, ++q->bound, n));
}

void cprov_query_null(struct cprov_query *q)
{
    note(q, cprov_sqlite.bind_null(q->statement, ++q->bound));
}

void cprov_query_span(struct cprov_query *q, struct cprov_span text)
{
    note(q, cprov_sqlite.bind_text(q->statement, ++q->bound, text.len ? text.ptr : "",
                                   (int)text.len, SQLITE_STATIC));
}

void cprov_query_text(struct cprov_query *q, const char *text)
{
    if (text && *text)
        cprov_query_span(q, cprov_span_of(text));
    else
        cprov_query_null(q);
}

void cprov_query_bytes(struct cprov_query *q, const void *bytes, size_t len)
{
    if (len > 0)
        note(q, cprov_sqlite.bind_blob(q->statement, ++q->bound, bytes, (int)len, SQLITE_STATIC));
    else
        cprov_query_null(q);
}

int cprov_query_step(struct cprov_query *q, bool *row, struct cprov_error *err)
{
    int rc = q->rc == SQLITE_OK ? cprov_sqlite.step(q->statement) : q->rc;

    *row = rc == SQLITE_ROW;
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        return 0;
    return fail_sql(q->ix, q->sql, rc, err);
}

int cprov_query_run(struct cprov_query *q, struct cprov_error *err)
{
    bool row = true;

    while (row)
        if (cprov_query_step(q, &row, err) < 0)
            return err->code;
    return 0;
}

int64_t cprov_query_get_number(const struct cprov_query *q, int column)
{
    return cprov_sqlite.column_int64(q->statement, column);
}

struct cprov_span cprov_query_get_text(const struct cprov_query *q, int column)
{
    const void *text = cprov_sqlite.column_blob(q->statement, column);

    return cprov_span_make(text, (size_t)cprov_sqlite.column_bytes(q->statement, column));
}

/* --- several questions as one --- */

void cprov_cache_hold(struct cprov_cache *ix)
{
    if (ix->depth == 0 && !ix->held)
        ix->held = cprov_sqlite.exec(ix->db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK;
}

void cprov_cache_release(struct cprov_cache *ix)
{
    if (ix->held)
        (void)cprov_sqlite.exec(ix->db, "ROLLBACK", NULL, NULL, NULL);
    ix->held = false;
}

/* --- several changes as one --- */

int cprov_cache_begin(struct cprov_cache *ix, struct cprov_error *err)
{
    cprov_cache_release(ix);
    if (ix->depth == 0 && cprov_cache_exec(ix, "BEGIN IMMEDIATE", err) < 0)
        return err->code;
    ix->depth++;
    return 0;
}

int cprov_cache_end(struct cprov_cache *ix, int code, struct cprov_error *err)
{
    if (--ix->depth > 0)
        return code;
    if (code == 0)
        code = cprov_cache_exec(ix, "COMMIT", err);
    /* A failure may have rolled back by itself. */
    if (code < 0 && !cprov_sqlite.get_autocommit(ix->db)) {
        int rc = cprov_sqlite.exec(ix->db, "ROLLBACK", NULL, NULL, NULL);
        ix->damaged = ix->damaged || (rc & 0xff) == SQLITE_CORRUPT;
    }
    if (code < 0) /* the numbers of texts that were taken back mean nothing */
        for (size_t i = 0; i < CPROV_CACHE_TEXTS; i++)
            ix->texts[i].id = 0;
    return code;
}

/* --- opening --- */

static int wait_for_others(void *arg, int count)
{
    const struct cprov_cache *ix = arg;
    struct timespec pause = { .tv_nsec = WAIT_MS * 1000000L };

    if (cprov_cancelled(ix->options.cancel) || count > CPROV_LOCK_WAIT_MS / WAIT_MS)
        return 0;
    (void)nanosleep(&pause, NULL);
    return 1;
}

/* The file is for its owner alone: private names, and addresses with signatures in them. SQLite
 * gives what lies beside it the same mode. */
static int make_file(struct cprov_cache *ix, struct cprov_error *err)
{
    auto_fd int dir = -1;

    if (cprov_fs_make_dirs(AT_FDCWD, ix->dir, 0700, err) < 0 ||
        cprov_fs_open_dir(AT_FDCWD, ix->dir, &dir, err) < 0)
        return err->code;
    auto_fd int fd = openat(dir, ix->name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return cprov_fail_os(err, errno, "%s/%s", ix->dir, ix->name);
    ix->device = st.st_dev;
    ix->inode = st.st_ino;
    return 0;
}

static int make_schema(struct cprov_cache *ix, struct cprov_error *err)
{
    struct cprov_query q;
    bool row;

    if (cprov_query_begin(ix, "PRAGMA user_version", &q, err) < 0)
        return err->code;
    int code = cprov_query_step(&q, &row, err);
    int64_t version = code == 0 && row ? cprov_query_get_number(&q, 0) : 0;
    cprov_query_end(&q);
    if (code < 0 || version == SCHEMA)
        return code;
    /* Somebody else may have made it since. */
    if (cprov_cache_begin(ix, err) < 0)
        return err->code;
    code = cprov_query_begin(ix, "PRAGMA user_version", &q, err);
    if (code == 0)
        code = cprov_query_step(&q, &row, err);
    version = code == 0 && row ? cprov_query_get_number(&q, 0) : 0;
    cprov_query_end(&q);
    if (code == 0 && version != SCHEMA) {
        char set[64];

        (void)snprintf(set, sizeof(set), "PRAGMA user_version = %d", SCHEMA);
        code = cprov_cache_exec(ix, cprov_cache_version_table, err);
        if (code == 0)
            code = cprov_cache_exec(ix, schema, err);
        if (code == 0)
            code = cprov_cache_exec(ix, set, err);
    }
    return cprov_cache_end(ix, code, err);
}

/*
 * With a write-ahead log readers do not wait for writers, and no commit waits for the disk: what a
 * power cut takes away is what was learnt last. The change to it asks no busy handler.
 */
static int keep_log(struct cprov_cache *ix, struct cprov_error *err)
{
    static const char sql[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;";
    int rc = cprov_sqlite.exec(ix->db, sql, NULL, NULL, NULL);

    for (int count = 0; rc == SQLITE_BUSY && wait_for_others(ix, count); count++)
        rc = cprov_sqlite.exec(ix->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : cprov_cache_fail(ix, rc, err);
}

static int open_database(struct cprov_cache *ix, struct cprov_error *err)
{
    auto_buf struct cprov_buf path = { 0 };
    char cache[64];

    cprov_buf_init(&path, CPROV_URL_MAX);
    if (ix->dir)
        cprov_buf_addf(&path, "%s/%s", ix->dir, ix->name);
    if (cprov_buf_check(&path, "path of the cache", err) < 0 || (ix->dir && make_file(ix, err) < 0))
        return err->code;
    int rc = cprov_sqlite.open_v2(cprov_buf_text(&path), &ix->db,
                                  SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                                  NULL);
    if (rc != SQLITE_OK)
        return cprov_cache_fail(ix, rc, err);
    (void)cprov_sqlite.busy_handler(ix->db, wait_for_others, ix);
    (void)snprintf(cache, sizeof(cache), "PRAGMA cache_size = -%zu", CPROV_CACHE_PAGES / 1024);
    if (cprov_cache_exec(ix, cache, err) < 0 || (ix->dir && keep_log(ix, err) < 0))
        return err->code;
    return ix->bare ? 0 : make_schema(ix, err);
}

static void close_database(struct cprov_cache *ix)
{
    for (size_t i = 0; i < ix->statements_count; i++)
        (void)cprov_sqlite.finalize(ix->statements[i].statement);
    ix->statements_count = 0;
    if (ix->db)
        (void)cprov_sqlite.close_v2(ix->db);
    ix->db = NULL;
    for (size_t i = 0; i < CPROV_CACHE_TEXTS; i++) {
        free(ix->texts[i].text);
        ix->texts[i] = (struct cprov_cache_text){ 0 };
    }
}

/* Another process may have found the damage too, and begun anew. */
static bool is_still_there(const struct cprov_cache *ix, int dir)
{
    struct stat st;

    return fstatat(dir, ix->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == ix->device &&
           st.st_ino == ix->inode;
}

static void remove_files(const struct cprov_cache *ix)
{
    static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
    auto_fd int dir = -1;
    char name[64];
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (!ix->dir || cprov_fs_open_dir(AT_FDCWD, ix->dir, &dir, &ignored) < 0 ||
        !is_still_there(ix, dir))
        return;
    for (size_t i = 0; i < CPROV_COUNT(ends); i++) {
        (void)snprintf(name, sizeof(name), "%s%s", ix->name, ends[i]);
        (void)unlinkat(dir, name, 0);
    }
}

static int open_or_rebuild(struct cprov_cache *ix, struct cprov_error *err)
{
    int code = open_database(ix, err);

    if (code == 0 || !ix->damaged || !ix->dir)
        return code;
    close_database(ix);
    remove_files(ix);
    ix->damaged = false;
    if (ix->options.rebuilt)
        ix->options.rebuilt(ix->options.arg, err->msg);
    *err = (struct cprov_error)CPROV_ERROR_INIT;
    return open_database(ix, err);
}

static void file_name(char name[NAME_ROOM])
{
    (void)snprintf(name, NAME_ROOM, "catalog-%d.sqlite", SCHEMA);
}

static int open_handle(const struct cprov_cache_options *options, bool bare,
                       struct cprov_cache **out, struct cprov_error *err)
{
    if (cprov_sqlite_load(err) < 0)
        return err->code;
    struct cprov_cache *ix = calloc(1, sizeof(*ix));
    if (!ix)
        return cprov_fail_memory(err);

    char name[NAME_ROOM];
    file_name(name);
    ix->options = *options;
    ix->bare = bare;
    ix->name = strdup(name);
    ix->dir = options->dir ? strdup(options->dir) : NULL;
    int code =
        ix->name && (ix->dir || !options->dir) ? open_or_rebuild(ix, err) : cprov_fail_memory(err);
    if (code < 0)
        cprov_cache_close(ix);
    else
        *out = ix;
    return code;
}

int cprov_cache_open(const struct cprov_cache_options *options, struct cprov_cache **out,
                     struct cprov_error *err)
{
    return open_handle(options, false, out, err);
}

int cprov_cache_open_bare(struct cprov_cache **out, struct cprov_error *err)
{
    return open_handle(&(struct cprov_cache_options){ 0 }, true, out, err);
}

bool cprov_cache_exists(const char *dir)
{
    auto_fd int folder = dir ? open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    char name[NAME_ROOM];

    file_name(name);
    return folder >= 0 && faccessat(folder, name, F_OK, 0) == 0;
}

void cprov_cache_close(struct cprov_cache *ix)
{
    if (!ix)
        return;
    bool damaged = ix->damaged;

    close_database(ix);
    if (damaged)
        remove_files(ix);
    free(ix->dir);
    free(ix->name);
    free(ix);
}

bool cprov_cache_damaged(const struct cprov_cache *ix)
{
    return ix->damaged;
}
