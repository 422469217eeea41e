/* net/curl_library.c - the functions of libcurl that http.c uses, loaded at first use. */
#include "net/curl_library_private.h"

#include <pthread.h>

#include "base/error.h"
#include "base/library.h"

struct cprov_curl cprov_curl;

static const struct cprov_library_symbol symbols[] = {
#define SYMBOL(function) { "curl_" #function, (void **)(void *)&cprov_curl.function },
    CPROV_CURL_FUNCTIONS(SYMBOL)
#undef SYMBOL
};
static struct cprov_library library = { "libcurl.so.4", "libcurl4", symbols, CPROV_COUNT(symbols),
                                        NULL };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode initialised;

static void initialise(void)
{
    initialised = cprov_curl.global_init(CURL_GLOBAL_DEFAULT);
}

int cprov_curl_load(struct cprov_error *err)
{
    int code = cprov_library_load(&library, err);

    if (code < 0)
        return code;
    pthread_once(&once, initialise);
    if (initialised != CURLE_OK)
        return cprov_fail(err, CPROV_EFAIL, "cannot initialise libcurl: %s",
                          cprov_curl.easy_strerror(initialised));
    return 0;
}
