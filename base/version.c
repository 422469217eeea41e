/* base/version.c - parses a version once into a point of the scale; all else compares points. */
#include "base/version.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"

#define PARTS 4

struct point {
    enum cprov_version_kind kind;
    uint64_t numbers[PARTS];
    size_t count;          /* of numbers that were written */
    struct cprov_span pre; /* without '-'; .len 0: none */
};

static bool all_digits(struct cprov_span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!cprov_is_digit(s.ptr[i]))
            return false;
    return s.len > 0;
}

static struct cprov_span without_v(struct cprov_span s)
{
    return s.len > 0 && s.ptr[0] == 'v' ? cprov_span_from(s, 1) : s;
}

/* 1 to 4 dotted numbers that fit; p is written in part on failure. */
static bool parse_numbers(struct cprov_span text, struct point *p)
{
    struct cprov_span rest = text, item;

    p->count = 0;
    while (cprov_span_next(&rest, '.', &item)) {
        if (p->count == PARTS || !cprov_span_u64(item, &p->numbers[p->count]))
            return false;
        p->count++;
    }
    return p->count > 0;
}

/* Dotted identifiers of semver 2.0, 9 and 10; numeric ones of a pre-release have no leading 0. */
static bool identifiers_valid(struct cprov_span text, bool pre_release)
{
    struct cprov_span rest = text, item;
    size_t count = 0;

    for (; cprov_span_next(&rest, '.', &item); count++) {
        for (size_t i = 0; i < item.len; i++)
            if (!cprov_is_alnum(item.ptr[i]) && item.ptr[i] != '-')
                return false;
        if (item.len == 0 ||
            (pre_release && item.len > 1 && item.ptr[0] == '0' && all_digits(item)))
            return false;
    }
    return count > 0;
}

static bool parse_semver(struct cprov_span text, struct point *p)
{
    struct cprov_span core = text, build = { 0 }, pre = { 0 };
    bool has_build = cprov_span_cut(text, '+', &core, &build);
    bool has_pre = cprov_span_cut(core, '-', &core, &pre);

    if (!has_build && !has_pre)
        return false;
    if ((has_build && !identifiers_valid(build, false)) ||
        (has_pre && !identifiers_valid(pre, true)))
        return false;
    if (!parse_numbers(core, p) || p->count != 3)
        return false;
    p->pre = pre;
    return true;
}

static struct point point_of(struct cprov_span text)
{
    struct cprov_span digits = without_v(text);
    struct point numeric = { .kind = CPROV_VERSION_NUMERIC };
    struct point semver = { .kind = CPROV_VERSION_SEMVER };

    if (parse_numbers(digits, &numeric))
        return numeric;
    if (parse_semver(digits, &semver))
        return semver;
    return (struct point){ .kind = CPROV_VERSION_OTHER };
}

