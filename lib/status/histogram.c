#include "lib/status/histogram.h"

/* Around a Redis nearby (under a millisecond) up to the longest time-out that makes sense. */
const struct histogram_bounds histogram_seconds = {
    .count = 14,
    .bounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10},
};

const struct histogram_bounds histogram_ratio = {
    .count = 12,
    .bounds = {0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1},
};

void histogram_init(struct histogram *histogram, const struct histogram_bounds *bounds)
{
    *histogram = (struct histogram){.bounds = bounds};
}

void histogram_add(struct histogram *histogram, double value)
{
    if (!(value > 0)) {
        value = 0;
    }
    unsigned bucket = 0;
    while (bucket < histogram->bounds->count && value > histogram->bounds->bounds[bucket]) {
        bucket++;
    }
    histogram->counts[bucket]++;
    histogram->sum += value;
}
