#include "daemon/diagnosis.h"

#include "daemon/app.h"
#include "daemon/chronicle.h"
#include "daemon/doctor_order.h"
#include "daemon/random.h"
#include "daemon/store_open.h"
#include "lib/base/moment.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPARE_NTP_US = 1020000000 /* 17 minutes, as RFC 5905's poll of 1024 s */ };

struct diagnosis {
    struct app *app;
    struct store *store; /* of the health check; NULL once it is closing */
    struct checkup *checkup;
    struct checkup_result none; /* while there is no checkup */
    enum checkup_health told_health;
    struct drift drift;
    struct doctor *doctor;
    struct report *report, *before;
    int64_t asked_ntp_us; /* CLOCK_BOOTTIME, 0: never */
    bool asks_ntp;        /* in the run under way */
    uv_timer_t timer;     /* of the next run */
    uint64_t told;        /* findings, as bits of their codes */
    diagnosis_done_cb *done;
    void *done_owner;
    bool stopping, timer_closed;
};

const struct checkup_result *diagnosis_health(const struct diagnosis *diagnosis)
{
    return diagnosis->checkup != NULL ? checkup_result(diagnosis->checkup) : &diagnosis->none;
}

const struct report *diagnosis_report(const struct diagnosis *diagnosis)
{
    return diagnosis->report;
}

void diagnosis_drift(const struct diagnosis *diagnosis, struct drift_view *view)
{
    drift_look(&diagnosis->drift, view);
}

void diagnosis_judge(const struct diagnosis *diagnosis, struct diagnosis_view *view)
{
    findings_judge(diagnosis->report, diagnosis->before, &view->facts, &view->findings);
}

/* What has an event and a log line of its own. */
static bool is_told_elsewhere(enum finding_code code)
{
    return code == FINDING_STORE_UNREACHABLE || code == FINDING_CIRCUIT_OPEN ||
           code == FINDING_STORE_RESET || code == FINDING_CLOCK_JUMP || code == FINDING_FLAPPING ||
           code == FINDING_DUPLICATE_PARTICIPANT || code == FINDING_CONFIG_REFUSED ||
           code == FINDING_OPTIONS_WARNING || code == FINDING_WORKLOAD_UNHEALTHY;
}

static void tell_finding(struct app *app, const struct finding *finding)
{
    enum event_type type = finding->code == FINDING_CLOCK_UNSYNCHRONIZED
                               ? EVENT_CLOCK_UNSYNCHRONIZED
                               : EVENT_HEALTH_CHANGED;
    chronicle_daemon(app, type, finding->severity == FINDING_INFO ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
                     finding_code_name(finding->code), finding->message);
}

/* Tells of what is new, and of what is over. */
static void tell_findings(struct diagnosis *diagnosis)
{
    struct app *app = diagnosis->app;
    struct diagnosis_view *view = diagnosis_look(app);
    uint64_t present = 0;
    char message[96];
    for (size_t i = 0; view != NULL && i < view->findings.count; i++) {
        const struct finding *finding = &view->findings.items[i];
        uint64_t bit = UINT64_C(1) << finding->code;
        if (!is_told_elsewhere(finding->code) && ((diagnosis->told | present) & bit) == 0) {
            tell_finding(app, finding);
        }
        present |= bit;
    }
    for (int code = 1; view != NULL && code <= FINDING_CODES; code++) {
        uint64_t bit = UINT64_C(1) << code;
        const char *name = finding_code_name((enum finding_code)code);
        if ((diagnosis->told & bit) != 0 && (present & bit) == 0 &&
            !is_told_elsewhere((enum finding_code)code)) {
            (void)snprintf(message, sizeof message, "no longer found: %s", name);
            chronicle_daemon(app, EVENT_HEALTH_CHANGED, LOG_LEVEL_INFO, name, message);
        }
    }
    diagnosis->told = view != NULL ? present : diagnosis->told;
    diagnosis_view_free(view);
}

/* The health check. */

static void tell_health(struct diagnosis *diagnosis, const struct checkup_result *result)
{
    char message[EVENT_MESSAGE_MAX];
    const char *name = checkup_health_name(result->health);
    bool first = diagnosis->told_health == CHECKUP_NOT_RUN;
    if (result->health == diagnosis->told_health) {
        return;
    }
    diagnosis->told_health = result->health;
    if (first && result->health == CHECKUP_HEALTHY) {
        return;
    }
    const char *why = result->connectivity.error.text;
    why = why[0] != '\0' ? why : result->lease_operations.error.text;
    why = why[0] != '\0' ? why : result->performance.error.text;
    (void)snprintf(message, sizeof message, "the health check says %s%s%.400s", name,
                   why[0] != '\0' ? ": " : "", why);
    chronicle_daemon(diagnosis->app, EVENT_HEALTH_CHANGED,
                     result->health == CHECKUP_HEALTHY ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, name,
                     message);
}

static void on_checked(void *owner, const struct checkup_result *result)
{
    struct diagnosis *diagnosis = owner;
    bool remote = !diagnosis->app->store->class->shared_clock;
    if (result->server_us > 0 && remote) {
        struct drift_sample sample = {.server_us = result->server_us,
                                      .local_us = result->local_us,
                                      .round_trip_us = result->round_trip_us};
        drift_add(&diagnosis->drift, &sample);
    }
    tell_health(diagnosis, result);
    tell_findings(diagnosis);
}

/* The doctor. */

static void on_timer(uv_timer_t *timer);

