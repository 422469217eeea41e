/* cli/progress.c - bars are drawn below the text and vanish at the end. */
#include "cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/text.h"

#define REDRAW_MS     100
#define BARS_MAX      CPROV_PARALLEL_MAX /* blobs that are told apart */
#define SHOWN_MAX     8                  /* bars on the screen, beside the one for all */
#define LABEL_WIDTH   26
#define ITEM_WIDTH    40 /* of an image's name */
#define BAR_LEAST     8
#define ID_DIGITS     12
#define FRAME_MAX     (256 * CPROV_KIB)
#define WIDTH_UNKNOWN 80

struct bar {
    bool used;
    char id[144], item[96], activity[24];
    uint64_t done, total, rate;
};

struct cprov_bars {
    enum cprov_bars_mode mode;
    const char *program;
    int fd;
    struct bar blobs[BARS_MAX], all;
    size_t drawn[SHOWN_MAX + 1]; /* width of each line on the screen */
    size_t drawn_count;
    int64_t drawn_at;
    struct cprov_buf frame;
};

enum cprov_bars_mode cprov_bars_mode(const char *wanted, bool quiet, bool terminal)
{
    const char *term = getenv("TERM");

    if (wanted && !strcmp(wanted, "plain"))
        return CPROV_BARS_PLAIN;
    if (wanted && !strcmp(wanted, "jsonl"))
        return CPROV_BARS_JSONL;
    if (quiet || !terminal || (wanted && !strcmp(wanted, "none")) || !term || !*term ||
        !strcmp(term, "dumb"))
        return CPROV_BARS_NONE;
    return CPROV_BARS_DRAWN;
}

int cprov_bars_open(enum cprov_bars_mode mode, const char *program, int fd, struct cprov_bars **out,
                    struct cprov_error *err)
{
    struct cprov_bars *bars = calloc(1, sizeof(*bars));

    if (!bars)
        return cprov_fail_memory(err);
    bars->mode = mode;
    bars->program = program;
    bars->fd = fd;
    cprov_buf_init(&bars->frame, FRAME_MAX);
    *out = bars;
    return 0;
}

void cprov_bars_close(struct cprov_bars *bars)
{
    if (!bars)
        return;
    cprov_bars_hide(bars);
    cprov_buf_clear(&bars->frame);
    free(bars);
}

/* What cannot be drawn is no failure of the work. */
static void send(struct cprov_bars *bars)
{
    struct cprov_error ignored;

    if (!bars->frame.failed && bars->frame.len)
        (void)!cprov_fs_write_all(bars->fd, bars->frame.ptr, bars->frame.len, -1, &ignored);
    cprov_buf_reset(&bars->frame);
}

static struct winsize screen(const struct cprov_bars *bars)
{
    struct winsize size = { 0 };

    if (ioctl(bars->fd, TIOCGWINSZ, &size) < 0 || !size.ws_col)
        size = (struct winsize){ .ws_row = 24, .ws_col = WIDTH_UNKNOWN };
    return size;
}

/* Lines that were drawn for a wider screen have been wrapped by a narrower one. */
static void add_erase(struct cprov_bars *bars, size_t columns)
{
    size_t lines = 0;

    for (size_t i = 0; i < bars->drawn_count; i++)
        lines += bars->drawn[i] > columns ? (bars->drawn[i] + columns - 1) / columns : 1;
    if (lines)
        cprov_buf_addf(&bars->frame, "\033[%zuA\r\033[J", lines);
    bars->drawn_count = 0;
}

void cprov_bars_hide(struct cprov_bars *bars)
{
    if (!bars || !bars->drawn_count)
        return;
    add_erase(bars, screen(bars).ws_col);
    send(bars);
    bars->drawn_at = 0;
}

static struct cprov_span short_id(const char *id)
{
    struct cprov_span algorithm, hex = cprov_span_of(id);