static int compare_identifiers(struct cprov_span a, struct cprov_span b)
{
    bool a_number = all_digits(a), b_number = all_digits(b);

    if (a_number != b_number)
        return a_number ? -1 : 1;
    /* There are no leading zeros, so of two numbers the longer is the larger, of any size. */
    if (a_number && a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return cprov_span_compare(a, b);
}

/* Semver 2.0, 11: a version without a pre-release is above those with one. */
static int compare_pre(struct cprov_span a, struct cprov_span b)
{
    struct cprov_span x, y;

    if (a.len == 0 || b.len == 0)
        return (a.len == 0) - (b.len == 0);
    for (;;) {
        bool has_x = cprov_span_next(&a, '.', &x), has_y = cprov_span_next(&b, '.', &y);

        if (!has_x || !has_y)
            return has_x - has_y;
        int order = compare_identifiers(x, y);
        if (order != 0)
            return order;
    }
}

/* Both are on the scale. */
static int compare_points(const struct point *a, const struct point *b)
{
    for (size_t i = 0; i < PARTS; i++)
        if (a->numbers[i] != b->numbers[i])
            return a->numbers[i] < b->numbers[i] ? -1 : 1;
    return compare_pre(a->pre, b->pre);
}

#define ATTACHMENT_DIGITS 64 /* at least: the fallback's tag has so many of any digest */

bool cprov_version_is_attachment(struct cprov_span tag)
{
    static const char *const algorithms[] = { "sha256-", "sha384-", "sha512-" };
    size_t at = 0, begin = 0;

    for (size_t i = 0; i < CPROV_COUNT(algorithms); i++)
        if (cprov_span_starts_with(tag, algorithms[i]))
            begin = at = strlen(algorithms[i]);
    while (at < tag.len && (cprov_is_digit(tag.ptr[at]) || strchr("abcdef", tag.ptr[at])))
        at++;
    return begin > 0 && at - begin >= ATTACHMENT_DIGITS && (at == tag.len || tag.ptr[at] == '.');
}

enum cprov_version_kind cprov_version_kind(struct cprov_span text)
{
    return point_of(text).kind;
}

int cprov_version_compare(struct cprov_span a, struct cprov_span b)
{
    struct point x = point_of(a), y = point_of(b);
    bool x_other = x.kind == CPROV_VERSION_OTHER, y_other = y.kind == CPROV_VERSION_OTHER;
    int order = 0;

    if (x_other != y_other)
        return x_other ? -1 : 1;
    if (!x_other)
        order = compare_points(&x, &y);
    return order != 0 ? order : cprov_span_compare(a, b);
}

bool cprov_version_same(struct cprov_span a, struct cprov_span b)
{
    struct point x = point_of(a), y = point_of(b);

    if (x.kind == CPROV_VERSION_OTHER || y.kind == CPROV_VERSION_OTHER)
        return cprov_span_equal(a, b);
    return compare_points(&x, &y) == 0;
}

bool cprov_version_numbers(struct cprov_span text, uint64_t out[4])
{
    struct point p = point_of(text);

    if (p.kind != CPROV_VERSION_NUMERIC)
        return false;
    memcpy(out, p.numbers, sizeof(p.numbers));
    return true;
}

static int fail_text(struct cprov_error *err, struct cprov_span text)
{
    int code = cprov_fail(err, CPROV_EINVAL, "'%" CPROV_SPAN_FMT "' is not a version",
                          CPROV_SPAN_ARG(text));

    cprov_hint(err, CPROV_HINT_VERSION_SYNTAX);
    return code;
}

static int fail_order(struct cprov_error *err)
{
    return cprov_fail(err, CPROV_EINVAL, "Minimum Version cannot be more than Maximum Version");
}

static int check_bound(struct cprov_span bound, struct cprov_error *err)
{
    if (bound.len > 0 && cprov_version_kind(bound) == CPROV_VERSION_OTHER)
        return fail_text(err, bound);
    return 0;
}

/* 0 and *out, or CPROV_EINVAL for bounds that are no versions or admit nothing. */
static int set_bounds(const struct cprov_version_range *want, struct cprov_version_range *out,
                      struct cprov_error *err)
{
    if (check_bound(want->minimum, err) < 0 || check_bound(want->maximum, err) < 0)
        return err->code;
    if (want->minimum.len > 0 && want->maximum.len > 0) {
        struct point low = point_of(want->minimum), high = point_of(want->maximum);
        int order = compare_points(&low, &high);

        if (order > 0)
            return fail_order(err);
        if (order == 0 && (want->minimum_open || want->maximum_open))
            return cprov_fail(err, CPROV_EINVAL, "the version interval is empty");
    }
    *out = *want;
    return 0;
}

static int parse_interval(struct cprov_span text, struct cprov_version_range *out,
                          struct cprov_error *err)
{
    char open = text.ptr[0], close = text.ptr[text.len - 1];
    struct cprov_version_range r = { .minimum_open = open == '(', .maximum_open = close == ')' };

    if (text.len < 3 || (close != ']' && close != ')'))
        return fail_text(err, text);
    struct cprov_span inner = cprov_span_make(text.ptr + 1, text.len - 2);

    if (!cprov_span_cut(inner, ',', &r.minimum, &r.maximum)) {
        struct cprov_span only = cprov_span_trim(inner);

        if (r.minimum_open || r.maximum_open || only.len == 0 ||
            cprov_version_kind(only) == CPROV_VERSION_OTHER)
            return fail_text(err, text);
        *out = (struct cprov_version_range){ .exact = only };
        return 0;
    }
    r.minimum = cprov_span_trim(r.minimum);
    r.maximum = cprov_span_trim(r.maximum);
    if (r.minimum.len == 0 && r.maximum.len == 0)
        return fail_text(err, text);
    return set_bounds(&r, out, err);
}

/* "10.0.": what is left of "10.0.*"; at most three numbers, so that the star stands for one. */
static bool prefix_valid(struct cprov_span prefix)
{
    struct point p = { 0 };

    return parse_numbers(without_v(cprov_span_make(prefix.ptr, prefix.len - 1)), &p) &&
           p.count < PARTS;
}

/* Whether a dotted part before the first '-', '_' or '+' is the letter x alone. */
static bool looks_like_range(struct cprov_span text)
{
    struct cprov_span rest = text, item;

    for (size_t i = 0; i < text.len; i++) {
        if (strchr("-_+", text.ptr[i])) {
            rest.len = i;
            break;
        }
    }
    if (!cprov_span_next(&rest, '.', &item) || !all_digits(without_v(item)))
        return false;
    while (cprov_span_next(&rest, '.', &item))
        if (cprov_span_is_nocase(item, "x"))
            return true;
    return false;
}

/* Only digits and dots, yet not 1 to 4 numbers. */
static bool is_broken_number(struct cprov_span text)
{
    struct cprov_span rest = text, item;
    size_t count = 0;
    bool empty_part = false;

    for (size_t i = 0; i < text.len; i++)
        if (!cprov_is_digit(text.ptr[i]) && text.ptr[i] != '.')
            return false;
    for (; cprov_span_next(&rest, '.', &item); count++)
        empty_part = empty_part || item.len == 0;
    return count > PARTS || empty_part;
}

/* The characters of a tag, and the '+' of build metadata. */
static bool exact_valid(struct cprov_span text)
{
    if (text.len == 0 || text.len > CPROV_TAG_MAX || strchr(".-+", text.ptr[0]))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!cprov_is_alnum(text.ptr[i]) && (!text.ptr[i] || !strchr("._-+", text.ptr[i])))
            return false;
    return !is_broken_number(text) && !looks_like_range(text);
}

