/* catalog/document/reader.c - documents that list images, read as a stream into entries. */
#include "catalog/document/reader.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/json_stream.h"
#include "base/limits.h"
#include "catalog/document/formats_private.h"
#include "conf/yaml_value.h"

#define BOM "\xef\xbb\xbf"

struct cprov_catalog_reader {
    struct cprov_catalog_format format;
    enum { AT_START, IS_JSON, IS_YAML } mode;
    size_t bom; /* bytes of it that came */
    uint64_t total;
    struct cprov_json_stream *json;
    struct cprov_buf text; /* all of a YAML document; before, the blanks that either begins with */
    struct cprov_arena texts; /* of the options */
    int failed;
};

int cprov_catalog_reader_new(const struct cprov_catalog_reader_options *options,
                             struct cprov_catalog_reader **out, struct cprov_error *err)
{
    auto_catalog_reader struct cprov_catalog_reader *r = calloc(1, sizeof(*r));

    if (!r)
        return cprov_fail_memory(err);
    r->format.options = *options;
    if (options->base)
        r->format.options.base = cprov_arena_text(&r->texts, cprov_span_of(options->base));
    if (options->name)
        r->format.options.name = cprov_arena_text(&r->texts, cprov_span_of(options->name));
    cprov_buf_init(&r->text, CPROV_CONF_FILE_MAX);
    int code = cprov_arena_check(&r->texts, err);
    if (code == 0)
        *out = cprov_steal(&r);
    return code;
}

void cprov_catalog_reader_free(struct cprov_catalog_reader *r)
{
    if (!r)
        return;
    cprov_json_stream_free(r->json);
    cprov_buf_clear(&r->text);
    cprov_arena_clear(&r->format.arena);
    cprov_arena_clear(&r->texts);
    free(r);
}

/* Of our own checks: what the entry callback says is passed on as it is. */
static int place(struct cprov_catalog_reader *r, int code, struct cprov_error *err)
{
    if (code == CPROV_EVERIFY && !r->format.refused)
        return cprov_wrap(err, "byte %" PRIu64, cprov_json_stream_offset(r->json));
    return code;
}

static int on_begin(void *arg, const char *member, bool object, struct cprov_error *err)
{
    struct cprov_catalog_reader *r = arg;

    return place(r, cprov_catalog_format_begin(&r->format, member, object, err), err);
}

static int on_record(void *arg, const char *member, const struct cprov_json *value,
                     struct cprov_error *err)
{
    struct cprov_catalog_reader *r = arg;

    return place(r, cprov_catalog_format_record(&r->format, member, value, err), err);
}

/* --- what kind of text it is --- */

static int begin_json(struct cprov_catalog_reader *r, char first, uint64_t at,
                      struct cprov_error *err)
{
    struct cprov_json_stream_options options = {
        .record_max = CPROV_CATALOG_RECORD_MAX,
        .offset = at,
        .record = on_record,
        .begin = on_begin,
        .arg = r,
    };

    r->mode = IS_JSON;
    cprov_buf_clear(&r->text);
    if (first == '[')
        r->format.kind = CPROV_CATALOG_ARRAY;
    return cprov_json_stream_new(&options, &r->json, err);
}

/* Takes one byte of the beginning; *taken is false when it belongs to what has been recognised. */
static int look(struct cprov_catalog_reader *r, char c, uint64_t at, bool *taken,
                struct cprov_error *err)
{
    bool in_bom = at == r->bom && r->bom < sizeof(BOM) - 1 && c == BOM[r->bom];

    *taken = true;
    if (in_bom) {
        r->bom++;
        return 0;
    }
    if (r->bom > 0 && r->bom < sizeof(BOM) - 1)
        return cprov_fail(err, CPROV_EVERIFY, "byte 0: not UTF-8");
    if (strchr(" \t\r\n", c) && c != '\0') {
        cprov_buf_add_char(&r->text, c);
        return cprov_buf_check(&r->text, "the data before the list", err);
    }
    *taken = false;
    if (c == '[' || c == '{')
        return begin_json(r, c, at, err);
    if (c == '<')
        return cprov_fail(err, CPROV_EVERIFY, "byte %" PRIu64 ": a page of HTML or XML", at);
    r->mode = IS_YAML;
    return 0;
}

