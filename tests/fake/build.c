/* Images made on the spot: layers are real tars, configs carry the right diff ids. */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/error.h"
#include "base/hash.h"

#define ANNOTATION "org.opencontainers.image."
#define CREATED    "2015-11-23T10:00:00Z"

/* The two families of names for the same four documents. */
static const struct family {
    const char *name, *manifest, *index, *config, *layer, *foreign;
} families[] = {
    { "oci", "application/vnd.oci.image.manifest.v1+json",
      "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.config.v1+json",
      "application/vnd.oci.image.layer.v1.tar",
      "application/vnd.oci.image.layer.nondistributable.v1.tar" },
    { "docker", "application/vnd.docker.distribution.manifest.v2+json",
      "application/vnd.docker.distribution.manifest.list.v2+json",
      "application/vnd.docker.container.image.v1+json",
      "application/vnd.docker.image.rootfs.diff.tar",
      "application/vnd.docker.image.rootfs.foreign.diff.tar" },
};

/* What one `image` line says, before it is built. */
struct recipe {
    struct fake_words *words;
    struct fake_repo *repo;
    struct fake_image *image;
    const struct family *family;
    const char *tag, *compress, *foreign, *content;
    uint64_t layers, size, files, zeros;
    bool labels; /* the texts go into the config, not into annotations */
};

static const struct family *family_named(const char *name)
{
    for (size_t i = 0; i < CPROV_COUNT(families); i++)
        if (strcmp(families[i].name, name ? name : "oci") == 0)
            return &families[i];
    fake_die("media must be oci or docker");
}

/* --- bytes --- */

static void hash_finish(struct cprov_hasher *h, char digest[FAKE_DIGEST_MAX])
{
    uint8_t raw[CPROV_HASH_RAW_MAX];
    struct cprov_error err = CPROV_ERROR_INIT;

    if (cprov_hasher_finish(h, raw, &err) < 0)
        fake_die("%s", err.msg);
    char *p = stpcpy(digest, "sha256:");
    for (size_t i = 0; i < cprov_hash_size(CPROV_HASH_SHA256); i++) {
        *p++ = "0123456789abcdef"[raw[i] >> 4];
        *p++ = "0123456789abcdef"[raw[i] & 15];
    }
    *p = '\0';
}

/* Hashes `size` bytes, or as many zeros where bytes is NULL: gigabytes of them cost no memory. */
void fake_digest_of(const char *bytes, uint64_t size, char digest[FAKE_DIGEST_MAX])
{
    static const char zeros[1u << 16];
    auto_hasher struct cprov_hasher *h = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;

    if (cprov_hasher_new(CPROV_HASH_SHA256, &h, &err) < 0)
        fake_die("%s", err.msg);
    while (size) {
        size_t part = !bytes && size > sizeof(zeros) ? sizeof(zeros) : (size_t)size;

        if (cprov_hasher_update(h, bytes ? bytes : zeros, part, &err) < 0)
            fake_die("%s", err.msg);
        size -= part;
    }
    hash_finish(h, digest);
}

static struct fake_blob *blob_new(const char *type, const char *bytes, uint64_t size)
{
    struct fake_blob *b = fake_alloc(sizeof(*b));

    b->type = type;
    b->bytes = bytes;
    b->size = size;
    fake_digest_of(bytes, size, b->digest);
    return b;
}

static struct fake_blob *blob_of(const char *type, struct cprov_buf *buf)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    uint64_t size = buf->len;
    char *bytes;

    if (cprov_buf_take(buf, "document", &bytes, &err) < 0)
        fake_die("%s", err.msg);
    return blob_new(type, bytes, size);
}

/* Bytes that do not compress and are the same on every machine. */
static void add_noise(struct cprov_buf *out, const char *seed, uint64_t len)
{
    uint64_t x = 14695981039346656037u;

    for (const char *p = seed; *p; p++)
        x = (x ^ (unsigned char)*p) * 1099511628211u;
    for (uint64_t i = 0; i < len; i += sizeof(x)) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        cprov_buf_add(out, &x, len - i < sizeof(x) ? (size_t)(len - i) : sizeof(x));
    }
}

