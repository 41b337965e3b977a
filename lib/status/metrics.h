/*
 * The answer of /metrics: Prometheus text 0.0.4, or OpenMetrics 1.0 (metrics contract).
 *
 * Families of things that are not known are there with HELP and TYPE and without samples. With more
 * than METRICS_HISTOGRAMS_MAX elections the histograms of each election are left out, unless
 * `histograms` says otherwise.
 */
#ifndef LEADERD_STATUS_METRICS_H
#define LEADERD_STATUS_METRICS_H

#include "lib/base/text.h"
#include "lib/status/counters.h"
#include "lib/status/snapshot.h"

enum { METRICS_HISTOGRAMS_MAX = 200 };

enum metrics_format {
    METRICS_PROMETHEUS = 1, /* text/plain; version=0.0.4; charset=utf-8 */
    METRICS_OPENMETRICS,    /* application/openmetrics-text; version=1.0.0; charset=utf-8 */
};

enum metrics_histograms {
    METRICS_HISTOGRAMS_AUTO = 1,
    METRICS_HISTOGRAMS_ALWAYS,
    METRICS_HISTOGRAMS_NEVER,
};

struct metrics_election {
    struct status_election status; /* the view, evaluated at the scrape */
    const struct election_counters *counters;
};

/* One count with one label; `label` NULL ends a list. */
struct metrics_count {
    const char *label;
    uint64_t count;
};

struct metrics_request {
    const char *handler; /* "/leader" */
    int code;            /* HTTP status */
    uint64_t count;
};

struct metrics_http {
    /* Fills in number `index` of the request counts; false when there are no more. NULL: none. */
    bool (*request)(const void *owner, size_t index, struct metrics_request *request);
    const void *owner;
    const struct histogram *duration; /* NULL: no sample */
    int64_t connections, connections_max, watchers;
    const struct metrics_count *rejected; /* all known reasons; NULL: none */
};

/* Of the process; negative: unknown. */
struct metrics_process {
    double cpu_seconds;
    int64_t resident_bytes, open_fds, max_fds;
    double start_time_seconds; /* since 1970 */
};

struct metrics_check {
    const char *name; /* "connectivity"; NULL ends a list */
    bool passing;
    double duration_seconds;
};

struct metrics_writer;

struct metrics {
    const struct status_daemon *daemon; /* version, clock, store, shutting_down */
    const char *revision;
    const struct metrics_election *elections;
    size_t election_count;
    enum metrics_histograms histograms;
    uint64_t store_connects, store_connect_failures;
    const struct error_counters *store_errors;
    const struct metrics_check *checks; /* of the last health run; NULL: none yet */
    struct metrics_http http;
    double loop_lag_seconds;
    const struct metrics_count *log_messages; /* by level, all levels */
    bool last_reload_successful;
    int64_t last_reload_success_at_ms; /* wall time; the start counts as the first */
    struct metrics_process process;
    /* Adds the families of other layers; NULL: none. */
    void (*more)(void *owner, struct metrics_writer *writer);
    void *more_owner;
};

void metrics_render(struct text *text, const struct metrics *metrics, enum metrics_format format);

#endif
