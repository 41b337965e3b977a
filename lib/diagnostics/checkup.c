#include "lib/diagnostics/checkup.h"

#include "lib/base/moment.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEASE_MS = 10000, FIRST_RUN_MS = 1000, STAGE_OBSERVE = -1 };

struct stage_call {
    struct store_call call;
    struct checkup *checkup;
    int stage; /* enum checkup_step, or STAGE_OBSERVE */
    int64_t sent_us;
};

struct checkup {
    struct store *store;
    struct stage_call calls[1 + CHECKUP_STEPS]; /* by stage */
    uv_timer_t timer;
    checkup_cb *done;
    void *owner;
    int64_t interval_ms, threshold_ms;
    char instance[LEASE_INSTANCE_SIZE];
    char name[LEASE_ELECTION_SIZE];
    int64_t began_us, answered_us, term, n;
    size_t calling; /* calls under way */
    bool broken;    /* a step went wrong: what comes after it says nothing */
    bool stopped, closed;
    struct checkup_result run, last;
};

const char *checkup_verdict_name(enum checkup_verdict verdict)
{
    switch (verdict) {
    case CHECKUP_UNKNOWN:
        return "unknown";
    case CHECKUP_PASS:
        return "pass";
    case CHECKUP_FAIL:
        return "fail";
    }
    return "unknown";
}

const char *checkup_health_name(enum checkup_health health)
{
    switch (health) {
    case CHECKUP_NOT_RUN:
        return NULL;
    case CHECKUP_HEALTHY:
        return "healthy";
    case CHECKUP_DEGRADED:
        return "degraded";
    case CHECKUP_UNHEALTHY:
        return "unhealthy";
    }
    return NULL;
}

static void forget(struct checkup_result *result)
{
    const struct checkup_check unknown = {.verdict = CHECKUP_UNKNOWN, .duration_us = -1};
    *result = (struct checkup_result){.health = CHECKUP_NOT_RUN,
                                      .connectivity = unknown,
                                      .lease_operations = unknown,
                                      .performance = unknown,
                                      .slowest_us = -1};
    for (size_t i = 0; i < CHECKUP_STEPS; i++) {
        result->steps[i] = CHECKUP_UNKNOWN;
    }
}

static void settle(struct checkup_check *check, bool passed, int64_t duration_us)
{
    check->verdict = passed ? CHECKUP_PASS : CHECKUP_FAIL;
    check->duration_us = duration_us;
    check->at_ms = wall_us() / 1000;
}

static void on_timer(uv_timer_t *timer);

static void finish(struct checkup *checkup)
{
    struct checkup_result *run = &checkup->run;
    if (run->slowest_us >= 0) {
        settle(&run->performance, run->slowest_us <= checkup->threshold_ms * 1000, run->slowest_us);
        if (run->performance.verdict == CHECKUP_FAIL) {
            (void)problem_set(
                &run->performance.error, "an operation took %lld ms, more than %lld ms",
                (long long)(run->slowest_us / 1000), (long long)checkup->threshold_ms);
        }
    }
    bool all =
        run->lease_operations.verdict != CHECKUP_FAIL && run->performance.verdict != CHECKUP_FAIL;
    run->health = run->connectivity.verdict != CHECKUP_PASS ? CHECKUP_UNHEALTHY
                  : all                                     ? CHECKUP_HEALTHY
                                                            : CHECKUP_DEGRADED;
    run->at_ms = wall_us() / 1000;
    checkup->last = *run;
    (void)uv_timer_start(&checkup->timer, on_timer, (uint64_t)checkup->interval_ms, 0);
    checkup->done(checkup->owner, &checkup->last);
}

static void submit(struct checkup *checkup, int stage)
{
    static const enum lease_verb verbs[CHECKUP_STEPS] = {
        [CHECKUP_ACQUIRE] = LEASE_ACQUIRE,
        [CHECKUP_VERIFY] = LEASE_OBSERVE,
        [CHECKUP_RENEW] = LEASE_RENEW,
        [CHECKUP_RELEASE] = LEASE_RELEASE,
    };
    struct stage_call *call = &checkup->calls[stage - STAGE_OBSERVE];
    enum lease_verb verb = stage == STAGE_OBSERVE ? LEASE_OBSERVE : verbs[stage];
    struct lease_request request = {.verb = verb,
                                    .election = checkup->name,
                                    .instance = checkup->instance,
                                    .participant = "leaderd-health",
                                    .meta = "{}",
                                    .lease_ms = LEASE_MS,
                                    .term = checkup->term,
                                    .version = "",
                                    .transient = true};
    if (verb == LEASE_RENEW || verb == LEASE_RELEASE) {
        request.n = checkup->n + (verb == LEASE_RENEW ? 1 : 2);
        request.n_acked = checkup->n;
    }
    checkup->calling++;
    call->sent_us = boottime_us();
    store_submit(checkup->store, &call->call, &request, CHECKUP_CALL_MS);
}

static bool is_as_expected(const struct checkup *checkup, enum checkup_step step,
                           const struct lease_reply *reply)
{
    switch (step) {
    case CHECKUP_ACQUIRE:
        return reply->outcome == LEASE_ACQUIRED;
    case CHECKUP_VERIFY:
        return reply->record.state == LEASE_HELD && reply->record.term == checkup->term &&
               strcmp(reply->record.instance, checkup->instance) == 0;
    case CHECKUP_RENEW:
        return reply->outcome == LEASE_RENEWED;
    case CHECKUP_RELEASE:
        return reply->outcome == LEASE_GAVE_UP;
    case CHECKUP_STEPS:
        return false;
    }
    return false;
}

