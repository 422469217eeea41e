/* provider/progress.h - counting bytes for people: per blob and in total, with speed. */
#ifndef CPROV_PROVIDER_PROGRESS_H
#define CPROV_PROVIDER_PROGRESS_H

#include "provider/session.h"

#define CPROV_PROGRESS_SAMPLES 8

/* One bar. Embedded; texts are borrowed for its life. */
struct cprov_meter {
    const char *activity;
    const char *item;
    const char *id; /* "" for the total */
    uint64_t done, total;
    int64_t told_ms; /* when the caller heard of it last */
    struct {
        int64_t ms;
        uint64_t done;
    } samples[CPROV_PROGRESS_SAMPLES]; /* one a half second: the speed is over their span */
    size_t next_sample, samples_count;
};

void cprov_meter_init(struct cprov_meter *m, const char *activity, const char *item, const char *id,
                      uint64_t total);
/* Adds bytes, and tells the caller when it is time again. */
void cprov_meter_add(struct cprov_session *s, struct cprov_meter *m, uint64_t bytes);
/* The same for a count that moves, forth or back, without a byte having come: no speed comes of
 * it. */
void cprov_meter_jump(struct cprov_session *s, struct cprov_meter *m, uint64_t done);
/* Sets the count (a restart goes back). */
void cprov_meter_set(struct cprov_session *s, struct cprov_meter *m, uint64_t done);
/* The last word: finished. */
void cprov_meter_end(struct cprov_session *s, struct cprov_meter *m);

#endif
