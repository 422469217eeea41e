/* conf/conf.c - reads one YAML file into the draft. */
#include "conf/draft_private.h"

#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/quantity.h"
#include "conf/yaml_value.h"

struct conf_reader {
    struct cprov_draft *draft;
    const char *file;
    struct cprov_error *err;
};

enum conf_kind {
    TEXT,     /* const char * */
    PATH,     /* the same; relative to the folder of the file */
    BOOL,     /* bool */
    NOT_BOOL, /* bool, written as its contrary */
    QUANTITY, /* uint64_t */
    NESTED,   /* whatever `read` reads */
};

/* What one key of a mapping means. */
struct conf_key {
    const char *name;
    enum conf_kind kind;
    size_t offset; /* of its field */
    struct cprov_quantity quantity;
    size_t has; /* offset of the bool that says it was set, or 0 */
    int (*read)(struct conf_reader *r, const struct cprov_json *v);
};

struct source_fields {
    struct cprov_source source;
    bool removed;
};

static int read_sources(struct conf_reader *r, const struct cprov_json *v);
static int read_hosts(struct conf_reader *r, const struct cprov_json *v);
static int read_aliases(struct conf_reader *r, const struct cprov_json *v);

#define C(field) offsetof(struct cprov_conf, field)
/* clang-format off */
static const struct conf_key root_keys[] = {
    { .name = "root", .kind = PATH, .offset = C(root) },
    { .name = "cache", .kind = PATH, .offset = C(cache) },
    { .name = "sources", .kind = NESTED, .read = read_sources },
    { .name = "hosts", .kind = NESTED, .read = read_hosts },
    { .name = "aliases", .kind = NESTED, .read = read_aliases },
    { "parallel", QUANTITY, C(parallel), { CPROV_QUANTITY_COUNT, 1, CPROV_PARALLEL_MAX }, 0, NULL },
    { "retries", QUANTITY, C(retries), { CPROV_QUANTITY_COUNT, 0, 100 }, C(has_retries), NULL },
    { "connect-timeout", QUANTITY, C(connect_timeout_ms), { CPROV_QUANTITY_TIME, 1, CPROV_STALL_TIMEOUT_MAX_MS }, 0, NULL },
    { "stall-timeout", QUANTITY, C(stall_timeout_ms), { CPROV_QUANTITY_TIME, 1, CPROV_STALL_TIMEOUT_MAX_MS }, 0, NULL },
    { "limit-rate", QUANTITY, C(limit_rate), { CPROV_QUANTITY_RATE, 0, CPROV_RATE_MAX }, 0, NULL },
    { "split-size", QUANTITY, C(split_bytes), { CPROV_QUANTITY_SIZE, 1, CPROV_BLOB_SIZE_MAX }, 0, NULL },
    { "split-after", QUANTITY, C(split_after_ms), { CPROV_QUANTITY_TIME, 0, CPROV_STALL_TIMEOUT_MAX_MS }, C(has_split_after), NULL },
    { "max-age", QUANTITY, C(max_age_ms), { CPROV_QUANTITY_TIME, 0, CPROV_AGE_MAX_MS }, C(has_max_age), NULL },
    { .name = "immutable-tags", .kind = TEXT, .offset = C(immutable_tags) },
};
/* clang-format on */
#undef C

#define S(field) offsetof(struct source_fields, field)
static const struct conf_key source_keys[] = {
    { .name = "name", .kind = TEXT, .offset = S(source.name) },
    { .name = "location", .kind = TEXT, .offset = S(source.location) },
    { .name = "type", .kind = TEXT, .offset = S(source.type) },
    { .name = "trusted", .kind = BOOL, .offset = S(source.trusted) },
    { .name = "proxy", .kind = TEXT, .offset = S(source.proxy) },
    { .name = "key", .kind = PATH, .offset = S(source.key) },
    { .name = "allow-http", .kind = BOOL, .offset = S(source.allow_http) },
    { .name = "tls-verify", .kind = NOT_BOOL, .offset = S(source.insecure) },
    { .name = "ca-file", .kind = PATH, .offset = S(source.ca_file) },
    { .name = "cert-file", .kind = PATH, .offset = S(source.cert_file) },
    { .name = "key-file", .kind = PATH, .offset = S(source.key_file) },
    { .name = "removed", .kind = BOOL, .offset = S(removed) },
};
#undef S

