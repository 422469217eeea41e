/* A ustar archive with nothing in it that depends on the clock or the machine. */
#include "fake.h"

#include <stdio.h>
#include <string.h>

#define BLOCK 512u
#define MTIME 1448236800u /* 2015-11-23 */

struct ustar {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
    char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], pad[12];
};

static void octal(char *field, size_t len, uint64_t value)
{
    for (size_t i = len - 1; i-- > 0; value >>= 3)
        field[i] = (char)('0' + (value & 7));
}

static void header(struct cprov_buf *out, const char *name, char type, unsigned mode, size_t size)
{
    struct ustar h = { .type = type, .magic = "ustar", .version = { '0', '0' } };
    unsigned sum = 0;

    if (strlen(name) >= sizeof(h.name))
        fake_die("tar: name too long: %s", name);
    memcpy(h.name, name, strlen(name));
    octal(h.mode, sizeof(h.mode), mode);
    octal(h.uid, sizeof(h.uid), 0);
    octal(h.gid, sizeof(h.gid), 0);
    octal(h.size, sizeof(h.size), size);
    octal(h.mtime, sizeof(h.mtime), MTIME);
    memset(h.checksum, ' ', sizeof(h.checksum));
    for (size_t i = 0; i < sizeof(h); i++)
        sum += ((const unsigned char *)&h)[i];
    octal(h.checksum, sizeof(h.checksum) - 1, sum);
    h.checksum[6] = '\0';
    cprov_buf_add(out, &h, sizeof(h));
}

void fake_tar_dir(struct cprov_buf *out, const char *name)
{
    header(out, name, '5', 0755, 0);
}

void fake_tar_file(struct cprov_buf *out, const char *name, const char *bytes, size_t len)
{
    static const char zeros[BLOCK];

    header(out, name, '0', 0644, len);
    cprov_buf_add(out, bytes, len);
    cprov_buf_add(out, zeros, (BLOCK - len % BLOCK) % BLOCK);
}

void fake_tar_end(struct cprov_buf *out)
{
    static const char zeros[2 * BLOCK];

    cprov_buf_add(out, zeros, sizeof(zeros));
}
