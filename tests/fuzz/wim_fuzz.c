/* Any bytes as a WIM file end in a version or an error. */
#include <sys/mman.h>
#include <unistd.h>

#include "archive/wim.h"
#include "base/error.h"
#include "fuzz.h"
#include "manifest/platform.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_arena arena = { 0 };
    struct cprov_wim wim = { 0 };
    int fd = memfd_create("wim", MFD_CLOEXEC);

    FUZZ_CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    int code = cprov_wim_read(fd, &arena, &wim, &err);
    FUZZ_CHECK(code == err.code);
    if (code == 0) {
        struct cprov_os_version v;

        FUZZ_CHECK(wim.images == 1 || wim.images == 2);
        FUZZ_CHECK(cprov_os_version_parse(cprov_span_of(wim.version), &v));
    }
    cprov_arena_clear(&arena);
    close(fd);
    return 0;
}