#define H(field) offsetof(struct cprov_host_conf, field)
static const struct conf_key host_keys[] = {
    { .name = "allow-http", .kind = BOOL, .offset = H(allow_http) },
    { .name = "tls-verify", .kind = NOT_BOOL, .offset = H(insecure) },
    { .name = "ca-file", .kind = PATH, .offset = H(ca_file) },
    { .name = "cert-file", .kind = PATH, .offset = H(cert_file) },
    { .name = "key-file", .kind = PATH, .offset = H(key_file) },
    { .name = "proxy", .kind = TEXT, .offset = H(proxy) },
    { .name = "token-server", .kind = TEXT, .offset = H(token_server) },
};
#undef H

static struct cprov_yaml_place place(const struct cprov_json *v)
{
    return cprov_yaml_source(v)->at;
}

static struct cprov_yaml_place key_place(const struct cprov_json *v)
{
    return cprov_yaml_source(v)->key_at;
}

/* Puts "FILE:LINE:COLUMN: " before the message that is there. */
static int at(struct conf_reader *r, struct cprov_yaml_place where, int code)
{
    return cprov_wrap_as(r->err, code, "%s:%u:%u", r->file, where.line, where.column);
}

static CPROV_PRINTF(3, 4) int fail(struct conf_reader *r, struct cprov_yaml_place where,
                                   const char *format, ...)
{
    char text[sizeof(r->err->msg)];
    va_list args;

    va_start(args, format);
    cprov_text_vformat(text, sizeof(text), format, args);
    va_end(args);
    return cprov_fail(r->err, CPROV_EINVAL, "%s:%u:%u: %s", r->file, where.line, where.column,
                      text);
}

/* How many letters must be changed, added or dropped; anything from 3 on may be said as 3. */
static size_t edit_distance(struct cprov_span a, struct cprov_span b)
{
    enum { LONGEST = 32, FAR = 3 };
    size_t row[LONGEST + 1];

    if (a.len > LONGEST || b.len > LONGEST)
        return FAR;
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t change = diagonal + (a.ptr[i - 1] != b.ptr[j - 1]);
            size_t other = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < other ? change : other;
        }
    }
    return row[b.len];
}

static int fail_unknown(struct conf_reader *r, const struct cprov_json *member,
                        const struct conf_key *keys, size_t count)
{
    struct cprov_span s = member->key;
    const char *nearest = NULL;
    size_t best = 3;

    for (size_t i = 0; i < count; i++) {
        struct cprov_span name = cprov_span_of(keys[i].name);
        size_t distance = edit_distance(s, name);
        if (distance < best && distance < s.len) {
            best = distance;
            nearest = keys[i].name;
        }
    }
    if (!nearest)
        return fail(r, key_place(member), "unknown key '%" CPROV_SPAN_FMT "'", CPROV_SPAN_ARG(s));
    return fail(r, key_place(member), "unknown key '%" CPROV_SPAN_FMT "' (did you mean '%s'?)",
                CPROV_SPAN_ARG(s), nearest);
}

/* A copy in the arena. */
static int keep_text(struct conf_reader *r, struct cprov_yaml_place where, const char *what,
                     struct cprov_span s, const char **out)
{
    if (s.len == 0)
        return fail(r, where, "'%s' has no value", what);
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
            return fail(r, where, "'%s' has a control character", what);

    const char *text = cprov_arena_text(&r->draft->conf->arena, s);
    if (!text)
        return cprov_fail_memory(r->err);
    *out = text;
    return 0;
}

static int read_text(struct conf_reader *r, const struct cprov_json *v, const char *what,
                     const char **out)
{
    if (v->type == CPROV_JSON_ARRAY || v->type == CPROV_JSON_OBJECT)
        return fail(r, place(v), "'%s' must be a text", what);
    return keep_text(r, place(v), what, v->text, out);
}