static void pack_gzip(struct cprov_buf *out, const struct cprov_buf *in)
{
    z_stream z = { 0 };

    if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        fake_die("zlib");
    uLong max = deflateBound(&z, in->len);
    char *space = fake_alloc(max);
    z.next_in = (Bytef *)in->ptr;
    z.avail_in = (uInt)in->len;
    z.next_out = (Bytef *)space;
    z.avail_out = (uInt)max;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END)
        fake_die("zlib");
    cprov_buf_add(out, space, z.total_out);
    deflateEnd(&z);
    free(space);
}

static void pack_zstd(struct cprov_buf *out, const struct cprov_buf *in)
{
    size_t max = ZSTD_compressBound(in->len);
    char *space = fake_alloc(max);
    size_t len = ZSTD_compress(space, max, in->ptr, in->len, 3);

    if (ZSTD_isError(len))
        fake_die("zstd: %s", ZSTD_getErrorName(len));
    cprov_buf_add(out, space, len);
    free(space);
}

/* --- layers --- */

static void tar_of(const struct recipe *r, const char *seed, struct cprov_buf *tar)
{
    bool windows = strcmp(r->image->os, "windows") == 0;
    const char *top = windows ? "Files/" : "data/";
    struct cprov_buf file;

    cprov_buf_init(&file, FAKE_BODY_MAX);
    fake_tar_dir(tar, top);
    fake_tar_file(tar, fake_format("%sabout.txt", top), seed, strlen(seed));
    for (uint64_t i = 0; i < r->files; i++) {
        cprov_buf_reset(&file);
        add_noise(&file, fake_format("%s/%d", seed, (int)i), r->size / r->files);
        fake_tar_file(tar, fake_format("%s%d.bin", top, (int)i), cprov_buf_text(&file), file.len);
    }
    if (windows) {
        fake_tar_dir(tar, "Hives/");
        fake_tar_file(tar, "Hives/System_Base", "hive", 4);
    }
    fake_tar_end(tar);
    cprov_buf_clear(&file);
}

static void add_layer(const struct recipe *r, struct fake_blob *layer, const char *diff_id)
{
    layer->foreign = r->foreign != NULL;
    if (layer->foreign)
        fake_list_add(&fake.foreign, layer);
    fake_list_add(&r->image->layers, layer);
    fake_list_add(&r->image->diff_ids, fake_copy(diff_id));
}

static void build_layer(const struct recipe *r, uint64_t number)
{
    const char *type = r->foreign ? r->family->foreign : r->family->layer;
    const char *seed = fake_format("%s layer %d", r->content, (int)number);
    /* OCI says "tar+gzip", Docker "tar.gzip". */
    char dot = r->family == &families[0] ? '+' : '.';
    char diff_id[FAKE_DIGEST_MAX];
    struct cprov_buf tar, packed;

    cprov_buf_init(&tar, FAKE_BODY_MAX);
    cprov_buf_init(&packed, FAKE_BODY_MAX);
    tar_of(r, seed, &tar);
    fake_digest_of(cprov_buf_text(&tar), tar.len, diff_id);
    if (strcmp(r->compress, "none") == 0) {
        add_layer(r, blob_of(type, &tar), diff_id);
        return;
    }
    if (strcmp(r->compress, "zstd") == 0)
        pack_zstd(&packed, &tar);
    else
        pack_gzip(&packed, &tar);
    add_layer(r, blob_of(fake_format("%s%c%s", type, dot, r->compress), &packed), diff_id);
    cprov_buf_clear(&tar);
}

/* An empty tar of any length: two zero blocks end it, what follows is padding. */
static void build_zeros(const struct recipe *r)
{
    struct fake_blob *b = blob_new(r->family->layer, NULL, r->zeros);

    add_layer(r, b, b->digest);
}

static void build_layers(const struct recipe *r)
{
    const char *base = fake_option(r->words, "base");
    struct fake_repo *repo;

    if (base) {
        const struct fake_image *b = fake_image_at(base, &repo);

        for (size_t i = 0; i < b->layers.count; i++) {
            fake_list_add(&r->image->layers, b->layers.item[i]);
            fake_list_add(&r->image->diff_ids, b->diff_ids.item[i]);
        }
    }
    if (r->zeros)
        build_zeros(r);
    for (uint64_t i = 1; i <= r->layers; i++)
        build_layer(r, i);
    if (fake_flag(r->words, "wrong-diff-id"))
        r->image->diff_ids.item[0] = fake_format("sha256:%064d", 7);
}