static void on_report(void *owner, struct report *report)
{
    struct diagnosis *diagnosis = owner;
    diagnosis->doctor = NULL;
    report_free(diagnosis->before);
    diagnosis->before = diagnosis->report;
    diagnosis->report = report;
    if (diagnosis->asks_ntp) {
        diagnosis->asked_ntp_us = boottime_us();
    }
    tell_findings(diagnosis);
    if (diagnosis->done != NULL) {
        diagnosis_done_cb *done = diagnosis->done;
        diagnosis->done = NULL;
        done(diagnosis->done_owner);
    }
}

/* `fresh`: time servers are asked even if they were lately, but not twice in 15 seconds. */
static bool consult(struct diagnosis *diagnosis, bool fresh)
{
    struct doctor_order order;
    struct problem problem;
    int64_t apart_us = fresh ? 15000000 : SPARE_NTP_US;
    diagnosis->asks_ntp =
        diagnosis->asked_ntp_us == 0 || boottime_us() - diagnosis->asked_ntp_us > apart_us;
    if (doctor_order_init(&order, &diagnosis->app->loaded)) {
        order.options.before = diagnosis->report;
        order.options.spare_ntp = !diagnosis->asks_ntp;
        diagnosis->doctor =
            doctor_start(diagnosis->app->loop, &order.options, on_report, diagnosis, &problem);
        if (diagnosis->doctor == NULL) {
            log_message(LOG_LEVEL_WARN, "the diagnostics could not run: %s", problem.text);
        }
    }
    doctor_order_deinit(&order);
    return diagnosis->doctor != NULL;
}

static void on_timer(uv_timer_t *timer)
{
    struct diagnosis *diagnosis = timer->data;
    if (diagnosis->doctor == NULL) {
        (void)consult(diagnosis, false);
    }
}

bool diagnosis_run(struct diagnosis *diagnosis, diagnosis_done_cb *done, void *owner)
{
    if (diagnosis->doctor != NULL || !consult(diagnosis, true)) {
        return false;
    }
    diagnosis->done = done;
    diagnosis->done_owner = owner;
    return true;
}

void diagnosis_forget(struct diagnosis *diagnosis)
{
    diagnosis->done = NULL;
}

/* Life. */

static void free_diagnosis(struct diagnosis *diagnosis)
{
    report_free(diagnosis->report);
    report_free(diagnosis->before);
    free(diagnosis);
}

static void end_if_closed(struct diagnosis *diagnosis)
{
    if (diagnosis->stopping && diagnosis->timer_closed && diagnosis->store == NULL) {
        free_diagnosis(diagnosis);
    }
}

static void on_store_up(void *owner, const char *endpoint)
{
    struct diagnosis *diagnosis = owner;
    (void)endpoint;
    if (diagnosis->checkup != NULL) {
        checkup_hasten(diagnosis->checkup);
    }
}

static void on_store_closed(void *owner)
{
    struct diagnosis *diagnosis = owner;
    diagnosis->store = NULL;
    end_if_closed(diagnosis);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct diagnosis *diagnosis = handle->data;
    diagnosis->timer_closed = true;
    end_if_closed(diagnosis);
}

static void retime(struct diagnosis *diagnosis)
{
    const struct config *config = diagnosis->app->loaded.config;
    checkup_retime(diagnosis->checkup, config->health_interval_ms,
                   config->performance_threshold_ms);
    (void)uv_timer_start(&diagnosis->timer, on_timer, 0, (uint64_t)config->diagnostics.interval_ms);
}

struct diagnosis *diagnosis_start(struct app *app, struct problem *problem)
{
    struct diagnosis *diagnosis = calloc(1, sizeof *diagnosis);
    char instance[LEASE_INSTANCE_SIZE];
    if (diagnosis == NULL) {
        (void)problem_set(problem, "out of memory");
        return NULL;
    }
    const struct store_listener listener = {
        .owner = diagnosis, .up = on_store_up, .closed = on_store_closed};
    diagnosis->app = app;
    diagnosis->told_health = CHECKUP_NOT_RUN;
    diagnosis->none.health = CHECKUP_NOT_RUN;
    diagnosis->store = store_open_for_health(app->loop, &app->loaded, &listener, problem);
    if (diagnosis->store == NULL) {
        free(diagnosis);
        return NULL;
    }
    random_hex(instance, sizeof instance);
    (void)uv_timer_init(app->loop, &diagnosis->timer);
    diagnosis->timer.data = diagnosis;
    diagnosis->checkup =
        checkup_start(app->loop, diagnosis->store, &(struct checkup_options){.instance = instance},
                      on_checked, diagnosis);
    if (diagnosis->checkup == NULL) {
        (void)problem_set(problem, "out of memory");
        diagnosis_stop(diagnosis);
        return NULL;
    }
    retime(diagnosis);
    return diagnosis;
}

void diagnosis_reloaded(struct diagnosis *diagnosis)
{
    struct problem problem;
    if (!store_refresh(diagnosis->store, &diagnosis->app->loaded, &problem)) {
        log_message(LOG_LEVEL_WARN, "the health check keeps its old secrets: %s", problem.text);
    }
    retime(diagnosis);
}

void diagnosis_stop(struct diagnosis *diagnosis)
{
    if (diagnosis != NULL) {
        diagnosis->stopping = true;
        doctor_cancel(diagnosis->doctor);
        checkup_stop(diagnosis->checkup);
        diagnosis->checkup = NULL;
        uv_close((uv_handle_t *)&diagnosis->timer, on_timer_closed);
        store_close(diagnosis->store);
    }
}
