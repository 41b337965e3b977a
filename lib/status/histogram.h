/*
 * A histogram with fixed buckets, as Prometheus takes it. A plain value.
 */
#ifndef LEADERD_STATUS_HISTOGRAM_H
#define LEADERD_STATUS_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BOUNDS_MAX = 16 };

/* Upper bounds, growing; the bucket for everything beyond is implied. */
struct histogram_bounds {
    unsigned count;
    double bounds[HISTOGRAM_BOUNDS_MAX];
};

extern const struct histogram_bounds histogram_seconds; /* 0.5 ms to 10 s */
extern const struct histogram_bounds histogram_ratio;   /* 0.05 to 1 */

struct histogram {
    const struct histogram_bounds *bounds;
    uint64_t counts[HISTOGRAM_BOUNDS_MAX + 1]; /* of each bucket alone, not added up */
    double sum;
};

void histogram_init(struct histogram *histogram, const struct histogram_bounds *bounds);

/* Values below zero count as zero. */
void histogram_add(struct histogram *histogram, double value);

#endif
