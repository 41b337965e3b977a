#include "daemon/api.h"

#include "daemon/inherited.h"
#include "daemon/watch.h"
#include "daemon/workloads.h"
#include "lib/base/timetext.h"
#include "lib/status/document.h"
#include "lib/status/events.h"
#include "lib/status/profile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char text_plain[] = "text/plain; charset=utf-8";

void api_look(const struct app *app, struct api_look *look)
{
    app_snapshot(app, &look->daemon, &look->now);
}

void api_look_at(struct api_look *look, const struct election *election)
{
    election_status(election, &look->daemon.clock, look->now, &look->view, &look->status);
}

void api_election_headers(struct http_call *call, const struct api_look *look)
{
    char number[24];
    const struct elector_view *view = &look->view;
    http_call_header(call, "Leaderd-Is-Leader",
                     status_is_leader(&look->status, &look->daemon) ? "true" : "false");
    (void)snprintf(number, sizeof number, "%" PRId64, view->remaining_ms);
    http_call_header(call, "Leaderd-Remaining-Ms", number);
    if (view->term != 0) {
        (void)snprintf(number, sizeof number, "%" PRId64, view->term);
        http_call_header(call, "Leaderd-Fencing-Token", number);
    }
    if (view->lease_valid) {
        (void)snprintf(number, sizeof number, "%" PRId64, view->deadline_boottime_ms);
        http_call_header(call, "Leaderd-Deadline-Boottime-Ms", number);
    }
}

void api_no_election(const struct app *app, struct http_call *call, const char *name)
{
    char detail[LEASE_ELECTION_SIZE + 64];
    if (app->shutting_down) {
        http_call_problem(call, "shutting_down", "the elections have ended: the daemon shuts down");
        return;
    }
    (void)snprintf(detail, sizeof detail, "this daemon has no election \"%.*s\"",
                   LEASE_ELECTION_SIZE - 1, name);
    http_call_problem(call, "election_not_found", detail);
}

static struct election *find(struct app *app, struct http_call *call, const char *name)
{
    struct election *election = app_election(app, name);
    if (election == NULL) {
        api_no_election(app, call, name);
    }
    return election;
}

struct election *api_path_election(struct app *app, struct http_call *call)
{
    return find(app, call, http_call_name(call));
}

struct election *api_named_election(struct app *app, struct http_call *call)
{
    const char *name = http_call_query(call, "election");
    if (name != NULL) {
        return find(app, call, name);
    }
    if (app->election_count != 1) {
        http_call_problem(call, "election_required",
                          "there are several elections: say which with ?election=NAME");
        return NULL;
    }
    return app->elections[0];
}

bool api_query_duration(struct http_call *call, const char *name, int64_t *ms)
{
    char detail[128];
    const char *value = http_call_query(call, name);
    if (value == NULL || duration_parse(value, true, ms)) {
        return true;
    }
    (void)snprintf(detail, sizeof detail,
                   "%s: a duration such as 500ms, 30s, 5m, 1h, or seconds as a number", name);
    http_call_problem(call, "bad_parameter", detail);
    return false;
}

bool api_workload_is_good(struct http_call *call, const char *name)
{
    bool good = workload_name_is_good(name);
    if (!good) {
        http_call_problem(call, "bad_parameter",
                          "workload: 1 to 64 of letters, digits and . _ : -");
    }
    return good;
}

void api_answer(struct http_call *call, int code, struct text *body)
{
    bool text = http_call_format(call) == HTTP_TEXT;
    http_call_answer(call, code, text ? text_plain : "application/json", body);
}

static void api_watch(void *owner, struct http_call *call)
{
    watch_handle(owner, call);
}

/* Reads a whole number of the query; false: the call was answered with a problem. */
static bool query_number(struct http_call *call, const char *name, int64_t most, int64_t *number)
{
    char detail[96];
    const char *value = http_call_query(call, name);
    if (value == NULL) {
        return true;
    }
    size_t digits = strspn(value, "0123456789");
    int64_t parsed = digits > 0 && digits <= 16 ? strtoll(value, NULL, 10) : -1;
    if (digits == 0 || value[digits] != '\0' || parsed < 0 || parsed > most) {
        (void)snprintf(detail, sizeof detail, "%s: a whole number up to %" PRId64, name, most);
        http_call_problem(call, "bad_parameter", detail);
        return false;
    }
    *number = parsed;
    return true;
}

