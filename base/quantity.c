/* base/quantity.c - amounts as people write them, on the command line and in documents. */
#include "base/quantity.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/compiler.h"

#define DECIMALS 3 /* digits after the point */

struct quantity_unit {
    const char *name;
    uint64_t factor;
};

/* From small to large; the last is for numbers without a unit. */
static const struct quantity_unit powers[] = {
    { "K", 1ull << 10 }, { "M", 1ull << 20 }, { "G", 1ull << 30 }, { "T", 1ull << 40 }, { "", 1 },
};
static const struct quantity_unit times[] = {
    { "ms", 1 },       { "s", 1000 },      { "m", 60000 }, { "h", 3600000 },
    { "d", 86400000 }, { "w", 604800000 }, { "", 1000 },
};

static const struct quantity_words {
    const char *name, *examples;
    const struct quantity_unit *units;
    size_t count; /* of units */
} kinds[] = {
    [CPROV_QUANTITY_COUNT] = { "a number", "250 or 4M", powers, CPROV_COUNT(powers) },
    [CPROV_QUANTITY_SIZE] = { "a size", "500M or 1.5GiB", powers, CPROV_COUNT(powers) },
    [CPROV_QUANTITY_RATE] = { "a rate", "500K or 10M/s", powers, CPROV_COUNT(powers) },
    [CPROV_QUANTITY_TIME] = { "a time", "500ms, 30s or 2h", times, CPROV_COUNT(times) },
};

static bool drop_end(struct cprov_span *text, const char *end, size_t len)
{
    if (text->len < len || !cprov_span_is_nocase(cprov_span_from(*text, text->len - len), end))
        return false;
    text->len -= len;
    return true;
}

/* "KiB/s", "KB", "Ki": what of it names the unit. */
static struct cprov_span unit_name(enum cprov_quantity_kind kind, struct cprov_span name)
{
    if (kind == CPROV_QUANTITY_RATE)
        (void)drop_end(&name, "/s", 2);
    if (kind == CPROV_QUANTITY_SIZE || kind == CPROV_QUANTITY_RATE) {
        (void)drop_end(&name, "b", 1);
        if (name.len > 1)
            (void)drop_end(&name, "i", 1);
    }
    return name;
}

static const struct quantity_unit *unit_named(enum cprov_quantity_kind kind, struct cprov_span name)
{
    name = unit_name(kind, name);
    for (size_t i = 0; i < kinds[kind].count; i++)
        if (cprov_span_is_nocase(name, kinds[kind].units[i].name))
            return &kinds[kind].units[i];
    return NULL;
}

static struct cprov_span take_digits(struct cprov_span *text)
{
    size_t digits = 0;

    while (digits < text->len && cprov_is_digit(text->ptr[digits]))
        digits++;
    struct cprov_span taken = cprov_span_make(text->ptr, digits);
    *text = cprov_span_from(*text, digits);
    return taken;
}

/* ".5": thousandths; 0 where no point is. */
static bool take_decimals(struct cprov_span *text, uint64_t *out)
{
    *out = 0;
    if (!cprov_span_starts_with(*text, "."))
        return true;
    *text = cprov_span_from(*text, 1);
    struct cprov_span digits = take_digits(text);
    if (digits.len > DECIMALS || !cprov_span_u64(digits, out))
        return false;
    for (size_t i = digits.len; i < DECIMALS; i++)
        *out *= 10;
    return true;
}

bool cprov_quantity_read(const struct cprov_quantity *wanted, struct cprov_span text, uint64_t *out)
{
    uint64_t whole, thousandths, value;
    struct cprov_span digits = take_digits(&text), rest = text;

    if (!cprov_span_u64(digits, &whole) || !take_decimals(&rest, &thousandths))
        return false;
    const struct quantity_unit *unit = unit_named(wanted->kind, rest);
    if (!unit || (unit->factor == 1 && cprov_span_starts_with(text, ".")))
        return false;
    if (__builtin_mul_overflow(whole, unit->factor, &value) ||
        __builtin_add_overflow(value, thousandths * unit->factor / 1000, &value) ||
        value < wanted->least || value > wanted->most)
        return false;
    *out = value;
    return true;
}

const char *cprov_quantity_format(enum cprov_quantity_kind kind, uint64_t value,
                                  char buf[CPROV_QUANTITY_TEXT_MAX])
{
    struct quantity_unit best = { "", 1 };

    for (size_t i = 0; value > 0 && i + 1 < kinds[kind].count; i++)
        if (value % kinds[kind].units[i].factor == 0)
            best = kinds[kind].units[i];
    (void)snprintf(buf, CPROV_QUANTITY_TEXT_MAX, "%" PRIu64 "%s", value / best.factor, best.name);
    return buf;
}

const char *cprov_quantity_expected(const struct cprov_quantity *wanted,
                                    char buf[CPROV_QUANTITY_EXPECTED_MAX])
{
    const struct quantity_words *kind = &kinds[wanted->kind];
    char least[CPROV_QUANTITY_TEXT_MAX], most[CPROV_QUANTITY_TEXT_MAX];
    /* Who may write 1 to 64 needs to see no units. */
    bool plain = wanted->kind == CPROV_QUANTITY_COUNT && wanted->most < powers[0].factor;

    cprov_quantity_format(wanted->kind, wanted->least, least);
    cprov_quantity_format(wanted->kind, wanted->most, most);
    if (wanted->most == UINT64_MAX)
        (void)snprintf(buf, CPROV_QUANTITY_EXPECTED_MAX, "%s of at least %s, such as %s",
                       kind->name, least, kind->examples);
    else
        (void)snprintf(buf, CPROV_QUANTITY_EXPECTED_MAX, "%s from %s to %s%s%s", kind->name, least,
                       most, plain ? "" : ", such as ", plain ? "" : kind->examples);
    return buf;
}
