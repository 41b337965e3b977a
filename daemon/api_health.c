/* Probes and metrics: what kubelet and Prometheus ask. */
#include "daemon/api.h"

#include "daemon/log.h"
#include "daemon/process_stats.h"
#include "lib/diagnostics/report_json.h"
#include "lib/status/document.h"
#include "lib/status/metrics.h"

#include <stdlib.h>
#include <string.h>

/* The engine works as long as no election's timer is long overdue. A stuck loop cannot answer. */
void api_livez(void *owner, struct http_call *call)
{
    struct app *app = owner;
    struct moment now = moment_now();
    struct text body = {0};
    bool stuck = false;
    for (size_t i = 0; i < app->election_count; i++) {
        stuck |= election_is_stuck(app->elections[i], now);
    }
    if (http_call_format(call) == HTTP_TEXT) {
        text_add(&body, stuck ? "error: the election engine is stuck\n" : "ok\n");
    } else {
        text_addf(&body, "{\"status\":\"%s\"}\n", stuck ? "stuck" : "ok");
    }
    api_answer(call, stuck ? 503 : 200, &body);
}

static bool is_known(const struct api_look *look)
{
    return look->view.state != ELECTOR_STARTING && look->view.state != ELECTOR_UNREACHABLE &&
           look->view.state != ELECTOR_STOPPED;
}

bool api_read_verbose(struct http_call *call, bool *lines)
{
    const char *value = http_call_query(call, "verbose");
    bool no = value != NULL && (strcmp(value, "false") == 0 || strcmp(value, "0") == 0);
    bool yes = value != NULL &&
               (value[0] == '\0' || strcmp(value, "true") == 0 || strcmp(value, "1") == 0);
    if (value != NULL && !no && !yes) {
        http_call_problem(call, "bad_parameter", "verbose: true or false; alone it means true");
        return false;
    }
    *lines = yes || http_call_format(call) == HTTP_TEXT;
    return true;
}

void api_readyz(void *owner, struct http_call *call)
{
    struct app *app = owner;
    struct text body = {0};
    struct api_look look;
    bool lines = false;
    bool ready = !app->shutting_down;
    if (!api_read_verbose(call, &lines)) {
        return;
    }
    api_look(app, &look);
    text_add(&body, lines ? "" : "{\"elections\":{");
    for (size_t i = 0; i < app->election_count; i++) {
        api_look_at(&look, app->elections[i]);
        const char *state = elector_state_name(look.view.state);
        bool known = is_known(&look);
        ready &= known;
        if (lines) {
            text_addf(&body, "[%c]%s %s\n", known ? '+' : '-', look.status.name, state);
        } else {
            text_add(&body, i > 0 ? "," : "");
            text_add_json(&body, look.status.name);
            text_addf(&body, ":\"%s\"", state);
        }
    }
    if (lines) {
        text_addf(&body, "readyz check %s\n", ready ? "passed" : "failed");
        http_call_answer(call, ready ? 200 : 503, "text/plain; charset=utf-8", &body);
        return;
    }
    text_addf(&body, "},\"ready\":%s,\"shutting_down\":%s}\n", ready ? "true" : "false",
              app->shutting_down ? "true" : "false");
    api_answer(call, ready ? 200 : 503, &body);
}

static bool request_count(const void *owner, size_t index, struct metrics_request *request)
{
    struct http_request_count count;
    if (!http_server_request_count(owner, index, &count)) {
        return false;
    }
    *request = (struct metrics_request){
        .handler = count.handler, .code = count.status, .count = count.count};
    return true;
}

enum { REASONS_MAX = 64 };

static void fill_http(const struct app *app, struct metrics_http *http,
                      struct metrics_count rejected[REASONS_MAX])
{
    struct http_numbers numbers;
    size_t count = 0;
    http_server_numbers(app->http, &numbers);
    while (count + 1 < REASONS_MAX) {
        rejected[count].label = http_server_rejected(app->http, count, &rejected[count].count);
        if (rejected[count++].label == NULL) {
            break;
        }
    }
    *http = (struct metrics_http){.request = request_count,
                                  .owner = app->http,
                                  .duration = &app->http_durations,
                                  .connections = numbers.connections,
                                  .connections_max = numbers.connections_max,
                                  .watchers = numbers.watchers,
                                  .rejected = rejected};
}