static int feed(struct cprov_catalog_reader *r, const char *data, size_t len,
                struct cprov_error *err)
{
    size_t i = 0;
    int code = 0;

    while (i < len && r->mode == AT_START && code == 0) {
        bool taken = true;

        code = look(r, data[i], r->total + i, &taken, err);
        i += taken;
    }
    r->total += len;
    r->format.read = r->total;
    if (code < 0 || i == len)
        return code;
    if (r->total > CPROV_CATALOG_BYTES_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "larger than %llu bytes", CPROV_CATALOG_BYTES_MAX);
    if (r->mode == IS_JSON)
        return cprov_json_stream_feed(r->json, data + i, len - i, err);
    cprov_buf_add(&r->text, data + i, len - i);
    return cprov_buf_check(&r->text, "YAML", err);
}

/* --- YAML --- */

static int give_members(struct cprov_catalog_reader *r, const struct cprov_json *member,
                        struct cprov_error *err)
{
    bool object = member->type == CPROV_JSON_OBJECT;
    int code = cprov_catalog_format_begin(&r->format, member->key.ptr, object, err);

    for (const struct cprov_json *v = member->child; v && code == 0; v = v->next)
        code = cprov_catalog_format_record(&r->format, member->key.ptr, v, err);
    return code;
}

static int give_document(struct cprov_catalog_reader *r, const struct cprov_json *root,
                         struct cprov_error *err)
{
    int code = 0;

    if (root->type != CPROV_JSON_ARRAY && root->type != CPROV_JSON_OBJECT)
        return cprov_fail(err, CPROV_EVERIFY, "neither JSON nor a list or mapping of YAML");
    if (root->type == CPROV_JSON_ARRAY)
        r->format.kind = CPROV_CATALOG_ARRAY;
    for (const struct cprov_json *v = root->child; v && code == 0; v = v->next) {
        bool nested = v->type == CPROV_JSON_ARRAY || v->type == CPROV_JSON_OBJECT;

        if (root->type == CPROV_JSON_OBJECT && nested)
            code = give_members(r, v, err);
        else
            code = cprov_catalog_format_record(&r->format, NULL, v, err);
    }
    return code;
}

static int finish_yaml(struct cprov_catalog_reader *r, struct cprov_error *err)
{
    struct cprov_arena arena = { 0 };
    struct cprov_json *root = NULL;
    int code = cprov_yaml_value(cprov_buf_span(&r->text), &arena, &root, err);

    if (code == 0)
        code = give_document(r, root, err);
    cprov_arena_clear(&arena);
    return code;
}

/* --- public --- */

int cprov_catalog_reader_feed(struct cprov_catalog_reader *r, const void *data, size_t len,
                              struct cprov_error *err)
{
    if (r->failed)
        return cprov_fail(err, r->failed, "internal error: the document was read after a failure");
    r->failed = feed(r, data, len, err);
    return r->failed;
}

static int finish(struct cprov_catalog_reader *r, struct cprov_error *err)
{
    int code = 0;

    if (r->mode == AT_START)
        return cprov_fail(err, CPROV_EVERIFY, "byte %" PRIu64 ": the document is empty", r->total);
    if (r->mode == IS_JSON)
        code = cprov_json_stream_finish(r->json, err);
    else
        code = finish_yaml(r, err);
    return code < 0 ? code : cprov_catalog_format_finish(&r->format, err);
}

int cprov_catalog_reader_finish(struct cprov_catalog_reader *r, struct cprov_error *err)
{
    if (r->failed)
        return cprov_fail(err, r->failed, "internal error: the document was read after a failure");
    r->failed = finish(r, err);
    return r->failed;
}
