/* /healthz and /diagnostics. */
#include "daemon/api.h"

#include "daemon/request_body.h"
#include "lib/diagnostics/report_json.h"
#include "lib/diagnostics/report_text.h"
#include "lib/status/add.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The members of a check, without the braces. */
static void add_check(struct text *text, const char *name, const struct checkup_check *check)
{
    text_addf(text, "\"%s\":{\"status\":\"%s\",\"duration_ms\":", name,
              checkup_verdict_name(check->verdict));
    if (check->duration_us >= 0) {
        text_addf(text, "%lld,\"duration_us\":%lld", (long long)(check->duration_us + 500) / 1000,
                  (long long)check->duration_us);
    } else {
        text_add(text, "null,\"duration_us\":null");
    }
    add_instant(text, ",\"at\":", check->at_ms);
    text_add(text, ",\"error\":");
    if (check->error.text[0] != '\0') {
        text_add_json(text, check->error.text);
    } else {
        text_add(text, "null");
    }
}

static void add_health(struct text *text, const struct checkup_result *health, int64_t threshold_ms)
{
    const char *name = checkup_health_name(health->health);
    text_add(text, "{\"status\":");
    if (name != NULL) {
        text_add_json(text, name);
    } else {
        text_add(text, "null");
    }
    add_instant(text, ",\"checked_at\":", health->at_ms);
    text_add(text, ",\"checks\":{");
    add_check(text, "connectivity", &health->connectivity);
    text_add(text, "},");
    add_check(text, "lease_operations", &health->lease_operations);
    text_addf(text,
              ",\"steps\":{\"acquire\":\"%s\",\"verify\":\"%s\",\"renew\":\"%s\","
              "\"release\":\"%s\"}},",
              checkup_verdict_name(health->steps[CHECKUP_ACQUIRE]),
              checkup_verdict_name(health->steps[CHECKUP_VERIFY]),
              checkup_verdict_name(health->steps[CHECKUP_RENEW]),
              checkup_verdict_name(health->steps[CHECKUP_RELEASE]));
    add_check(text, "performance", &health->performance);
    text_addf(text, ",\"threshold_ms\":%lld}}}\n", (long long)threshold_ms);
}

static void add_check_line(struct text *text, const char *name, const struct checkup_check *check)
{
    int sign = check->verdict == CHECKUP_PASS ? '+' : check->verdict == CHECKUP_FAIL ? '-' : '?';
    const char *word = check->verdict == CHECKUP_PASS   ? "ok"
                       : check->verdict == CHECKUP_FAIL ? "failed: "
                                                        : "unknown";
    text_addf(text, "[%c]%s %s%s\n", sign, name, word, check->error.text);
}

static void add_health_lines(struct text *text, const struct checkup_result *health)
{
    const char *name = checkup_health_name(health->health);
    add_check_line(text, "connectivity", &health->connectivity);
    add_check_line(text, "lease_operations", &health->lease_operations);
    add_check_line(text, "performance", &health->performance);
    text_addf(text, "healthz check %s%s\n", name == NULL ? "not run yet" : "says ",
              name == NULL ? "" : name);
}

static const struct checkup_result not_run = {
    .health = CHECKUP_NOT_RUN,
    .connectivity = {.verdict = CHECKUP_UNKNOWN, .duration_us = -1},
    .lease_operations = {.verdict = CHECKUP_UNKNOWN, .duration_us = -1},
    .performance = {.verdict = CHECKUP_UNKNOWN, .duration_us = -1},
    .steps = {CHECKUP_UNKNOWN, CHECKUP_UNKNOWN, CHECKUP_UNKNOWN, CHECKUP_UNKNOWN},
    .slowest_us = -1};

void api_healthz(void *owner, struct http_call *call)
{
    const struct app *app = owner;
    struct text body = {0};
    bool lines = false;
    if (!api_read_verbose(call, &lines)) {
        return;
    }
    const struct checkup_result *health =
        app->diagnosis != NULL ? diagnosis_health(app->diagnosis) : &not_run;
    health = health->health == CHECKUP_NOT_RUN ? &not_run : health;
    int code = health->health == CHECKUP_UNHEALTHY ? 503 : 200;
    if (lines) {
        add_health_lines(&body, health);
        http_call_answer(call, code, "text/plain; charset=utf-8", &body);
    } else {
        add_health(&body, health, app->loaded.config->performance_threshold_ms);
        api_answer(call, code, &body);
    }
}

