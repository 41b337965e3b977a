/* What goes wrong, and when: half of the faults strike close to an edge of some lease, because that
 * is where the thin holes are. */
#include "tests/sim/sim.h"

enum {
    MEAN_GAP_MS = 8000,
    PEACE_EVERY_MS = 180000,
    PEACE_FOR_MS = 60000,
    LATE_REPLY_MS = 3 * LEASE_MS,
};

int64_t network_delay_us(struct sim *sim)
{
    int64_t delay_us = 100 + prng_below(&sim->prng, 1500);
    if (!sim->peace && sim_has(sim, FAULT_LOSS) && sim_chance(sim, 20)) {
        delay_us += prng_below(&sim->prng, LATE_REPLY_MS) * 1000;
    }
    return delay_us;
}

bool network_loses(struct sim *sim)
{
    return !sim->peace && sim_has(sim, FAULT_LOSS) && sim_chance(sim, 12);
}

/* An instant at which some host's belief or right changes, in true time. */
static int64_t edge_us(struct sim *sim)
{
    const struct sim_host *host = &sim->hosts[prng_below(&sim->prng, sim->host_count)];
    const struct elector *elector = &host->elector;
    struct moment now = sim_clock_now(&host->clock, sim->now_us);
    int64_t left_ms = 0;
    if (sim->classic || !host->alive) {
        return sim->now_us;
    }
    if (elector->request_verb != 0 && sim_chance(sim, 3)) {
        return sim->now_us + 2000; /* while a request is under way */
    }
    if (elector->reign.held) {
        int64_t choice = prng_below(&sim->prng, 3);
        left_ms = choice == 0 ? moment_left(elector->reign.next_try, now)
                              : moment_left(elector->reign.deadline, now);
        left_ms -= choice == 1 ? elector->reign.stop_margin_ms : 0;
    } else if (elector->sight.any) {
        left_ms = elector->sight.lease_ms - moment_elapsed_least(elector->sight.first_seen, now);
    }
    return sim->now_us + (left_ms > 0 ? sim_clock_wait_us(&host->clock, left_ms) : 0);
}

static void schedule_next(struct sim *sim)
{
    int64_t at_us = sim->now_us + prng_below(&sim->prng, 2 * MEAN_GAP_MS) * 1000;
    if (sim_chance(sim, 2)) {
        int64_t spread_us = sim_chance(sim, 2) ? 3000 : 40000;
        at_us = edge_us(sim) + prng_below(&sim->prng, 2 * spread_us) - spread_us;
    }
    at_us = at_us > sim->now_us ? at_us : sim->now_us + 1;
    sim_push(sim, &(struct sim_event){.at_us = at_us, .kind = EVENT_FAULT});
}

void heal_later(struct sim *sim, int host, unsigned fault, int64_t ms)
{
    sim_push(sim, &(struct sim_event){.at_us = sim->now_us + ms * 1000,
                                      .kind = EVENT_HEAL,
                                      .host = host,
                                      .fault = fault});
}

static void set_rates(struct sim *sim, struct sim_host *host)
{
    double reach = sim_has(sim, FAULT_BEYOND) ? 0.05 : sim_has(sim, FAULT_DRIFT) ? 0.00497 : 0;
    double raw = 1 + (sim_chance(sim, 2) ? reach : -reach);
    double boot = raw;
    /* Each of the two clocks covers for the other, but not for both within one lease: see
     * docs/safety.md, assumption 1. */
    if (sim_has(sim, FAULT_DRIFT) && !sim_has(sim, FAULT_SUSPEND) && sim_chance(sim, 4)) {
        boot = sim_chance(sim, 2) ? 1.08 : 0.92; /* slewed by a time daemon; the raw clock is not */
    }
    sim_clock_set(&host->clock, sim->now_us, boot, raw);
}

