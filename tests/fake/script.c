/* Reading the script: what the registry holds and how it behaves. */
#include "fake.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"

struct fake fake = { .lock = PTHREAD_MUTEX_INITIALIZER };

struct fake_repo *fake_repo_named(const char *name)
{
    for (size_t i = 0; i < fake.repos.count; i++) {
        struct fake_repo *r = fake.repos.item[i];

        if (strcmp(r->name, name) == 0)
            return r;
    }
    return NULL;
}

struct fake_repo *fake_repo_make(const char *name)
{
    struct fake_repo *r = fake_repo_named(name);

    if (!r) {
        r = fake_alloc(sizeof(*r));
        r->name = fake_copy(name);
        fake_list_add(&fake.repos, r);
    }
    return r;
}

const struct fake_image *fake_image_named(const struct fake_repo *r, const char *name)
{
    for (size_t i = 0; r && i < r->images.count; i++) {
        const struct fake_image *image = r->images.item[i];

        if (strcmp(image->name, name) == 0)
            return image;
    }
    return NULL;
}

const struct fake_image *fake_image_at(const char *place, struct fake_repo **repo)
{
    char *name = fake_copy(place), *colon = strrchr(name, ':');
    const struct fake_image *image = NULL;

    if (colon) {
        *colon = '\0';
        *repo = fake_repo_named(name);
        image = fake_image_named(*repo, colon + 1);
    }
    if (!image)
        fake_die("no image %s", place);
    free(name);
    return image;
}

void fake_tag_set(struct fake_repo *r, const char *name, const struct fake_image *image)
{
    struct fake_tag *t = fake_alloc(sizeof(*t));

    *t = (struct fake_tag){ fake_copy(name), image };
    fake_list_add(&r->tags, t);
}

/* --- lines that are not about images --- */

static void read_tag(struct fake_words *w)
{
    struct fake_repo *r = fake_repo_make(fake_word(w, 1, "repository"));
    const char *name = fake_word(w, 2, "tag"), *of = fake_word(w, 3, "image");
    const struct fake_image *image = fake_image_named(r, of);

    if (!image)
        fake_die("line %zu: no image %s", w->line, of);
    fake_tag_set(r, name, image);
}

/* Names that are listed and lead nowhere. */
static void read_junk(struct fake_words *w)
{
    struct fake_repo *r = fake_repo_make(fake_word(w, 1, "repository"));

    for (size_t i = 2; i < w->list.count; i++)
        fake_tag_set(r, fake_word(w, i, "tag"), NULL);
}

static void read_repo(struct fake_words *w)
{
    fake_repo_make(fake_word(w, 1, "repository"))->null_tags = fake_flag(w, "null-tags");
}

/* repo-NNN with tags 1.0.T, all of them the image given. */
static void read_many(struct fake_words *w)
{
    const char *prefix = fake_word(w, 1, "name prefix");
    uint64_t repos = fake_number(w, "repos", 1), tags = fake_number(w, "tags", 1);
    const char *like = fake_option(w, "like");
    const struct fake_image *image = NULL;
    struct fake_repo *of = NULL;

    if (like)
        image = fake_image_at(like, &of);
    for (uint64_t i = 0; i < repos; i++) {
        struct fake_repo *r = fake_repo_make(fake_format("%s%03d", prefix, (int)i));

        if (image)
            r->images = of->images;
        for (uint64_t t = 0; t < tags; t++)
            fake_tag_set(r, fake_format("1.0.%d", (int)t), image);
    }
}

static void read_paging(struct fake_words *w)
{
    struct fake_paging *p = strcmp(w->list.item[0], "tags") == 0 ? &fake.tags : &fake.catalog;

    p->page = fake_number(w, "pagesize", p->page);
    if (fake_flag(w, "link"))
        p->link = fake_option(w, "link");
    p->off = (int)fake_number(w, "status", 0);
}

static void read_no_catalog(struct fake_words *w)
{
    fake.catalog.off = (int)fake_number(w, "status", 404);
}

static void read_referrers(struct fake_words *w)
{
    fake.no_referrers = fake_flag(w, "off");
    fake.filters_applied = fake_flag(w, "filters-applied");
}

