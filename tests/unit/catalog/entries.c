#include "entries.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/limits.h"
#include "catalog/document/reader.h"

static void add(struct cprov_buf *out, const char *name, const char *text)
{
    if (text && *text)
        cprov_buf_addf(out, " %s=%s", name, text);
}

void entries_add(struct cprov_buf *out, const struct cprov_entry *e)
{
    char text[CPROV_DIGEST_TEXT_MAX];

    cprov_buf_addf(out, "%s %s", e->repository, e->version);
    add(out, "alias", e->alias);
    add(out, "name", e->name);
    add(out, "reference", e->reference);
    add(out, "url", e->url);
    add(out, "digest", e->digest ? cprov_digest_format(e->digest, text) : NULL);
    if (e->bytes > 0)
        cprov_buf_addf(out, " bytes=%" PRIu64, e->bytes);
    add(out, "description", e->description);
    add(out, "publisher", e->publisher);
    add(out, "title", e->title);
    add(out, "created", e->created);
    add(out, "platforms", e->platforms);
    add(out, "os", e->os_version);
    add(out, "type", e->media_type);
    add(out, "id", e->image_id);
    add(out, "notes", e->notes);
    add(out, "needs", e->dependencies);
    add(out, "cultures", e->cultures);
    add(out, "is", e->is_os ? "os" : NULL);
    add(out, "lacks", e->complete ? NULL : "details");
    cprov_buf_add_char(out, '\n');
}

int entries_collect(void *arg, const struct cprov_entry *entry, struct cprov_error *err)
{
    entries_add(arg, entry);
    return cprov_buf_check(arg, "entries", err);
}

int entries_read(struct cprov_span doc, size_t step, const char *base, struct cprov_buf *out,
                 struct cprov_error *err)
{
    auto_catalog_reader struct cprov_catalog_reader *r = NULL;
    struct cprov_catalog_reader_options options = { .base = base,
                                                    .entry = entries_collect,
                                                    .arg = out };
    int code = cprov_catalog_reader_new(&options, &r, err);

    for (size_t i = 0; i < doc.len && code == 0; i += step) {
        size_t len = doc.len - i < step ? doc.len - i : step;
        char *exact = malloc(len); /* so that a read past the piece is seen */

        if (!exact)
            return cprov_fail_memory(err);
        memcpy(exact, doc.ptr + i, len);
        code = cprov_catalog_reader_feed(r, exact, len, err);
        free(exact);
    }
    return code < 0 ? code : cprov_catalog_reader_finish(r, err);
}