/* A third of all troubles end close to an edge of somebody's lease. */
static int64_t duration_ms(struct sim *sim)
{
    int64_t edge_ms = (edge_us(sim) - sim->now_us) / 1000 + prng_below(&sim->prng, 7) - 3;
    if (sim_chance(sim, 3) && edge_ms > 0) {
        return edge_ms;
    }
    return prng_below(&sim->prng, sim_chance(sim, 2) ? 1000 : 4 * LEASE_MS);
}

static void strike_host(struct sim *sim, struct sim_host *host, unsigned fault)
{
    int64_t ms = duration_ms(sim);
    switch (fault) {
    case FAULT_CUT:
        host->cut_out = sim_chance(sim, 2);
        host->cut_in = !host->cut_out || sim_chance(sim, 2);
        break;
    case FAULT_CRASH:
        host_crash(sim, host);
        break;
    case FAULT_FREEZE:
        host->frozen_until_us = sim->now_us + ms * 1000;
        story(sim, host->index, "stands still for %lld ms", (long long)ms);
        return;
    case FAULT_SUSPEND:
        host->frozen_until_us = sim->now_us + ms * 1000;
        /* nobody slews a clock while the host sleeps */
        sim_clock_set(&host->clock, sim->now_us, host->clock.raw_rate, 0);
        break;
    case FAULT_PAUSE:
        host->frozen_until_us = sim->now_us + ms * 1000;
        sim_clock_set(&host->clock, sim->now_us, 0, 0);
        break;
    default:
        set_rates(sim, host);
        return;
    }
    story(sim, host->index, "fault %#x for %lld ms", fault, (long long)ms);
    heal_later(sim, host->index, fault, ms);
}

static void restart_server(struct sim *sim, unsigned fault)
{
    struct sim_server *server = &sim->servers[sim->primary];
    story(sim, -1, "server %d restarts (%s)", sim->primary,
          fault == FAULT_KEEP    ? "all data"
          : fault == FAULT_OLDER ? "an older copy"
                                 : "no data");
    server->up = false;
    store_new_reign(sim, server);
    if (fault == FAULT_EMPTY) {
        server->record = (struct lease_record){.state = LEASE_ABSENT, .meta = ""};
        server->classic_holder = -1;
    } else if (fault == FAULT_OLDER && server->copy_count > 0) {
        unsigned kept = server->copy_count < COPIES ? server->copy_count : COPIES;
        unsigned back = (unsigned)prng_below(&sim->prng, kept < 12 ? kept : 12);
        server->record = server->copies[(server->copy_count - 1 - back) % COPIES];
        classic_older(sim, server, server);
    }
    store_copy(sim, server);
    heal_later(sim, -1, fault, prng_below(&sim->prng, sim_chance(sim, 4) ? 2 * LEASE_MS : 500));
}

/* Without acknowledgements the replica may be behind by anything; with them it is what it is. */
static void fail_over(struct sim *sim)
{
    struct sim_server *old = &sim->servers[sim->primary];
    struct sim_server *new = &sim->servers[1 - sim->primary];
    if (new->up || !old->has_replica) {
        return; /* the one before is still there */
    }
    unsigned kept = old->copy_count < COPIES ? old->copy_count : COPIES;
    struct lease_record replica = store_replica(sim, old);
    if (!sim_has(sim, FAULT_ACKED) && kept > 0) {
        replica =
            old->copies[(old->copy_count - 1 - (unsigned)prng_below(&sim->prng, kept)) % COPIES];
    }
    int64_t ahead_us = old->ahead_us + prng_below(&sim->prng, 400000) - 200000;
    *new = (struct sim_server){
        .up = true, .record = replica, .ahead_us = ahead_us, .classic_holder = -1};
    classic_older(sim, old, new);
    store_new_reign(sim, new);
    old->has_replica = false;
    old->replica_gone_us = sim->now_us;
    sim->primary = 1 - sim->primary;
    story(sim, -1, "failover to server %d (record %s t=..%lld n=%lld); the old one lives on",
          sim->primary, lease_state_name(replica.state), (long long)(replica.term % 1000000000),
          (long long)replica.n);
    heal_later(sim, -1, FAULT_FAILOVER, 200 + prng_below(&sim->prng, 4 * LEASE_MS));
}

