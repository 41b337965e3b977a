#include "lib/diagnostics/drift.h"

#include <stdlib.h>

enum { WINDOW_US = 600000000, LEAST_US = 10000000, STEP_US = 20000, RATE_MOST = 10 /* percent */ };

static const struct drift_sample *sample_at(const struct drift *drift, unsigned index)
{
    return &drift->samples[(drift->first + index) % DRIFT_SAMPLES];
}

/* No rate of a working clock explains this. */
static bool is_step(const struct drift_sample *then, const struct drift_sample *now)
{
    int64_t passed_us = now->local_us - then->local_us;
    int64_t gap_us = llabs(now->server_us - then->server_us - passed_us);
    int64_t bound_us = now->round_trip_us + then->round_trip_us + STEP_US;
    return passed_us <= 0 || gap_us > bound_us + passed_us * RATE_MOST / 100;
}

void drift_reset(struct drift *drift)
{
    drift->first = drift->count = 0;
}

void drift_add(struct drift *drift, const struct drift_sample *sample)
{
    if (drift->count > 0 && is_step(sample_at(drift, drift->count - 1), sample)) {
        drift_reset(drift);
    }
    while (drift->count == DRIFT_SAMPLES ||
           (drift->count > 0 && sample->local_us - sample_at(drift, 0)->local_us > WINDOW_US)) {
        drift->first = (drift->first + 1) % DRIFT_SAMPLES;
        drift->count--;
    }
    drift->samples[(drift->first + drift->count) % DRIFT_SAMPLES] = *sample;
    drift->count++;
}

/* The pair of samples that says most: of all pairs with the latest, the one that is least
 * uncertain. */
void drift_look(const struct drift *drift, struct drift_view *view)
{
    *view = (struct drift_view){0};
    for (unsigned last = drift->count; last-- > 1 && last + 8 > drift->count;) {
        const struct drift_sample *now = sample_at(drift, last);
        for (unsigned i = 0; i < last; i++) {
            const struct drift_sample *then = sample_at(drift, i);
            double passed_us = (double)(now->local_us - then->local_us);
            if (passed_us < LEAST_US) {
                break;
            }
            double error = (double)(now->round_trip_us + then->round_trip_us) / 2 / passed_us * 1e6;
            if (!view->known || error < view->uncertainty_ppm) {
                double gained_us = (double)(now->server_us - then->server_us) - passed_us;
                *view = (struct drift_view){.known = true,
                                            .ppm = gained_us / passed_us * 1e6,
                                            .uncertainty_ppm = error,
                                            .window_ms = (int64_t)(passed_us / 1000)};
            }
        }
    }
}
