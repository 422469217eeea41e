/* tests/unit/store/tarball.h - archives made by hand, header by header. */
#ifndef CPROV_TESTS_UNIT_STORE_TARBALL_H
#define CPROV_TESTS_UNIT_STORE_TARBALL_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"

#define TARBALL_MAX (64 * CPROV_MIB)

/* What a header says; what is 0 or NULL has a plain value. */
struct member {
    char type; /* '0'..'7', 'x', ... ; 0 is a file */
    const char *name, *link, *content;
    unsigned mode, uid, gid;
    uint64_t size; /* when it is not the content's */
    uint64_t mtime;
    unsigned major, minor;
    const char *magic; /* "ustar" by default; "gnu", "v7" */
    const char *prefix;
};

static inline void octal(char *field, size_t len, uint64_t value)
{
    field[len - 1] = '\0';
    for (size_t i = len - 1; i-- > 0; value >>= 3)
        field[i] = (char)('0' + (value & 7));
}

static inline void put_text(char *field, size_t len, const char *text)
{
    size_t n = text ? strlen(text) : 0;

    memcpy(field, text ? text : "", n < len ? n : len);
}

/* Puts the checksum in. */
static inline void seal(char block[512])
{
    unsigned sum = 0;

    memset(block + 148, ' ', 8);
    for (int i = 0; i < 512; i++)
        sum += (unsigned char)block[i];
    octal(block + 148, 7, sum);
}

static inline void make_header(const struct member *m, char block[512])
{
    const char *magic = m->magic ? m->magic : "ustar";

    memset(block, 0, 512);
    put_text(block, 100, m->name);
    octal(block + 100, 8, m->mode ? m->mode : (m->type == '5' ? 0755 : 0644));
    octal(block + 108, 8, m->uid);
    octal(block + 116, 8, m->gid);
    octal(block + 124, 12, m->size ? m->size : (m->content ? strlen(m->content) : 0));
    octal(block + 136, 12, m->mtime ? m->mtime : 1000000000);
    block[156] = m->type ? m->type : '0';
    put_text(block + 157, 100, m->link);
    if (strcmp(magic, "ustar") == 0)
        memcpy(block + 257, "ustar\00000", 8);
    if (strcmp(magic, "gnu") == 0)
        memcpy(block + 257, "ustar  ", 8);
    octal(block + 329, 8, m->major);
    octal(block + 337, 8, m->minor);
    put_text(block + 345, 155, m->prefix);
    seal(block);
}

static inline void add_padding(struct cprov_buf *tar)
{
    static const char zeroes[512];

    cprov_buf_add(tar, zeroes, (512 - tar->len % 512) % 512);
}

static inline void add_member(struct cprov_buf *tar, struct member m)
{
    char block[512];

    make_header(&m, block);
    cprov_buf_add(tar, block, sizeof(block));
    cprov_buf_add_text(tar, m.content ? m.content : "");
    add_padding(tar);
}

static inline void add_body(struct cprov_buf *tar, char type, const void *data, size_t len)
{
    char block[512];

    make_header(&(struct member){ .type = type, .name = "extended", .size = len }, block);
    cprov_buf_add(tar, block, sizeof(block));
    cprov_buf_add(tar, data, len);
    add_padding(tar);
}

/* "LEN KEY=VALUE\n", where LEN counts itself. */
static inline void add_record(struct cprov_buf *pax, const char *key, const void *value, size_t len)
{
    size_t rest = strlen(key) + len + 3, total = rest + 1;

    while (true) {
        char digits[24];
        size_t n = (size_t)snprintf(digits, sizeof(digits), "%zu", total);
        if (rest + n == total)
            break;
        total = rest + n;
    }
    cprov_buf_addf(pax, "%zu %s=", total, key);
    cprov_buf_add(pax, value, len);
    cprov_buf_add_char(pax, '\n');
}

/* A PAX header of one record before the next member. */
static inline void add_pax(struct cprov_buf *tar, const char *key, const char *value)
{
    struct cprov_buf pax;

    cprov_buf_init(&pax, TARBALL_MAX);
    add_record(&pax, key, value, strlen(value));
    add_body(tar, 'x', pax.ptr, pax.len);
    cprov_buf_clear(&pax);
}

static inline void add_end(struct cprov_buf *tar)
{
    static const char zeroes[1024];

    cprov_buf_add(tar, zeroes, sizeof(zeroes));
}

#endif
