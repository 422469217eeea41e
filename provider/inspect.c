/* provider/inspect.c - cprov_inspect(): one image in full, installed or in a registry. */
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "provider/installed.h"
#include "provider/plan.h"
#include "registry/blob_get.h"
#include "store/blobs.h"

/* What is shown, wherever it comes from. */
struct subject {
    struct cprov_session *s;
    const struct cprov_inspect_options *options;
    const char *name, *version, *reference, *source;
    struct cprov_digest digest;          /* as the registry gives it for the reference */
    const struct cprov_digest *platform; /* of the image's manifest, or NULL */
    const struct cprov_manifest *top;    /* index or manifest */
    const struct cprov_manifest *image;  /* or NULL */
    struct cprov_span config;            /* bytes, or empty */
    struct cprov_buf out;
};

static void write_annotations(struct cprov_json_writer *w, const char *key,
                              const struct cprov_annotation *list, size_t count)
{
    if (count == 0)
        return;
    cprov_json_key(w, key);
    cprov_json_begin_object(w);
    for (size_t i = 0; i < count; i++)
        cprov_json_member(w, list[i].key, list[i].value);
    cprov_json_end_object(w);
}

static void write_descriptors(struct cprov_json_writer *w, const char *key,
                              const struct cprov_descriptor *list, size_t count)
{
    cprov_json_key(w, key);
    cprov_json_begin_array(w);
    for (size_t i = 0; i < count; i++)
        cprov_descriptor_write(w, &list[i]);
    cprov_json_end_array(w);
}

static uint64_t size_of(const struct cprov_manifest *m)
{
    uint64_t bytes = m->raw.len + m->config.size;

    for (size_t i = 0; i < m->layers_count; i++)
        bytes += m->layers[i].size;
    return bytes;
}

static void write_image(struct cprov_json_writer *w, const struct subject *u,
                        const struct cprov_json *config)
{
    char id[CPROV_DIGEST_TEXT_MAX];

    cprov_json_member(w, "ImageId", cprov_digest_format(&u->image->config.digest, id));
    cprov_json_key(w, "Size");
    cprov_json_number(w, size_of(u->image));
    cprov_json_member(w, "Created", cprov_json_get_text(config, "created"));
    cprov_json_member(w, "Os", cprov_json_get_text(config, "os"));
    cprov_json_member(w, "OsVersion", cprov_json_get_text(config, "os.version"));
    cprov_json_member(w, "Architecture", cprov_json_get_text(config, "architecture"));
    cprov_json_member(w, "Variant", cprov_json_get_text(config, "variant"));
    write_descriptors(w, "Layers", u->image->layers, u->image->layers_count);
    if (config) {
        cprov_json_key(w, "Config");
        cprov_json_value(w, config);
    }
}

static int write_summary(struct subject *u, struct cprov_error *err)
{
    struct cprov_json_writer w;
    struct cprov_json *config = NULL;
    char digest[CPROV_DIGEST_TEXT_MAX];

    if (u->config.len > 0 && cprov_json_parse(u->config, &u->s->call, &config, err) < 0)
        return err->code;
    cprov_json_writer_init(&w, &u->out, 2);
    cprov_json_begin_object(&w);
    cprov_json_member(&w, "Name", u->name);
    cprov_json_member(&w, "Version", u->version);
    cprov_json_member(&w, "Reference", u->reference);
    cprov_json_member(&w, "Source", u->source);
    cprov_json_member(&w, "Digest", cprov_digest_format(&u->digest, digest));
    if (u->platform && !cprov_digest_equal(u->platform, &u->digest))
        cprov_json_member(&w, "PlatformDigest", cprov_digest_format(u->platform, digest));
    cprov_json_member(&w, "MediaType", u->top->media_type);
    cprov_json_member(&w, "ArtifactType", u->top->artifact_type);
    if (u->top->kind == CPROV_DOC_INDEX)
        write_descriptors(&w, "Manifests", u->top->manifests, u->top->manifests_count);
    if (u->image)
        write_image(&w, u, config);
    write_annotations(&w, "Annotations", u->top->annotations, u->top->annotations_count);
    cprov_json_end_object(&w);
    cprov_buf_add_char(&u->out, '\n');
    return 0;
}