    (void)cprov_span_cut(hex, ':', &algorithm, &hex);
    return cprov_text_fit(hex, ID_DIGITS);
}

static void add_label(const struct cprov_progress *p, struct cprov_buf *out)
{
    size_t start = out->len;

    cprov_text_add_clean(out, cprov_span_of(p->activity));
    cprov_buf_add_char(out, ' ');
    /* The line for all of an image has its name, those of its blobs their digests. */
    struct cprov_span what = *p->id ? short_id(p->id) : cprov_span_of(p->item);
    if (!what.len)
        what = cprov_span_of("all");
    cprov_text_add_clean(out, cprov_text_fit(what, ITEM_WIDTH));
    while (out->len - start < LABEL_WIDTH && !out->failed)
        cprov_buf_add_char(out, ' ');
}

/* 0 to 1; a server may send more than it said. */
static double share(const struct cprov_progress *p)
{
    return p->done >= p->total ? 1.0 : (double)p->done / (double)p->total;
}

static void add_numbers(const struct cprov_progress *p, struct cprov_buf *out)
{
    char done[CPROV_SIZE_TEXT_MAX], total[CPROV_SIZE_TEXT_MAX], rate[CPROV_SIZE_TEXT_MAX];
    char left[CPROV_LEFT_TEXT_MAX] = "";

    if (p->rate && p->total > p->done)
        cprov_text_left((p->total - p->done) / p->rate, left);
    cprov_buf_addf(out, " %8s", cprov_text_size(p->done, done));
    if (p->total)
        cprov_buf_addf(out, " of %-8s %3.0f%%", cprov_text_size(p->total, total), 100.0 * share(p));
    if (p->rate)
        cprov_buf_addf(out, " %8s/s %5s", cprov_text_size(p->rate, rate), left);
    else
        cprov_buf_addf(out, "%17s", "");
}

static void add_bar(const struct cprov_progress *p, size_t width, struct cprov_buf *out)
{
    size_t inner = width - 2;
    size_t full = (size_t)((double)inner * share(p));

    cprov_buf_add_char(out, '[');
    for (size_t i = 0; i < inner; i++) {
        char c = ' ';

        if (i < full)
            c = '=';
        if (i + 1 == full && full < inner)
            c = '>';
        cprov_buf_add_char(out, c);
    }
    cprov_buf_add_char(out, ']');
}

void cprov_bar_format(const struct cprov_progress *progress, size_t width, struct cprov_buf *out)
{
    auto_buf struct cprov_buf label = { 0 };
    auto_buf struct cprov_buf numbers = { 0 };

    cprov_buf_init(&label, CPROV_KIB);
    cprov_buf_init(&numbers, CPROV_KIB);
    add_label(progress, &label);
    add_numbers(progress, &numbers);

    size_t used = cprov_text_width(cprov_buf_span(&label)) + numbers.len;
    cprov_buf_add_span(out, cprov_text_fit(cprov_buf_span(&label), width));
    if (progress->total && width >= used + BAR_LEAST)
        add_bar(progress, width - used, out);
    if (width > label.len)
        cprov_buf_add_span(out, cprov_text_fit(cprov_buf_span(&numbers), width - label.len));
}

static void add_line(struct cprov_bars *bars, const struct bar *bar, size_t columns)
{
    size_t start = bars->frame.len;
    struct cprov_progress p = {
        .size = sizeof(p),
        .activity = bar->activity,
        .item = bar->item,
        .id = bar->id,
        .done = bar->done,
        .total = bar->total,
        .rate = bar->rate,
    };

    cprov_bar_format(&p, columns - 1, &bars->frame);
    bars->drawn[bars->drawn_count++] =
        cprov_text_width(cprov_span_from(cprov_buf_span(&bars->frame), start));
    cprov_buf_add_char(&bars->frame, '\n');
}