/* "^1.25", "~1.25": from there on, and so many of the first numbers stay. */
static int parse_near(struct cprov_span text, struct cprov_version_range *out,
                      struct cprov_error *err)
{
    struct cprov_span version = cprov_span_trim(cprov_span_from(text, 1));
    struct point p = point_of(version);
    size_t same = 1;

    if (version.len == 0 || p.kind == CPROV_VERSION_OTHER)
        return fail_text(err, text);
    if (text.ptr[0] == '~')
        same = p.count < 2 ? 1 : 2;
    else
        while (same < p.count && p.numbers[same - 1] == 0)
            same++;
    *out = (struct cprov_version_range){ .minimum = version, .same = same };
    return 0;
}

/* One of ">=1.25", ">1.25", "<=2", "<2". False: it is none, or its end is there already. */
static bool read_bound(struct cprov_span text, struct cprov_version_range *r)
{
    bool closed = text.len > 1 && text.ptr[1] == '=';
    struct cprov_span version = cprov_span_trim(cprov_span_from(text, closed ? 2 : 1));
    struct cprov_span *end = text.ptr[0] == '>' ? &r->minimum : &r->maximum;

    if (!strchr("<>", text.ptr[0]) || version.len == 0 || end->len > 0)
        return false;
    *end = version;
    *(text.ptr[0] == '>' ? &r->minimum_open : &r->maximum_open) = !closed;
    return true;
}

static int parse_bounds(struct cprov_span text, struct cprov_version_range *out,
                        struct cprov_error *err)
{
    struct cprov_version_range r = { .same = 0 };
    struct cprov_span rest = text, one;

    while (cprov_span_next(&rest, ',', &one)) {
        one = cprov_span_trim(one);
        if (one.len == 0 || !read_bound(one, &r))
            return fail_text(err, text);
    }
    return set_bounds(&r, out, err);
}

/* ">=1.25" and what else begins with a sign. */
static int parse_signed(struct cprov_span text, struct cprov_version_range *out,
                        struct cprov_error *err)
{
    if (text.ptr[0] == '^' || text.ptr[0] == '~')
        return parse_near(text, out, err);
    if (text.ptr[0] != '=')
        return parse_bounds(text, out, err);
    struct cprov_span version = cprov_span_trim(cprov_span_from(text, 1));
    if (!exact_valid(version))
        return fail_text(err, text);
    *out = (struct cprov_version_range){ .exact = version };
    return 0;
}