static void api_events(void *owner, struct http_call *call)
{
    struct app *app = owner;
    struct text body = {0};
    struct events_query query = {.after = -1, .limit = EVENTS_KEPT};
    query.election = http_call_query(call, "election");
    if (query.election != NULL && find(app, call, query.election) == NULL) {
        return;
    }
    if (!query_number(call, "after", INT64_C(9007199254740991), &query.after) ||
        !query_number(call, "limit", EVENTS_KEPT, &query.limit)) {
        return;
    }
    if (query.limit == 0) {
        http_call_problem(call, "bad_parameter", "limit: 1 to 256");
        return;
    }
    if (http_call_format(call) == HTTP_TEXT) {
        events_render_text(app->events, &body, &query);
    } else {
        events_render(app->events, &body, app->instance_id, &query);
    }
    api_answer(call, 200, &body);
}

static void api_performance(void *owner, struct http_call *call)
{
    struct app *app = owner;
    struct text body = {0};
    struct profile_document document;
    bool text = http_call_format(call) == HTTP_TEXT;
    if (!text) {
        profile_document_begin(&document, &body, wall_us() / 1000);
    }
    for (size_t i = 0; i < app->election_count; i++) {
        const struct election *election = app->elections[i];
        if (text) {
            profile_add_text(&body, election_name(election), election_profile(election));
        } else {
            profile_document_add(&document, election_name(election), election_profile(election));
        }
    }
    if (!text) {
        profile_document_end(&document);
    }
    api_answer(call, 200, &body);
}

static void api_config(void *owner, struct http_call *call)
{
    struct app *app = owner;
    struct text body = {0};
    if (http_call_format(call) == HTTP_TEXT) {
        config_print(app->loaded.config, &body);
    } else {
        config_json(app->loaded.config, &body);
        text_add(&body, "\n");
    }
    api_answer(call, 200, &body);
}

static void api_version(void *owner, struct http_call *call)
{
    struct text body = {0};
    (void)owner;
    if (http_call_format(call) == HTTP_TEXT) {
        text_add(&body, "leaderd " LEADERD_VERSION " (" LEADERD_REVISION ")\n");
    } else {
        text_add(&body, "{\"version\":\"" LEADERD_VERSION "\",\"revision\":\"" LEADERD_REVISION
                        "\",\"api_version\":1}\n");
    }
    api_answer(call, 200, &body);
}

static const char *const no_names[] = {NULL};
static const char *const field_names[] = {"field", NULL};
static const char *const leader_names[] = {"election", "min_remaining", NULL};
static const char *const election_names[] = {"election", NULL};
static const char *const watch_names[] = {"election", "since", "timeout", "workload", NULL};
static const char *const event_names[] = {"election", "after", "limit", NULL};
static const char *const section_names[] = {"section", NULL};
static const char *const verbose_names[] = {"verbose", NULL};
static const char *const wait_names[] = {"wait", NULL};
static const char *const workload_names[] = {"workload", NULL};

enum { BOTH = HTTP_JSON | HTTP_TEXT };

