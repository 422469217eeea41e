/* provider/name.c - names as users write them, taken apart. */
#include "provider/name.h"

#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "catalog/source/local_place.h"

#define REF_PREFIX "ci1:"

static bool is_on_disk(const char *url)
{
    return cprov_span_starts_with(cprov_span_of(url), "file://");
}

static void write_address(struct cprov_json_writer *w, const struct cprov_reference *reference,
                          const char *url)
{
    auto_buf struct cprov_buf text = { 0 };
    char digest[CPROV_DIGEST_TEXT_MAX];

    cprov_buf_init(&text, CPROV_URL_MAX);
    if (*reference->host) {
        cprov_reference_format(reference, &text);
        cprov_json_member(w, "r", cprov_buf_text(&text));
        return;
    }
    cprov_json_member(w, "v", reference->tag);
    if (reference->has_digest)
        cprov_json_member(w, "d", cprov_digest_format(&reference->digest, digest));
    if (is_on_disk(url))
        cprov_json_member(w, "u", url);
}

void cprov_ref_write(struct cprov_buf *out, const char *source, const char *name,
                     const struct cprov_reference *reference, const char *url)
{
    auto_buf struct cprov_buf json = { 0 };
    struct cprov_json_writer w;

    cprov_buf_init(&json, CPROV_URL_MAX);
    cprov_json_writer_init(&w, &json, 0);
    cprov_json_begin_object(&w);
    cprov_json_member(&w, "s", source);
    cprov_json_member(&w, "n", name);
    write_address(&w, reference, url);
    cprov_json_end_object(&w);
    cprov_buf_add_text(out, REF_PREFIX);
    cprov_base64url_encode(out, cprov_buf_span(&json));
}

static bool has_control(struct cprov_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return true;
    return false;
}

bool cprov_name_is_ref(const char *text)
{
    return cprov_span_starts_with(cprov_span_of(text), REF_PREFIX);
}

/* What has no registry is looked up in its source again, and nowhere else. */
static int read_row(struct cprov_session *s, const struct cprov_json *doc, struct cprov_name *n,
                    struct cprov_error *err)
{
    const char *version = cprov_json_get_text(doc, "v"), *digest = cprov_json_get_text(doc, "d");

    if (!version || !n->shown_name || !*n->shown_name || !n->source)
        return cprov_fail(err, CPROV_EINVAL, "damaged ref: it has no reference");
    if (digest && cprov_digest_parse(cprov_span_of(digest), &n->row_digest, err) < 0)
        return cprov_wrap(err, "damaged ref");
    n->has_row_digest = digest != NULL;
    n->row_url = cprov_json_get_text(doc, "u");
    if (has_control(cprov_span_of(version)) || cprov_span_is_pattern(cprov_span_of(version)) ||
        cprov_span_is_pattern(cprov_span_of(n->shown_name)))
        return cprov_fail(err, CPROV_EINVAL, "damaged ref: a pattern");
    n->lookup = cprov_span_of(n->shown_name);
    n->range = (struct cprov_version_range){ .exact = cprov_span_of(version) };
    return cprov_session_place(s, n->source, &n->place, err);
}

/* A ref passes through files and pipes of others: what it says is looked at like any other input.
 */
static int read_ref(struct cprov_session *s, const char *text, struct cprov_name *n,
                    struct cprov_error *err)
{
    auto_buf struct cprov_buf json = { 0 };
    struct cprov_json *doc = NULL;

    cprov_buf_init(&json, CPROV_URL_MAX);
    if (cprov_base64_decode(cprov_span_of(text + strlen(REF_PREFIX)), &json, err) < 0 ||
        cprov_json_parse(cprov_buf_span(&json), &s->call, &doc, err) < 0)
        return cprov_wrap_as(err, CPROV_EINVAL, "damaged ref");
    n->shown_name = cprov_json_get_text(doc, "n");
    n->source = cprov_json_get_text(doc, "s");
    if (has_control(cprov_span_of(n->shown_name)) || has_control(cprov_span_of(n->source)))
        return cprov_fail(err, CPROV_EINVAL, "damaged ref: control characters");
    const char *reference = cprov_json_get_text(doc, "r");
    if (!reference)
        return read_row(s, doc, n, err);
    if (cprov_reference_parse(cprov_span_of(reference), &n->reference, err) < 0)
        return cprov_wrap(err, "damaged ref");
    n->is_reference = true;
    return 0;
}

