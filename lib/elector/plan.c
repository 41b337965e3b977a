/* What to ask the store now, and when to look at the time again. */
#include "lib/elector/internal.h"

enum { WAKE_AT_LEAST_EVERY_MS = 3600000 };

/* The workload was told a deadline and may have to go by it alone. So a shorter lease is asked for
 * only as fast as the longer one runs out: others never wait for less than what is left of it. */
static int64_t renewal_lease_ms(const struct elector *elector, struct moment now)
{
    int64_t left_ms = moment_left(elector->reign.deadline, now);
    int64_t promised_ms = left_ms + lease_margin_ms(left_ms + left_ms / 49);
    int64_t wanted_ms = elector->options.lease_ms;
    return promised_ms > wanted_ms ? promised_ms : wanted_ms;
}

static void fill_request(struct step *step, enum lease_verb verb)
{
    struct elector *elector = step->elector;
    struct elector_reign *reign = &elector->reign;
    struct lease_request *request = &step->orders->request;
    *request = (struct lease_request){.id = elector->request_id,
                                      .verb = verb,
                                      .instance = elector->instance,
                                      .participant = elector->options.participant,
                                      .lease_ms = elector->options.lease_ms,
                                      .version = "",
                                      .election = "",
                                      .meta = ""};
    if (verb == LEASE_ACQUIRE) {
        request->term = elector->highest_term;
        request->force = sight_waited_twice(elector, step->now);
        request->version = sight_waited(elector, step->now) ? elector->sight.version : "";
    } else if (verb == LEASE_OBSERVE) {
        request->term = reign->held ? reign->term : 0;
    } else if (verb == LEASE_RENEW || verb == LEASE_RELEASE) {
        request->term = reign->term;
        request->n = ++reign->n;
        request->n_acked = reign->n_acked;
        request->lease_ms = renewal_lease_ms(elector, step->now);
    }
}

static void send(struct step *step, enum lease_verb verb)
{
    struct elector *elector = step->elector;
    elector->request_id++;
    fill_request(step, verb);
    elector->request_verb = verb;
    elector->request_sent = step->now;
    elector->request_lease_ms = step->orders->request.lease_ms;
    elector->request_term = verb == LEASE_ACQUIRE ? elector->highest_term : elector->reign.term;
    elector->request_n = step->orders->request.n;
    step->orders->send = true;
    step->orders->timeout_ms = elector->options.operation_timeout_ms;
    step->orders->save |= verb == LEASE_ACQUIRE || verb == LEASE_RENEW || verb == LEASE_RELEASE;
}

void plan_request(struct step *step)
{
    struct elector *elector = step->elector;
    bool acquiring = elector->request_verb == LEASE_ACQUIRE;
    if (elector->stopping && !elector->reign.held && !acquiring) {
        elector->stopped = true;
        elector->request_verb = 0;
    }
    step->orders->stopped = elector->stopped;
    step->orders->need_identity = elector->identity_spent && !elector->stopped;
    if (elector->stopped || elector->identity_spent || elector->request_verb != 0) {
        return;
    }
    if (elector->command != 0) {
        enum lease_verb verb = elector->command;
        elector->command = 0;
        send(step, verb);
    } else if (elector->reign.held) {
        if (moment_left(elector->reign.next_try, step->now) <= 0) {
            send(step, reign_verb(elector));
        }
    } else if (moment_left(elector->next_look, step->now) <= 0) {
        send(step, willing(elector) ? LEASE_ACQUIRE : LEASE_OBSERVE);
    }
}

static void sooner(int64_t *wake_ms, int64_t left_ms)
{
    if (left_ms < *wake_ms) {
        *wake_ms = left_ms;
    }
}

static void wake_for_reign(const struct step *step, int64_t *wake_ms)
{
    const struct elector_reign *reign = &step->elector->reign;
    int64_t left_ms = moment_left(reign->deadline, step->now);
    sooner(wake_ms, left_ms);
    if (reign->confirmed && !reign->ending) {
        sooner(wake_ms, left_ms - reign->stop_margin_ms);
    }
    if (reign->ending && !reign->drained) {
        bool ended = step->elector->work_ended;
        int64_t drain_ms = ended ? 0 : moment_left(reign->drain_until, step->now);
        int64_t at_work_ms = reign_at_work_ms(step->elector, step->now);
        sooner(wake_ms, drain_ms > at_work_ms ? drain_ms : at_work_ms);
    }
}

int64_t plan_wake_ms(const struct step *step)
{
    const struct elector *elector = step->elector;
    int64_t wake_ms = WAKE_AT_LEAST_EVERY_MS;
    bool idle = elector->request_verb == 0;
    if (elector->reign.held) {
        wake_for_reign(step, &wake_ms);
        if (idle) {
            sooner(&wake_ms, moment_left(elector->reign.next_try, step->now));
        }
    } else if (idle) {
        sooner(&wake_ms, moment_left(elector->next_look, step->now));
    }
    if (elector->paused && elector->paused_until.boot_ms != 0) {
        sooner(&wake_ms, moment_left(elector->paused_until, step->now));
    }
    if (elector->held_off) {
        sooner(&wake_ms, moment_left(elector->held_off_until, step->now));
    }
    if (sight_leader_known(elector, step->now)) {
        sooner(&wake_ms, sight_wait_left_ms(elector, step->now));
    }
    if (elector->contacted && !store_unreachable(elector, step->now)) {
        struct moment silent = moment_plus(elector->last_contact, elector->options.lease_ms);
        sooner(&wake_ms, moment_left(silent, step->now));
    }
    return wake_ms > 1 ? wake_ms : 1;
}
