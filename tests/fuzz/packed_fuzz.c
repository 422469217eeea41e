/* Any bytes as an archive of images end in images or an error; what is read of them has its digest.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "archive/packed.h"
#include "base/error.h"
#include "base/limits.h"
#include "fuzz.h"

static void look(struct cprov_packed *p)
{
    size_t count;
    const struct cprov_image *images = cprov_packed_images(p, &count);

    for (size_t i = 0; i < count; i++) {
        auto_buf struct cprov_buf text = { 0 };
        struct cprov_digest found;
        struct cprov_error err = CPROV_ERROR_INIT;

        FUZZ_CHECK(images[i].name && images[i].version && images[i].platform);
        cprov_buf_init(&text, CPROV_MANIFEST_MAX);
        if (cprov_packed_read(p, &images[i].descriptor.digest, CPROV_MANIFEST_MAX, &text, &err) < 0)
            continue;
        FUZZ_CHECK(cprov_digest_of(images[i].descriptor.digest.algo, cprov_buf_span(&text), &found,
                                   &err) == 0);
        FUZZ_CHECK(cprov_digest_equal(&found, &images[i].descriptor.digest));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_packed *p = NULL;
    char path[64];
    int fd = memfd_create("archive", MFD_CLOEXEC);

    FUZZ_CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int code = cprov_packed_open(path, NULL, &p, &err);
    FUZZ_CHECK((code == 0) == (p != NULL) && code == err.code);
    if (p)
        look(p);
    cprov_packed_close(p);
    close(fd);
    return 0;
}