/* scheme://rest: the schemes that people paste in front of a reference. */
static int strip_scheme(struct cprov_span *text, bool *stripped, struct cprov_error *err)
{
    static const char *const known[] = { "docker", "oci", "https", "http" };
    const char *mark = memmem(text->ptr, text->len, "://", 3);

    *stripped = mark != NULL;
    if (!mark)
        return 0;
    struct cprov_span scheme = { text->ptr, (size_t)(mark - text->ptr) };
    for (size_t i = 0; i < CPROV_COUNT(known); i++)
        if (cprov_span_is_nocase(scheme, known[i])) {
            *text = cprov_span_from(*text, scheme.len + 3);
            return 0;
        }
    return cprov_fail(err, CPROV_EINVAL,
                      "the scheme '%" CPROV_SPAN_FMT
                      "' is not supported (docker, oci, https, http are)",
                      CPROV_SPAN_ARG(scheme));
}

/* NAME@DIGEST, NAME:VERSION: the last ':' after the last '/'. */
static int read_lookup(struct cprov_span text, struct cprov_name *n, struct cprov_span *version,
                       struct cprov_error *err)
{
    struct cprov_span before, after;

    if (cprov_span_cut_last(text, '@', &before, &after)) {
        if (cprov_digest_parse(after, &n->digest, err) < 0)
            return err->code;
        n->has_digest = true;
        text = before;
    }
    if (cprov_span_cut_last(text, ':', &before, &after) &&
        cprov_span_find(after, '/') == after.len) {
        if (after.len == 0 && before.len > 0)
            return cprov_fail(err, CPROV_EINVAL, "the version is empty");
        *version = after;
        text = before;
    }
    if (text.len == 0)
        return cprov_fail(err, CPROV_EINVAL, "the name is empty");
    if (text.len > CPROV_NAME_MAX)
        return cprov_fail(err, CPROV_EINVAL, "the name is longer than %d bytes", CPROV_NAME_MAX);
    if (has_control(text))
        return cprov_fail(err, CPROV_EINVAL, "the name has control characters");
    n->lookup = text;
    return 0;
}

/* Whether the name says which version it is: NAME:10.0.* does not. */
static bool pins_one(const struct cprov_name *n, struct cprov_span version)
{
    return n->has_digest || n->reference.has_digest ||
           (version.len > 0 && !cprov_span_is_pattern(version));
}

/* An image in a layout or an archive: of all that is in it, or the one that is named. */
static int read_local(struct cprov_session *s, struct cprov_span location, struct cprov_span image,
                      struct cprov_name *n, struct cprov_span *version, struct cprov_error *err)
{
    const char *text = cprov_local_path(location, &s->call);
    struct cprov_span host;

    if (!text)
        return cprov_fail_memory(err);
    if (cprov_session_place(s, text, &n->place, err) < 0)
        return err->code;
    if (cprov_reference_names_host(image)) /* the names of what is in it have no host */
        cprov_span_cut(image, '/', &host, &image);
    if (cprov_span_starts_with(image, "library/"))
        image = cprov_span_from(image, strlen("library/"));
    return image.len ? read_lookup(image, n, version, err) : 0;
}

