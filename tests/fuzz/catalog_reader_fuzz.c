/* Any bytes end in entries or an error, the same however they are cut; and what is written of the
 * entries is read, and written again to the same bytes. The first byte is the piece. */
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "catalog/document/reader.h"
#include "catalog/document/writer.h"
#include "fuzz.h"

#define BASE "https://example.org/lists/c.json"

struct copy {
    struct cprov_catalog_writer *writer;
    struct cprov_buf text;
    size_t entries;
};

static int collect(void *arg, struct cprov_span text, struct cprov_error *err)
{
    cprov_buf_add_span(arg, text);
    return cprov_buf_check(arg, "copy", err);
}

static int on_entry(void *arg, const struct cprov_entry *entry, struct cprov_error *err)
{
    struct copy *c = arg;

    FUZZ_CHECK(entry->repository && *entry->repository && *entry->repository != '/');
    FUZZ_CHECK(entry->version && *entry->version && !strchr(entry->version, '/'));
    FUZZ_CHECK(!entry->url || strncmp(entry->url, "http", 4) == 0);
    c->entries++;
    return cprov_catalog_writer_add(c->writer, entry, err);
}

/* Reads the document in pieces, and writes what came. */
static int copy_document(struct cprov_span doc, size_t step, struct copy *c)
{
    auto_catalog_reader struct cprov_catalog_reader *r = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_catalog_reader_options options = { .base = BASE, .entry = on_entry, .arg = c };

    cprov_buf_init(&c->text, 64 * CPROV_MIB);
    int code = cprov_catalog_writer_new(NULL, NULL, collect, &c->text, &c->writer, &err);
    if (code == 0)
        code = cprov_catalog_reader_new(&options, &r, &err);
    for (size_t i = 0; i < doc.len && code == 0; i += step) {
        size_t len = doc.len - i < step ? doc.len - i : step;

        code = cprov_catalog_reader_feed(r, doc.ptr + i, len, &err);
    }
    if (code == 0)
        code = cprov_catalog_reader_finish(r, &err);
    FUZZ_CHECK(code == err.code);
    FUZZ_CHECK(cprov_catalog_writer_finish(c->writer, &err) == 0);
    return code;
}

static void copy_clear(struct copy *c)
{
    cprov_catalog_writer_free(c->writer);
    cprov_buf_clear(&c->text);
}

#define auto_copy CPROV_CLEANUP(copy_clear)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cprov_span doc = cprov_span_make((const char *)data + 1, size ? size - 1 : 0);
    auto_copy struct copy whole = { .entries = 0 }, pieces = { .entries = 0 };
    auto_copy struct copy again = { .entries = 0 };

    if (size == 0)
        return 0;
    int code = copy_document(doc, doc.len + 1, &whole);
    FUZZ_CHECK(copy_document(doc, 1 + data[0] % 32, &pieces) == code);
    FUZZ_CHECK(pieces.entries == whole.entries);
    FUZZ_CHECK(cprov_span_equal(cprov_buf_span(&whole.text), cprov_buf_span(&pieces.text)));

    code = copy_document(cprov_buf_span(&whole.text), 4096, &again);
    FUZZ_CHECK(code == 0 || code == CPROV_ELIMIT);
    if (code == 0)
        FUZZ_CHECK(cprov_span_equal(cprov_buf_span(&whole.text), cprov_buf_span(&again.text)));
    return 0;
}
