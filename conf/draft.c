/* conf/draft.c - the configuration while its files are read. */
#include "conf/draft_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"

/* Kinds of source that can be asked: registries, registries with an API of their own, documents,
 * and what lies on this machine. */
static const char *const source_types[] = { "oci",    "dockerhub", "quay",    "harbor", "gitlab",
                                            "github", "mcr",       "acr",     "gcr",    "ecr",
                                            "cprov",  "document",  "catalog", "layout", "archive",
                                            "mirror", "folder" };

struct cprov_conf *cprov_conf_new(void)
{
    return calloc(1, sizeof(struct cprov_conf));
}

struct cprov_draft_entry *cprov_draft_find(const struct cprov_draft_list *list, const char *key)
{
    for (struct cprov_draft_entry *e = list->head; e; e = e->next)
        if (cprov_span_is_nocase(cprov_span_of(e->key), key))
            return e;
    return NULL;
}

static int append(struct cprov_draft *d, struct cprov_draft_list *list,
                  const struct cprov_draft_entry *entry, struct cprov_error *err)
{
    struct cprov_draft_entry **link = &list->head;
    struct cprov_draft_entry *added = cprov_arena_alloc(&d->conf->arena, 1, sizeof(*added));

    if (!added)
        return cprov_fail_memory(err);
    if (list->count == CPROV_CONF_ENTRIES_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "more than %d entries", CPROV_CONF_ENTRIES_MAX);
    while (*link)
        link = &(*link)->next;
    *added = (struct cprov_draft_entry){
        .key = entry->key,
        .value = entry->value,
        .removed = entry->removed,
        .first = d->file,
        .last = d->file,
    };
    *link = added;
    list->count++;
    return 0;
}

int cprov_draft_put(struct cprov_draft *d, struct cprov_draft_list *list,
                    const struct cprov_draft_entry *entry, struct cprov_error *err)
{
    struct cprov_draft_entry *there = cprov_draft_find(list, entry->key);

    if (!there)
        return append(d, list, entry, err);
    if (there->last == d->file)
        return cprov_fail(err, CPROV_EEXISTS, "duplicate '%s'", entry->key);
    there->key = entry->key;
    there->value = entry->value;
    there->removed = entry->removed;
    there->last = d->file;
    return 0;
}

void cprov_draft_unlink(struct cprov_draft_list *list, const struct cprov_draft_entry *entry)
{
    struct cprov_draft_entry **link = &list->head;

    while (*link && *link != entry)
        link = &(*link)->next;
    if (!*link)
        return;
    *link = entry->next;
    list->count--;
}

/* The values of a list, one after the other; *count says how many. */
static const void *flatten(struct cprov_arena *arena, const struct cprov_draft_list *list,
                           size_t size, size_t *count)
{
    char *items = cprov_arena_alloc(arena, list->count, size);

    *count = 0;
    if (!items)
        return NULL;
    for (const struct cprov_draft_entry *e = list->head; e; e = e->next)
        if (!e->removed)
            memcpy(items + size * (*count)++, e->value, size);
    return items;
}

int cprov_draft_finish(struct cprov_draft *d, struct cprov_error *err)
{
    struct cprov_conf *c = d->conf;

    c->sources = flatten(&c->arena, &d->sources, sizeof(*c->sources), &c->sources_count);
    c->hosts = flatten(&c->arena, &d->hosts, sizeof(*c->hosts), &c->hosts_count);
    c->aliases = flatten(&c->arena, &d->aliases, sizeof(*c->aliases), &c->aliases_count);
    return cprov_arena_check(&c->arena, err);
}

/* Empty, too long, or with something in it that a file or a terminal would stumble over. */
static bool is_bad_text(const char *text)
{
    struct cprov_span s = cprov_span_of(text);

    if (s.len == 0 || s.len > CPROV_NAME_MAX || !cprov_span_is_utf8(s) ||
        cprov_span_trim(s).len != s.len)
        return true;
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
            return true;
    return false;
}

const char *cprov_source_type(const char *type)
{
    return type && strcmp(type, "index") == 0 ? "document" : type;
}

static int fail_type(const char *type, struct cprov_error *err)
{
    auto_buf struct cprov_buf known = { 0 };

    cprov_buf_init(&known, CPROV_KIB);
    for (size_t i = 0; i < CPROV_COUNT(source_types); i++)
        cprov_buf_addf(&known, "%s%s", i ? ", " : "", source_types[i]);
    return cprov_fail(err, CPROV_EINVAL, "unknown source kind '%s' (known: %s)", type,
                      cprov_buf_text(&known));
}

static int check_type(const char *type, struct cprov_error *err)
{
    for (size_t i = 0; i < CPROV_COUNT(source_types); i++)
        if (strcmp(type, source_types[i]) == 0)
            return 0;
    return fail_type(type, err);
}