static void step_clock(struct sim *sim, struct sim_server *server)
{
    static const int64_t steps_ms[] = {1000, -1000, 60000, -60000, 3600000, -3600000};
    int64_t step_ms = steps_ms[prng_below(&sim->prng, 6)];
    server->ahead_us += step_ms * 1000;
    story(sim, -1, "the server's clock is stepped by %lld ms", (long long)step_ms);
}

static void lose_record(struct sim *sim, struct sim_server *server, const char *how)
{
    server->record = (struct lease_record){.state = LEASE_ABSENT, .meta = ""};
    store_copy(sim, server);
    story(sim, -1, "the record vanishes: %s", how);
    if (sim_chance(sim, 2)) { /* a trouble seldom comes alone */
        int64_t ms = LEASE_MS + prng_below(&sim->prng, LEASE_MS / 2);
        sim_push(sim, &(struct sim_event){.at_us = sim->now_us + ms * 1000,
                                          .kind = EVENT_FAULT,
                                          .fault = FAULT_FLUSH});
    }
}

static void strike_store(struct sim *sim, unsigned fault)
{
    struct sim_server *server = &sim->servers[sim->primary];
    sim->trouble_us = sim->now_us;
    if (fault == FAULT_FLUSH) {
        server->classic_holder = -1;
        lose_record(sim, server, "flushed");
    } else if (fault == FAULT_EVICT) {
        server->classic_holder = -1; /* it has a TTL: every policy may evict it */
        if (sim_chance(sim, 2)) {
            lose_record(sim, server, "evicted");
        }
    } else if (fault == FAULT_STEP) {
        step_clock(sim, server);
    } else if (fault == FAULT_STALL) {
        server->stalled_until_us = sim->now_us + duration_ms(sim) * 1000;
        sim->trouble_us = server->stalled_until_us;
        story(sim, -1, "server %d stands still", sim->primary);
    } else if (fault == FAULT_ACKED) {
        server->replica_lags_until_us = sim->now_us + duration_ms(sim) * 1000;
        sim->trouble_us = server->replica_lags_until_us;
        story(sim, -1, "the replica falls behind");
    } else if (fault == FAULT_FAILOVER) {
        fail_over(sim);
    } else if (server->up) {
        restart_server(sim, fault);
    }
}

static void strike(struct sim *sim, unsigned fault)
{
    struct sim_host *host = &sim->hosts[prng_below(&sim->prng, sim->host_count)];
    host->trouble_us = sim->now_us;
    unsigned stores = FAULT_KEEP | FAULT_OLDER | FAULT_EMPTY | FAULT_FLUSH | FAULT_FAILOVER |
                      FAULT_STEP | FAULT_STALL | FAULT_EVICT | FAULT_ACKED;
    if ((fault & stores) != 0) {
        strike_store(sim, fault);
    } else if (!host->alive || host->frozen_until_us > sim->now_us) {
        return;
    } else if (fault == FAULT_RETIME || fault == FAULT_OPERATOR || fault == FAULT_CLONE) {
        if (!sim->classic) {
            (fault == FAULT_RETIME  ? operate_retime
             : fault == FAULT_CLONE ? operate_clone
                                    : operate)(sim, host);
        }
    } else if (fault != FAULT_LOSS && fault != FAULT_NAMES) {
        strike_host(sim, host, fault);
    }
}

static void heal_store(struct sim *sim, unsigned fault)
{
    struct sim_server *server = &sim->servers[sim->primary];
    if (fault == FAULT_FAILOVER) {
        sim->servers[1 - sim->primary].up = false;
        server->has_replica = true;
        store_copy(sim, server); /* the new replica begins with a full copy */
        story(sim, -1, "the old primary is gone");
    } else {
        server->up = true;
    }
    sim->trouble_us = sim->now_us;
}