static void draw(struct cprov_bars *bars)
{
    struct winsize size = screen(bars);
    size_t room = size.ws_row > 3 ? size.ws_row - 2u : 1;

    add_erase(bars, size.ws_col);
    for (size_t i = 0; i < BARS_MAX && bars->drawn_count < SHOWN_MAX; i++)
        if (bars->blobs[i].used && bars->drawn_count + 1 < room)
            add_line(bars, &bars->blobs[i], size.ws_col);
    if (bars->all.used)
        add_line(bars, &bars->all, size.ws_col);
    send(bars);
    bars->drawn_at = cprov_clock_ms();
}

static struct bar *bar_of(struct cprov_bars *bars, const char *id)
{
    struct bar *unused = NULL;

    if (!*id)
        return &bars->all;
    for (size_t i = 0; i < BARS_MAX; i++) {
        if (bars->blobs[i].used && !strcmp(bars->blobs[i].id, id))
            return &bars->blobs[i];
        if (!bars->blobs[i].used && !unused)
            unused = &bars->blobs[i];
    }
    return unused;
}

static void update_bar(struct cprov_bars *bars, const struct cprov_progress *p)
{
    struct bar *bar = bar_of(bars, p->id);

    if (bar) {
        bar->used = !p->finished;
        snprintf(bar->id, sizeof(bar->id), "%s", p->id);
        snprintf(bar->item, sizeof(bar->item), "%s", p->item);
        snprintf(bar->activity, sizeof(bar->activity), "%s", p->activity);
        bar->done = p->done;
        bar->total = p->total;
        bar->rate = p->rate;
    }
    if (!*p->id && p->finished)
        cprov_bars_hide(bars);
    else if (!bars->drawn_at || cprov_clock_ms() - bars->drawn_at >= REDRAW_MS)
        draw(bars);
}

static void tell_plainly(struct cprov_bars *bars, const struct cprov_progress *p)
{
    char size[CPROV_SIZE_TEXT_MAX];

    if (!p->finished)
        return;
    cprov_buf_addf(&bars->frame, "%s: ", bars->program);
    cprov_text_add_clean(&bars->frame, cprov_span_of(p->item));
    cprov_buf_add_text(&bars->frame, *p->item ? ": " : "");
    cprov_text_add_clean(&bars->frame, cprov_span_of(p->activity));
    cprov_buf_add_char(&bars->frame, ' ');
    cprov_text_add_clean(&bars->frame, *p->id ? short_id(p->id) : cprov_span_of("all"));
    cprov_buf_addf(&bars->frame, ": %s\n", cprov_text_size(p->done, size));
}

static void tell_json(struct cprov_bars *bars, const struct cprov_progress *p)
{
    struct cprov_json_writer w;

    cprov_json_writer_init(&w, &bars->frame, 0);
    cprov_json_begin_object(&w);
    cprov_json_member(&w, "t", "progress");
    cprov_json_member(&w, "id", p->id);
    cprov_json_member(&w, "activity", p->activity);
    cprov_json_member(&w, "item", p->item);
    cprov_json_key(&w, "done");
    cprov_json_number(&w, p->done);
    cprov_json_key(&w, "total");
    if (p->total)
        cprov_json_number(&w, p->total);
    else
        cprov_json_null(&w);
    cprov_json_key(&w, "rate");
    cprov_json_number(&w, p->rate);
    cprov_json_key(&w, "finished");
    cprov_json_bool(&w, p->finished);
    cprov_json_end_object(&w);
    cprov_buf_add_char(&bars->frame, '\n');
}

void cprov_bars_update(struct cprov_bars *bars, const struct cprov_progress *progress)
{
    switch (bars->mode) {
    case CPROV_BARS_NONE:
        return;
    case CPROV_BARS_DRAWN:
        update_bar(bars, progress);
        return;
    case CPROV_BARS_PLAIN:
        tell_plainly(bars, progress);
        break;
    case CPROV_BARS_JSONL:
        tell_json(bars, progress);
        break;
    }
    send(bars);
}