static const struct http_route routes[] = {
    {"/", HTTP_GET, HTTP_READ, false, HTTP_TEXT | HTTP_HTML, no_names, api_overview},
    {"/status", HTTP_GET, HTTP_READ, false, BOTH, field_names, api_status},
    {"/elections", HTTP_GET, HTTP_READ, false, BOTH, no_names, api_elections},
    {"/elections/{name}", HTTP_GET, HTTP_READ, false, BOTH, field_names, api_one_election},
    {"/leader", HTTP_GET, HTTP_PROBE, true, BOTH, leader_names, api_leader},
    {"/follower", HTTP_GET, HTTP_PROBE, true, BOTH, election_names, api_follower},
    {"/watch", HTTP_GET, HTTP_READ, false, HTTP_JSON | HTTP_EVENTS, watch_names, api_watch},
    {"/events", HTTP_GET, HTTP_READ, false, BOTH, event_names, api_events},
    {"/performance", HTTP_GET, HTTP_READ, false, BOTH, no_names, api_performance},
    {"/diagnostics", HTTP_GET, HTTP_READ, false, BOTH, section_names, api_diagnostics},
    {"/diagnostics", HTTP_POST, HTTP_CONTROL, false, BOTH, section_names, api_diagnose},
    {"/healthz", HTTP_GET, HTTP_PROBE, true, BOTH, verbose_names, api_healthz},
    {"/livez", HTTP_GET, HTTP_PROBE, true, BOTH, no_names, api_livez},
    {"/readyz", HTTP_GET, HTTP_PROBE, true, BOTH, verbose_names, api_readyz},
    {"/metrics", HTTP_GET, HTTP_PROBE, false, HTTP_METRICS | HTTP_OPENMETRICS, no_names,
     api_metrics},
    {"/config", HTTP_GET, HTTP_READ, false, BOTH, no_names, api_config},
    {"/version", HTTP_GET, HTTP_READ, false, BOTH, no_names, api_version},
    {"/elections/{name}/step-down", HTTP_POST, HTTP_CONTROL, false, BOTH, wait_names,
     api_step_down},
    {"/elections/{name}/released", HTTP_POST, HTTP_READ, false, BOTH, workload_names, api_released},
    {"/elections/{name}/pause", HTTP_POST, HTTP_CONTROL, false, BOTH, no_names, api_pause},
    {"/elections/{name}/resume", HTTP_POST, HTTP_CONTROL, false, BOTH, no_names, api_resume},
    {"/elections/{name}/bootstrap", HTTP_POST, HTTP_CONTROL, false, BOTH, no_names, api_bootstrap},
    {"/elections/{name}/vacate", HTTP_POST, HTTP_CONTROL, false, BOTH, no_names, api_vacate},
    {"/reload", HTTP_POST, HTTP_CONTROL, false, BOTH, no_names, api_reload},
};

static void decorate(void *owner, struct http_call *call)
{
    const struct app *app = owner;
    char cursor[48];
    (void)snprintf(cursor, sizeof cursor, "%s.%" PRIu64, app->instance_id, app->version);
    http_call_header(call, "Leaderd-Cursor", cursor);
}

static void fill_listener(const struct config_listener *config, struct http_listener *listener)
{
    *listener = (struct http_listener){.address = config->address,
                                       .path = config->path,
                                       .mode = config->mode >= 0 ? (unsigned)config->mode : 0,
                                       .host = config->host,
                                       .port = config->port,
                                       .role = (enum http_role)config->role,
                                       .loopback = config->loopback,
                                       .insecure = config->insecure};
}

static void measure(void *owner, double seconds)
{
    struct app *app = owner;
    histogram_add(&app->http_durations, seconds);
}

struct http_server *api_open(struct app *app, struct problem *problem)
{
    const struct config_http *config = &app->loaded.config->http;
    struct http_listener listeners[CONFIG_LISTENERS_MAX];
    for (size_t i = 0; i < config->listener_count; i++) {
        fill_listener(&config->listeners[i], &listeners[i]);
    }
    if (!inherited_take(config, app->loaded.http_token != NULL, listeners, problem)) {
        return NULL;
    }
    struct http_options options = {.listeners = listeners,
                                   .listener_count = config->listener_count,
                                   .routes = routes,
                                   .route_count = sizeof routes / sizeof routes[0],
                                   .allowed_hosts = config->allowed_hosts,
                                   .allowed_host_count = config->allowed_host_count,
                                   .token = app->loaded.http_token,
                                   .max_connections = config->max_connections,
                                   .max_watchers = config->max_watchers,
                                   .owner = app,
                                   .decorate = decorate};
    struct http_server *server = http_server_new(app->loop, &options, problem);
    if (server != NULL) {
        histogram_init(&app->http_durations, &histogram_seconds);
        http_server_on_duration(server, measure, app);
    }
    return server;
}
