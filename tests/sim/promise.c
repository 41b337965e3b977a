/* What is promised besides safety: a leader soon after peace, none lost without a reason, and
 * nobody who sleeps on what it heard. */
#include "tests/sim/sim.h"

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Once nothing more goes wrong: the wait for the longest lease that somebody may have asked for, as
 * the slowest clock counts it; once more where the server's clock was stepped; and a retry, a call
 * that times out, a new link and a few messages. */
static int64_t peace_bound_ms(const struct sim *sim)
{
    bool doubled = sim_has(sim, FAULT_RETIME);
    bool stepped = sim_has(sim, FAULT_STEP | FAULT_FAILOVER);
    bool slewed = sim_has(sim, FAULT_DRIFT | FAULT_BEYOND);
    int64_t lease_ms = LEASE_MS * (doubled ? 2 : 1);
    int64_t wait_ms = stepped ? 2 * lease_ms : lease_ms;
    wait_ms += slewed ? wait_ms / 11 : wait_ms / 100;
    wait_ms += sim_has(sim, FAULT_OPERATOR) ? 2000 : 0; /* held off, or draining */
    return wait_ms + RETRY_MS + TIMEOUT_MS + 450 + 100;
}

/* Peace begins when the last message of the war has arrived, and the last process goes on. */
void promise_peace(struct sim *sim)
{
    sim->peace = true;
    sim->peace_led = false;
    sim->peace_since_us = sim->now_us;
    for (int i = 0; i < sim->heap_count; i++) {
        const struct sim_event *event = &sim->heap[i];
        if (event->kind == EVENT_REQUEST || event->kind == EVENT_ACK) {
            sim->peace_since_us = later(sim->peace_since_us, event->at_us);
        }
    }
    for (int i = 0; i < sim->host_count; i++) {
        sim->peace_since_us = later(sim->peace_since_us, sim->hosts[i].frozen_until_us + 1000);
    }
}

bool host_campaigns(const struct sim_host *host)
{
    const struct elector *elector = &host->elector;
    return host->alive && !elector->options.observer && !elector->paused && !elector->held_off &&
           !elector->unhealthy && !elector->stopping && !elector->reign.held;
}

static bool somebody_leads(const struct sim *sim)
{
    for (int i = 0; i < sim->host_count; i++) {
        const struct sim_host *host = &sim->hosts[i];
        struct moment now = sim_clock_now(&host->clock, sim->now_us);
        bool leads = sim->classic ? classic_claims(sim, host)
                                  : host->alive && elector_leads(&host->elector, now);
        if (leads) {
            return true;
        }
    }
    return false;
}

static void look_at_peace(struct sim *sim, bool led)
{
    int64_t peace_us = sim->now_us - sim->peace_since_us;
    if (!sim->peace || peace_us < 0) {
        return;
    }
    if (!led) {
        sim->tally.longest_peace_us = later(sim->tally.longest_peace_us, peace_us);
    }
    if (peace_us > peace_bound_ms(sim) * 1000) {
        sim->peace_led |= led;
        if (!led) {
            sim_violate(sim, "no leader %lld ms after peace", (long long)(peace_us / 1000));
        }
    }
}

/* A release that was heard is acted upon in the same step, or in that of the answer that is under
 * way. */
void promise_heard(struct sim_host *host)
{
    host->heard = host_campaigns(host) && host->linked;
}

static void look_at_hearing(struct sim *sim, struct sim_host *host)
{
    if (!host_campaigns(host) || !host->linked || host->elector.identity_spent) {
        host->heard = false;
    }
    if (host->heard && !host->calling) {
        sim_violate(sim, "host %d heard of a release and did nothing", host->index);
    }
}

void promise_time(struct sim *sim, int64_t until_us)
{
    bool led = somebody_leads(sim);
    sim->tally.us += until_us - sim->now_us;
    sim->tally.leaderless_us += led ? 0 : until_us - sim->now_us;
    look_at_peace(sim, led);
}

/* After every step: somebody will wake this host again, and what it heard it has acted upon. */
void promise_step(struct sim *sim, struct sim_host *host, const struct elector_orders *orders)
{
    if (orders->send && orders->request.verb == LEASE_ACQUIRE) {
        host->heard = false;
    }
    look_at_hearing(sim, host);
    bool asleep = !orders->send && !host->calling && !orders->stopped;
    if (asleep && orders->wake_in_ms > 4 * LEASE_MS) {
        sim_violate(sim, "host %d would sleep for %lld ms", host->index,
                    (long long)orders->wake_in_ms);
    }
}

/* While a leader's calls succeed, nothing but people ends its reign. */
void promise_lost(struct sim *sim, const struct sim_host *host, enum elector_reason reason)
{
    int64_t own_us = later(host->trouble_us, host->frozen_until_us);
    int64_t calm_since_us = later(own_us, sim->trouble_us);
    bool blamed = reason == ELECTOR_EXPIRED || reason == ELECTOR_RENEW_OVERDUE ||
                  reason == ELECTOR_RENEW_REFUSED;
    if (blamed && sim->class->excuse == NULL && sim->now_us - calm_since_us > 4 * LEASE_MS * 1000) {
        sim_violate(sim, "host %d stopped leading (%s) though nothing was wrong", host->index,
                    elector_reason_name(reason));
    }
    if (sim->peace && sim->peace_led) {
        sim_violate(sim, "host %d stopped leading in peace", host->index);
    }
}

/* Two hosts with one participant id find that out. */
void promise_end(struct sim *sim)
{
    if (sim_has(sim, FAULT_NAMES) && sim->tally.us > INT64_C(1800000000) &&
        sim->tally.doubles == 0) {
        sim_violate(sim, "nobody found out that a participant id is used twice");
    }
}