/* --- documents --- */

static void write_labels(struct cprov_json_writer *w, const struct recipe *r)
{
    static const struct {
        const char *option, *key;
    } known[] = {
        { "title", ANNOTATION "title" },
        { "vendor", ANNOTATION "vendor" },
        { "description", ANNOTATION "description" },
        { "version", ANNOTATION "version" },
    };
    size_t i = 1;

    for (size_t k = 0; k < CPROV_COUNT(known); k++)
        cprov_json_member(w, known[k].key, fake_option(r->words, known[k].option));
    for (const char *more = fake_each(r->words, "annotation", &i); more;
         more = fake_each(r->words, "annotation", &i)) {
        struct cprov_span key, value;

        if (cprov_span_cut(cprov_span_of(more), '=', &key, &value)) {
            cprov_json_key(w, fake_format("%" CPROV_SPAN_FMT, CPROV_SPAN_ARG(key)));
            cprov_json_span(w, value);
        }
    }
}

static void write_features(struct cprov_json_writer *w, const char *features)
{
    struct cprov_span rest = cprov_span_of(features), item;

    if (!features)
        return;
    cprov_json_key(w, "os.features");
    cprov_json_begin_array(w);
    while (cprov_span_next(&rest, ',', &item))
        cprov_json_span(w, item);
    cprov_json_end_array(w);
}

static void write_platform(struct cprov_json_writer *w, const struct fake_image *image)
{
    cprov_json_member(w, "architecture", image->arch);
    cprov_json_member(w, "os", image->os);
    cprov_json_member(w, "os.version", image->os_version);
    write_features(w, image->os_features);
    cprov_json_member(w, "variant", image->variant);
}

static void write_rootfs(struct cprov_json_writer *w, const struct fake_image *image)
{
    cprov_json_key(w, "rootfs");
    cprov_json_begin_object(w);
    cprov_json_member(w, "type", "layers");
    cprov_json_key(w, "diff_ids");
    cprov_json_begin_array(w);
    for (size_t i = 0; i < image->diff_ids.count; i++)
        cprov_json_text(w, image->diff_ids.item[i]);
    cprov_json_end_array(w);
    cprov_json_end_object(w);
}

static void write_history(struct cprov_json_writer *w, const struct recipe *r, const char *created)
{
    const char *by = fake_option(r->words, "history");

    cprov_json_key(w, "history");
    cprov_json_begin_array(w);
    for (size_t i = 0; i < r->image->diff_ids.count; i++) {
        cprov_json_begin_object(w);
        cprov_json_member(w, "created", created);
        cprov_json_member(w, "created_by", by ? by : "Apply image");
        cprov_json_end_object(w);
    }
    cprov_json_end_array(w);
}

static void build_config(const struct recipe *r)
{
    const char *created = fake_option(r->words, "created");
    struct cprov_json_writer w;
    struct cprov_buf out;

    cprov_buf_init(&out, FAKE_BODY_MAX);
    cprov_json_writer_init(&w, &out, 0);
    cprov_json_begin_object(&w);
    cprov_json_member(&w, "created", created ? created : CREATED);
    write_platform(&w, r->image);
    cprov_json_key(&w, "config");
    cprov_json_begin_object(&w);
    /* Docker's manifests have no annotations: labels are where it keeps such texts. */
    if (r->labels) {
        cprov_json_key(&w, "Labels");
        cprov_json_begin_object(&w);
        write_labels(&w, r);
        cprov_json_end_object(&w);
    }
    cprov_json_end_object(&w);
    write_rootfs(&w, r->image);
    write_history(&w, r, created ? created : CREATED);
    cprov_json_end_object(&w);
    r->image->config = blob_of(r->family->config, &out);
}

static void write_descriptor(struct cprov_json_writer *w, const struct fake_blob *b)
{
    cprov_json_member(w, "mediaType", b->type);
    cprov_json_member(w, "digest", b->digest);
    cprov_json_key(w, "size");
    cprov_json_number(w, b->size);
}

