/*
 * The rate of this host's clock against a server's: by how many ppm CLOCK_BOOTTIME runs fast or
 * slow, and how certain that is. Pure.
 *
 * What a lease can bear is a difference of rates, not of readings. Each sample is the server's time
 * somewhere within a round trip; the longer the window, the less that matters.
 */
#ifndef LEADERD_DIAGNOSTICS_DRIFT_H
#define LEADERD_DIAGNOSTICS_DRIFT_H

#include <stdbool.h>
#include <stdint.h>

enum { DRIFT_SAMPLES = 64 };

struct drift_sample {
    int64_t server_us, local_us; /* local: the middle of the round trip */
    int64_t round_trip_us;
};

/* All zeros: nothing known. Keeps the samples of the last ten minutes, at most DRIFT_SAMPLES. */
struct drift {
    struct drift_sample samples[DRIFT_SAMPLES];
    unsigned first, count;
};

struct drift_view {
    bool known; /* two samples, ten seconds apart at least */
    double ppm; /* positive: the server's clock is the faster one */
    double uncertainty_ppm;
    int64_t window_ms;
};

/* A step of the server's clock, beyond what any rate explains, begins the series anew. */
void drift_add(struct drift *drift, const struct drift_sample *sample);

/* Another server: forget everything. */
void drift_reset(struct drift *drift);

void drift_look(const struct drift *drift, struct drift_view *view);

#endif