int cprov_source_check(const struct cprov_source *s, struct cprov_error *err)
{
    if (!s->name)
        return cprov_fail(err, CPROV_EINVAL, "a source has no 'name'");
    if (is_bad_text(s->name))
        return cprov_fail(err, CPROV_EINVAL, "the name of a source is empty or unprintable");
    if (!s->location)
        return cprov_fail(err, CPROV_EINVAL, "source '%s' has no 'location'", s->name);
    if (is_bad_text(s->location) || strchr(s->location, ' '))
        return cprov_fail(err, CPROV_EINVAL, "the location of source '%s' is not valid", s->name);
    if (strpbrk(s->location, "@?#")) {
        cprov_fail(err, CPROV_EINVAL, "the location of source '%s' has a login or query", s->name);
        cprov_hint(err, CPROV_HINT_KEEP_LOGIN);
        return CPROV_EINVAL;
    }
    if (s->proxy && is_bad_text(s->proxy))
        return cprov_fail(err, CPROV_EINVAL, "the proxy of source '%s' is not valid", s->name);
    if (!s->cert_file != !s->key_file)
        return cprov_fail(err, CPROV_EINVAL, "source '%s' needs both a certificate and its key",
                          s->name);
    return check_type(s->type ? s->type : source_types[0], err);
}

/* Everything else goes between quotes. */
static bool is_plain(struct cprov_span s)
{
    if (s.len == 0 || !cprov_is_alnum(s.ptr[0]) || s.ptr[s.len - 1] == ':' ||
        cprov_span_is_nocase(s, "null"))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!cprov_is_alnum(s.ptr[i]) && !strchr("._-/:", s.ptr[i]))
            return false;
    return true;
}

/* One character between quotes. What is not ASCII may be a line break to YAML. */
static size_t format_character(struct cprov_buf *out, struct cprov_span s)
{
    static const unsigned char masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    size_t len = cprov_utf8_length(s);
    unsigned long code = (unsigned char)s.ptr[0] & masks[len];

    for (size_t i = 1; i < len; i++)
        code = code << 6 | ((unsigned char)s.ptr[i] & 0x3f);
    if (len > 1)
        cprov_buf_addf(out, "\\U%08lx", code);
    else if (s.ptr[0] == '"' || s.ptr[0] == '\\')
        cprov_buf_addf(out, "\\%c", s.ptr[0]);
    else
        cprov_buf_add_char(out, s.ptr[0]);
    return len > 0 ? len : 1;
}

static void format_text(struct cprov_buf *out, const char *text)
{
    struct cprov_span s = cprov_span_of(text);

    if (is_plain(s)) {
        cprov_buf_add_span(out, s);
    } else {
        cprov_buf_add_char(out, '"');
        while (s.len)
            s = cprov_span_from(s, format_character(out, s));
        cprov_buf_add_char(out, '"');
    }
}

static void format_member(struct cprov_buf *out, const char *key, const char *value)
{
    cprov_buf_addf(out, "    %s: ", key);
    format_text(out, value);
    cprov_buf_add_char(out, '\n');
}

static void format_source(struct cprov_buf *out, const struct cprov_draft_entry *e)
{
    const struct cprov_source *s = e->value;
    size_t start = out->len;

    format_member(out, "name", e->key);
    if (out->ptr && out->len > start)
        out->ptr[start + 2] = '-';
    if (e->removed) {
        cprov_buf_add_text(out, "    removed: true\n");
        return;
    }
    format_member(out, "location", s->location);
    format_member(out, "type", s->type ? s->type : source_types[0]);
    cprov_buf_addf(out, "    trusted: %s\n", s->trusted ? "true" : "false");
    const struct {
        const char *key, *value;
    } members[] = { { "proxy", s->proxy },
                    { "key", s->key },
                    { "allow-http", s->allow_http ? "true" : NULL },
                    { "tls-verify", s->insecure ? "false" : NULL },
                    { "ca-file", s->ca_file },
                    { "cert-file", s->cert_file },
                    { "key-file", s->key_file } };
    for (size_t i = 0; i < CPROV_COUNT(members); i++)
        if (members[i].value)
            format_member(out, members[i].key, members[i].value);
}

void cprov_draft_format_sources(const struct cprov_draft_list *sources, unsigned file,
                                struct cprov_buf *out)
{
    bool any = false;

    cprov_buf_add_text(out, "# Written by container-provider, which keeps no comments.\n");
    for (const struct cprov_draft_entry *e = sources->head; e; e = e->next) {
        if (e->last != file)
            continue;
        if (!any)
            cprov_buf_add_text(out, "sources:\n");
        any = true;
        format_source(out, e);
    }
    if (!any)
        cprov_buf_add_text(out, "sources: []\n");
}

void cprov_draft_format_token_servers(const struct cprov_draft_list *hosts, struct cprov_buf *out)
{
    cprov_buf_add_text(
        out, "# Written by container-provider, which keeps no comments: where the logins of "
             "registries may go.\nhosts:\n");
    for (const struct cprov_draft_entry *e = hosts->head; e; e = e->next) {
        const struct cprov_host_conf *h = e->value;

        cprov_buf_add_text(out, "  ");
        format_text(out, e->key);
        cprov_buf_add_text(out, ":\n");
        format_member(out, "token-server", h->token_server);
    }
}