static int merge_version(struct cprov_name *n, struct cprov_span in_name,
                         const struct cprov_version_options *version, struct cprov_error *err)
{
    if (cprov_session_range(version, &n->range, err) < 0)
        return err->code;
    n->all_versions = version->all;
    if (n->all_versions && pins_one(n, in_name))
        return cprov_fail(err, CPROV_EINVAL,
                          "'%s' names one version, which contradicts all versions", n->text);
    if (in_name.len == 0)
        return 0;
    if (!cprov_version_range_is_any(&n->range) && !cprov_version_range_has(&n->range, in_name))
        return cprov_fail(err, CPROV_EINVAL,
                          "version '%" CPROV_SPAN_FMT "' contradicts the options",
                          CPROV_SPAN_ARG(in_name));
    if (cprov_span_is_pattern(in_name)) /* NAME:10.0.*; a tag cannot look like that */
        return cprov_version_range_parse(in_name, &n->range, err);
    n->range = (struct cprov_version_range){ .exact = in_name };
    return 0;
}

/*
 * A tag written in a reference is what the registry is asked for, letter by letter; version options
 * apply when there is none. The range outlives *n, which its caller copies: so it never points into
 * it.
 */
static int merge_reference_version(struct cprov_session *s, struct cprov_name *n,
                                   const struct cprov_version_options *version,
                                   struct cprov_error *err)
{
    const char *tag = cprov_arena_text(&s->call, cprov_span_of(n->reference.tag));

    if (!tag)
        return cprov_fail_memory(err);
    return merge_version(n, cprov_span_of(tag), version, err);
}

/* The brackets of [::1]:5000/app make no pattern. */
static bool has_wildcards(struct cprov_span text)
{
    if (cprov_span_starts_with(text, "[") && cprov_reference_names_host(text))
        text = cprov_span_from(text, cprov_span_find(text, ']'));
    return cprov_span_is_pattern(text);
}

/* What is no ref: a reference, a path, or what is looked up. */
static int read_words(struct cprov_session *s, const char *text,
                      const struct cprov_version_options *version, bool patterns,
                      struct cprov_name *n, struct cprov_error *err)
{
    struct cprov_span rest = cprov_span_of(n->text), in_name = { 0 }, location, image;
    bool local = cprov_local_name(rest, &location, &image), stripped = false;

    if (!local && strip_scheme(&rest, &stripped, err) < 0)
        return err->code;
    if (!patterns && has_wildcards(local ? image : rest))
        return cprov_fail(err, CPROV_EINVAL,
                          "The specified name '%s' should not contain any wildcard characters, "
                          "please correct it and try again.",
                          text);
    n->is_reference = !local && (stripped || cprov_reference_names_host(rest));
    if (n->is_reference) {
        if (cprov_reference_parse(rest, &n->reference, err) < 0 ||
            (cprov_span_starts_with_nocase(cprov_span_of(n->text),
                                           CPROV_SPAN_LITERAL("https://")) &&
             cprov_session_say_https(s, n->reference.host, err) < 0))
            return err->code;
        return merge_reference_version(s, n, version, err);
    }
    if ((local ? read_local(s, location, image, n, &in_name, err)
               : read_lookup(rest, n, &in_name, err)) < 0)
        return err->code;
    return merge_version(n, in_name, version, err);
}

/* A ref was made of what a source says: it names a registry when that is where its source is. */
static int bind_login(struct cprov_session *s, const struct cprov_name *n, struct cprov_error *err)
{
    struct cprov_error ignored = CPROV_ERROR_INIT;
    const struct cprov_place *place = NULL;

    if (!n->is_reference || !s->options.username)
        return 0;
    if (n->source && (cprov_session_place(s, n->source, &place, &ignored) < 0 ||
                      strcmp(place->base.host, n->reference.host) != 0))
        return 0;
    return cprov_session_bind_login(s, n->reference.host, err);
}

int cprov_name_read(struct cprov_session *s, const char *text,
                    const struct cprov_version_options *version, bool patterns,
                    struct cprov_name *out, struct cprov_error *err)
{
    struct cprov_name n = { .text = cprov_arena_text(&s->call, cprov_span_of(text)) };

