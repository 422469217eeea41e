/* serve/ui/ui_layers.c - what an image for one platform is made of. */
#include "serve/ui/ui_layers_private.h"

#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "serve/html_private.h"
#include "serve/ui/ui_page_private.h"

#define STEP_MAX   400 /* bytes shown of a step beside its layer */
#define VALUE_MAX  600 /* bytes shown of a label */
#define WORDS_MAX  64  /* shown of a command, and of each list */
#define LABELS_MAX 200 /* rows */
#define BAR        100 /* width of the largest layer */
#define HEX_SHOWN  12
#define ANN_TITLE  "org.opencontainers.image.title"

/* The step of the history that made layer i, or "". */
static const char *step_of(const struct cprov_image_config *c, size_t layer)
{
    for (size_t i = 0; c && i < c->history_count; i++)
        if (!c->history[i].empty_layer && layer-- == 0)
            return c->history[i].created_by;
    return "";
}

static void write_layer(struct cprov_buf *out, size_t i, const struct cprov_descriptor *d,
                        uint64_t largest, const char *step)
{
    char digest[CPROV_DIGEST_TEXT_MAX], size[CPROV_UI_NUMBER_MAX];
    unsigned width = largest ? (unsigned)((double)d->size / (double)largest * BAR + 0.5) : 0;
    struct cprov_layer_type type = cprov_media_type_layer(cprov_span_of(d->media_type));

    cprov_digest_format(&d->digest, digest);
    cprov_buf_addf(out, "<tr><th scope=\"row\">%zu</th><td class=\"number\">%s</td>", i + 1,
                   cprov_text_size(d->size, size));
    cprov_buf_addf(
        out,
        "<td class=\"bars\"><svg class=\"bar\" width=\"%d\" height=\"10\" aria-hidden=\"true\">"
        "<rect class=\"track\" width=\"%d\" height=\"10\" rx=\"2\"/>"
        "<rect width=\"%u\" height=\"10\" rx=\"2\"/></svg></td>",
        BAR, BAR, width == 0 && d->size > 0 ? 1 : width);
    cprov_buf_addf(out, "<td><code title=\"%s\">%.*s</code>%s</td><td class=\"words\"><code>",
                   digest, HEX_SHOWN, strchr(digest, ':') + 1,
                   type.foreign ? " <span class=\"tag\">foreign</span>" : "");
    cprov_html_cut(out, step, STEP_MAX);
    cprov_buf_add_text(out, "</code></td></tr>\n");
}

static void write_rest(struct cprov_buf *out, size_t count, size_t shown)
{
    char number[CPROV_UI_NUMBER_MAX];

    if (count > shown)
        CPROV_HTML(out, "<p class=\"more\">and $ more</p>", cprov_ui_count(count - shown, number));
}

void cprov_ui_layers(struct cprov_buf *out, const struct cprov_manifest *m,
                     const struct cprov_image_config *config)
{
    size_t shown = m->layers_count < CPROV_UI_ROWS ? m->layers_count : CPROV_UI_ROWS;
    uint64_t largest = 0, sum = 0;
    char number[CPROV_UI_NUMBER_MAX], size[CPROV_UI_NUMBER_MAX];

    for (size_t i = 0; i < m->layers_count; i++) {
        uint64_t bytes = m->layers[i].size;
        largest = bytes > largest ? bytes : largest;
        sum += bytes < CPROV_BLOB_SIZE_MAX ? bytes : 0;
    }
    CPROV_HTML(out, "<h2 id=\"layers\">Layers</h2><p>$ $, $ as they are downloaded</p>",
               cprov_ui_count(m->layers_count, number), m->layers_count == 1 ? "layer" : "layers",
               cprov_text_size(sum, size));
    cprov_buf_add_text(out, "<div class=\"wide\"><table aria-labelledby=\"layers\" "
                            "class=\"layers\"><thead><tr><th scope=\"col\">#</th>"
                            "<th scope=\"col\" class=\"number\">Size</th><td class=\"bars\"></td>"
                            "<th scope=\"col\">Digest</th><th scope=\"col\">Made by</th>"
                            "</tr></thead><tbody>\n");
    for (size_t i = 0; i < shown; i++)
        write_layer(out, i, &m->layers[i], largest, step_of(config, i));
    cprov_buf_add_text(out, "</tbody></table></div>");
    write_rest(out, m->layers_count, shown);
}

void cprov_ui_files(struct cprov_buf *out, const struct cprov_manifest *m)
{
    size_t shown = m->layers_count < CPROV_UI_ROWS ? m->layers_count : CPROV_UI_ROWS;
    char digest[CPROV_DIGEST_TEXT_MAX], size[CPROV_UI_NUMBER_MAX];

    cprov_buf_add_text(out, "<h2 id=\"files\">Files</h2><div class=\"wide\"><table "
                            "aria-labelledby=\"files\"><thead><tr><th scope=\"col\">Name</th>"
                            "<th scope=\"col\">Type</th><th scope=\"col\">Digest</th>"
                            "<th scope=\"col\" class=\"number\">Size</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < shown; i++) {
        const struct cprov_descriptor *d = &m->layers[i];
        const char *title = cprov_annotation_get(d->annotations, d->annotations_count, ANN_TITLE);

        cprov_buf_add_text(out, "<tr><th scope=\"row\">");
        cprov_html_cut(out, title && *title ? title : "without a name", VALUE_MAX);
        cprov_buf_add_text(out, "</th><td class=\"words\"><code>");
        cprov_html_cut(out, d->media_type, VALUE_MAX);
        cprov_digest_format(&d->digest, digest);
        cprov_buf_addf(out, "</code></td><td><code title=\"%s\">%.*s</code></td>", digest,
                       HEX_SHOWN, strchr(digest, ':') + 1);
        CPROV_HTML(out, "<td class=\"number\">$</td></tr>\n", cprov_text_size(d->size, size));
    }
    cprov_buf_add_text(out, "</tbody></table></div>");
    write_rest(out, m->layers_count, shown);
}

