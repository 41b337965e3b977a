/* What users may know, evaluated at one moment. */
#include "lib/elector/internal.h"

#include <stddef.h>

bool store_unreachable(const struct elector *elector, struct moment now)
{
    return moment_elapsed_most(elector->last_contact, now) >= elector->options.lease_ms;
}

enum elector_state state_at(const struct elector *elector, struct moment now)
{
    if (elector->stopped) {
        return ELECTOR_STOPPED;
    }
    if (elector->reign.held && elector->reign.confirmed) {
        return elector->reign.ending ? ELECTOR_DRAINING : ELECTOR_LEADER;
    }
    if (elector->paused) {
        return ELECTOR_PAUSED;
    }
    if (!elector->contacted) {
        return ELECTOR_STARTING;
    }
    if (store_unreachable(elector, now)) {
        return ELECTOR_UNREACHABLE;
    }
    if (elector->held_off) {
        return ELECTOR_HELD_OFF;
    }
    if (elector->options.observer) {
        return ELECTOR_OBSERVER;
    }
    return sight_leader_known(elector, now) ? ELECTOR_FOLLOWER : ELECTOR_CANDIDATE;
}

/* The state as a reader sees it: time may have passed since the last step. */
static enum elector_state visible_state(const struct elector *elector, struct moment now)
{
    const struct elector_reign *reign = &elector->reign;
    if (elector->state != ELECTOR_LEADER && elector->state != ELECTOR_DRAINING) {
        return elector->state;
    }
    if (moment_left(reign->deadline, now) <= 0) {
        return ELECTOR_CANDIDATE;
    }
    return reign_leads(elector, now) ? ELECTOR_LEADER : ELECTOR_DRAINING;
}

static enum elector_waiting waiting_at(const struct elector *elector, struct moment now)
{
    const struct elector_sight *sight = &elector->sight;
    if (elector->reign.held && elector->reign.confirmed) {
        return ELECTOR_WAITING_NOT;
    }
    if (elector->failures > 0 && (!elector->contacted || store_unreachable(elector, now))) {
        return ELECTOR_WAITING_STORE_UNREACHABLE;
    }
    if (elector->unhealthy) {
        return ELECTOR_WAITING_UNHEALTHY;
    }
    if (sight_leader_known(elector, now)) {
        return sight_holder_silent(elector, now) ? ELECTOR_WAITING_HOLDER_SILENT
                                                 : ELECTOR_WAITING_HOLDER_ALIVE;
    }
    if (elector->held_off) {
        return ELECTOR_WAITING_HOLD_OFF;
    }
    if (elector->paused) {
        return ELECTOR_WAITING_PAUSED;
    }
    if (!sight->any || (sight->state == LEASE_RELEASED && sight->fresh)) {
        return ELECTOR_WAITING_FREE;
    }
    return sight->state == LEASE_HELD ? ELECTOR_WAITING_HOLDER_SILENT
                                      : ELECTOR_WAITING_RESTART_GUARD;
}

static int64_t waiting_left_ms(const struct elector *elector, enum elector_waiting waiting,
                               struct moment now)
{
    switch (waiting) {
    case ELECTOR_WAITING_NOT:
    case ELECTOR_WAITING_FREE:
        return 0;
    case ELECTOR_WAITING_HOLDER_ALIVE:
    case ELECTOR_WAITING_HOLDER_SILENT:
    case ELECTOR_WAITING_RESTART_GUARD:
        return sight_wait_left_ms(elector, now);
    case ELECTOR_WAITING_HOLD_OFF:
        return moment_left(elector->held_off_until, now);
    case ELECTOR_WAITING_UNHEALTHY:
    case ELECTOR_WAITING_STORE_UNREACHABLE:
    case ELECTOR_WAITING_PAUSED:
        return -1;
    }
    return -1;
}

static int64_t left_or_zero(struct moment deadline, struct moment now)
{
    int64_t left_ms = moment_left(deadline, now);
    return left_ms > 0 ? left_ms : 0;
}

/* Published for readers that have CLOCK_BOOTTIME only: where the two clocks disagree by more than
 * rounding, the one that gets there first counts. */
static int64_t published_deadline(const struct elector_reign *reign, struct moment now)
{
    int64_t boot_left_ms = reign->deadline.boot_ms - now.boot_ms;
    int64_t left_ms = moment_left(reign->deadline, now);
    return boot_left_ms - left_ms > 2 ? now.boot_ms + left_ms : reign->deadline.boot_ms;
}

static void look_at_reign(const struct elector *elector, struct moment now,
                          struct elector_view *view)
{
    const struct elector_reign *reign = &elector->reign;
    if (!view->lease_valid) {
        return;
    }
    view->leader_known = true;
    view->leader_is_self = true;
    view->term = reign->term;
    view->remaining_ms = left_or_zero(reign->deadline, now);
    view->deadline_boottime_ms = published_deadline(reign, now);
    view->last_renewed_boottime_ms = reign->renewed.boot_ms;
    view->leader_ttl_ms = left_or_zero(moment_plus(reign->renewed, reign->lease_ms), now);
    view->lease_ms = reign->lease_ms;
    view->stop_margin_ms = reign->stop_margin_ms;
    if (view->state == ELECTOR_DRAINING) {
        /* the drain of an overdue renewal begins by the clock, perhaps before the next step */
        bool begun = reign->ending;
        struct moment until = begun ? reign->drain_until : reign->deadline;
        view->reason = begun ? reign->reason : ELECTOR_RENEW_OVERDUE;
        view->drain_left_ms = left_or_zero(until, now);
        view->drain_until_boottime_ms = until.boot_ms;
    }
}