/* raw PATH TYPE FILE [live] [etag] | raw PATH TYPE text=... */
static void read_raw(struct fake_words *w)
{
    struct fake_raw *r = fake_alloc(sizeof(*r));
    struct cprov_error err = CPROV_ERROR_INIT;
    const char *header;

    r->path = fake_word(w, 1, "path");
    r->type = fake_word(w, 2, "type");
    r->status = (int)fake_number(w, "status", 200);
    for (size_t i = 0; (header = fake_each(w, "header", &i));)
        fake_list_add(&r->headers, fake_copy(header));
    r->etag = fake_flag(w, "etag");
    cprov_buf_init(&r->body, FAKE_BODY_MAX);
    if (fake_flag(w, "live"))
        r->file = fake_copy(fake_word(w, 3, "file"));
    else if (fake_flag(w, "text"))
        cprov_buf_add_text(&r->body, fake_option(w, "text"));
    else if (cprov_fs_read(AT_FDCWD, fake_word(w, 3, "file"), FAKE_BODY_MAX, &r->body, &err) < 0)
        fake_die("line %zu: %s", w->line, err.msg);
    fake_list_add(&fake.raws, r);
}

static const struct command {
    const char *name;
    void (*read)(struct fake_words *w);
} commands[] = {
    { "image", fake_build_image },
    { "index", fake_build_index },
    { "referrer", fake_build_referrer },
    { "tag", read_tag },
    { "junk", read_junk },
    { "repo", read_repo },
    { "many", read_many },
    { "catalog", read_paging },
    { "tags", read_paging },
    { "no-catalog", read_no_catalog },
    { "referrers", read_referrers },
    { "raw", read_raw },
    { "fault", fake_fault_read },
    { "auth", fake_auth_read },
};

/* --- lines and words --- */

static int escaped(const char **p)
{
    char c = *(*p)++;
    int high, low;

    switch (c) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'x':
        high = cprov_hex_value((*p)[0]);
        low = high < 0 ? -1 : cprov_hex_value((*p)[1]);
        if (low < 0)
            fake_die("\\x wants two hex digits");
        *p += 2;
        return high << 4 | low;
    default:
        return c;
    }
}

/* Takes one word from *p, quotes and escapes resolved; NULL at the end of the line. */
static char *next_word(const char **p)
{
    struct cprov_buf word;
    bool quoted = false;
    char *text;

    while (**p == ' ' || **p == '\t')
        (*p)++;
    if (**p == '\0' || **p == '#')
        return NULL;
    cprov_buf_init(&word, FAKE_FORM_MAX);
    while (**p && (quoted || (**p != ' ' && **p != '\t'))) {
        char c = *(*p)++;

        if (c == '"')
            quoted = !quoted;
        else
            cprov_buf_addf(&word, "%c", c == '\\' ? escaped(p) : c);
    }
    text = fake_replace(cprov_buf_text(&word), "$OTHER", fake.other_host);
    cprov_buf_clear(&word);
    return fake_replace(text, "$REG", fake.host);
}

static void read_line(const char *line, size_t number)
{
    struct fake_words w = { .line = number };

    for (char *word = next_word(&line); word; word = next_word(&line))
        fake_list_add(&w.list, word);
    if (w.list.count == 0)
        return;
    w.used = fake_alloc(w.list.count * sizeof(*w.used));
    w.used[0] = true;

    size_t i = 0;
    while (i < CPROV_COUNT(commands) && strcmp(commands[i].name, w.list.item[0]) != 0)
        i++;
    if (i == CPROV_COUNT(commands))
        fake_die("line %zu: unknown command '%s'", number, (const char *)w.list.item[0]);
    commands[i].read(&w);
    for (size_t j = 0; j < w.list.count; j++)
        if (!w.used[j])
            fake_die("line %zu: unknown word '%s'", number, (const char *)w.list.item[j]);
}

static int by_name(const void *a, const void *b)
{
    const struct fake_repo *const *left = a, *const *right = b;

    return strcmp((*left)->name, (*right)->name);
}

static int by_tag(const void *a, const void *b)
{
    const struct fake_tag *const *left = a, *const *right = b;

    return strcmp((*left)->name, (*right)->name);
}

void fake_script_read(const char *path)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_span rest, line;
    struct cprov_buf text;

    cprov_buf_init(&text, FAKE_BODY_MAX);
    if (cprov_fs_read(AT_FDCWD, path, FAKE_BODY_MAX, &text, &err) < 0)
        fake_die("%s", err.msg);
    rest = cprov_buf_span(&text);
    for (size_t number = 1; cprov_span_next(&rest, '\n', &line); number++)
        read_line(fake_format("%" CPROV_SPAN_FMT, CPROV_SPAN_ARG(line)), number);

    /* Registries list by name: it is what cursors ("last=") rely on. */
    if (fake.repos.count)
        qsort(fake.repos.item, fake.repos.count, sizeof(void *), by_name);
    for (size_t i = 0; i < fake.repos.count; i++) {
        struct fake_repo *r = fake.repos.item[i];

        if (r->tags.count)
            qsort(r->tags.item, r->tags.count, sizeof(void *), by_tag);
    }
    fake_faults_resolve();
    cprov_buf_clear(&text);
}