void cprov_ui_history(struct cprov_buf *out, const struct cprov_image_config *config)
{
    size_t count = config ? config->history_count : 0;
    size_t shown = count < CPROV_UI_ROWS ? count : CPROV_UI_ROWS;

    if (count == 0)
        return;
    cprov_buf_addf(out,
                   "<details><summary><h2>History</h2> <span class=\"more\">%zu %s</span></summary>"
                   "<ol class=\"history\">\n",
                   count, count == 1 ? "step" : "steps");
    for (size_t i = 0; i < shown; i++) {
        const struct cprov_history *h = &config->history[i];

        cprov_buf_add_text(out, h->empty_layer ? "<li class=\"empty\">" : "<li>");
        cprov_ui_time(out, h->created);
        cprov_buf_add_text(out, " <code>");
        cprov_html_cut(out, *h->created_by ? h->created_by : h->comment, CPROV_UI_TEXT_MAX);
        cprov_buf_add_text(out, h->empty_layer ? "</code> <span class=\"more\">no layer</span></li>"
                                               : "</code></li>");
    }
    cprov_buf_add_text(out, "</ol>");
    write_rest(out, count, shown);
    cprov_buf_add_text(out, "</details>");
}

static void write_list(struct cprov_buf *out, const char *term, const char *const *list,
                       size_t count)
{
    size_t shown = count < WORDS_MAX ? count : WORDS_MAX;

    if (count == 0)
        return;
    CPROV_HTML(out, "<dt>$</dt><dd>", term);
    for (size_t i = 0; i < shown; i++) {
        cprov_buf_add_text(out, "<code>");
        cprov_html_cut(out, list[i], VALUE_MAX);
        cprov_buf_add_text(out, "</code> ");
    }
    write_rest(out, count, shown);
    cprov_buf_add_text(out, "</dd>");
}

/* Values may be secrets that somebody left in an image. */
static void write_names(struct cprov_buf *out, const struct cprov_image_config *c)
{
    size_t shown = c->env_count < LABELS_MAX ? c->env_count : LABELS_MAX;

    if (c->env_count == 0)
        return;
    cprov_buf_add_text(out, "<dt>Environment</dt><dd>");
    for (size_t i = 0; i < shown; i++) {
        struct cprov_span name = cprov_span_of(c->env[i]);

        name.len = cprov_span_find(name, '=');
        if (name.len > VALUE_MAX)
            name.len = VALUE_MAX;
        cprov_buf_add_text(out, "<code>");
        cprov_html_text(out, name);
        cprov_buf_add_text(out, "</code> ");
    }
    write_rest(out, c->env_count, shown);
    cprov_buf_add_text(out, "</dd>");
}

static void write_text(struct cprov_buf *out, const char *term, const char *text)
{
    if (!*text)
        return;
    CPROV_HTML(out, "<dt>$</dt><dd><code>", term);
    cprov_html_cut(out, text, VALUE_MAX);
    cprov_buf_add_text(out, "</code></dd>");
}

static void write_labels(struct cprov_buf *out, const struct cprov_image_config *c)
{
    size_t shown = c->labels_count < LABELS_MAX ? c->labels_count : LABELS_MAX;

    if (c->labels_count == 0)
        return;
    cprov_buf_add_text(out, "<h3 id=\"labels\">Labels</h3><div class=\"wide\"><table "
                            "aria-labelledby=\"labels\"><thead><tr><th scope=\"col\">Key</th>"
                            "<th scope=\"col\">Value</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < shown; i++) {
        cprov_buf_add_text(out, "<tr><th scope=\"row\"><code>");
        cprov_html_cut(out, c->labels[i].key, VALUE_MAX);
        cprov_buf_add_text(out, "</code></th><td class=\"words\">");
        cprov_html_cut(out, c->labels[i].value, VALUE_MAX);
        cprov_buf_add_text(out, "</td></tr>\n");
    }
    cprov_buf_add_text(out, "</tbody></table></div>");
    write_rest(out, c->labels_count, shown);
}

void cprov_ui_config(struct cprov_buf *out, const struct cprov_image_config *config)
{
    if (!config)
        return;
    cprov_buf_add_text(out, "<h2>Configuration</h2><dl>");
    write_list(out, "Entrypoint", config->entrypoint, config->entrypoint_count);
    write_list(out, "Command", config->cmd, config->cmd_count);
    write_text(out, "User", config->user);
    write_text(out, "Working folder", config->working_dir);
    write_names(out, config);
    write_list(out, "Ports", config->ports, config->ports_count);
    write_list(out, "Volumes", config->volumes, config->volumes_count);
    write_text(out, "Stop signal", config->stop_signal);
    write_text(out, "Author", config->author);
    cprov_buf_add_text(out, "</dl>");
    write_labels(out, config);
}