static void write_layer(struct cprov_json_writer *w, const struct recipe *r,
                        const struct fake_blob *layer)
{
    cprov_json_begin_object(w);
    write_descriptor(w, layer);
    if (layer->foreign && r->foreign) {
        cprov_json_key(w, "urls");
        cprov_json_begin_array(w);
        cprov_json_text(w, fake_replace(r->foreign, "$DIGEST", layer->digest));
        cprov_json_end_array(w);
    }
    cprov_json_end_object(w);
}

static void write_subject(struct cprov_json_writer *w, const struct fake_image *subject)
{
    if (!subject)
        return;
    cprov_json_key(w, "subject");
    cprov_json_begin_object(w);
    write_descriptor(w, subject->manifest);
    cprov_json_end_object(w);
}

static void build_manifest(const struct recipe *r)
{
    struct cprov_json_writer w;
    struct cprov_buf out;

    cprov_buf_init(&out, FAKE_BODY_MAX);
    cprov_json_writer_init(&w, &out, 0);
    cprov_json_begin_object(&w);
    cprov_json_key(&w, "schemaVersion");
    cprov_json_number(&w, 2);
    if (!fake_flag(r->words, "no-media-type"))
        cprov_json_member(&w, "mediaType", r->family->manifest);
    cprov_json_member(&w, "artifactType", r->image->artifact_type);
    cprov_json_key(&w, "config");
    cprov_json_begin_object(&w);
    write_descriptor(&w, r->image->config);
    cprov_json_end_object(&w);
    cprov_json_key(&w, "layers");
    cprov_json_begin_array(&w);
    for (size_t i = 0; i < r->image->layers.count; i++)
        write_layer(&w, r, r->image->layers.item[i]);
    cprov_json_end_array(&w);
    write_subject(&w, r->image->subject);
    if (!r->labels) {
        cprov_json_key(&w, "annotations");
        cprov_json_begin_object(&w);
        write_labels(&w, r);
        cprov_json_end_object(&w);
    }
    cprov_json_end_object(&w);
    r->image->manifest = blob_of(r->family->manifest, &out);
}

/* --- the lines of the script --- */

/* Registers the image under each of the tags "a,b"; one that begins with '-' has no tag. */
static void publish(struct fake_repo *repo, struct fake_image *image, const char *tags)
{
    struct cprov_span rest = cprov_span_of(tags), tag;
    bool first = true;

    while (cprov_span_next(&rest, ',', &tag)) {
        const char *name = fake_format("%" CPROV_SPAN_FMT, CPROV_SPAN_ARG(tag));

        if (first)
            image->name = name;
        first = false;
        if (name[0] != '-')
            fake_tag_set(repo, name, image);
    }
    fake_list_add(&repo->images, image);
}

static struct fake_image *image_new(struct fake_words *w)
{
    struct fake_image *image = fake_alloc(sizeof(*image));

    image->os = fake_option(w, "os");
    image->arch = fake_option(w, "arch");
    if (!image->os)
        image->os = "linux";
    if (!image->arch)
        image->arch = "amd64";
    image->variant = fake_option(w, "variant");
    image->os_version = fake_option(w, "osversion");
    image->os_features = fake_option(w, "osfeatures");
    image->attestation = fake_flag(w, "attestation");
    return image;
}

void fake_build_image(struct fake_words *w)
{
    struct recipe r = {
        .words = w,
        .repo = fake_repo_make(fake_word(w, 1, "repository")),
        .tag = fake_word(w, 2, "tag"),
        .image = image_new(w),
        .family = family_named(fake_option(w, "media")),
        .compress = fake_option(w, "compress"),
        .foreign = fake_option(w, "foreign"),
        .content = fake_option(w, "content"),
        .zeros = fake_number(w, "zeros", 0),
        .size = fake_number(w, "size", 4096),
        .files = fake_number(w, "files", 3),
    };

    r.layers = fake_number(w, "layers", r.zeros ? 0 : 1);
    r.labels = fake_flag(w, "labels") || r.family != &families[0];
    if (!r.compress)
        r.compress = "gzip";
    if (!r.content)
        r.content = fake_format("%s:%s", r.repo->name, r.tag);
    build_layers(&r);
    build_config(&r);
    build_manifest(&r);
    publish(r.repo, r.image, r.tag);
}

