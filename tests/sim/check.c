/* The invariants, judged in true time. */
#include "tests/sim/sim.h"

#include <stdarg.h>

void sim_violate(struct sim *sim, const char *what, ...)
{
    if (sim->violation[0] == '\0' && !sim->classic) {
        va_list arguments;
        va_start(arguments, what);
        (void)vsnprintf(sim->violation, sizeof sim->violation, what, arguments);
        va_end(arguments);
    }
}

static struct moment later(struct moment a, struct moment b)
{
    return moment_left(b, a) > 0 ? b : a;
}

void check_told(struct sim *sim, struct sim_host *host)
{
    struct elector_view view;
    elector_look(&host->elector, sim_clock_now(&host->clock, sim->now_us), &view);
    struct moment deadline = host->elector.reign.deadline;
    if (view.lease_valid) {
        host->told = host->told_life != 0 ? later(host->told, deadline) : deadline;
        host->told_life = host->life;
    } else if (host->told_life == host->life) {
        host->told_life = 0;
    }
}

/* Whether work may be going on at this host in the belief that it leads: the daemon says so, or it
 * is dead or stands still and the last deadline that it published has not come. */
bool host_claims(const struct sim *sim, const struct sim_host *host)
{
    struct moment now = sim_clock_now(&host->clock, sim->now_us);
    if (sim->classic) {
        return classic_claims(sim, host);
    }
    bool alone =
        !host->alive || host->told_life != host->life || sim->now_us < host->frozen_until_us;
    if (alone && host->told_life != 0 && moment_left(host->told, now) > 0) {
        return true;
    }
    const struct elector_reign *reign = &host->elector.reign;
    return host->alive && reign->held && reign->confirmed && !reign->drained &&
           moment_left(reign->deadline, now) > 0;
}

/* Once false for a token, `leads` stays false for that token. */
static void check_leading(struct sim *sim, struct sim_host *host)
{
    struct moment now = sim_clock_now(&host->clock, sim->now_us);
    bool leads = !sim->classic && host->alive && elector_leads(&host->elector, now);
    int64_t term = host->elector.reign.term;
    if (leads && term == host->ended_term) {
        sim_violate(sim, "host %d leads again under token %lld", host->index, (long long)term);
    }
    if (!leads && host->led_term != 0) {
        host->ended_term = host->led_term;
    }
    host->led_term = leads ? term : 0;
}

/* A claim begins only in a step of its host, and ends by time or in another step: so looking at the
 * others whenever one begins misses nothing. */
void check_host(struct sim *sim, struct sim_host *host)
{
    check_leading(sim, host);
    bool claims = host_claims(sim, host);
    bool begins = claims && !host->claimed;
    host->claimed = claims;
    if (!begins) {
        return;
    }
    for (int i = 0; i < sim->host_count; i++) {
        if (i != host->index && host_claims(sim, &sim->hosts[i])) {
            sim->tally.overlaps++;
            story(sim, host->index, "OVERLAPS with host %d", i);
            if (sim->class->excuse == NULL) {
                sim_violate(sim, "hosts %d and %d both believe that they lead", i, host->index);
            }
        }
    }
}

void check_gained(struct sim *sim, const struct sim_host *host)
{
    int64_t term = host->elector.reign.term;
    bool resumed = term == host->claimed_term;
    story(sim, host->index, "GAINED %lld", (long long)term);
    sim->tally.reigns += !resumed;
    if (!resumed && term <= sim->highest_term) {
        sim->tally.regressions++;
        if (sim->class->excuse == NULL) {
            sim_violate(sim, "host %d got the token %lld after %lld", host->index, (long long)term,
                        (long long)sim->highest_term);
        }
    }
    sim->hosts[host->index].claimed_term = term;
    sim->highest_term = term > sim->highest_term ? term : sim->highest_term;
    if (sim->peace && sim->peace_led) {
        sim_violate(sim, "the leader changed to host %d in peace", host->index);
    }
}

/* Two that claim at once for longer than a renewal needs to find out. */
static void check_lasting_overlap(struct sim *sim, int64_t until_us)
{
    int claims = 0;
    for (int i = 0; i < sim->host_count; i++) {
        claims += host_claims(sim, &sim->hosts[i]);
    }
    sim->overlap_us = claims > 1 ? sim->overlap_us + until_us - sim->now_us : 0;
    if (sim->overlap_us > 2 * LEASE_MS * 1000 && sim_has(sim, FAULT_CLONE)) {
        sim_violate(sim, "two hosts go on believing that they lead");
    }
}

/* Time passes up to the next event. */
void check_time(struct sim *sim, int64_t until_us)
{
    check_lasting_overlap(sim, until_us);
    promise_time(sim, until_us);
    for (int i = 0; i < sim->host_count; i++) {
        struct sim_host *host = &sim->hosts[i];
        if (host->claimed && !host_claims(sim, host)) {
            host->claimed = false;
        }
    }
}
