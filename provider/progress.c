/* provider/progress.c - meters. */
#include "provider/progress.h"

#include "base/clock.h"

#define TELL_EVERY_MS   50
#define SAMPLE_EVERY_MS 500

void cprov_meter_init(struct cprov_meter *m, const char *activity, const char *item, const char *id,
                      uint64_t total)
{
    *m = (struct cprov_meter){ .activity = activity, .item = item, .id = id, .total = total };
}

static void take_sample(struct cprov_meter *m, int64_t now)
{
    size_t last = (m->next_sample + CPROV_PROGRESS_SAMPLES - 1) % CPROV_PROGRESS_SAMPLES;

    if (m->samples_count > 0 && now - m->samples[last].ms < SAMPLE_EVERY_MS)
        return;
    m->samples[m->next_sample].ms = now;
    m->samples[m->next_sample].done = m->done;
    m->next_sample = (m->next_sample + 1) % CPROV_PROGRESS_SAMPLES;
    if (m->samples_count < CPROV_PROGRESS_SAMPLES)
        m->samples_count++;
}

static uint64_t rate(const struct cprov_meter *m, int64_t now)
{
    size_t oldest = m->samples_count < CPROV_PROGRESS_SAMPLES ? 0 : m->next_sample;
    int64_t ms = m->samples_count ? now - m->samples[oldest].ms : 0;

    uint64_t came = m->samples_count ? m->done - m->samples[oldest].done : 0;

    if (ms <= 0 || came > INT64_MAX / 1000) /* it went back */
        return 0;
    return came * 1000 / (uint64_t)ms;
}

static void tell(struct cprov_session *s, struct cprov_meter *m, bool finished, int64_t now)
{
    if (!s->callbacks.progress)
        return;
    take_sample(m, now);
    m->told_ms = now;
    s->callbacks.progress(s->callbacks.arg,
                          &(struct cprov_progress){ .size = sizeof(struct cprov_progress),
                                                    .activity = m->activity,
                                                    .item = m->item,
                                                    .id = m->id,
                                                    .done = m->done,
                                                    .total = m->total,
                                                    .rate = rate(m, now),
                                                    .finished = finished });
}

void cprov_meter_set(struct cprov_session *s, struct cprov_meter *m, uint64_t done)
{
    m->done = done;
    if (!s->callbacks.progress)
        return;
    int64_t now = cprov_clock_ms();
    if (m->told_ms == 0 || now - m->told_ms >= TELL_EVERY_MS)
        tell(s, m, false, now);
}

void cprov_meter_jump(struct cprov_session *s, struct cprov_meter *m, uint64_t done)
{
    for (size_t i = 0; i < m->samples_count; i++) /* the differences are what counts: modulo 2^64 */
        m->samples[i].done += done - m->done;
    cprov_meter_set(s, m, done);
}

void cprov_meter_add(struct cprov_session *s, struct cprov_meter *m, uint64_t bytes)
{
    cprov_meter_set(s, m, m->done + bytes);
}

void cprov_meter_end(struct cprov_session *s, struct cprov_meter *m)
{
    tell(s, m, true, cprov_clock_ms());
}
