/* catalog/source/quay.c - Quay, quay.io and others: the API under /api/v1. */
#include <string.h>

#include "base/error.h"
#include "catalog/source/vendor.h"
#include "catalog/source/vendors_private.h"
#include "net/url.h"

/* The user name under which Quay's registry takes a token of its API as the password. Robots and
 * people with a password have no way into the API: what is public is told to everybody. */
#define TOKEN_USER "$oauthtoken"

static void login(const struct cprov_credentials *login, struct cprov_buf *authorization)
{
    if (login->username && strcmp(login->username, TOKEN_USER) == 0)
        cprov_vendor_bearer(login, authorization);
}

/* All of quay.io is more than anybody wants to walk. */
static bool can_scan(const struct cprov_place *place)
{
    return *place->base.repository != '\0' || strcmp(place->base.host, "quay.io") != 0;
}

static void repositories_path(const struct cprov_vendor_question *q, unsigned n,
                              struct cprov_buf *out)
{
    struct cprov_span ns = cprov_span_of(q->name);

    ns.len = cprov_span_find(ns, '/');
    if (n > 0)
        return;
    cprov_buf_add_text(out, "/api/v1/repository?public=true");
    if (ns.len > 0)
        cprov_url_add_query(out, "namespace", ns);
}

static int read_repositories(struct cprov_vendor_page *page, const struct cprov_json *doc,
                             struct cprov_error *err)
{
    const char *token = cprov_json_get_text(doc, "next_page");
    struct cprov_arena *arena = cprov_vendor_arena(page);
    const struct cprov_json *row;

    if (cprov_vendor_list(doc, "repositories", &row, err) < 0)
        return err->code;
    for (; row; row = row->next) {
        const char *ns = cprov_json_get_text(row, "namespace");
        const char *name = cprov_json_get_text(row, "name");
        const char *kind = cprov_json_get_text(row, "kind");

        if (kind && strcmp(kind, "image") != 0)
            continue;
        const char *path = cprov_arena_textf(arena, "%s/%s", ns ? ns : "", name ? name : "");
        if (cprov_vendor_repository(page, path, err) < 0)
            return err->code;
    }
    return cprov_vendor_next_query(page, "next_page", token, err);
}

static void versions_path(const struct cprov_vendor_question *q, unsigned n, struct cprov_buf *out)
{
    if (n == 0)
        cprov_buf_addf(out, "/api/v1/repository/%s/tag/?onlyActiveTags=true&limit=100", q->name);
}

static int read_versions(struct cprov_vendor_page *page, const struct cprov_json *doc,
                         struct cprov_error *err)
{
    const struct cprov_json *row, *more = cprov_json_get(doc, "has_additional");
    struct cprov_arena *arena = cprov_vendor_arena(page);
    struct cprov_digest digest;

    if (cprov_vendor_list(doc, "tags", &row, err) < 0)
        return err->code;
    for (; row; row = row->next) {
        const struct cprov_entry entry = {
            .version = cprov_json_get_text(row, "name"),
            .digest = cprov_vendor_digest(cprov_json_get_text(row, "manifest_digest"), &digest),
            .bytes = cprov_vendor_number(cprov_json_get(row, "size")),
            .created =
                cprov_vendor_time(arena, cprov_vendor_number(cprov_json_get(row, "start_ts"))),
        };
        if (cprov_vendor_version(page, &entry, err) < 0)
            return err->code;
    }
    if (!more || !more->boolean)
        return 0;
    uint64_t number = cprov_vendor_number(cprov_json_get(doc, "page"));
    return cprov_vendor_next_query(page, "page",
                                   cprov_arena_textf(arena, "%ju", (uintmax_t)number + 1), err);
}

static const struct cprov_vendor quay = {
    .versions = { .path = versions_path, .read = read_versions, .login = login },
    .repositories = { .path = repositories_path, .read = read_repositories, .login = login },
};

const struct cprov_source_kind cprov_source_quay = {
    .type = "quay",
    .scan = cprov_vendor_scan,
    .versions = cprov_vendor_versions,
    .details = cprov_vendor_details,
    .can_scan = can_scan,
    .has_digests = true,
    .vendor = &quay,
};
