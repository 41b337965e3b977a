/* The paths by which operators and workloads change something. */
#include "daemon/api.h"

#include "daemon/pending.h"
#include "daemon/request_body.h"
#include "lib/status/document.h"

#include <inttypes.h>
#include <stdio.h>

static void answer_election(struct app *app, struct http_call *call, struct election *election,
                            int code)
{
    struct text body = {0};
    struct api_look look;
    api_look(app, &look);
    api_look_at(&look, election);
    api_election_headers(call, &look);
    if (http_call_format(call) == HTTP_TEXT) {
        status_add_election_text(&body, &look.status, &look.daemon);
    } else {
        status_add_election(&body, &look.status, &look.daemon);
    }
    api_answer(call, code, &body);
}

/* The token that the caller expects must be the present one. */
static bool token_fits(struct http_call *call, const struct request_body *body, int64_t term)
{
    char detail[160];
    if (!body->has_token || body->if_fencing_token == term) {
        return true;
    }
    (void)snprintf(detail, sizeof detail,
                   "if_fencing_token is %" PRId64 ", but the present token is %" PRId64,
                   body->if_fencing_token, term);
    http_call_problem(call, "token_mismatch", detail);
    return false;
}

void api_step_down(void *owner, struct http_call *call)
{
    struct app *app = owner;
    struct request_body body;
    struct elector_view view;
    int64_t wait_ms = 0;
    struct election *election = api_path_election(app, call);
    if (election == NULL || !api_query_duration(call, "wait", &wait_ms) ||
        !request_body_read(call, BODY_HOLD_OFF | BODY_DRAIN | BODY_REASON | BODY_TOKEN, &body)) {
        return;
    }
    election_look(election, moment_now(), &view);
    if (!view.lease_valid && !view.releasing) {
        http_call_problem(call, "not_leader", "this participant does not lead the election");
    } else if (token_fits(call, &body, view.term)) {
        int64_t drain_ms = body.drain_ms >= 0 ? body.drain_ms : election_drain_ms(election);
        struct elector_event event = {.kind = ELECTOR_STEP_DOWN,
                                      .hold_off_ms = body.hold_off_ms >= 0 ? body.hold_off_ms
                                                                           : 2 * view.lease_ms,
                                      .drain_ms = drain_ms};
        election_set_hold_off_reason(election, body.reason);
        (void)election_feed(election, &event);
        election_look(election, moment_now(), &view);
        bool holds = view.lease_valid || view.releasing;
        if (holds && (wait_ms > 0 || view.releasing)) {
            pending_wait_release(app->pendings, call, election, wait_ms > 0 ? wait_ms : -1);
        } else {
            answer_election(app, call, election, holds ? 202 : 200);
        }
    }
    request_body_deinit(&body);
}

void api_released(void *owner, struct http_call *call)
{
    struct request_body body;
    struct election *election = api_path_election(owner, call);
    const char *workload = http_call_query(call, "workload");
    if (election == NULL || (workload != NULL && !api_workload_is_good(call, workload)) ||
        !request_body_read(call, 0, &body)) {
        return;
    }
    request_body_deinit(&body);
    if (workload != NULL) {
        election_end_workload(election, workload);
    } else if (election_feed(election, &(struct elector_event){.kind = ELECTOR_DRAINED}) ==
               ELECTOR_NOT_DRAINING) {
        http_call_problem(call, "not_draining", "the election is not draining here");
        return;
    }
    answer_election(owner, call, election, 200);
}

void api_pause(void *owner, struct http_call *call)
{
    struct request_body body;
    struct election *election = api_path_election(owner, call);
    if (election == NULL || !request_body_read(call, BODY_FOR | BODY_DRAIN, &body)) {
        return;
    }
    struct elector_event event = {.kind = ELECTOR_SET_PAUSE,
                                  .pause_ms = body.for_ms >= 0 ? body.for_ms : 0,
                                  .drain_ms = body.drain_ms >= 0 ? body.drain_ms
                                                                 : election_drain_ms(election)};
    struct app *app = owner;
    struct elector_view view;
    request_body_deinit(&body);
    (void)election_feed(election, &event);
    election_look(election, moment_now(), &view);
    if (view.releasing) {
        pending_wait_release(app->pendings, call, election, -1);
    } else {
        answer_election(app, call, election, 200);
    }
}