static int show(struct subject *u, void (*json)(void *, const char *, size_t), void *arg,
                struct cprov_error *err)
{
    cprov_buf_init(&u->out, CPROV_INDEX_FILE_MAX);
    int code = 0;

    if (u->options->raw)
        cprov_buf_add_span(&u->out, u->top->raw);
    else if (u->options->config && u->config.len == 0)
        code = cprov_fail(err, CPROV_ENOTFOUND, "it has no image config");
    else if (u->options->config)
        cprov_buf_add_span(&u->out, u->config);
    else
        code = write_summary(u, err);
    if (code == 0)
        code = cprov_buf_check(&u->out, "document", err);
    if (code == 0 && json)
        json(arg, u->out.ptr, u->out.len);
    cprov_buf_clear(&u->out);
    return code;
}

/* --- installed --- */

static int show_installed(struct subject *u, struct cprov_store *store,
                          const struct cprov_image *image,
                          void (*json)(void *, const char *, size_t), void *arg,
                          struct cprov_error *err)
{
    auto_manifest struct cprov_manifest *top = NULL, *child = NULL;
    auto_buf struct cprov_buf config = { 0 };

    cprov_buf_init(&config, CPROV_CONFIG_MAX);
    if (cprov_installed_manifest(store, &image->descriptor, &top, err) < 0)
        return err->code;
    u->image = top;
    if (top->kind == CPROV_DOC_INDEX) {
        const struct cprov_descriptor *d = cprov_manifest_choose(top, &u->s->host);
        if (d && cprov_installed_manifest(store, d, &child, err) < 0)
            return err->code;
        u->image = child;
    }
    if (u->image && !cprov_manifest_is_artifact(u->image) &&
        cprov_store_read_blob(store, &u->image->config, CPROV_CONFIG_MAX, &config, err) < 0)
        return err->code;
    u->top = top;
    u->digest = image->descriptor.digest;
    u->platform = &image->descriptor.digest;
    if (*image->index_digest &&
        cprov_digest_parse(cprov_span_of(image->index_digest), &u->digest, err) < 0)
        return cprov_wrap_as(err, CPROV_EVERIFY, "index.json");
    u->name = image->name;
    u->version = image->version;
    u->reference = image->reference;
    u->source = image->source;
    u->config = cprov_buf_span(&config);
    return show(u, json, arg, err);
}

/* Shows the installed image of that name; *found is false when there is none. */
static int try_installed(struct subject *u, bool *found, void (*json)(void *, const char *, size_t),
                         void *arg, struct cprov_error *err)
{
    auto_store struct cprov_store *store = NULL;
    auto_images struct cprov_images *images = NULL;
    const struct cprov_image *image = NULL;

    *found = false;
    if (u->options->version->all)
        return cprov_fail(err, CPROV_EINVAL, "this verb takes one image, not all versions");
    if (cprov_session_store(u->s, CPROV_STORE_READ, &store, err) < 0)
        return err->code == CPROV_ENOTFOUND ? 0 : err->code;
    if (cprov_images_read(store, &images, err) < 0)
        return err->code;
    int code = cprov_installed_find(u->s, images, u->options->name, u->options->version,
                                    CPROV_INSTALLED_NEWEST, &image, err);
    if (code == CPROV_ENOTFOUND) /* a registry is asked next */
        return 0;
    *found = code == 0;
    return code < 0 ? code : show_installed(u, store, image, json, arg, err);
}

/* --- in a registry --- */

struct config_answer {
    struct cprov_buf *bytes;
    int code;
    struct cprov_error err;
};

