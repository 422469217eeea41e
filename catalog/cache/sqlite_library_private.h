/* catalog/cache/sqlite_library_private.h - the functions of SQLite that the index uses, loaded at
 * first use. */
#ifndef CPROV_CATALOG_CACHE_SQLITE_LIBRARY_PRIVATE_H
#define CPROV_CATALOG_CACHE_SQLITE_LIBRARY_PRIVATE_H

#include <sqlite3.h>

#include "base/compiler.h"

struct cprov_error;

#define CPROV_SQLITE_FUNCTIONS(X)                                                                  \
    X(open_v2)                                                                                     \
    X(close_v2)                                                                                    \
    X(create_collation)                                                                            \
    X(exec)                                                                                        \
    X(prepare_v2)                                                                                  \
    X(step)                                                                                        \
    X(reset)                                                                                       \
    X(finalize)                                                                                    \
    X(bind_int64)                                                                                  \
    X(bind_text)                                                                                   \
    X(bind_blob)                                                                                   \
    X(bind_null)                                                                                   \
    X(column_int64)                                                                                \
    X(column_text)                                                                                 \
    X(column_blob)                                                                                 \
    X(column_bytes)                                                                                \
    X(column_type)                                                                                 \
    X(busy_handler)                                                                                \
    X(changes)                                                                                     \
    X(last_insert_rowid)                                                                           \
    X(errmsg)                                                                                      \
    X(system_errno)                                                                                \
    X(get_autocommit)                                                                              \
    X(stmt_readonly)

struct cprov_sqlite {
#define CPROV_SQLITE_MEMBER(name) __typeof__(sqlite3_##name) *name;
    CPROV_SQLITE_FUNCTIONS(CPROV_SQLITE_MEMBER)
#undef CPROV_SQLITE_MEMBER
};

extern struct cprov_sqlite cprov_sqlite;

/* CPROV_EUNSUPPORTED when it is not installed or too old. */
CPROV_MUST_CHECK
int cprov_sqlite_load(struct cprov_error *err);

#endif