static int read_path(struct conf_reader *r, const struct cprov_json *v, const char *what,
                     const char **out)
{
    const char *slash = strrchr(r->file, '/');
    const char *text;
    int code = read_text(r, v, what, &text);

    if (code < 0)
        return code;
    if (*text != '/' && slash)
        text = cprov_arena_textf(&r->draft->conf->arena, "%.*s%s", (int)(slash + 1 - r->file),
                                 r->file, text);
    if (!text)
        return cprov_fail_memory(r->err);
    *out = text;
    return 0;
}

static int read_bool(struct conf_reader *r, const struct cprov_json *v, const char *what, bool *out)
{
    if (v->type != CPROV_JSON_BOOL)
        return fail(r, place(v), "'%s' must be true or false", what);
    *out = v->boolean;
    return 0;
}

static int read_quantity(struct conf_reader *r, const struct cprov_json *v,
                         const struct conf_key *key, uint64_t *out)
{
    char expected[CPROV_QUANTITY_EXPECTED_MAX];

    if (!cprov_yaml_source(v)->plain || !cprov_quantity_read(&key->quantity, v->text, out))
        return fail(r, place(v), "'%s' must be %s", key->name,
                    cprov_quantity_expected(&key->quantity, expected));
    return 0;
}

static int read_value(struct conf_reader *r, const struct cprov_json *v, const struct conf_key *key,
                      void *fields)
{
    void *field = (char *)fields + key->offset;
    bool yes = false;

    switch (key->kind) {
    case TEXT:
        return read_text(r, v, key->name, field);
    case PATH:
        return read_path(r, v, key->name, field);
    case BOOL:
    case NOT_BOOL:
        if (read_bool(r, v, key->name, &yes) < 0)
            return r->err->code;
        *(bool *)field = key->kind == BOOL ? yes : !yes;
        return 0;
    case QUANTITY:
        if (read_quantity(r, v, key, field) < 0)
            return r->err->code;
        if (key->has)
            *(bool *)((char *)fields + key->has) = true;
        return 0;
    case NESTED:
        return key->read(r, v);
    }
    return 0;
}

static const struct conf_key *key_named(const struct conf_key *keys, size_t count,
                                        struct cprov_span name)
{
    for (size_t i = 0; i < count; i++)
        if (cprov_span_is(name, keys[i].name))
            return &keys[i];
    return NULL;
}

/* A mapping whose keys are those of the table. */
static int read_mapping(struct conf_reader *r, const struct cprov_json *mapping,
                        const struct conf_key *keys, size_t count, void *fields)
{
    for (const struct cprov_json *m = mapping->child; m; m = m->next) {
        const struct conf_key *key = key_named(keys, count, m->key);

        if (!key)
            return fail_unknown(r, m, keys, count);
        if (keys == root_keys && key->read != read_sources)
            r->draft->other_keys = true;
        if (keys == root_keys && key->read != read_hosts)
            r->draft->more_than_hosts = true;
        if (read_value(r, m, key, fields) < 0)
            return r->err->code;
    }
    return 0;
}

static int put(struct conf_reader *r, struct cprov_draft_list *list, struct cprov_draft_entry entry,
               struct cprov_yaml_place where)
{
    int code = cprov_draft_put(r->draft, list, &entry, r->err);

    return code < 0 ? at(r, where, code == CPROV_EEXISTS ? CPROV_EINVAL : code) : 0;
}

static int read_source(struct conf_reader *r, const struct cprov_json *v)
{
    struct source_fields f = { .source = { .registered = true, .file = r->file } };

    if (v->type != CPROV_JSON_OBJECT)
        return fail(r, place(v), "a source must be a mapping with 'name' and 'location'");
    if (read_mapping(r, v, source_keys, CPROV_COUNT(source_keys), &f) < 0)
        return r->err->code;
    f.source.type = f.source.type ? cprov_source_type(f.source.type) : "oci";
    if (f.removed && f.source.name && !f.source.location)
        f.source.location = "removed"; /* a tombstone needs no place */
    if (cprov_source_check(&f.source, r->err) < 0)
        return at(r, place(v), CPROV_EINVAL);

    struct cprov_source *kept = cprov_arena_alloc(&r->draft->conf->arena, 1, sizeof(*kept));
    if (!kept)
        return cprov_fail_memory(r->err);
    *kept = f.source;
    return put(r, &r->draft->sources,
               (struct cprov_draft_entry){ .key = kept->name, .value = kept, .removed = f.removed },
               place(v));
}

