/* tests/unit/serve/layout.h - a small store in a folder of its own. */
#ifndef CPROV_TESTS_UNIT_SERVE_LAYOUT_H
#define CPROV_TESTS_UNIT_SERVE_LAYOUT_H

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "manifest/media_type.h"
#include "store/blobs.h"
#include "store/images.h"
#include "unit.h"

struct layout {
    char path[64];
    struct cprov_store *store;
    struct cprov_buf entries; /* of index.json */
};

static inline void layout_open(struct layout *l)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    snprintf(l->path, sizeof(l->path), "/tmp/cprov-mirror-XXXXXX");
    assert_non_null(mkdtemp(l->path));
    if (cprov_store_open(l->path, CPROV_STORE_CREATE, NULL, &l->store, &err) < 0)
        fail_msg("%s", err.msg);
    cprov_buf_init(&l->entries, CPROV_MIB);
}

static inline void layout_close(struct layout *l)
{
    cprov_store_close(l->store);
    cprov_buf_clear(&l->entries);
    assert_int_equal(cprov_fs_remove_tree(AT_FDCWD, l->path, CPROV_IGNORED), 0);
}

/* Puts a blob; the media type is borrowed. */
static inline struct cprov_descriptor layout_put(struct layout *l, const char *type,
                                                 struct cprov_span bytes)
{
    struct cprov_descriptor d = { .media_type = type, .size = bytes.len };
    struct cprov_blob_writer *w = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;

    assert_int_equal(cprov_digest_of(CPROV_SHA256, bytes, &d.digest, CPROV_IGNORED), 0);
    if (cprov_store_stage(l->store, &d, bytes, &w, &err) < 0 ||
        (w && cprov_store_commit(l->store, &w, 1, &err) < 0))
        fail_msg("%s", err.msg);
    cprov_blob_writer_close(w);
    return d;
}

static inline void layout_add_descriptor(struct cprov_buf *out, const struct cprov_descriptor *d)
{
    struct cprov_json_writer w;

    cprov_json_writer_init(&w, out, 0);
    cprov_descriptor_write(&w, d);
}

/* An image of one layer that holds `text`; subject may be NULL. */
static inline struct cprov_descriptor layout_image(struct layout *l, const char *text,
                                                   const struct cprov_descriptor *subject,
                                                   const char *artifact_type)
{
    struct cprov_descriptor config = layout_put(l, CPROV_MT_OCI_CONFIG, S("{}"));
    struct cprov_descriptor layer = layout_put(l, CPROV_MT_OCI_LAYER, cprov_span_of(text));
    struct cprov_buf json;

    cprov_buf_init(&json, CPROV_MIB);
    cprov_buf_addf(&json, "{\"schemaVersion\":2,\"mediaType\":\"%s\",", CPROV_MT_OCI_MANIFEST);
    if (artifact_type)
        cprov_buf_addf(&json, "\"artifactType\":\"%s\",", artifact_type);
    if (subject) {
        cprov_buf_add_text(&json, "\"subject\":");
        layout_add_descriptor(&json, subject);
        cprov_buf_add_char(&json, ',');
    }
    cprov_buf_add_text(&json, "\"config\":");
    layout_add_descriptor(&json, &config);
    cprov_buf_add_text(&json, ",\"layers\":[");
    layout_add_descriptor(&json, &layer);
    cprov_buf_addf(&json, "],\"annotations\":{\"of\":\"%s\"}}", text);
    struct cprov_descriptor d = layout_put(l, CPROV_MT_OCI_MANIFEST, cprov_buf_span(&json));
    cprov_buf_clear(&json);
    return d;
}

/* The same without the store, which would sync each of many. */
static inline struct cprov_descriptor layout_drop(struct layout *l, const char *type,
                                                  struct cprov_span bytes)
{
    struct cprov_descriptor d = { .media_type = type, .size = bytes.len };
    char text[CPROV_DIGEST_TEXT_MAX], path[CPROV_DIGEST_TEXT_MAX + 96];

