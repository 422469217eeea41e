/* Any bytes as a layer, on top of one with links, files and folders: nothing outside of the folder
 * changes, and a failure leaves nothing. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/limits.h"
#include "fuzz.h"
#include "rootfs/unpack.h"
#include "store/dir.h"

#define LAYER_MAX (8 * 1024)

struct bytes {
    const uint8_t *data;
    size_t size;
};

/* A folder of our own, with a file beside what is unpacked. */
static char base[64], dir[80], canary[80];
static struct stat before;
static uint8_t lower[LAYER_MAX];
static size_t lower_size;

static void add_lower(char type, const char *name, const char *link)
{
    uint8_t *block = lower + lower_size;
    unsigned sum = 0;

    memcpy(block, name, strlen(name));
    memcpy(block + 100, "0000755", 7);
    memcpy(block + 124, "00000000000", 11);
    memcpy(block + 136, "00000000000", 11);
    memset(block + 148, ' ', 8);
    block[156] = (uint8_t)type;
    memcpy(block + 157, link, strlen(link));
    memcpy(block + 257, "ustar\00000", 8);
    for (int i = 0; i < 512; i++)
        sum += block[i];
    snprintf((char *)block + 148, 8, "%06o", sum);
    lower_size += 512;
}

static void remove_base(void)
{
    FUZZ_CHECK(cprov_fs_remove_tree(AT_FDCWD, base, CPROV_IGNORED) == 0);
}

static void set_up(void)
{
    snprintf(base, sizeof(base), "%s/cprov-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    FUZZ_CHECK(mkdtemp(base));
    snprintf(dir, sizeof(dir), "%s/out", base);
    snprintf(canary, sizeof(canary), "%s/canary", base);
    int fd = open(canary, O_WRONLY | O_CREAT | O_EXCL, 0640);
    FUZZ_CHECK(fd >= 0 && write(fd, "alive", 5) == 5 && fstat(fd, &before) == 0);
    close(fd);
    atexit(remove_base);
    add_lower('5', "d", "");
    add_lower('0', "d/f", "");
    add_lower('1', "h", "d/f");
    add_lower('2', "s", "d");
    add_lower('2', "up", "..");
    add_lower('2', "canary", "../canary");
    add_lower('2', "loop", "loop/x");
    add_lower('6', "p", "");
}

static void check_outside(void)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    auto_dir DIR *names = NULL;
    struct stat after;

    FUZZ_CHECK(lstat(canary, &after) == 0 && after.st_ino == before.st_ino &&
               after.st_nlink == before.st_nlink &&
               memcmp(&after.st_ctim, &before.st_ctim, sizeof(after.st_ctim)) == 0);
    FUZZ_CHECK(cprov_dir_open(AT_FDCWD, base, &names, &err) == 0);
    for (const char *name; (name = cprov_dir_next(names));)
        FUZZ_CHECK(strcmp(name, "canary") == 0 || strcmp(name, "out") == 0);
}

static int64_t read_bytes(void *arg, uint64_t offset, void *buf, size_t len,
                          struct cprov_error *err)
{
    const struct bytes *b = arg;
    size_t n = b->size - (size_t)offset < len ? b->size - (size_t)offset : len;

    (void)err;
    memcpy(buf, b->data + offset, n);
    return (int64_t)n;
}

static int apply(struct cprov_unpack *u, const uint8_t *data, size_t size, struct cprov_error *err)
{
    struct bytes bytes = { data, size };
    const struct cprov_layer_source source = { read_bytes, &bytes };
    struct cprov_digest id;

    FUZZ_CHECK(cprov_digest_of(CPROV_SHA256, cprov_span_make((const char *)data, size), &id, err) ==
               0);
    return cprov_unpack_layer(u, CPROV_LAYER_TAR, size, &id, &source, err);
}

static int unpack(const struct cprov_unpack_options *options, const uint8_t *data, size_t size)
{
    auto_unpack struct cprov_unpack *u = NULL;
    struct cprov_unpack_result result;
    struct cprov_error err = CPROV_ERROR_INIT;

    FUZZ_CHECK(cprov_unpack_open(dir, options, &u, &err) == 0);
    FUZZ_CHECK(apply(u, lower, lower_size, &err) == 0);
    int code = apply(u, data, size, &err);
    if (code == 0)
        code = cprov_unpack_commit(u, &result, &err);
    FUZZ_CHECK(code == err.code);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct cprov_unpack_options options = {
        .rootless = size % 3 == 1,
        .windows = size % 5 == 1,
        .limits = { .entries = 1000, .bytes = CPROV_MIB },
    };

    if (lower_size == 0)
        set_up();
    int code = unpack(&options, data, size);
    check_outside();
    if (code != 0)
        FUZZ_CHECK(access(dir, F_OK) < 0 && errno == ENOENT);
    FUZZ_CHECK(cprov_fs_remove_tree(AT_FDCWD, dir, CPROV_IGNORED) == 0);
    check_outside();
    return 0;
}
