/* serve/ui/ui_version.c - one version of an image. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/limits.h"
#include "base/text.h"
#include "manifest/reference.h"
#include "serve/content_private.h"
#include "serve/parts_private.h"
#include "serve/routes_private.h"
#include "serve/ui/ui_layers_private.h"
#include "serve/ui/ui_page_private.h"

#define RELATIVES_MAX 100 /* links to images on top */
#define HELM_TYPES    "application/vnd.cncf.helm."
#define COMMAND_MAX   (2 * CPROV_NAME_MAX + CPROV_TAG_MAX + 200)

/* The image for one platform. */
struct shown_item {
    struct cprov_digest digest;
    const char *platform;
    uint64_t bytes;
    bool here;
};

struct shown_version {
    struct cprov_ui_page *page;
    const struct cprov_entry *card;
    const struct cprov_family *family;
    struct cprov_arena arena;
    struct shown_item *items;
    size_t count, room;
    bool is_index;
    bool is_artifact; /* no image: the manifest is that of it */
    size_t chosen;    /* the item whose parts are shown; count: none */
    struct cprov_manifest *manifest;
    struct cprov_image_config *config;
};

/* --- what is to be shown --- */

static void note_index(void *arg, const struct cprov_manifest *index)
{
    struct shown_version *v = arg;

    (void)index;
    v->is_index = true;
}

/* Of the version itself; one within an index is not shown. */
static int note_artifact(void *arg, const struct cprov_part_reader *part, struct cprov_error *err)
{
    struct shown_version *v = arg;

    (void)err;
    if (cprov_digest_equal(&part->descriptor->digest, v->card->digest))
        v->is_artifact = true;
    return 0;
}

static int add_item(void *arg, const struct cprov_part_reader *part, struct cprov_error *err)
{
    struct shown_version *v = arg;
    auto_buf struct cprov_buf platform = { 0 };
    const struct cprov_manifest *m = part->manifest;

    if (cprov_grow(&v->items, &v->room, v->count, sizeof(*v->items), CPROV_LIST_MAX, err) < 0)
        return err->code;
    cprov_buf_init(&platform, CPROV_UI_TEXT_MAX);
    if (part->descriptor->has_platform)
        cprov_platform_format(&part->descriptor->platform, &platform);
    struct shown_item item = { .digest = part->descriptor->digest,
                               .platform = cprov_arena_text(&v->arena, cprov_buf_span(&platform)),
                               .bytes = m ? m->raw.len + m->config.size : 0,
                               .here = m != NULL };
    for (size_t i = 0; m && i < m->layers_count; i++)
        if (m->layers[i].size <= CPROV_BLOB_SIZE_MAX)
            item.bytes += m->layers[i].size;
    v->items[v->count++] = item;
    return cprov_arena_check(&v->arena, err);
}

/* The one that was asked for, else the first that is here. False: there is none such. */
static bool choose(struct shown_version *v)
{
    const char *wanted = v->page->question->platform;
    char text[CPROV_DIGEST_TEXT_MAX];
    struct cprov_digest digest;

    v->chosen = 0;
    if (!wanted) {
        while (v->chosen < v->count && !v->items[v->chosen].here)
            v->chosen++;
        return true;
    }
    if (!cprov_percent_decode(cprov_span_of(wanted), text, sizeof(text)) ||
        cprov_digest_parse(cprov_span_of(text), &digest, NULL) < 0)
        return false;
    while (v->chosen < v->count && !cprov_digest_equal(&v->items[v->chosen].digest, &digest))
        v->chosen++;
    return v->chosen < v->count;
}

static int read_chosen(struct shown_version *v, struct cprov_error *err)
{
    struct cprov_store *store = v->page->service->store;

    if (v->is_artifact)
        return cprov_served_manifest(store, v->card->digest, &v->manifest, err);
    if (v->chosen == v->count || !v->items[v->chosen].here)
        return 0;
    int code = cprov_served_manifest(store, &v->items[v->chosen].digest, &v->manifest, err);
    if (code == 0 && v->manifest && v->manifest->kind == CPROV_DOC_MANIFEST)
        code = cprov_part_config(store, v->manifest, &v->config, err);
    return code;
}

/* --- its parts --- */

