#include "lib/status/metrics.h"

#include "lib/status/metrics_writer.h"

#include <string.h>

static void add_gauge(struct metrics_writer *writer, const char *name, const char *help,
                      double value)
{
    metrics_family(writer, name, METRICS_GAUGE, help);
    metrics_sample(writer, NULL, value);
}

static void add_counter(struct metrics_writer *writer, const char *name, const char *help,
                        double value)
{
    metrics_family(writer, name, METRICS_COUNTER, help);
    metrics_sample(writer, NULL, value);
}

/* The samples of a counter with one label. */
static void add_counts(struct metrics_writer *writer, const char *key,
                       const struct metrics_count *counts)
{
    for (; counts != NULL && counts->label != NULL; counts++) {
        struct metrics_label labels[] = {{key, counts->label}, {NULL, NULL}};
        metrics_sample(writer, labels, (double)counts->count);
    }
}

static void add_build(struct metrics_writer *writer, const struct metrics *metrics)
{
    struct metrics_label labels[] = {
        {"version", metrics->daemon->version}, {"revision", metrics->revision}, {NULL, NULL}};
    metrics_family(writer, "leaderd_build_info", METRICS_GAUGE, "1, labelled with what runs.");
    metrics_sample(writer, labels, 1);
}

static void add_store(struct metrics_writer *writer, const struct metrics *metrics)
{
    const struct store_health *store = &metrics->daemon->store;
    bool closed = store->circuit == NULL || strcmp(store->circuit, "closed") == 0;
    add_gauge(writer, "leaderd_store_connected", "1 while the store is connected.",
              store->connected ? 1 : 0);
    add_gauge(writer, "leaderd_store_circuit_open",
              "1 while calls are held back because the store failed too often.", closed ? 0 : 1);
    add_counter(writer, "leaderd_store_connects", "Connections to the store that succeeded.",
                (double)metrics->store_connects);
    add_counter(writer, "leaderd_store_connect_failures", "Connections to the store that failed.",
                (double)metrics->store_connect_failures);
    metrics_family(writer, "leaderd_store_errors", METRICS_COUNTER,
                   "Errors of the store, by the code of its reply or of the failure.");
    const struct error_counters *errors = metrics->store_errors;
    for (unsigned i = 0; errors != NULL && i < errors->used; i++) {
        struct metrics_label labels[] = {{"code", errors->codes[i].code}, {NULL, NULL}};
        metrics_sample(writer, labels, (double)errors->codes[i].count);
    }
}

static void add_checks(struct metrics_writer *writer, const struct metrics_check *checks)
{
    metrics_family(writer, "leaderd_health_check_passing", METRICS_GAUGE,
                   "1 if the check passed in the last health run.");
    for (const struct metrics_check *c = checks; c != NULL && c->name != NULL; c++) {
        struct metrics_label labels[] = {{"check", c->name}, {NULL, NULL}};
        metrics_sample(writer, labels, c->passing ? 1 : 0);
    }
    metrics_family(writer, "leaderd_health_check_duration_seconds", METRICS_GAUGE,
                   "Time that the check took in the last health run.");
    for (const struct metrics_check *c = checks; c != NULL && c->name != NULL; c++) {
        struct metrics_label labels[] = {{"check", c->name}, {NULL, NULL}};
        metrics_sample(writer, labels, c->duration_seconds);
    }
}

static void add_requests(struct metrics_writer *writer, const struct metrics_http *http)
{
    metrics_family(writer, "leaderd_http_requests", METRICS_COUNTER,
                   "HTTP requests answered, by handler and status code.");
    struct metrics_request request;
    for (size_t i = 0; http->request != NULL && http->request(http->owner, i, &request); i++) {
        const char code[] = {(char)('0' + request.code / 100 % 10),
                             (char)('0' + request.code / 10 % 10), (char)('0' + request.code % 10),
                             '\0'};
        struct metrics_label labels[] = {
            {"handler", request.handler}, {"code", code}, {NULL, NULL}};
        metrics_sample(writer, labels, (double)request.count);
    }
}

static void add_http(struct metrics_writer *writer, const struct metrics_http *http)
{
    add_requests(writer, http);
    metrics_family(writer, "leaderd_http_request_duration_seconds", METRICS_HISTOGRAM,
                   "Time from a whole request to its answer, long polls left out.");
    if (http->duration != NULL) {
        metrics_histogram(writer, NULL, http->duration);
    }
    add_gauge(writer, "leaderd_http_connections", "Open connections.", (double)http->connections);
    add_gauge(writer, "leaderd_http_connections_max", "Most connections that are accepted.",
              (double)http->connections_max);
    add_gauge(writer, "leaderd_http_watchers", "Requests waiting for a change.",
              (double)http->watchers);
    metrics_family(writer, "leaderd_http_rejected", METRICS_COUNTER,
                   "Requests and connections refused, by reason.");
    add_counts(writer, "reason", http->rejected);
}

static void add_daemon(struct metrics_writer *writer, const struct metrics *metrics)
{
    add_gauge(writer, "leaderd_loop_lag_seconds",
              "Worst delay of a timer of the event loop in the last minute.",
              metrics->loop_lag_seconds);
    metrics_family(writer, "leaderd_log_messages", METRICS_COUNTER, "Log messages, by level.");
    add_counts(writer, "level", metrics->log_messages);
    add_gauge(writer, "leaderd_config_last_reload_successful",
              "1 unless the last reload of the configuration was refused.",
              metrics->last_reload_successful ? 1 : 0);
    add_gauge(writer, "leaderd_config_last_reload_success_timestamp_seconds",
              "When the configuration was last read with success.",
              (double)metrics->last_reload_success_at_ms / 1e3);
}

/* The family is there in any case, its sample where the value is known. */
static void add_known(struct metrics_writer *writer, const char *name, const char *help,
                      double value)
{
    metrics_family(writer, name, METRICS_GAUGE, help);
    if (value >= 0) {
        metrics_sample(writer, NULL, value);
    }
}

static void add_process(struct metrics_writer *writer, const struct metrics_process *process)
{
    metrics_family(writer, "process_cpu_seconds", METRICS_COUNTER, "CPU time spent, in seconds.");
    if (process->cpu_seconds >= 0) {
        metrics_sample(writer, NULL, process->cpu_seconds);
    }
    add_known(writer, "process_resident_memory_bytes", "Resident memory in bytes.",
              (double)process->resident_bytes);
    add_known(writer, "process_open_fds", "Open file descriptors.", (double)process->open_fds);
    add_known(writer, "process_max_fds", "Most file descriptors that may be open.",
              (double)process->max_fds);
    add_known(writer, "process_start_time_seconds", "Start of the process, in seconds since 1970.",
              process->start_time_seconds);
}

void metrics_render(struct text *text, const struct metrics *metrics, enum metrics_format format)
{
    struct metrics_writer writer = {.text = text, .format = format};
    add_build(&writer, metrics);
    metrics_add_elections(&writer, metrics);
    add_store(&writer, metrics);
    add_checks(&writer, metrics->checks);
    add_http(&writer, &metrics->http);
    add_daemon(&writer, metrics);
    if (metrics->more != NULL) {
        metrics->more(metrics->more_owner, &writer);
    }
    add_process(&writer, &metrics->process);
    if (format == METRICS_OPENMETRICS) {
        text_add(text, "# EOF\n");
    }
}
