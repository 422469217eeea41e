/* Every operation below with every one of its allocations refused. */
#include "torture.h"

static struct CMUnitTest tests[32];
static size_t count;

static void add(const struct CMUnitTest *some, size_t n)
{
    memcpy(tests + count, some, n * sizeof(*some));
    count += n;
}

int main(void)
{
    add(torture_documents, torture_documents_count);
    add(torture_settings, torture_settings_count);
    add(torture_store, torture_store_count);
    return _cmocka_run_group_tests("torture", tests, count, torture_setup, torture_teardown);
}