static int read_sources(struct conf_reader *r, const struct cprov_json *v)
{
    if (v->type != CPROV_JSON_NULL && v->type != CPROV_JSON_ARRAY)
        return fail(r, place(v), "'sources' must be a list");
    for (const struct cprov_json *source = v->child; source; source = source->next)
        if (read_source(r, source) < 0)
            return r->err->code;
    return 0;
}

static int read_host(struct conf_reader *r, const char *name, const struct cprov_json *v)
{
    struct cprov_host_conf *host = cprov_arena_alloc(&r->draft->conf->arena, 1, sizeof(*host));
    const struct cprov_draft_entry *earlier = cprov_draft_find(&r->draft->hosts, name);

    if (!host)
        return cprov_fail_memory(r->err);
    if (earlier) /* of another file: what this one does not say stays */
        *host = *(const struct cprov_host_conf *)earlier->value;
    if (strpbrk(name, "/@ "))
        return fail(r, key_place(v), "'%s' must be host or host:port", name);
    if (v->type != CPROV_JSON_OBJECT && v->type != CPROV_JSON_NULL)
        return fail(r, place(v), "host '%s' must be a mapping", name);
    if (read_mapping(r, v, host_keys, CPROV_COUNT(host_keys), host) < 0)
        return r->err->code;
    if (!host->cert_file != !host->key_file)
        return fail(r, key_place(v), "host '%s' needs both 'cert-file' and 'key-file', or neither",
                    name);
    host->host = name;
    return put(r, &r->draft->hosts, (struct cprov_draft_entry){ .key = name, .value = host },
               key_place(v));
}

static int read_alias(struct conf_reader *r, const char *repository, const struct cprov_json *v)
{
    struct cprov_alias *alias = cprov_arena_alloc(&r->draft->conf->arena, 1, sizeof(*alias));

    if (!alias)
        return cprov_fail_memory(r->err);
    if (read_text(r, v, repository, &alias->name) < 0)
        return r->err->code;
    alias->repository = repository;
    return put(r, &r->draft->aliases,
               (struct cprov_draft_entry){ .key = repository, .value = alias }, key_place(v));
}

/* A mapping whose keys are names. */
static int read_named(struct conf_reader *r, const struct cprov_json *v, const char *what,
                      int (*read_one)(struct conf_reader *r, const char *name,
                                      const struct cprov_json *v))
{
    if (v->type != CPROV_JSON_NULL && v->type != CPROV_JSON_OBJECT)
        return fail(r, place(v), "'%s' must be a mapping", what);
    for (const struct cprov_json *m = v->child; m; m = m->next) {
        const char *name = NULL;

        if (keep_text(r, key_place(m), what, m->key, &name) < 0 || read_one(r, name, m) < 0)
            return r->err->code;
    }
    return 0;
}

static int read_hosts(struct conf_reader *r, const struct cprov_json *v)
{
    return read_named(r, v, "hosts", read_host);
}

static int read_aliases(struct conf_reader *r, const struct cprov_json *v)
{
    return read_named(r, v, "aliases", read_alias);
}

int cprov_draft_read(struct cprov_draft *d, const char *file, struct cprov_span text,
                     struct cprov_error *err)
{
    struct cprov_error own = CPROV_ERROR_INIT;
    CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena arena = { 0 };
    struct conf_reader r = { .draft = d, .err = err ? err : &own };
    struct cprov_yaml_place fault;
    struct cprov_json *root = NULL;

    d->file++;
    d->other_keys = false;
    r.file = cprov_arena_text(&d->conf->arena, cprov_span_of(file));
    if (!r.file)
        return cprov_fail_memory(r.err);
    int code = cprov_yaml_read(text, &arena, &root, &fault, r.err);
    if (code < 0)
        return fault.line ? at(&r, fault, CPROV_EINVAL) : code;
    if (root->type != CPROV_JSON_NULL && root->type != CPROV_JSON_OBJECT)
        return fail(&r, place(root), "a configuration must be a mapping");
    return read_mapping(&r, root, root_keys, CPROV_COUNT(root_keys), d->conf);
}