static void hear_observation(struct checkup *checkup, const struct lease_reply *reply,
                             bool answered, const struct stage_call *call, int64_t took_us)
{
    struct checkup_result *run = &checkup->run;
    /* A server that refuses the script is there all the same. */
    bool there =
        answered || (reply->outcome == LEASE_FAILED && strcmp(reply->error, "unconnected") != 0 &&
                     strcmp(reply->error, "circuit_open") != 0);
    settle(&run->connectivity, there, took_us);
    if (!there) {
        run->connectivity.error = reply->problem;
    }
    if (answered && reply->server_us > 0) {
        run->server_us = reply->server_us;
        run->local_us = call->sent_us + took_us / 2;
        run->round_trip_us = took_us;
    }
}

static void hear_step(struct checkup *checkup, enum checkup_step step,
                      const struct lease_reply *reply, bool answered)
{
    static const char *const names[CHECKUP_STEPS] = {"acquire", "verify", "renew", "release"};
    struct checkup_result *run = &checkup->run;
    assert(step < CHECKUP_STEPS);
    if (checkup->broken) {
        return;
    }
    bool good = answered && is_as_expected(checkup, step, reply);
    bool barred = !answered && strcmp(reply->error, "NOPERM") == 0;
    run->steps[step] = good ? CHECKUP_PASS : barred ? CHECKUP_UNKNOWN : CHECKUP_FAIL;
    if (!good) {
        (void)problem_set(&run->lease_operations.error, "%s failed: %.400s", names[step],
                          answered ? "the record is not as it should be" : reply->problem.text);
    }
    if ((!good || step == CHECKUP_RELEASE) && !barred) {
        settle(&run->lease_operations, good, boottime_us() - checkup->began_us);
    }
    checkup->broken = !good;
}

/* Nothing of these depends on the answer to another: they go out together, for one wake-up. */
static void use_the_lease(struct checkup *checkup, const struct lease_record *record)
{
    checkup->term = record->term;
    checkup->n = record->n;
    submit(checkup, CHECKUP_VERIFY);
    submit(checkup, CHECKUP_RENEW);
    submit(checkup, CHECKUP_RELEASE);
}

static void on_answer(struct store_call *store_call, const struct lease_reply *reply)
{
    struct stage_call *call = store_call->owner;
    struct checkup *checkup = call->checkup;
    struct checkup_result *run = &checkup->run;
    /* What waited behind another call of ours is not slow. */
    int64_t now_us = boottime_us();
    int64_t took_us =
        now_us - (call->sent_us > checkup->answered_us ? call->sent_us : checkup->answered_us);
    checkup->answered_us = now_us;
    bool answered = reply->outcome != LEASE_UNKNOWN && reply->outcome != LEASE_FAILED;
    checkup->calling--;
    if (checkup->stopped) {
        if (checkup->closed && checkup->calling == 0) {
            free(checkup);
        }
        return;
    }
    if (answered && took_us > run->slowest_us) {
        run->slowest_us = took_us;
    }
    if (call->stage == STAGE_OBSERVE) {
        hear_observation(checkup, reply, answered, call, took_us);
        if (run->connectivity.verdict == CHECKUP_PASS) {
            submit(checkup, CHECKUP_ACQUIRE);
        }
    } else {
        hear_step(checkup, (enum checkup_step)call->stage, reply, answered);
        if (call->stage == CHECKUP_ACQUIRE && !checkup->broken) {
            use_the_lease(checkup, &reply->record);
        }
    }
    if (checkup->calling == 0) {
        finish(checkup);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct checkup *checkup = timer->data;
    forget(&checkup->run);
    checkup->broken = false;
    checkup->began_us = boottime_us();
    submit(checkup, STAGE_OBSERVE);
}

struct checkup *checkup_start(uv_loop_t *loop, struct store *store,
                              const struct checkup_options *options, checkup_cb *done, void *owner)
{
    struct checkup *checkup = calloc(1, sizeof *checkup);
    if (checkup == NULL) {
        return NULL;
    }
    checkup->store = store;
    for (int stage = STAGE_OBSERVE; stage < CHECKUP_STEPS; stage++) {
        struct stage_call *call = &checkup->calls[stage - STAGE_OBSERVE];
        call->call = (struct store_call){.answer = on_answer, .owner = call};
        call->checkup = checkup;
        call->stage = stage;
    }
    checkup->done = done;
    checkup->owner = owner;
    checkup->interval_ms = options->interval_ms;
    checkup->threshold_ms = options->threshold_ms;
    (void)snprintf(checkup->instance, sizeof checkup->instance, "%s", options->instance);
    (void)snprintf(checkup->name, sizeof checkup->name, ".health-%.16s", options->instance);
    forget(&checkup->last);
    (void)uv_timer_init(loop, &checkup->timer);
    checkup->timer.data = checkup;
    (void)uv_timer_start(&checkup->timer, on_timer, FIRST_RUN_MS, 0);
    return checkup;
}

void checkup_hasten(struct checkup *checkup)
{
    if (checkup->began_us == 0) {
        (void)uv_timer_start(&checkup->timer, on_timer, 0, 0);
    }
}

void checkup_retime(struct checkup *checkup, int64_t interval_ms, int64_t threshold_ms)
{
    checkup->interval_ms = interval_ms;
    checkup->threshold_ms = threshold_ms;
}

const struct checkup_result *checkup_result(const struct checkup *checkup)
{
    return &checkup->last;
}

static void on_closed(uv_handle_t *handle)
{
    struct checkup *checkup = handle->data;
    checkup->closed = true;
    if (checkup->calling == 0) {
        free(checkup);
    }
}

void checkup_stop(struct checkup *checkup)
{
    if (checkup != NULL) {
        checkup->stopped = true;
        uv_close((uv_handle_t *)&checkup->timer, on_closed);
    }
}