    if (!n.text)
        return cprov_fail_memory(err);
    if (!cprov_name_is_ref(text)) {
        if (read_words(s, text, version, patterns, &n, err) < 0)
            return err->code;
    } else if (read_ref(s, text, &n, err) < 0 ||
               (n.is_reference ? merge_reference_version(s, &n, version, err)
                               : merge_version(&n, n.range.exact, version, err)) < 0) {
        return err->code;
    }
    if (bind_login(s, &n, err) < 0)
        return err->code;
    *out = n;
    return 0;
}

bool cprov_name_admits(const struct cprov_name *n, const struct cprov_listing *row)
{
    if (n->is_reference || !n->source)
        return true;
    if (!row->place || !n->place || strcmp(row->place->source->name, n->place->source->name) != 0)
        return false;
    if (n->has_row_digest && row->reference.has_digest &&
        !cprov_digest_equal(&n->row_digest, &row->reference.digest))
        return false;
    return !n->row_url || (row->entry.url && strcmp(n->row_url, row->entry.url) == 0);
}

const char *cprov_name_of_reference(struct cprov_session *s, const struct cprov_reference *r)
{
    auto_buf struct cprov_buf text = { 0 };
    struct cprov_reference bare = *r;

    for (size_t i = 0; i < s->conf->aliases_count; i++)
        if (strcmp(s->conf->aliases[i].repository, r->repository) == 0)
            return s->conf->aliases[i].name;
    bare.tag[0] = '\0';
    bare.has_digest = false;
    cprov_buf_init(&text, CPROV_URL_MAX);
    cprov_reference_format_familiar(&bare, &text);
    const char *name = cprov_arena_text(&s->call, cprov_buf_span(&text));
    return name ? name : "";
}

const char *cprov_name_installed(struct cprov_session *s, const struct cprov_name *n)
{
    auto_buf struct cprov_buf text = { 0 };

    if (!n->is_reference)
        return n->shown_name ? cprov_arena_textf(&s->call, "%s%s%" CPROV_SPAN_FMT, n->shown_name,
                                                 n->range.exact.len ? ":" : "",
                                                 CPROV_SPAN_ARG(n->range.exact))
                             : n->text;
    cprov_buf_init(&text, CPROV_URL_MAX);
    cprov_reference_format(&n->reference, &text);
    return cprov_arena_text(&s->call, cprov_buf_span(&text));
}

int cprov_name_check(struct cprov_session *s, const char *name, const char *version,
                     struct cprov_error *err)
{
    bool host = cprov_reference_names_host(cprov_span_of(name));
    struct cprov_reference ref;
    char *text = cprov_arena_textf(&s->call, "%s%s:%s", host ? "" : "localhost/", name, version);

    if (!text)
        return cprov_fail_memory(err);
    for (char *p = text; p < text + strlen(text) - strlen(version); p++)
        *p = cprov_lower(*p);
    if (cprov_reference_parse(cprov_span_of(text), &ref, err) < 0)
        return cprov_wrap_as(err, CPROV_EINVAL, "%s:%s", name, version);
    return 0;
}

int cprov_name_target(struct cprov_session *s, const char *text, const char **name,
                      const char **version, struct cprov_error *err)
{
    struct cprov_span all = cprov_span_of(text), first, last;

    if (!cprov_span_cut_last(all, ':', &first, &last) || cprov_span_find(last, '/') < last.len) {
        first = all;
        last = CPROV_SPAN_LITERAL("latest");
    }
    *name = cprov_arena_text(&s->call, first);
    *version = cprov_arena_text(&s->call, last);
    if (cprov_arena_check(&s->call, err) < 0)
        return err->code;
    return cprov_name_check(s, *name, *version, err);
}

const char *cprov_name_and_version(struct cprov_session *s, const char *name, const char *version)
{
    const char *text = *version ? cprov_arena_textf(&s->call, "%s %s", name, version)
                                : cprov_arena_text(&s->call, cprov_span_of(name));

    return text ? text : "";
}
