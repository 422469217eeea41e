/* conf/conf.c - reads one YAML file into the draft; the home of libyaml. */
#include "conf/draft_private.h"

#include <stddef.h>
#include <string.h>
#include <yaml.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/quantity.h"
#include "conf/yaml_value.h"

/* The event that the parser has read last is `event`; every read_* function begins at the first
 * event of its value and leaves at the last one. */
struct conf_reader {
    yaml_parser_t parser;
    yaml_event_t event;
    struct cprov_draft *draft;
    const char *file;
    struct cprov_error *err;
};

static void reader_clear(struct conf_reader *r)
{
    yaml_event_delete(&r->event);
    yaml_parser_delete(&r->parser);
}

#define auto_reader CPROV_CLEANUP(reader_clear)

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
    int (*read)(struct conf_reader *r);
};

struct source_fields {
    struct cprov_source source;
    bool removed;
};

static int read_sources(struct conf_reader *r);
static int read_hosts(struct conf_reader *r);
static int read_aliases(struct conf_reader *r);

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

/* Puts "FILE:LINE:COLUMN: " before the message that is there. */
static int at(struct conf_reader *r, yaml_mark_t mark, int code)
{
    return cprov_wrap_as(r->err, code, "%s:%zu:%zu", r->file, mark.line + 1, mark.column + 1);
}

static CPROV_PRINTF(3, 4) int fail(struct conf_reader *r, yaml_mark_t mark, const char *format, ...)
{
    char text[sizeof(r->err->msg)];
    va_list args;

    va_start(args, format);
    cprov_text_vformat(text, sizeof(text), format, args);
    va_end(args);
    return cprov_fail(r->err, CPROV_EINVAL, "%s:%zu:%zu: %s", r->file, mark.line + 1,
                      mark.column + 1, text);
}

static int fail_syntax(struct conf_reader *r)
{
    const char *problem = r->parser.problem ? r->parser.problem : "is not YAML";

    if (r->parser.error == YAML_MEMORY_ERROR)
        return cprov_fail_memory(r->err);
    if (r->parser.error == YAML_READER_ERROR)
        return fail(r, r->parser.mark, "%s", problem);
    return fail(r, r->parser.problem_mark, "%s", problem);
}

/* What YAML can do beyond plain data is refused: a configuration needs none of it, and each piece
 * is a way to say something else than one seems to say. */
static int check_event(struct conf_reader *r)
{
    const char *beyond = cprov_yaml_beyond_data(&r->event);

    return beyond ? fail(r, r->event.start_mark, "%s of YAML are not supported", beyond) : 0;
}

static int next(struct conf_reader *r)
{
    yaml_event_delete(&r->event);
    if (!yaml_parser_parse(&r->parser, &r->event)) {
        memset(&r->event, 0, sizeof(r->event));
        return fail_syntax(r);
    }
    return check_event(r);
}

static struct cprov_span scalar(const struct conf_reader *r)
{
    return cprov_span_make((const char *)r->event.data.scalar.value, r->event.data.scalar.length);
}

