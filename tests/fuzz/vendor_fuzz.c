/* Pages of vendors' listings: the first byte chooses the kind and the listing, the rest is what the
 * server sent. What is handed on is well formed. */
#include <string.h>

#include "base/error.h"
#include "catalog/source/vendor.h"
#include "catalog/source/vendors_private.h"
#include "fuzz.h"

static bool on_version(void *arg, const struct cprov_entry *entry)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    (void)arg;
    FUZZ_CHECK(cprov_reference_check_tag(cprov_span_of(entry->version), &err) == 0);
    if (entry->platforms)
        FUZZ_CHECK(!strchr(entry->platforms, '\n'));
    return true;
}

static bool on_repository(void *arg, const char *name)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    (void)arg;
    FUZZ_CHECK(cprov_reference_check_repository(cprov_span_of(name), &err) == 0);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cprov_source_kind *const kinds[] = { CPROV_VENDOR_KINDS };
    static const struct cprov_versions_request versions = { .entry = on_version };
    static const struct cprov_list_request repositories = { .entry = on_repository };
    struct cprov_place place = { .base = { .host = "registry.example", .repository = "team" } };
    struct cprov_reference repository = { .host = "registry.example", .repository = "team/app" };
    struct cprov_error err = CPROV_ERROR_INIT;

    if (size == 0)
        return 0;
    struct cprov_span body = cprov_span_make((const char *)data + 1, size - 1);
    place.kind = kinds[(data[0] & 0x3f) % CPROV_COUNT(kinds)];
    if (data[0] & 0x40) {
        if (place.kind->vendor->repositories.read)
            (void)!cprov_vendor_read_repositories(&place, body, &repositories, &err);
    } else {
        (void)!cprov_vendor_read_versions(&place, &repository, body, &versions, &err);
    }
    return 0;
}
