/* cli/input.c - a row is read for its name alone; everything else in it may be anything. */
#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/signals.h"
#include "cli/text.h"

static const char bom[] = "\xef\xbb\xbf";

/* The member's text; an empty one is none. */
static const char *text_of(const struct cprov_json *row, const char *name)
{
    const char *text = cprov_json_get_text(row, name);

    return text && *text ? text : NULL;
}

static const char *first_of(const struct cprov_json *row, const char *one, const char *other)
{
    const char *text = text_of(row, one);

    return text ? text : text_of(row, other);
}

static int add_row(struct cprov_settings *s, enum cprov_input_kind kind,
                   const struct cprov_json *row, size_t number, struct cprov_error *err)
{
    const char *ref = kind == CPROV_INPUT_REF ? first_of(row, "Ref", "Reference") : NULL;
    const char *name = first_of(row, "Name", "Repository");
    const char *version = kind == CPROV_INPUT_SOURCE ? NULL : first_of(row, "Version", "Tag");
    char *word;

    if (!ref && !name)
        return cprov_fail(err, CPROV_EINVAL, "input: row %zu has no Ref or Name", number);
    if (ref)
        word = cprov_arena_text(&s->arena, cprov_span_of(ref));
    else if (version)
        word = cprov_arena_textf(&s->arena, "%s:%s", name, version);
    else
        word = cprov_arena_text(&s->arena, cprov_span_of(name));
    cprov_words_add(&s->refs, &s->arena, word);
    return cprov_arena_check(&s->arena, err);
}

static void arena_clear(struct cprov_arena *arena)
{
    cprov_arena_clear(arena);
}

static int add_array(struct cprov_settings *s, enum cprov_input_kind kind, struct cprov_span text,
                     struct cprov_error *err)
{
    CPROV_CLEANUP(arena_clear) struct cprov_arena arena = { 0 };
    struct cprov_json *array;
    size_t number = 0;

    if (cprov_json_parse(text, &arena, &array, err) < 0)
        return cprov_wrap_as(err, CPROV_EINVAL, "input");
    for (const struct cprov_json *row = array->child; row; row = row->next)
        if (add_row(s, kind, row, ++number, err) < 0)
            return err->code;
    return 0;
}

static int add_line(struct cprov_settings *s, enum cprov_input_kind kind, struct cprov_span line,
                    size_t number, struct cprov_error *err)
{
    CPROV_CLEANUP(arena_clear) struct cprov_arena arena = { 0 };
    struct cprov_json *row;

    if (!cprov_span_starts_with(line, "{")) { /* a table, most likely */
        cprov_fail(err, CPROV_EINVAL, "input: line %zu is not a JSON object", number);
        cprov_hint_words(err, "use --format jsonl for the verb that writes the input");
        return CPROV_EINVAL;
    }
    if (cprov_json_parse(line, &arena, &row, err) < 0)
        return cprov_wrap_as(err, CPROV_EINVAL, "input: row %zu", number);
    return add_row(s, kind, row, number, err);
}

int cprov_input_rows(struct cprov_settings *settings, enum cprov_input_kind kind,
                     struct cprov_span text, struct cprov_error *err)
{
    struct cprov_span rest = text, line;
    size_t number = 0;

    if (cprov_span_starts_with(rest, bom))
        rest = cprov_span_from(rest, strlen(bom));
    if (cprov_span_starts_with(cprov_span_trim(rest), "["))
        return add_array(settings, kind, cprov_span_trim(rest), err);
    while (cprov_text_next(&rest, '\n', &line)) {
        number++;
        line = cprov_span_trim(line);
        if (line.len && add_line(settings, kind, line, number, err) < 0)
            return err->code;
    }
    return 0;
}

int cprov_input_read(const char *path, struct cprov_buf *out, struct cprov_error *err)
{
    bool standard = !strcmp(path, "-");
    auto_fd int opened = standard ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    int fd = standard ? STDIN_FILENO : opened;
    char chunk[8192];

    if (fd < 0)
        return cprov_fail_os(err, errno, "%s", path);
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof(chunk));

        if (cprov_signals_asked_to_stop())
            return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cprov_fail_os(err, errno, "%s", standard ? "standard input" : path);
        if (n == 0)
            return cprov_buf_check(out, "the input", err);
        cprov_buf_add(out, chunk, (size_t)n);
        explicit_bzero(chunk, sizeof(chunk)); /* it may be a password */
        if (cprov_buf_check(out, "the input", err) < 0)
            return err->code;
    }
}