void api_resume(void *owner, struct http_call *call)
{
    struct request_body body;
    struct election *election = api_path_election(owner, call);
    if (election == NULL || !request_body_read(call, 0, &body)) {
        return;
    }
    request_body_deinit(&body);
    (void)election_feed(election, &(struct elector_event){.kind = ELECTOR_RESUME});
    answer_election(owner, call, election, 200);
}

static void command(struct app *app, struct http_call *call, enum elector_event_kind kind)
{
    struct request_body body;
    struct election *election = api_path_election(app, call);
    if (election == NULL || !request_body_read(call, 0, &body)) {
        return;
    }
    request_body_deinit(&body);
    switch (election_feed(election, &(struct elector_event){.kind = kind})) {
    case ELECTOR_IS_HELD:
        http_call_problem(call, "held", "this participant leads the election");
        return;
    case ELECTOR_BUSY:
        http_call_problem(call, "busy",
                          "another bootstrap or vacate is under way, or the "
                          "election is stopping");
        return;
    case ELECTOR_DONE:
    case ELECTOR_ACCEPTED:
    case ELECTOR_NOT_LEADER:
    case ELECTOR_NOT_DRAINING:
    case ELECTOR_NO_ANSWER:
        pending_wait_command(app->pendings, call, election);
        return;
    }
}

void api_bootstrap(void *owner, struct http_call *call)
{
    command(owner, call, ELECTOR_BOOTSTRAP);
}

void api_vacate(void *owner, struct http_call *call)
{
    command(owner, call, ELECTOR_VACATE);
}

static void add_issues(struct text *text, const struct config_issues *issues)
{
    text_add(text, "\"issues\":[");
    for (size_t i = 0; i < issues->count; i++) {
        const struct config_issue *issue = &issues->items[i];
        text_addf(text, "%s{\"severity\":\"%s\",\"file\":", i > 0 ? "," : "",
                  config_severity_name(issue->severity));
        text_add_json(text, issue->file);
        text_addf(text, ",\"line\":%u,\"column\":%u,\"key\":", issue->line, issue->column);
        text_add_json(text, issue->key);
        text_add(text, ",\"message\":");
        text_add_json(text, issue->message);
        text_add(text, "}");
    }
    text_add(text, "]}\n");
}

void api_reload(void *owner, struct http_call *call)
{
    struct request_body body;
    struct config_issues issues = {0};
    struct text text = {0};
    if (!request_body_read(call, 0, &body)) {
        return;
    }
    request_body_deinit(&body);
    bool good = app_reload(owner, &issues);
    if (!good && issues.failed) {
        http_call_problem(call, "busy", "out of memory: the old configuration stays");
        config_issues_deinit(&issues);
        return;
    }
    if (http_call_format(call) == HTTP_TEXT) {
        text_add(&text, good ? "reloaded\n" : "error: the configuration is refused\n");
        config_issues_print(&issues, &text);
        http_call_answer(call, good ? 200 : 422, "text/plain; charset=utf-8", &text);
    } else {
        text_add(&text, good ? "{\"reloaded\":true,"
                             : "{\"type\":\"urn:leaderd:problem:config_refused\","
                               "\"title\":\"Configuration refused\",\"status\":422,"
                               "\"code\":\"config_refused\",\"detail\":\"The new configuration has "
                               "errors; the old one stays.\",");
        add_issues(&text, &issues);
        http_call_answer(call, good ? 200 : 422,
                         good ? "application/json" : "application/problem+json", &text);
    }
    config_issues_deinit(&issues);
}