    assert_int_equal(cprov_digest_of(CPROV_SHA256, bytes, &d.digest, CPROV_IGNORED), 0);
    cprov_digest_format(&d.digest, text);
    snprintf(path, sizeof(path), "%s/blobs/sha256/%s", l->path, strchr(text, ':') + 1);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(cprov_fs_write_all(fd, bytes.ptr, bytes.len, -1, CPROV_IGNORED), 0);
    cprov_fd_close(&fd);
    return d;
}

/* An image with the config, of a layer for each text up to NULL. */
static inline struct cprov_descriptor layout_stack(struct layout *l, const char *config_json,
                                                   const char *const *texts)
{
    struct cprov_descriptor config =
        layout_drop(l, CPROV_MT_OCI_CONFIG, cprov_span_of(config_json));
    struct cprov_buf json;

    cprov_buf_init(&json, CPROV_MIB);
    cprov_buf_addf(&json,
                   "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":", CPROV_MT_OCI_MANIFEST);
    layout_add_descriptor(&json, &config);
    cprov_buf_add_text(&json, ",\"layers\":[");
    for (size_t i = 0; texts[i]; i++) {
        struct cprov_descriptor layer = layout_drop(l, CPROV_MT_OCI_LAYER, cprov_span_of(texts[i]));
        cprov_buf_add_text(&json, i > 0 ? "," : "");
        layout_add_descriptor(&json, &layer);
    }
    cprov_buf_add_text(&json, "]}");
    struct cprov_descriptor d = layout_drop(l, CPROV_MT_OCI_MANIFEST, cprov_buf_span(&json));
    cprov_buf_clear(&json);
    return d;
}

#define LAYOUT_STACK(layout, config, ...)                                                          \
    layout_stack(layout, config, (const char *const[]){ __VA_ARGS__, NULL })

/* An index of two manifests. */
static inline struct cprov_descriptor
layout_index(struct layout *l, const struct cprov_descriptor *a, const struct cprov_descriptor *b)
{
    struct cprov_buf json;

    cprov_buf_init(&json, CPROV_MIB);
    cprov_buf_addf(&json, "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[",
                   CPROV_MT_OCI_INDEX);
    layout_add_descriptor(&json, a);
    cprov_buf_add_char(&json, ',');
    layout_add_descriptor(&json, b);
    cprov_buf_add_text(&json, "]}");
    struct cprov_descriptor d = layout_put(l, CPROV_MT_OCI_INDEX, cprov_buf_span(&json));
    cprov_buf_clear(&json);
    return d;
}

/* An entry of index.json; texts that are NULL are left out. layout_write() writes the file. */
static inline void layout_entry(struct layout *l, const struct cprov_descriptor *d,
                                const char *const texts[4])
{
    static const char *const keys[4] = { CPROV_ANN_NAME, "org.opencontainers.image.version",
                                         CPROV_ANN_REFERENCE, CPROV_ANN_INSTALLED };
    struct cprov_annotation annotations[4];
    struct cprov_descriptor entry = *d;

    for (size_t i = 0; i < 4; i++)
        if (texts[i])
            annotations[entry.annotations_count++] = (struct cprov_annotation){ keys[i], texts[i] };
    entry.annotations = annotations;
    if (l->entries.len > 0)
        cprov_buf_add_char(&l->entries, ',');
    layout_add_descriptor(&l->entries, &entry);
}

#define LAYOUT_ENTRY(layout, descriptor, ...)                                                      \
    layout_entry(layout, descriptor, (const char *const[4]){ __VA_ARGS__ })

static inline void layout_write(struct layout *l)
{
    struct cprov_buf text;
    char path[96];

    cprov_buf_init(&text, CPROV_MIB);
    cprov_buf_addf(&text, "{\"schemaVersion\":2,\"manifests\":[%s]}", cprov_buf_text(&l->entries));
    snprintf(path, sizeof(path), "%s/index.json", l->path);
    assert_int_equal(cprov_fs_replace(AT_FDCWD, path, cprov_buf_span(&text), 0644, CPROV_IGNORED),
                     0);
    cprov_buf_clear(&text);
}

#endif
