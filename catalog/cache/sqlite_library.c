/* catalog/cache/sqlite_library.c - the functions of SQLite that the index uses, loaded at first
 * use. */
#include "catalog/cache/sqlite_library_private.h"

#include "base/error.h"
#include "base/library.h"

struct cprov_sqlite cprov_sqlite;

static const struct cprov_library_symbol symbols[] = {
#define SYMBOL(function) { "sqlite3_" #function, (void **)(void *)&cprov_sqlite.function },
    CPROV_SQLITE_FUNCTIONS(SYMBOL)
#undef SYMBOL
};
static struct cprov_library library = { "libsqlite3.so.0", "libsqlite3-0", symbols,
                                        CPROV_COUNT(symbols), NULL };

int cprov_sqlite_load(struct cprov_error *err)
{
    return cprov_library_load(&library, err);
}
