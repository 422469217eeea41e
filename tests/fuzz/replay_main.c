/* Runs a fuzzer once on each file of the directories given, and once on nothing. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

/* Exactly as long as the file, so that AddressSanitizer sees a read past its end. */
static int replay_file(int dir, const char *name)
{
    struct stat st;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) < 0)
        return -1;
    size_t size = (size_t)st.st_size, have = 0;
    uint8_t *data = malloc(size ? size : 1);
    while (data && have < size) {
        ssize_t n = read(fd, data + have, size - have);

        if (n <= 0)
            break;
        have += (size_t)n;
    }
    close(fd);
    if (data && have == size)
        LLVMFuzzerTestOneInput(data, size);
    free(data);
    return data && have == size ? 0 : -1;
}

static int replay_directory(const char *path)
{
    int files = 0;
    DIR *dir = opendir(path);

    if (!dir)
        return -1;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (entry->d_name[0] == '.')
            continue;
        if (replay_file(dirfd(dir), entry->d_name) < 0) {
            fprintf(stderr, "%s/%s cannot be read\n", path, entry->d_name);
            closedir(dir);
            return -1;
        }
        files++;
    }
    closedir(dir);
    return files;
}

int main(int argc, char **argv)
{
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        int files = replay_directory(argv[i]);

        printf("%s: %d files\n", argv[i], files);
        if (files <= 0)
            return 1;
    }
    return argc > 1 ? 0 : 1;
}