static bool is_plain(const struct conf_reader *r)
{
    return r->event.type == YAML_SCALAR_EVENT &&
           r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

/* Nothing after the colon: a list whose items are all commented out, or a value forgotten. */
static bool is_null(const struct conf_reader *r)
{
    if (!is_plain(r))
        return false;
    struct cprov_span s = scalar(r);
    return s.len == 0 || cprov_span_is(s, "~") || cprov_span_is(s, "null");
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

static int fail_unknown(struct conf_reader *r, const struct conf_key *keys, size_t count)
{
    struct cprov_span s = scalar(r);
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
        return fail(r, r->event.start_mark, "unknown key '%" CPROV_SPAN_FMT "'", CPROV_SPAN_ARG(s));
    return fail(r, r->event.start_mark, "unknown key '%" CPROV_SPAN_FMT "' (did you mean '%s'?)",
                CPROV_SPAN_ARG(s), nearest);
}

/* A text of the current scalar, in the arena. */
static int read_text(struct conf_reader *r, const char *what, const char **out)
{
    yaml_mark_t mark = r->event.start_mark;

    if (r->event.type != YAML_SCALAR_EVENT)
        return fail(r, mark, "'%s' must be a text", what);
    struct cprov_span s = scalar(r);
    if (is_null(r) || s.len == 0)
        return fail(r, mark, "'%s' has no value", what);
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
            return fail(r, mark, "'%s' has a control character", what);

    const char *text = cprov_arena_text(&r->draft->conf->arena, s);
    if (!text)
        return cprov_fail_memory(r->err);
    *out = text;
    return 0;
}

static int read_path(struct conf_reader *r, const char *what, const char **out)
{
    const char *slash = strrchr(r->file, '/');
    const char *text;
    int code = read_text(r, what, &text);

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

static int read_bool(struct conf_reader *r, const char *what, bool *out)
{
    bool yes = is_plain(r) && cprov_span_is(scalar(r), "true");

    if (!yes && !(is_plain(r) && cprov_span_is(scalar(r), "false")))
        return fail(r, r->event.start_mark, "'%s' must be true or false", what);
    *out = yes;
    return 0;
}

static int read_quantity(struct conf_reader *r, const struct conf_key *key, uint64_t *out)
{
    char expected[CPROV_QUANTITY_EXPECTED_MAX];

    if (!is_plain(r) || !cprov_quantity_read(&key->quantity, scalar(r), out))
        return fail(r, r->event.start_mark, "'%s' must be %s", key->name,
                    cprov_quantity_expected(&key->quantity, expected));
    return 0;
}

static int read_value(struct conf_reader *r, const struct conf_key *key, void *fields)
{
    void *field = (char *)fields + key->offset;
    bool yes = false;
    int code = 0;

    switch (key->kind) {
    case TEXT:
        return read_text(r, key->name, field);
    case PATH:
        return read_path(r, key->name, field);
    case BOOL:
    case NOT_BOOL:
        code = read_bool(r, key->name, &yes);
        if (code == 0)
            *(bool *)field = key->kind == BOOL ? yes : !yes;
        return code;
    case QUANTITY:
        code = read_quantity(r, key, field);
        if (code == 0 && key->has)
            *(bool *)((char *)fields + key->has) = true;
        return code;
    case NESTED:
        return key->read(r);
    }
    return code;
}

static const struct conf_key *key_named(const struct conf_key *keys, size_t count,
                                        struct cprov_span name)
{
    for (size_t i = 0; i < count; i++)
        if (cprov_span_is(name, keys[i].name))
            return &keys[i];
    return NULL;
}

/* The next key of a mapping, or its end. */
static int next_key(struct conf_reader *r, bool *end)
{
    int code = next(r);

    if (code < 0)
        return code;
    *end = r->event.type == YAML_MAPPING_END_EVENT;
    if (!*end && r->event.type != YAML_SCALAR_EVENT)
        return fail(r, r->event.start_mark, "a key must be a text");
    return 0;
}

/* A mapping whose keys are those of the table. */
static int read_mapping(struct conf_reader *r, const struct conf_key *keys, size_t count,
                        void *fields)
{
    uint32_t seen = 0;
    bool end = false;

    for (;;) {
        int code = next_key(r, &end);
        if (code < 0 || end)
            return code;
        const struct conf_key *key = key_named(keys, count, scalar(r));
        if (!key)
            return fail_unknown(r, keys, count);
        uint32_t bit = UINT32_C(1) << (key - keys);
        if (seen & bit)
            return fail(r, r->event.start_mark, "duplicate key '%s'", key->name);
        seen |= bit;
        if (keys == root_keys && key->read != read_sources)
            r->draft->other_keys = true;
        if (keys == root_keys && key->read != read_hosts)
            r->draft->more_than_hosts = true;
        if (next(r) < 0 || read_value(r, key, fields) < 0)
            return r->err->code;
    }
}

static int put(struct conf_reader *r, struct cprov_draft_list *list, struct cprov_draft_entry entry,
               yaml_mark_t mark)
{
    int code = cprov_draft_put(r->draft, list, &entry, r->err);

    return code < 0 ? at(r, mark, code == CPROV_EEXISTS ? CPROV_EINVAL : code) : 0;
}

static int read_source(struct conf_reader *r)
{
    yaml_mark_t mark = r->event.start_mark;
    struct source_fields f = { .source = { .registered = true, .file = r->file } };

    if (r->event.type != YAML_MAPPING_START_EVENT)
        return fail(r, mark, "a source must be a mapping with 'name' and 'location'");
    int code = read_mapping(r, source_keys, CPROV_COUNT(source_keys), &f);
    if (code < 0)
        return code;
    f.source.type = f.source.type ? cprov_source_type(f.source.type) : "oci";
    if (f.removed && f.source.name && !f.source.location)
        f.source.location = "removed"; /* a tombstone needs no place */
    if (cprov_source_check(&f.source, r->err) < 0)
        return at(r, mark, CPROV_EINVAL);

    struct cprov_source *kept = cprov_arena_alloc(&r->draft->conf->arena, 1, sizeof(*kept));
    if (!kept)
        return cprov_fail_memory(r->err);
    *kept = f.source;
    return put(r, &r->draft->sources,
               (struct cprov_draft_entry){ .key = kept->name, .value = kept, .removed = f.removed },
               mark);
}

static int read_sources(struct conf_reader *r)
{
    if (is_null(r))
        return 0;
    if (r->event.type != YAML_SEQUENCE_START_EVENT)
        return fail(r, r->event.start_mark, "'sources' must be a list");
    for (;;) {
        int code = next(r);
        if (code < 0 || r->event.type == YAML_SEQUENCE_END_EVENT)
            return code;
        code = read_source(r);
        if (code < 0)
            return code;
    }
}

static int read_host(struct conf_reader *r, const char *name, yaml_mark_t mark)
{
    struct cprov_host_conf *host = cprov_arena_alloc(&r->draft->conf->arena, 1, sizeof(*host));
    const struct cprov_draft_entry *earlier = cprov_draft_find(&r->draft->hosts, name);

    if (!host)
        return cprov_fail_memory(r->err);
    if (earlier) /* of another file: what this one does not say stays */
        *host = *(const struct cprov_host_conf *)earlier->value;
    if (strpbrk(name, "/@ "))
        return fail(r, mark, "'%s' must be host or host:port", name);
    if (r->event.type != YAML_MAPPING_START_EVENT && !is_null(r))
        return fail(r, r->event.start_mark, "host '%s' must be a mapping", name);
    if (!is_null(r)) {
        int code = read_mapping(r, host_keys, CPROV_COUNT(host_keys), host);
        if (code < 0)
            return code;
    }
    if (!host->cert_file != !host->key_file)
        return fail(r, mark, "host '%s' needs both 'cert-file' and 'key-file', or neither", name);
    host->host = name;
    return put(r, &r->draft->hosts, (struct cprov_draft_entry){ .key = name, .value = host }, mark);
}

static int read_alias(struct conf_reader *r, const char *repository, yaml_mark_t mark)
{
    struct cprov_alias *alias = cprov_arena_alloc(&r->draft->conf->arena, 1, sizeof(*alias));

    if (!alias)
        return cprov_fail_memory(r->err);
    int code = read_text(r, repository, &alias->name);
    if (code < 0)
        return code;
    alias->repository = repository;
    return put(r, &r->draft->aliases,
               (struct cprov_draft_entry){ .key = repository, .value = alias }, mark);
}

/* A mapping whose keys are names. */
static int read_named(struct conf_reader *r, const char *what,
                      int (*read_one)(struct conf_reader *r, const char *name, yaml_mark_t mark))
{
    bool end = false;

    if (is_null(r))
        return 0;
    if (r->event.type != YAML_MAPPING_START_EVENT)
        return fail(r, r->event.start_mark, "'%s' must be a mapping", what);
    for (;;) {
        const char *name = NULL;
        int code = next_key(r, &end);
        if (code < 0 || end)
            return code;
        yaml_mark_t mark = r->event.start_mark;
        if (read_text(r, what, &name) < 0 || next(r) < 0 || read_one(r, name, mark) < 0)
            return r->err->code;
    }
}

static int read_hosts(struct conf_reader *r)
{
    return read_named(r, "hosts", read_host);
}

static int read_aliases(struct conf_reader *r)
{
    return read_named(r, "aliases", read_alias);
}

static int read_root(struct conf_reader *r)
{
    if (is_null(r))
        return 0;
    if (r->event.type != YAML_MAPPING_START_EVENT)
        return fail(r, r->event.start_mark, "a configuration must be a mapping");
    return read_mapping(r, root_keys, CPROV_COUNT(root_keys), r->draft->conf);
}

/* Stream start, at most one document, stream end. */
static int read_stream(struct conf_reader *r)
{
    if (next(r) < 0 || next(r) < 0)
        return r->err->code;
    if (r->event.type == YAML_STREAM_END_EVENT)
        return 0;
    if (next(r) < 0 || read_root(r) < 0 || next(r) < 0 /* the end of the document */ || next(r) < 0)
        return r->err->code;
    if (r->event.type != YAML_STREAM_END_EVENT)
        return fail(r, r->event.start_mark, "more than one document");
    return 0;
}

int cprov_draft_read(struct cprov_draft *d, const char *file, struct cprov_span text,
                     struct cprov_error *err)
{
    struct cprov_error own = CPROV_ERROR_INIT;
    auto_reader struct conf_reader r = { .draft = d, .err = err ? err : &own };

    d->file++;
    d->other_keys = false;
    r.file = cprov_arena_text(&d->conf->arena, cprov_span_of(file));
    if (!r.file || !yaml_parser_initialize(&r.parser))
        return cprov_fail_memory(err);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.ptr ? text.ptr : ""),
                                 text.len);
    return read_stream(&r);
}
