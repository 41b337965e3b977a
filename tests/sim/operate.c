/* What people do to daemons: they stop, pause, re-time, clone them, and give orders by hand. */
#include "tests/sim/sim.h"

/* Half of the time at once. */
static int64_t some_drain_ms(struct sim *sim)
{
    return sim_chance(sim, 2) ? 0 : prng_below(&sim->prng, 1500);
}

void operate_retime(struct sim *sim, struct sim_host *host)
{
    struct elector_options options;
    host_options(&options, host->index, sim_has(sim, FAULT_NAMES));
    int64_t factor = 1 + prng_below(&sim->prng, 2);
    options.lease_ms *= factor;
    options.renew_interval_ms *= factor;
    if (sim_has(sim, FAULT_CUT) && sim_chance(sim, 3)) {
        host->cut_in = true; /* the new times may be in force without our hearing of it */
        heal_later(sim, host->index, FAULT_CUT, prng_below(&sim->prng, 4 * LEASE_MS));
    }
    story(sim, host->index, "is re-timed to a lease of %lld ms", (long long)options.lease_ms);
    host_feed(sim, host, &(struct elector_event){.kind = ELECTOR_RECONFIGURE, .options = &options});
}

static void observe_only(struct sim *sim, struct sim_host *host)
{
    struct elector_options options = host->elector.options;
    options.observer = !options.observer;
    story(sim, host->index, options.observer ? "becomes an observer" : "takes part again");
    host_feed(sim, host,
              &(struct elector_event){.kind = ELECTOR_RECONFIGURE,
                                      .options = &options,
                                      .drain_ms = some_drain_ms(sim)});
}

void operate_undo(struct sim *sim, struct sim_host *host)
{
    struct elector_options options;
    host_options(&options, host->index, sim_has(sim, FAULT_NAMES));
    if (sim_has(sim, FAULT_RETIME | FAULT_OPERATOR) && host->alive) {
        host_feed(sim, host,
                  &(struct elector_event){.kind = ELECTOR_RECONFIGURE, .options = &options});
    }
}

static void order(struct sim *sim, struct sim_host *host, struct elector_event *event,
                  const char *what)
{
    sim->trouble_us = sim->now_us; /* a vacate reaches whoever leads */
    event->drain_ms = some_drain_ms(sim);
    event->hold_off_ms = prng_below(&sim->prng, 2000);
    event->pause_ms = 1 + prng_below(&sim->prng, 4000);
    story(sim, host->index, "operator: %s, drain %lld ms", what, (long long)event->drain_ms);
    host_feed(sim, host, event);
}

void operate(struct sim *sim, struct sim_host *host)
{
    struct elector_event event = {.reason = ELECTOR_SHUTDOWN};
    switch (prng_below(&sim->prng, 9)) {
    case 0:
        event.kind = ELECTOR_STEP_DOWN;
        order(sim, host, &event, "step down");
        return;
    case 1:
        event.kind = ELECTOR_SET_PAUSE;
        order(sim, host, &event, "pause");
        return;
    case 2:
        event.kind = ELECTOR_VACATE;
        order(sim, host, &event, "vacate");
        return;
    case 3:
        event.kind = ELECTOR_DRAINED;
        order(sim, host, &event, "drained");
        return;
    case 4:
        event.kind = ELECTOR_CLOCK_SUSPECT;
        event.jump_ms = prng_below(&sim->prng, 4000) - 1000;
        order(sim, host, &event, "the wall clock jumps");
        return;
    case 5:
        event.kind = ELECTOR_BOOTSTRAP;
        order(sim, host, &event, "nobody leads");
        return;
    case 6:
        event.kind = ELECTOR_STOP;
        order(sim, host, &event, "stop");
        return;
    case 7:
        observe_only(sim, host);
        return;
    default:
        event.kind = ELECTOR_HEALTH;
        event.healthy = sim_chance(sim, 2);
        order(sim, host, &event, event.healthy ? "healthy" : "unhealthy");
        return;
    }
}

/* A copy of a whole machine: clocks, identity, reign and all. From then on two believe that they
 * lead; the next renewals must end that. */
void operate_clone(struct sim *sim, struct sim_host *host)
{
    struct sim_host *other = &sim->hosts[(host->index + 1) % sim->host_count];
    if (!other->alive || !other->linked ||
        !elector_leads(&host->elector, sim_clock_now(&host->clock, sim->now_us))) {
        return;
    }
    story(sim, other->index, "becomes a clone of host %d", host->index);
    other->clock = host->clock;
    other->ended_term = 0;
    other->elector = host->elector;
    other->elector.request_verb = 0;
    other->calling = false;
    other->call++;
    sim->tally.overlaps++;
    host_feed(sim, other, &(struct elector_event){.kind = ELECTOR_TICK});
}
