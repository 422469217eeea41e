/* cli/progress.h - progress on stderr: bars, plain lines or JSON lines. */
#ifndef CPROV_CLI_PROGRESS_H
#define CPROV_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "provider/provider.h"

struct cprov_error;
struct cprov_bars;

enum cprov_bars_mode {
    CPROV_BARS_NONE,
    CPROV_BARS_DRAWN, /* a bar per blob and one for all, redrawn at most ten times a second */
    CPROV_BARS_PLAIN, /* a line per finished blob */
    CPROV_BARS_JSONL, /* {"t":"progress",...} */
};

/* From --progress (NULL: "auto"): bars on a terminal that can draw, nothing elsewhere. */
enum cprov_bars_mode cprov_bars_mode(const char *wanted, bool quiet, bool terminal);

CPROV_MUST_CHECK
int cprov_bars_open(enum cprov_bars_mode mode, const char *program, int fd, struct cprov_bars **out,
                    struct cprov_error *err);
/* Erases the bars and frees; NULL-safe. */
void cprov_bars_close(struct cprov_bars *bars);
void cprov_bars_update(struct cprov_bars *bars, const struct cprov_progress *progress);
/* Erases the bars so that a line can be written; they come back with the next update. NULL-safe. */
void cprov_bars_hide(struct cprov_bars *bars);

/* One line of at most `width` columns, without line end. */
void cprov_bar_format(const struct cprov_progress *progress, size_t width, struct cprov_buf *out);

#endif