/* A comma list of sections; false: the call was answered with a problem. */
static bool read_sections(struct http_call *call, unsigned *sections)
{
    const char *names = http_call_query(call, "section");
    *sections = names == NULL ? REPORT_ALL : 0;
    while (names != NULL) {
        size_t length = strcspn(names, ",");
        unsigned section = report_section_of(names, length);
        if (section == 0 || (*sections & section) != 0) {
            http_call_problem(call, "bad_parameter",
                              "section: a comma list of redis, clock, network, options, each once");
            return false;
        }
        *sections |= section;
        names = names[length] == ',' ? names + length + 1 : NULL;
    }
    return true;
}

/* Answers with the last report, judged anew. */
static void answer(struct app *app, struct http_call *call, unsigned sections)
{
    struct text body = {0};
    struct diagnosis_view *view = diagnosis_look(app);
    const struct report *report = diagnosis_report(app->diagnosis);
    if (view == NULL) {
        http_call_problem(call, "busy", "out of memory");
        return;
    }
    report_render(&body, report, &view->facts, &view->findings, sections);
    if (http_call_format(call) == HTTP_TEXT) {
        struct text text = {0};
        report_render_text(&text, body.bytes, body.length, REPORT_PLAIN);
        text_free(&body);
        body = text;
    }
    diagnosis_view_free(view);
    api_answer(call, 200, &body);
}

void api_diagnostics(void *owner, struct http_call *call)
{
    struct app *app = owner;
    unsigned sections = 0;
    if (!read_sections(call, &sections)) {
        return;
    }
    if (app->diagnosis == NULL) {
        http_call_problem(call, "shutting_down", "the daemon is shutting down");
    } else if (diagnosis_report(app->diagnosis) == NULL) {
        http_call_problem(call, "not_ready", "the diagnostics have not run yet");
    } else {
        answer(app, call, sections);
    }
}

/* A POST that waits for its report. */
struct waiting {
    struct app *app;
    struct http_call *call;
    unsigned sections;
};

static void on_report(void *owner)
{
    struct waiting *waiting = owner;
    waiting->app->diagnosing = NULL;
    answer(waiting->app, waiting->call, waiting->sections);
    free(waiting);
}

static void on_gone(void *data)
{
    struct waiting *waiting = data;
    waiting->app->diagnosing = NULL;
    if (waiting->app->diagnosis != NULL) {
        diagnosis_forget(waiting->app->diagnosis);
    }
    free(waiting);
}

void api_diagnostics_end(struct app *app)
{
    struct waiting *waiting = app->diagnosing;
    if (waiting != NULL) {
        app->diagnosing = NULL;
        http_call_problem(waiting->call, "shutting_down", "the daemon is shutting down");
        free(waiting);
    }
}

static void start_run(struct app *app, struct http_call *call, unsigned sections)
{
    struct waiting *waiting = calloc(1, sizeof *waiting);
    if (waiting == NULL || !diagnosis_run(app->diagnosis, on_report, waiting)) {
        free(waiting);
        http_call_problem(call, "busy", "a run of the diagnostics is under way: try again");
        return;
    }
    *waiting = (struct waiting){.app = app, .call = call, .sections = sections};
    app->diagnosing = waiting;
    if (!http_call_park(call, false, on_gone, waiting)) {
        diagnosis_forget(app->diagnosis);
        app->diagnosing = NULL;
        free(waiting);
    }
}

void api_diagnose(void *owner, struct http_call *call)
{
    struct app *app = owner;
    struct request_body body;
    unsigned sections = 0;
    if (!read_sections(call, &sections) || !request_body_read(call, BODY_SECTIONS, &body)) {
        return;
    }
    sections = body.sections != 0 ? body.sections : sections;
    request_body_deinit(&body);
    if (app->diagnosis == NULL) {
        http_call_problem(call, "shutting_down", "the daemon is shutting down");
    } else {
        start_run(app, call, sections);
    }
}
