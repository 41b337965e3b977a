/*
 * Families and samples of /metrics in both formats; for metrics.c and metrics_elections.c.
 *
 * OpenMetrics names a family of counters without the `_total` that its samples carry; Prometheus
 * 0.0.4 gives both the same name. Callers name counters without it.
 */
#ifndef LEADERD_STATUS_METRICS_WRITER_H
#define LEADERD_STATUS_METRICS_WRITER_H

#include "lib/status/metrics.h"

enum metrics_type { METRICS_GAUGE = 1, METRICS_COUNTER, METRICS_HISTOGRAM };

struct metrics_writer {
    struct text *text;
    enum metrics_format format;
    const char *family; /* the present one */
    enum metrics_type type;
};

struct metrics_label {
    const char *key; /* NULL ends a list */
    const char *value;
};

/* Begins a family: HELP and TYPE. `name` must live until the next. */
void metrics_family(struct metrics_writer *writer, const char *name, enum metrics_type type,
                    const char *help);

/* One sample of the present gauge or counter. `labels` may be NULL. */
void metrics_sample(struct metrics_writer *writer, const struct metrics_label *labels,
                    double value);

/* One histogram of the present family: buckets, sum, count. */
void metrics_histogram(struct metrics_writer *writer, const struct metrics_label *labels,
                       const struct histogram *histogram);

/* All families of the elections. */
void metrics_add_elections(struct metrics_writer *writer, const struct metrics *metrics);

#endif