static void on_config(void *arg, int code, struct cprov_span bytes, const struct cprov_error *err)
{
    struct config_answer *a = arg;

    a->code = code;
    if (code < 0)
        a->err = *err;
    else
        cprov_buf_add_span(a->bytes, bytes);
}

static int fetch_config(struct cprov_session *s, const struct cprov_reference *ref,
                        const struct cprov_manifest *m, struct cprov_buf *out,
                        struct cprov_error *err)
{
    struct config_answer a = { .bytes = out };
    struct cprov_client *client;

    if (cprov_session_client(s, &client, err) < 0 ||
        cprov_client_get_blob(client, ref, &m->config, CPROV_CONFIG_MAX, on_config, &a, err) < 0 ||
        cprov_client_run(client, NULL, err) < 0)
        return err->code;
    if (a.code < 0)
        *err = a.err;
    return a.code;
}

static int show_remote(struct subject *u, void (*json)(void *, const char *, size_t), void *arg,
                       struct cprov_error *err)
{
    auto_plan struct cprov_plan plan = { 0 };
    auto_buf struct cprov_buf config = { 0 }, reference = { 0 };
    struct cprov_target target;
    struct cprov_descriptor chosen;
    bool raw = u->options->raw;

    cprov_buf_init(&config, CPROV_CONFIG_MAX);
    cprov_buf_init(&reference, CPROV_URL_MAX);
    if (cprov_resolve(u->s, u->options->name, u->options->version, &target, err) < 0)
        return err->code;
    if (target.url)
        return cprov_fail(err, CPROV_EUNSUPPORTED, "it is a file, not an image");
    int code = cprov_plan_start(u->s, &target, raw, &plan, &chosen, err);
    /* An index of which nothing runs here is shown all the same, unless a platform was asked for.
     */
    if (code == CPROV_EINCOMPATIBLE && !u->s->host_given) {
        raw = true;
        cprov_plan_clear(&plan);
        code = cprov_plan_start(u->s, &target, true, &plan, &chosen, err);
    }
    if (code < 0 || (!raw && cprov_plan_fetch(u->s, &target, false, &chosen, &plan, err) < 0))
        return err->code;
    u->image = plan.image ? plan.image->manifest : NULL;
    u->platform = plan.image ? &plan.image->descriptor.digest : NULL;
    if (u->image && !cprov_manifest_is_artifact(u->image) &&
        (plan.packed ? cprov_packed_read(plan.packed, &u->image->config.digest, CPROV_CONFIG_MAX,
                                         &config, err)
                     : fetch_config(u->s, &target.reference, u->image, &config, err)) < 0)
        return err->code;
    if (*target.reference.host)
        cprov_reference_format(&target.reference, &reference);
    u->top = plan.top.manifest;
    u->digest = plan.top.descriptor.digest;
    u->name = target.name;
    u->version = target.version;
    u->reference = cprov_buf_text(&reference);
    u->source = target.source_name;
    u->config = cprov_buf_span(&config);
    return show(u, json, arg, err);
}

int cprov_inspect(struct cprov_session *s, const struct cprov_inspect_options *options,
                  void (*json)(void *arg, const char *text, size_t length),
                  const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_version_options version;
    struct cprov_inspect_options o;
    struct subject u = { .s = s, .options = &o };
    bool found = false;

    if (cprov_session_begin(s, callbacks, &err) < 0 ||
        cprov_options_copy(&o, sizeof(o), options, &err) < 0 ||
        cprov_options_copy(&version, sizeof(version), o.version, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    o.version = &version;
    void *arg = s->callbacks.arg;
    int code = o.name && *o.name ? try_installed(&u, &found, json, arg, &err)
                                 : cprov_fail(&err, CPROV_EINVAL, "no image is named");
    if (code == 0 && !found)
        code = show_remote(&u, json, arg, &err);
    return cprov_session_end(s, code, o.name ? o.name : "", &err);
}