static void write_head(struct shown_version *v)
{
    struct cprov_buf *out = v->page->body;
    const struct cprov_entry *c = v->card;

    cprov_buf_add_text(out, "<nav aria-label=\"Where this is\"><ol class=\"crumbs\"><li><a "
                            "href=\"/\">Images</a></li><li>");
    cprov_ui_image_link(out, c->repository, c->name);
    CPROV_HTML(out, "</li></ol></nav><h1>$ <span class=\"version\">$</span></h1>", c->name,
               c->version);
    if (c->is_os)
        cprov_buf_add_text(out, "<p><span class=\"tag os\">base OS</span></p>");
    if (v->is_artifact)
        CPROV_HTML(out, "<p><span class=\"tag kind\">$</span></p>", cprov_ui_kind(c));
    if (*c->description) {
        cprov_buf_add_text(out, "<p class=\"lead\">");
        cprov_html_cut(out, c->description, CPROV_UI_TEXT_MAX);
        cprov_buf_add_text(out, "</p>");
    }
}

static void write_fact(struct cprov_buf *out, const char *term, const char *text, bool is_code)
{
    if (!*text)
        return;
    CPROV_HTML(out, "<dt>$</dt><dd>", term);
    cprov_buf_add_text(out, is_code ? "<code>" : "");
    cprov_html_cut(out, text, CPROV_UI_TEXT_MAX);
    cprov_buf_add_text(out, is_code ? "</code></dd>" : "</dd>");
}

static void write_facts(struct shown_version *v)
{
    struct cprov_buf *out = v->page->body;
    const struct cprov_entry *c = v->card;
    char digest[CPROV_DIGEST_TEXT_MAX], number[CPROV_UI_NUMBER_MAX];

    cprov_buf_add_text(out, "<h2>Summary</h2><dl>");
    write_fact(out, "Publisher", c->publisher, false);
    write_fact(out, "Size", cprov_text_size(c->bytes, number), false);
    if (*cprov_ui_date(c->created, number)) {
        cprov_buf_add_text(out, "<dt>Created</dt><dd>");
        cprov_ui_time(out, c->created);
        cprov_buf_add_text(out, "</dd>");
    }
    if (v->is_artifact)
        write_fact(out, "Kind", c->artifact_type, true);
    if (!v->is_index && *c->platforms) {
        cprov_buf_add_text(out, "<dt>Platform</dt><dd>");
        cprov_ui_platforms(out, c->platforms, 1);
        cprov_buf_add_text(out, "</dd>");
    }
    write_fact(out, "Digest", cprov_digest_format(c->digest, digest), true);
    write_fact(out, "Image id", v->is_index ? "" : c->image_id, true);
    write_fact(out, "Media type", c->media_type, true);
    cprov_buf_add_text(out, "</dl>");
}

static void write_command(struct cprov_buf *out, const char *label, const char *command)
{
    CPROV_HTML(out, "<div class=\"command\"><span>$</span><code tabindex=\"0\">$</code></div>\n",
               label, command);
}

/* Engines have no use for what is no image; these have. */
static void write_artifact_commands(struct shown_version *v, const char *reference)
{
    const char *plain = v->page->service->tls ? "" : " --plain-http";
    char command[COMMAND_MAX + 64];

    if (cprov_span_starts_with(cprov_span_of(v->card->artifact_type), HELM_TYPES)) {
        snprintf(command, sizeof(command), "helm pull oci://%s/%s --version %s%s", v->page->host,
                 v->card->repository, v->card->version, plain);
        write_command(v->page->body, "helm", command);
    }
    snprintf(command, sizeof(command), "oras pull%s %s", plain, reference);
    write_command(v->page->body, "oras", command);
}

static void write_commands(struct shown_version *v)
{
    struct cprov_buf *out = v->page->body;
    bool local = cprov_host_is_loopback(cprov_span_of(v->page->host));
    const char *http = v->page->service->tls || local ? "" : " --allow-http";
    const char *insecure = v->page->service->tls ? "" : " --tls-verify=false";
    char reference[COMMAND_MAX], command[COMMAND_MAX + 64];

    snprintf(reference, sizeof(reference), "%s/%s:%s", v->page->host, v->card->repository,
             v->card->version);
    cprov_buf_add_text(out, "<section class=\"commands\"><h2>Get it</h2>");
    snprintf(command, sizeof(command), "install-image %s%s", reference, http);
    write_command(out, "Install", command);
    snprintf(command, sizeof(command), "save-image %s --path .%s", reference, http);
    write_command(out, "Save as a file", command);
    if (v->is_artifact) {
        write_artifact_commands(v, reference);
    } else {
        snprintf(command, sizeof(command), "podman pull%s %s", insecure, reference);
        write_command(out, "podman", command);
        snprintf(command, sizeof(command), "docker pull %s", reference);
        write_command(out, "docker", command);
    }
    if (*http && !v->is_artifact)
        cprov_buf_add_text(out, "<p class=\"more\">docker pulls over plain HTTP from the "
                                "<code>insecure-registries</code> of its daemon alone.</p>");
    cprov_buf_add_text(out, "</section>");
}

