/* Lists in pages: catalog, tags, referrers, with every form of Link. */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* The next page's address in the form the script wants. */
static void add_link(const struct fake_paging *p, const char *path, const char *last, uint64_t n,
                     struct fake_reply *reply)
{
    const char *form = p->link ? p->link : "relative";
    const char *next = fake_format("%s?last=%s&n=%ju", path, last, n);
    const char *host = fake_format("%s://%s", fake.scheme, fake.host);

    if (strcmp(form, "none") == 0)
        return;
    if (strcmp(form, "absolute") == 0)
        fake_reply_header(reply, "Link: <%s%s>; rel=\"next\"", host, next);
    else if (strcmp(form, "unquoted") == 0)
        fake_reply_header(reply, "Link: <%s>; rel=next", next);
    else if (strcmp(form, "bare") == 0)
        fake_reply_header(reply, "Link: %s; rel=\"next\"", next);
    else if (strcmp(form, "several") == 0)
        fake_reply_header(reply, "Link: <%s?n=1>; rel=\"prev\", <%s>; REL=\"next\"", path, next);
    else if (strcmp(form, "other-host") == 0)
        fake_reply_header(reply, "Link: <%s://%s%s>; rel=\"next\"", fake.other_scheme,
                          fake.other_host, next);
    else if (strcmp(form, "loop") == 0)
        fake_reply_header(reply, "Link: <%s?n=%ju>; rel=\"next\"", path, n);
    else
        fake_reply_header(reply, "Link: <%s>; rel=\"next\"", next);
}

/* A page of names: those after the cursor, at most a page of them. Never ends where told so. */
static void write_page(const struct fake_request *q, const struct fake_paging *p,
                       const char *const *names, size_t count, struct fake_reply *reply)
{
    const char *last = fake_query(q, "last"), *asked = fake_query(q, "n");
    uint64_t n = UINT64_MAX;
    struct cprov_json_writer w;
    size_t at = 0, end;

    if (asked && !cprov_span_u64(cprov_span_of(asked), &n))
        n = UINT64_MAX;
    if (p->page && p->page < n)
        n = p->page;
    while (last && at < count && strcmp(names[at], last) <= 0)
        at++;
    end = n < count - at ? at + (size_t)n : count;

    cprov_json_writer_init(&w, &reply->body, 0);
    w.after_key = true; /* the caller has written the key */
    cprov_json_begin_array(&w);
    for (size_t i = at; i < end; i++)
        cprov_json_text(&w, names[i]);
    cprov_json_end_array(&w);

    bool endless = p->link && strcmp(p->link, "endless") == 0;
    if (endless)
        fake_reply_header(reply, "Link: <%s?last=%ju&n=1>; rel=\"next\"", q->path, q->id);
    else if (end < count && end > at)
        add_link(p, q->path, names[end - 1], n, reply);
}

void fake_list_catalog(const struct fake_request *q, struct fake_reply *p)
{
    const char **names = fake_alloc(fake.repos.count * sizeof(*names));

    if (fake.catalog.off) {
        fake_reply_error(p, fake.catalog.off, "UNSUPPORTED");
        free(names);
        return;
    }
    for (size_t i = 0; i < fake.repos.count; i++)
        names[i] = ((const struct fake_repo *)fake.repos.item[i])->name;
    cprov_buf_add_text(&p->body, "{\"repositories\":");
    write_page(q, &fake.catalog, names, fake.repos.count, p);
    cprov_buf_add_text(&p->body, "}\n");
    fake_reply_body(p, 200, "application/json");
    free(names);
}

void fake_list_tags(const struct fake_request *q, const struct fake_repo *r, struct fake_reply *p)
{
    const char **names;

    if (fake.tags.off) {
        fake_reply_error(p, fake.tags.off, "UNSUPPORTED");
        return;
    }
    cprov_buf_addf(&p->body, "{\"name\":\"%s\",\"tags\":", r->name);
    if (r->null_tags) {
        cprov_buf_add_text(&p->body, "null");
    } else {
        names = fake_alloc(r->tags.count * sizeof(*names));
        for (size_t i = 0; i < r->tags.count; i++)
            names[i] = ((const struct fake_tag *)r->tags.item[i])->name;
        write_page(q, &fake.tags, names, r->tags.count, p);
        free(names);
    }
    cprov_buf_add_text(&p->body, "}\n");
    fake_reply_body(p, 200, "application/json");
}

static void write_referrer(struct cprov_json_writer *w, const struct fake_image *image)
{
    cprov_json_begin_object(w);
    cprov_json_member(w, "mediaType", image->manifest->type);
    cprov_json_member(w, "digest", image->manifest->digest);
    cprov_json_key(w, "size");
    cprov_json_number(w, image->manifest->size);
    cprov_json_member(w, "artifactType", image->artifact_type);
    cprov_json_end_object(w);
}

void fake_list_referrers(const struct fake_request *q, const struct fake_repo *r,
                         const char *digest, struct fake_reply *p)
{
    const char *type = fake_query(q, "artifactType");
    bool filter = type && fake.filters_applied;
    struct cprov_json_writer w;

    if (fake.no_referrers) {
        fake_reply_error(p, 404, "NOT_FOUND");
        return;
    }
    cprov_json_writer_init(&w, &p->body, 0);
    cprov_json_begin_object(&w);
    cprov_json_key(&w, "schemaVersion");
    cprov_json_number(&w, 2);
    cprov_json_member(&w, "mediaType", "application/vnd.oci.image.index.v1+json");
    cprov_json_key(&w, "manifests");
    cprov_json_begin_array(&w);
    for (size_t i = 0; i < r->images.count; i++) {
        const struct fake_image *image = r->images.item[i];

        if (image->subject && strcmp(image->subject->manifest->digest, digest) == 0 &&
            (!filter || strcmp(image->artifact_type, type) == 0))
            write_referrer(&w, image);
    }
    cprov_json_end_array(&w);
    cprov_json_end_object(&w);
    if (filter)
        fake_reply_header(p, "OCI-Filters-Applied: artifactType");
    fake_reply_body(p, 200, "application/vnd.oci.image.index.v1+json");
}
