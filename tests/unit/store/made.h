/* tests/unit/store/made.h - images made on the spot. */
#ifndef CPROV_TESTS_UNIT_STORE_MADE_H
#define CPROV_TESTS_UNIT_STORE_MADE_H

#include "tests/unit/store/fixture.h"

/* A gzip member that holds the bytes as they are. */
static inline struct cprov_span gzip_of(struct cprov_span bytes)
{
    static const unsigned char head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1 };
    unsigned char *p = malloc(bytes.len + 32);
    uint32_t crc = 0xffffffffu, len = (uint32_t)bytes.len;
    size_t n = sizeof(head);

    assert_non_null(p);
    assert_true(bytes.len < 0xffff);
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= (unsigned char)bytes.ptr[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    crc = ~crc;
    memcpy(p, head, sizeof(head));
    const uint32_t words[] = { len | (~len & 0xffffu) << 16, crc, len };
    for (int i = 0; i < 4; i++)
        p[n++] = (unsigned char)(words[0] >> 8 * i);
    memcpy(p + n, bytes.ptr, bytes.len);
    n += bytes.len;
    for (int word = 1; word < 3; word++)
        for (int i = 0; i < 4; i++)
            p[n++] = (unsigned char)(words[word] >> 8 * i);
    return cprov_span_make((const char *)p, n);
}

#define LAYERS_MAX 8

/* An image in the store: its manifest, config and layers. */
struct made {
    struct cprov_descriptor manifest, config, layers[LAYERS_MAX];
    char image_id[CPROV_DIGEST_TEXT_MAX];
};

static inline void add_descriptor(struct cprov_buf *b, const struct cprov_descriptor *d)
{
    char text[CPROV_DIGEST_TEXT_MAX];

    cprov_buf_addf(b, "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu}", d->media_type,
                   cprov_digest_format(&d->digest, text), (unsigned long long)d->size);
}

/* Layer i holds the text contents[i], gzipped. */
static inline struct made make_image(struct fixture *f, const char *const *contents, size_t count,
                                     const char *author)
{
    struct cprov_buf config, manifest;
    struct made m = { 0 };

    assert_true(count <= LAYERS_MAX);
    cprov_buf_init(&config, 1 << 20);
    cprov_buf_init(&manifest, 1 << 20);
    cprov_buf_addf(&config,
                   "{\"architecture\":\"amd64\",\"os\":\"linux\",\"author\":\"%s\","
                   "\"created\":\"2024-05-01T10:00:00Z\",\"config\":{\"Cmd\":[\"sh\"]},"
                   "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[",
                   author);
    for (size_t i = 0; i < count; i++) {
        struct cprov_span text = cprov_span_of(contents[i]), packed = gzip_of(text);
        struct cprov_descriptor plain = describe(text, "");
        char id[CPROV_DIGEST_TEXT_MAX];

        m.layers[i] = put(f, packed, "application/vnd.oci.image.layer.v1.tar+gzip");
        free_bytes(packed);
        cprov_buf_addf(&config, "%s\"%s\"", i ? "," : "", cprov_digest_format(&plain.digest, id));
    }
    cprov_buf_add_text(&config, "]}}");
    m.config = put(f, cprov_buf_span(&config), CPROV_MT_OCI_CONFIG);
    cprov_digest_format(&m.config.digest, m.image_id);
    cprov_buf_add_text(&manifest,
                       "{\"schemaVersion\":2,\"mediaType\":\"" CPROV_MT_OCI_MANIFEST "\","
                       "\"config\":");
    add_descriptor(&manifest, &m.config);
    cprov_buf_add_text(&manifest, ",\"layers\":[");
    for (size_t i = 0; i < count; i++) {
        cprov_buf_add_text(&manifest, i ? "," : "");
        add_descriptor(&manifest, &m.layers[i]);
    }
    cprov_buf_add_text(&manifest, "]}");
    m.manifest = put(f, cprov_buf_span(&manifest), CPROV_MT_OCI_MANIFEST);
    cprov_buf_clear(&config);
    cprov_buf_clear(&manifest);
    return m;
}

#endif