static void write_platform(struct shown_version *v, size_t i)
{
    struct cprov_buf *out = v->page->body;
    const struct shown_item *item = &v->items[i];
    char digest[CPROV_DIGEST_TEXT_MAX], number[CPROV_UI_NUMBER_MAX];
    const char *shown = *item->platform ? item->platform : "not said";

    cprov_digest_format(&item->digest, digest);
    cprov_buf_add_text(out, "<tr><th scope=\"row\">");
    if (item->here)
        CPROV_HTML(out, "<a href=\"/ui/image/$/-/$?platform=$\"", v->card->repository,
                   v->card->version, digest);
    if (item->here)
        CPROV_HTML(out, i == v->chosen ? " aria-current=\"true\">$</a>" : ">$</a>", shown);
    else
        cprov_html_text(out, cprov_span_of(shown));
    CPROV_HTML(out, "</th><td class=\"number\">$</td><td><code>$</code></td></tr>\n",
               item->here ? cprov_text_size(item->bytes, number) : "not here", digest);
}

static void write_platforms(struct shown_version *v)
{
    struct cprov_buf *out = v->page->body;

    if (!v->is_index)
        return;
    cprov_buf_add_text(out, "<h2 id=\"platforms\">Platforms</h2><div class=\"wide\"><table "
                            "aria-labelledby=\"platforms\"><thead><tr><th scope=\"col\">Platform"
                            "</th><th scope=\"col\" class=\"number\">Size</th>"
                            "<th scope=\"col\">Digest</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < v->count && i < CPROV_UI_ROWS; i++)
        write_platform(v, i);
    cprov_buf_add_text(out, "</tbody></table></div>");
    if (v->count > CPROV_UI_ROWS)
        cprov_buf_addf(out, "<p class=\"more\">and %zu more</p>", v->count - CPROV_UI_ROWS);
}

static const struct cprov_entry *card_of(const struct shown_version *v, uint32_t member)
{
    uint32_t count;

    return &v->page->cards->list[cprov_family_members(v->family, &count)[member].card];
}

/* Links to images, with a heading before the first. */
struct relatives {
    struct shown_version *version;
    const char *heading;
    size_t count;
};

static void add_relative(struct relatives *r, uint32_t member)
{
    struct cprov_buf *out = r->version->page->body;

    if (r->count++ == 0)
        CPROV_HTML(out, "<h3>$</h3><ul class=\"relatives\">", r->heading);
    if (r->count > RELATIVES_MAX)
        return;
    cprov_buf_add_text(out, "<li>");
    cprov_ui_card_link(out, card_of(r->version, member));
    cprov_buf_add_text(out, "</li>");
}

static void end_relatives(struct relatives *r)
{
    struct cprov_buf *out = r->version->page->body;

    if (r->count > 0)
        cprov_buf_add_text(out, "</ul>");
    if (r->count > RELATIVES_MAX)
        cprov_buf_addf(out, "<p class=\"more\">and %zu more</p>", r->count - RELATIVES_MAX);
}

/* Several images with the same layers are one in the tree: the first of them has the children. */
static void write_tree(struct shown_version *v, uint32_t self)
{
    uint32_t count;
    const struct cprov_member *members = cprov_family_members(v->family, &count);
    uint32_t first = members[self].same ? members[self].parent : self;
    struct relatives same = { .version = v, .heading = "The same layers as" };
    struct relatives on_top = { .version = v, .heading = "Images on top of this" };

    if (first != self)
        add_relative(&same, first);
    for (uint32_t m = members[first].first_child; m != CPROV_NOBODY; m = members[m].next_sibling)
        if (members[m].same && m != self)
            add_relative(&same, m);
    end_relatives(&same);
    for (uint32_t m = members[first].first_child; m != CPROV_NOBODY; m = members[m].next_sibling)
        if (!members[m].same)
            add_relative(&on_top, m);
    end_relatives(&on_top);
}

/* Another name for the same bytes; only where an image is at home. */
static bool is_twin(const struct shown_version *v, const struct cprov_card_group *g, size_t i)
{
    const struct cprov_entry *c = &v->page->cards->list[i];

    return g->own && c != v->card && cprov_digest_equal(c->digest, v->card->digest);
}

static void write_names(struct shown_version *v)
{
    struct cprov_buf *out = v->page->body;
    const struct cprov_cards *cards = v->page->cards;
    size_t shown = 0;

    for (size_t k = 0; k < cards->groups_count; k++) {
        const struct cprov_card_group *g = &cards->groups[k];

        for (size_t i = g->first; i < g->first + g->count && shown < RELATIVES_MAX; i++) {
            if (!is_twin(v, g, i))
                continue;
            cprov_buf_add_text(out, shown++ == 0
                                        ? "<h3>The same image as</h3><ul class=\"relatives\"><li>"
                                        : "<li>");
            cprov_ui_card_link(out, &cards->list[i]);
            cprov_buf_add_text(out, "</li>");
        }
    }
    if (shown > 0)
        cprov_buf_add_text(out, "</ul>");
}

static void write_relatives(struct shown_version *v)
{
    struct cprov_buf *out = v->page->body;
    uint32_t self = cprov_family_find(v->family, v->card->digest);
    uint32_t base = v->chosen < v->count
                        ? cprov_family_base(v->family, &v->items[v->chosen].digest, self)
                        : CPROV_NOBODY;

    cprov_buf_add_text(out, "<section class=\"family\"><h2>Family</h2>");
    cprov_buf_add_text(out, v->is_artifact ? "" : "<h3>Built on</h3>");
    if (v->is_artifact)
        cprov_buf_add_text(out, "<p class=\"more\">This is no image: nothing is built on it.</p>");
    else if (base == CPROV_NOBODY) {
        cprov_buf_add_text(out, "<p class=\"more\">nothing that is served here</p>");
    } else {
        cprov_buf_add_text(out, "<p id=\"base\">");
        cprov_ui_card_link(out, card_of(v, base));
        cprov_buf_add_text(out, "</p>");
    }
    if (self != CPROV_NOBODY)
        write_tree(v, self);
    write_names(v);
    cprov_buf_add_text(out, "</section>");
}

static void write_parts(struct shown_version *v)
{
    struct cprov_buf *out = v->page->body;

    if (!v->manifest) {
        cprov_buf_add_text(out, "<p>Its manifest is not here, or it is damaged.</p>");
        return;
    }
    if (v->is_artifact) {
        cprov_ui_files(out, v->manifest);
        return;
    }
    if (v->is_index)
        CPROV_HTML(out, "<p class=\"which\">What follows is of <strong>$</strong>.</p>",
                   *v->items[v->chosen].platform ? v->items[v->chosen].platform
                                                 : "the platform that is marked");
    cprov_ui_layers(out, v->manifest, v->config);
    cprov_ui_history(out, v->config);
    cprov_ui_config(out, v->config);
}

static int write_page(struct shown_version *v, struct cprov_error *err)
{
    struct cprov_parts_walk walk = {
        .part = add_item, .index = note_index, .artifact = note_artifact, .arg = v
    };
    char title[CPROV_NAME_MAX + CPROV_TAG_MAX + 2];

    if (cprov_parts_each(v->page->service->store, v->card->digest, &walk, err) < 0 ||
        cprov_view_family(v->page->view, &v->family, err) < 0)
        return err->code;
    if (!choose(v)) {
        v->page->status = 404;
        return 0;
    }
    if (read_chosen(v, err) < 0)
        return err->code;
    snprintf(title, sizeof(title), "%s %s", v->card->name, v->card->version);
    cprov_ui_begin(v->page, title, "");
    write_head(v);
    write_commands(v);
    cprov_buf_add_text(v->page->body, "<div class=\"columns\"><section>");
    write_facts(v);
    cprov_buf_add_text(v->page->body, "</section>");
    write_relatives(v);
    cprov_buf_add_text(v->page->body, "</div>");
    write_platforms(v);
    write_parts(v);
    cprov_ui_end(v->page);
    return 0;
}

int cprov_ui_version(struct cprov_ui_page *p, struct cprov_error *err)
{
    const struct cprov_card_group *g =
        cprov_cards_group(p->cards, cprov_span_of(p->route->repository));
    struct shown_version v = { .page = p };

    if (g)
        v.card = cprov_cards_find(p->cards, g, cprov_span_of(p->route->tag));
    if (!v.card) {
        p->status = 404;
        return 0;
    }
    int code = write_page(&v, err);
    cprov_image_config_free(v.config);
    cprov_manifest_free(v.manifest);
    free(v.items);
    cprov_arena_clear(&v.arena);
    return code;
}