struct scrape {
    struct api_look look;
    struct metrics_election *elections;
    struct elector_view *views;
    struct metrics_count rejected[REASONS_MAX];
    struct metrics_count levels[LOG_LEVELS + 1];
    struct metrics_check checks[4]; /* the last one is empty */
    struct metrics metrics;
};

static bool fill_elections(const struct app *app, struct scrape *scrape)
{
    size_t count = app->election_count;
    scrape->elections = calloc(count + 1, sizeof *scrape->elections);
    scrape->views = calloc(count + 1, sizeof *scrape->views);
    if (scrape->elections == NULL || scrape->views == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct election *election = app->elections[i];
        election_status(election, &scrape->look.daemon.clock, scrape->look.now, &scrape->views[i],
                        &scrape->elections[i].status);
        scrape->elections[i].counters = election_counters(election);
    }
    return true;
}

static void fill_levels(struct scrape *scrape)
{
    for (int level = LOG_LEVEL_DEBUG; level <= LOG_LEVEL_ERROR; level++) {
        scrape->levels[level - 1] =
            (struct metrics_count){.label = log_level_name((enum log_level)level),
                                   .count = log_count((enum log_level)level)};
    }
}

static void fill_metrics(const struct app *app, struct scrape *scrape)
{
    scrape->metrics = (struct metrics){
        .daemon = &scrape->look.daemon,
        .revision = LEADERD_REVISION,
        .elections = scrape->elections,
        .election_count = app->election_count,
        .histograms = (enum metrics_histograms)app->loaded.config->per_election_histograms,
        .store_connects = app->store_connects,
        .store_connect_failures = app->store_connect_failures,
        .store_errors = &app->store_errors,
        .loop_lag_seconds = (double)app_lag_ms(app) / 1000,
        .log_messages = scrape->levels,
        .last_reload_successful = app->last_reload_successful,
        .last_reload_success_at_ms = app->last_reload_success_at_ms};
    fill_http(app, &scrape->metrics.http, scrape->rejected);
    process_stats_read(&scrape->metrics.process);
}

static void add_diagnostics(void *owner, struct metrics_writer *writer)
{
    const struct app *app = owner;
    struct diagnosis_view *view = app->diagnosis != NULL ? diagnosis_look(app) : NULL;
    if (view != NULL) {
        report_add_metrics(writer, diagnosis_report(app->diagnosis), &view->facts, &view->findings);
    }
    diagnosis_view_free(view);
}

static void fill_checks(const struct app *app, struct scrape *scrape)
{
    const struct checkup_result *health =
        app->diagnosis != NULL ? diagnosis_health(app->diagnosis) : NULL;
    if (health == NULL || health->health == CHECKUP_NOT_RUN) {
        return;
    }
    const struct checkup_check *checks[] = {&health->connectivity, &health->lease_operations,
                                            &health->performance};
    static const char *const names[] = {"connectivity", "lease_operations", "performance"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int64_t us = checks[i]->duration_us;
        scrape->checks[i] =
            (struct metrics_check){.name = names[i],
                                   .passing = checks[i]->verdict == CHECKUP_PASS,
                                   .duration_seconds = us > 0 ? (double)us / 1e6 : 0};
    }
    scrape->metrics.checks = scrape->checks;
}

void api_metrics(void *owner, struct http_call *call)
{
    struct app *app = owner;
    struct scrape scrape = {0};
    struct text body = {0};
    bool open = http_call_format(call) == HTTP_OPENMETRICS;
    api_look(app, &scrape.look);
    if (fill_elections(app, &scrape)) {
        fill_levels(&scrape);
        fill_metrics(app, &scrape);
        fill_checks(app, &scrape);
        scrape.metrics.more = add_diagnostics;
        scrape.metrics.more_owner = app;
        metrics_render(&body, &scrape.metrics, open ? METRICS_OPENMETRICS : METRICS_PROMETHEUS);
    } else {
        body.failed = true;
    }
    free(scrape.elections);
    free(scrape.views);
    http_call_answer(call, 200,
                     open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                          : "text/plain; version=0.0.4; charset=utf-8",
                     &body);
}