/* Whatever people did to this host is undone. */
static void restore(struct sim *sim, struct sim_host *host)
{
    if (host->alive && !sim->classic) {
        host_feed(sim, host, &(struct elector_event){.kind = ELECTOR_RESUME});
        host_feed(sim, host, &(struct elector_event){.kind = ELECTOR_HEALTH, .healthy = true});
        operate_undo(sim, host);
    }
}

static void heal_host(struct sim *sim, struct sim_host *host, unsigned fault)
{
    host->cut_out = host->cut_in = false;
    if (fault == FAULT_OPERATOR) {
        restore(sim, host);
    }
    if (fault == FAULT_SUSPEND || fault == FAULT_PAUSE) {
        set_rates(sim, host);
    }
    if (fault == FAULT_CRASH && !host->alive) {
        host_start(sim, host, !sim_chance(sim, 3));
    }
    if (host->alive && !host->linked && !sim->classic) {
        host->link++;
        sim_push(sim,
                 &(struct sim_event){.at_us = sim->now_us + 1000 + prng_below(&sim->prng, 300000),
                                     .kind = EVENT_LINK,
                                     .host = host->index,
                                     .epoch = host->link});
    }
}

/* Who stands still goes on when it would have; everything else is well at once. */
static void make_peace(struct sim *sim)
{
    story(sim, -1, "peace");
    promise_peace(sim);
    for (int i = 0; i < SERVERS; i++) {
        sim->servers[i].stalled_until_us = sim->now_us;
    }
    store_catch_up(sim, &sim->servers[sim->primary]);
    heal_store(sim, FAULT_FAILOVER);
    heal_store(sim, FAULT_KEEP);
    for (int i = 0; i < sim->host_count; i++) {
        struct sim_host *host = &sim->hosts[i];
        int64_t frozen_us = host->frozen_until_us - sim->now_us;
        heal_later(sim, i, FAULT_OPERATOR, frozen_us > 0 ? frozen_us / 1000 + 1 : 0);
        if (frozen_us <= 0) {
            set_rates(sim, host);
        }
        heal_host(sim, host, FAULT_CRASH);
    }
}

void faults_begin(struct sim *sim)
{
    for (int i = 0; i < sim->host_count; i++) {
        set_rates(sim, &sim->hosts[i]);
    }
    schedule_next(sim);
    sim_push(sim,
             &(struct sim_event){.at_us = PEACE_EVERY_MS * INT64_C(1000), .kind = EVENT_PEACE});
}

void faults_handle(struct sim *sim, const struct sim_event *event)
{
    if (event->kind == EVENT_PEACE && !sim->peace) {
        make_peace(sim);
        sim_push(sim, &(struct sim_event){.at_us = sim->now_us + PEACE_FOR_MS * INT64_C(1000),
                                          .kind = EVENT_PEACE});
    } else if (event->kind == EVENT_PEACE) {
        sim->peace = false;
        story(sim, -1, "peace is over");
        schedule_next(sim);
        sim_push(sim, &(struct sim_event){.at_us = sim->now_us + PEACE_EVERY_MS * INT64_C(1000),
                                          .kind = EVENT_PEACE});
    } else if (event->kind == EVENT_HEAL && event->host < 0) {
        heal_store(sim, event->fault);
    } else if (event->kind == EVENT_HEAL) {
        heal_host(sim, &sim->hosts[event->host], event->fault);
    } else if (!sim->peace && event->fault != 0) {
        strike(sim, event->fault);
    } else if (!sim->peace) {
        unsigned fault = 1u << prng_below(&sim->prng, FAULT_KINDS);
        for (int tries = 0; (sim->class->faults & fault) == 0 && tries < 200; tries++) {
            fault = 1u << prng_below(&sim->prng, FAULT_KINDS);
        }
        if ((sim->class->faults & fault) != 0) {
            strike(sim, fault);
        }
        schedule_next(sim);
    }
}