static void look_at_sight(const struct elector *elector, struct moment now,
                          struct elector_view *view)
{
    const struct elector_sight *sight = &elector->sight;
    if (view->lease_valid || !sight_leader_known(elector, now)) {
        return;
    }
    view->leader_known = true;
    view->term = sight->term;
    view->leader_ttl_ms = sight->left_ms - moment_elapsed_most(sight->last_seen, now);
    if (view->leader_ttl_ms < 0) {
        view->leader_ttl_ms = 0;
    }
}

void elector_look(const struct elector *elector, struct moment now, struct elector_view *view)
{
    const struct elector_reign *reign = &elector->reign;
    enum elector_state state = visible_state(elector, now);
    bool holds = reign->held && reign->confirmed && moment_left(reign->deadline, now) > 0;
    *view = (struct elector_view){
        .state = state,
        .leads = reign_leads(elector, now),
        .participating = state != ELECTOR_PAUSED && state != ELECTOR_HELD_OFF &&
                         state != ELECTOR_OBSERVER && state != ELECTOR_STOPPED &&
                         !elector->options.observer,
        .lease_valid = holds && !reign->drained,
        .releasing = holds && reign->drained,
        .instance = elector->instance,
        .lease_ms = elector->options.lease_ms,
        .renew_interval_ms = elector->options.renew_interval_ms,
        .stop_margin_ms = elector->options.stop_margin_ms,
        .leader = &elector->leader,
        .previous_leader = &elector->previous_leader,
        .waiting = waiting_at(elector, now),
    };
    view->waiting_ms = waiting_left_ms(elector, view->waiting, now);
    look_at_reign(elector, now, view);
    look_at_sight(elector, now, view);
    if (elector->held_off) {
        view->hold_off_left_ms = left_or_zero(elector->held_off_until, now);
        view->hold_off_until_boottime_ms = elector->held_off_until.boot_ms;
        view->reason = ELECTOR_STEPPED_DOWN;
    }
    if (elector->paused && elector->paused_until.boot_ms != 0) {
        view->paused_left_ms = left_or_zero(elector->paused_until, now);
    }
}

bool elector_invariant(const struct elector *elector)
{
    const struct elector_reign *reign = &elector->reign;
    bool valid_term = reign->term > 0 && reign->term <= elector->highest_term;
    bool reign_whole = !reign->held || (valid_term && reign->n >= reign->n_acked);
    bool reign_empty = reign->held || (!reign->confirmed && !reign->ending && reign->term == 0);
    bool state_fits = (elector->state == ELECTOR_LEADER) ==
                          (reign->confirmed && !reign->ending && !elector->stopped) &&
                      (elector->state == ELECTOR_DRAINING) == (reign->confirmed && reign->ending);
    bool drain_fits = !reign->drained || reign->ending;
    bool stopped_fits = !elector->stopped || !reign->held;
    return reign_whole && reign_empty && state_fits && drain_fits && stopped_fits;
}

const char *elector_state_name(enum elector_state state)
{
    switch (state) {
    case ELECTOR_STARTING:
        return "starting";
    case ELECTOR_CANDIDATE:
        return "candidate";
    case ELECTOR_FOLLOWER:
        return "follower";
    case ELECTOR_LEADER:
        return "leader";
    case ELECTOR_DRAINING:
        return "draining";
    case ELECTOR_HELD_OFF:
        return "held_off";
    case ELECTOR_PAUSED:
        return "paused";
    case ELECTOR_OBSERVER:
        return "observer";
    case ELECTOR_UNREACHABLE:
        return "unknown";
    case ELECTOR_STOPPED:
        return "stopped";
    }
    return "unknown";
}

const char *elector_reason_name(enum elector_reason reason)
{
    switch (reason) {
    case ELECTOR_RELEASED:
        return "released";
    case ELECTOR_EXPIRED:
        return "expired";
    case ELECTOR_RENEW_OVERDUE:
        return "renew_overdue";
    case ELECTOR_RENEW_REFUSED:
        return "renew_refused";
    case ELECTOR_STEPPED_DOWN:
        return "stepped_down";
    case ELECTOR_PAUSE:
        return "paused";
    case ELECTOR_UNHEALTHY:
        return "unhealthy";
    case ELECTOR_SHUTDOWN:
        return "shutdown";
    }
    return "";
}

const char *elector_waiting_name(enum elector_waiting waiting)
{
    switch (waiting) {
    case ELECTOR_WAITING_HOLDER_ALIVE:
        return "holder_alive";
    case ELECTOR_WAITING_HOLDER_SILENT:
        return "holder_silent";
    case ELECTOR_WAITING_RESTART_GUARD:
        return "restart_guard";
    case ELECTOR_WAITING_HOLD_OFF:
        return "hold_off";
    case ELECTOR_WAITING_UNHEALTHY:
        return "unhealthy";
    case ELECTOR_WAITING_STORE_UNREACHABLE:
        return "store_unreachable";
    case ELECTOR_WAITING_NOT:
    case ELECTOR_WAITING_PAUSED:
    case ELECTOR_WAITING_FREE:
        return NULL;
    }
    return NULL;
}
