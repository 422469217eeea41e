/* A scripted server that answers some targets, and what a kind of source makes of it. */
#include "vendor_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

char vendor_authorization[256];

struct served {
    struct page pages[PAGES_MAX];
    char address[sizeof("http://") + CPROV_NAME_MAX];
};

static void with_address(const char *text, const char *address, char *out, size_t size)
{
    size_t n = 0;

    for (; *text && n + 1 < size; text++)
        n += *text == '@' ? (size_t)snprintf(out + n, size - n, "%s", address)
                          : (size_t)snprintf(out + n, size - n, "%c", *text);
}

static void serve(struct script_call *call, void *arg)
{
    const struct served *s = arg;
    char body[SCRIPT_TEXT_MAX] = "", headers[1024] = "";

    for (const struct page *p = s->pages; p < s->pages + PAGES_MAX && p->target; p++) {
        if (strcmp(call->target, p->target) != 0)
            continue;
        if (strncmp(p->target, "/v2/_catalog", 12) != 0 && !strstr(p->target, "/tags/list?n=1000"))
            snprintf(vendor_authorization, sizeof(vendor_authorization), "%s",
                     script_header(call, "Authorization"));
        with_address(p->body, s->address, body, sizeof(body));
        with_address(p->headers ? p->headers : JSON, s->address, headers, sizeof(headers));
        script_reply(call, p->status ? p->status : 200, headers, body);
        return;
    }
    script_reply(call, 404, JSON, "{\"errors\":[{\"code\":\"NOT_FOUND\"}]}");
}

static const char *text(const char *s)
{
    return s ? s : "";
}

/* "version hex-of-digest bytes created platforms os.version description publisher complete" */
static bool on_version(void *arg, const struct cprov_entry *e)
{
    struct world *w = arg;
    char hex[CPROV_DIGEST_TEXT_MAX] = "-";
    size_t len = strlen(w->names);

    if (e->digest)
        cprov_digest_hex(e->digest, hex);
    snprintf(w->names + len, sizeof(w->names) - len, "%s %.4s %ju [%s] [%s] [%s] [%s] [%s]%s\n",
             e->version, hex, (uintmax_t)e->bytes, text(e->created), text(e->platforms),
             text(e->os_version), text(e->description), text(e->publisher),
             e->complete ? " complete" : "");
    return ++w->names_count != w->names_wanted;
}

static int ask(struct world *w, const struct cprov_place *place, const struct vendor_case *v)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_versions_request versions = { on_version, world_on_done, w };
    struct cprov_list_request repositories = { world_on_name, world_on_list, w };
    struct cprov_reference r = place->base;

    if (!v->repository)
        return place->kind->scan(w->client, place, &repositories, &err);
    snprintf(r.repository, sizeof(r.repository), "%s", v->repository);
    return place->kind->versions(w->client, place, &r, &versions, &err);
}

void vendor_check(const struct vendor_case *v, const char *user, const char *password)
{
    struct served served;
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_place place;
    char location[2 * CPROV_NAME_MAX];
    struct world w;

    print_message("%s: %s\n", v->type, v->name);
    vendor_authorization[0] = '\0';
    memcpy(served.pages, v->pages, sizeof(served.pages));
    served.address[0] = '\0';
    world_open(&w, serve, &served, NULL);
    w.username = user;
    w.password = password;
    snprintf(served.address, sizeof(served.address), "http://%s", w.ref.host);
    snprintf(location, sizeof(location), "%s%s", served.address, v->path);
    struct cprov_source source = { .name = "s", .location = location, .type = v->type };
    assert_int_equal(cprov_place_init(&source, cprov_network_kinds, &place, &err), 0);
    assert_int_equal(ask(&w, &place, v), 0);
    world_run(&w);
    assert_int_equal(w.calls, 1);
    assert_int_equal(w.code, v->code);
    assert_string_equal(w.names, v->told);
    if (v->requests)
        assert_int_equal(script_server_count(w.server, ""), v->requests);
    world_close(&w);
}
