/* Records are the same however the document is cut, and a document passes here as it does in
 * cprov_json_parse(), up to what only one of the two looks at. The first byte is the piece. */
#include "base/arena.h"
#include "base/error.h"
#include "base/json_stream.h"
#include "base/limits.h"
#include "fuzz.h"

#define RECORD_MAX 512

static int on_record(void *arg, const char *member, const struct cprov_json *value,
                     struct cprov_error *err)
{
    struct cprov_buf *out = arg;
    struct cprov_json_writer w;

    cprov_buf_addf(out, "%s|%" CPROV_SPAN_FMT "|", member ? member : "",
                   CPROV_SPAN_ARG(value->key));
    cprov_json_writer_init(&w, out, 0);
    cprov_json_value(&w, value);
    return cprov_buf_check(out, "records", err);
}

static int on_begin(void *arg, const char *member, bool object, struct cprov_error *err)
{
    cprov_buf_addf(arg, "%s%c", member, object ? '{' : '[');
    return cprov_buf_check(arg, "records", err);
}

static int read_pieces(struct cprov_span doc, size_t step, struct cprov_buf *out)
{
    auto_json_stream struct cprov_json_stream *s = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_json_stream_options options = {
        .record_max = RECORD_MAX, .record = on_record, .begin = on_begin, .arg = out
    };

    cprov_buf_init(out, 64 * CPROV_MIB);
    int code = cprov_json_stream_new(&options, &s, &err);
    for (size_t i = 0; i < doc.len && code == 0; i += step) {
        size_t len = doc.len - i < step ? doc.len - i : step;

        code = cprov_json_stream_feed(s, doc.ptr + i, len, &err);
    }
    if (code == 0)
        code = cprov_json_stream_finish(s, &err);
    FUZZ_CHECK(code == err.code);
    return code;
}

static void check_strictness(struct cprov_span doc, int code)
{
    struct cprov_arena arena = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_json *v = NULL;
    int whole = cprov_json_parse(doc, &arena, &v, &err);

    if (whole == 0 && (v->type == CPROV_JSON_ARRAY || v->type == CPROV_JSON_OBJECT))
        FUZZ_CHECK(code == 0 || code == CPROV_ELIMIT);
    if (code == 0 && whole < 0) /* the members of a member, and one level more */
        FUZZ_CHECK(strstr(err.msg, "duplicate key") || strstr(err.msg, "nested"));
    cprov_arena_clear(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cprov_span doc = cprov_span_make((const char *)data + 1, size ? size - 1 : 0);
    auto_buf struct cprov_buf whole = { 0 }, pieces = { 0 };

    if (size == 0)
        return 0;
    int code = read_pieces(doc, doc.len + 1, &whole);
    FUZZ_CHECK(read_pieces(doc, 1 + data[0] % 32, &pieces) == code);
    FUZZ_CHECK(cprov_span_equal(cprov_buf_span(&whole), cprov_buf_span(&pieces)));
    check_strictness(doc, code);
    return 0;
}