static void write_child(struct cprov_json_writer *w, const struct fake_image *child, bool bare)
{
    cprov_json_begin_object(w);
    write_descriptor(w, child->manifest);
    if (child->attestation) {
        cprov_json_key(w, "annotations");
        cprov_json_begin_object(w);
        cprov_json_member(w, "vnd.docker.reference.type", "attestation-manifest");
        cprov_json_end_object(w);
    }
    if (!bare) {
        cprov_json_key(w, "platform");
        cprov_json_begin_object(w);
        if (child->attestation) {
            cprov_json_member(w, "architecture", "unknown");
            cprov_json_member(w, "os", "unknown");
        } else {
            write_platform(w, child);
        }
        cprov_json_end_object(w);
    }
    cprov_json_end_object(w);
}

/* index REPO TAG child=NAME... */
void fake_build_index(struct fake_words *w)
{
    struct fake_repo *repo = fake_repo_make(fake_word(w, 1, "repository"));
    const struct family *family = family_named(fake_option(w, "media"));
    struct recipe r = { .words = w, .image = image_new(w), .family = family };
    const char *tag = fake_word(w, 2, "tag");
    bool bare = fake_flag(w, "no-platforms");
    struct cprov_json_writer json;
    struct cprov_buf out;
    size_t i = 1;

    cprov_buf_init(&out, FAKE_BODY_MAX);
    cprov_json_writer_init(&json, &out, 0);
    cprov_json_begin_object(&json);
    cprov_json_key(&json, "schemaVersion");
    cprov_json_number(&json, 2);
    cprov_json_member(&json, "mediaType", family->index);
    cprov_json_key(&json, "manifests");
    cprov_json_begin_array(&json);
    for (const char *name = fake_each(w, "child", &i); name; name = fake_each(w, "child", &i)) {
        const struct fake_image *child = fake_image_named(repo, name);

        if (!child)
            fake_die("line %zu: no image %s", w->line, name);
        write_child(&json, child, bare);
    }
    cprov_json_end_array(&json);
    if (family == &families[0]) {
        cprov_json_key(&json, "annotations");
        cprov_json_begin_object(&json);
        write_labels(&json, &r);
        cprov_json_end_object(&json);
    }
    cprov_json_end_object(&json);
    r.image->manifest = blob_of(family->index, &out);
    publish(repo, r.image, tag);
}

/* referrer REPO SUBJECT-TAG type=... : an artifact that points at an image. */
void fake_build_referrer(struct fake_words *w)
{
    struct fake_repo *repo = fake_repo_make(fake_word(w, 1, "repository"));
    const char *subject = fake_word(w, 2, "subject");
    struct recipe r = { .words = w, .repo = repo, .family = &families[0] };
    const char *type = fake_option(w, "type");

    r.image = image_new(w);
    r.image->subject = fake_image_named(repo, subject);
    if (!r.image->subject)
        fake_die("line %zu: no image %s", w->line, subject);
    r.image->artifact_type = type ? type : "application/vnd.example.signature";
    r.image->config = blob_new("application/vnd.oci.empty.v1+json", "{}", 2);
    fake_list_add(&r.image->layers, blob_new(r.image->artifact_type, "{}", 2));
    build_manifest(&r);
    publish(repo, r.image, fake_format("-referrer-%d", (int)repo->images.count));
}

void fake_inventory_write(const char *path)
{
    FILE *f = fopen(path, "we");

    if (!f)
        fake_die("cannot write %s", path);
    for (size_t i = 0; i < fake.repos.count; i++) {
        const struct fake_repo *repo = fake.repos.item[i];

        for (size_t j = 0; j < repo->images.count; j++) {
            const struct fake_image *m = repo->images.item[j];
            const char *at = fake_format("%s %s", repo->name, m->name);

            fprintf(f, "%s manifest %s %ju\n", at, m->manifest->digest, m->manifest->size);
            if (m->config)
                fprintf(f, "%s config %s %ju\n", at, m->config->digest, m->config->size);
            for (size_t k = 0; k < m->layers.count; k++) {
                const struct fake_blob *b = m->layers.item[k];

                fprintf(f, "%s layer%zu %s %ju\n", at, k + 1, b->digest, b->size);
            }
        }
    }
    if (fclose(f) != 0)
        fake_die("cannot write %s", path);
}