int cprov_version_range_parse(struct cprov_span text, struct cprov_version_range *out,
                              struct cprov_error *err)
{
    if (text.len > 0 && (text.ptr[0] == '[' || text.ptr[0] == '('))
        return parse_interval(text, out, err);
    if (text.len > 0 && text.ptr[0] && strchr("<>=^~", text.ptr[0]))
        return parse_signed(text, out, err);
    if (text.len > 2 && cprov_span_ends_with(text, ".*")) {
        struct cprov_span prefix = cprov_span_make(text.ptr, text.len - 1);

        if (!prefix_valid(prefix))
            return fail_text(err, text);
        *out = (struct cprov_version_range){ .prefix = prefix };
        return 0;
    }
    if (!exact_valid(text))
        return fail_text(err, text);
    *out = (struct cprov_version_range){ .exact = text };
    return 0;
}

int cprov_version_range_limit(struct cprov_version_range *r, struct cprov_span minimum,
                              struct cprov_span maximum, struct cprov_error *err)
{
    struct cprov_version_range want = { .prefix = r->prefix,
                                        .minimum = minimum,
                                        .maximum = maximum };

    if (minimum.len == 0 && maximum.len == 0)
        return 0;
    if (r->exact.len > 0 || r->minimum.len > 0 || r->maximum.len > 0)
        return cprov_fail(err, CPROV_EINVAL,
                          "a minimum or maximum version cannot be combined with a required one");
    return set_bounds(&want, r, err);
}

static bool prefix_has(struct cprov_span prefix, struct cprov_span v, const struct point *p)
{
    struct point want = { 0 };

    /* A tag off the scale, 10.0.10586.8-amd64, has the spelling alone. */
    if (p->kind == CPROV_VERSION_OTHER)
        return v.len >= prefix.len && memcmp(v.ptr, prefix.ptr, prefix.len) == 0;
    if (!parse_numbers(without_v(cprov_span_make(prefix.ptr, prefix.len - 1)), &want))
        return false;
    return memcmp(want.numbers, p->numbers, want.count * sizeof(want.numbers[0])) == 0;
}

bool cprov_version_range_has(const struct cprov_version_range *r, struct cprov_span v)
{
    struct point p = point_of(v);

    if (r->exact.len > 0)
        return cprov_version_same(r->exact, v);
    if (r->prefix.len > 0 && !prefix_has(r->prefix, v, &p))
        return false;
    if (r->minimum.len == 0 && r->maximum.len == 0)
        return true;
    if (p.kind == CPROV_VERSION_OTHER)
        return false;
    if (r->minimum.len > 0) {
        struct point low = point_of(r->minimum);

        if (compare_points(&p, &low) < (r->minimum_open ? 1 : 0) ||
            memcmp(p.numbers, low.numbers, r->same * sizeof(p.numbers[0])) != 0)
            return false;
    }
    if (r->maximum.len > 0) {
        struct point high = point_of(r->maximum);

        if (compare_points(&p, &high) > (r->maximum_open ? -1 : 0))
            return false;
    }
    return true;
}

bool cprov_version_range_is_any(const struct cprov_version_range *r)
{
    return r->exact.len == 0 && r->prefix.len == 0 && r->minimum.len == 0 && r->maximum.len == 0;
}

/* --- the newest for people --- */

static int newest_rank(struct cprov_span v)
{
    switch (cprov_version_kind(v)) {
    case CPROV_VERSION_NUMERIC:
        return cprov_span_find(v, '.') < v.len
                   ? 0
                   : 2; /* "20260127" and "3" are not versions of a product line */
    case CPROV_VERSION_SEMVER:
        return cprov_span_find(v, '-') < v.len ? 1 : 0;
    case CPROV_VERSION_OTHER:
        break;
    }
    if (cprov_span_is(v, "latest"))
        return 3;
    return cprov_version_is_attachment(v) ? 5 : 4;
}

size_t cprov_version_newest(const char *const *versions, size_t count)
{
    size_t best = 0;
    int best_rank = 6;

    for (size_t i = 0; i < count; i++) {
        int rank = newest_rank(cprov_span_of(versions[i]));

        if (rank < best_rank ||
            (rank == best_rank && cprov_version_compare(cprov_span_of(versions[i]),
                                                        cprov_span_of(versions[best])) > 0)) {
            best = i;
            best_rank = rank;
        }
    }
    return best;
}

static int newest_first(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;

    return cprov_version_compare(cprov_span_of(*y), cprov_span_of(*x));
}

/* Some registries name a tag twice. */
size_t cprov_version_sort(const char **versions, size_t count)
{
    size_t kept = 0;

    qsort(versions, count, sizeof(*versions), newest_first);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || strcmp(versions[kept - 1], versions[i]) != 0)
            versions[kept++] = versions[i];
    return kept;
}
