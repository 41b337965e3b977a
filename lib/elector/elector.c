/* The step: time first, then the event, then what to do next, then what users see of it. */
#include "lib/elector/internal.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct elector_note *step_note(struct step *step, enum elector_note_kind kind)
{
    struct elector_orders *orders = step->orders;
    assert(orders->note_count < ELECTOR_NOTES_MAX);
    struct elector_note *note = &orders->notes[orders->note_count++];
    *note = (struct elector_note){.kind = kind};
    return note;
}

static void resume_reign(struct elector *elector, const struct elector_memo *memo,
                         struct moment now)
{
    if (memo->released || memo->term <= 0 || moment_left(memo->deadline, now) <= 0) {
        return;
    }
    elector->reign = (struct elector_reign){.held = true,
                                            .resumed = true,
                                            .doubtful = true,
                                            .term = memo->term,
                                            .n = memo->n,
                                            .n_acked = memo->n_acked,
                                            .lease_ms = elector->options.lease_ms,
                                            .stop_margin_ms = elector->options.stop_margin_ms,
                                            .deadline = memo->deadline,
                                            .next_try = now,
                                            .renewed = now};
    if (memo->at_work) {
        elector->inherited_until = memo->deadline;
    }
}

void elector_init(struct elector *elector, const struct elector_options *options,
                  const struct elector_memo *memo, const char *instance, uint64_t seed,
                  struct moment now)
{
    *elector = (struct elector){.options = *options,
                                .state = ELECTOR_STARTING,
                                .next_look = now,
                                .last_contact = now,
                                .unhealthy = options->gated,
                                .shown = {.state = ELECTOR_STARTING}};
    prng_init(&elector->prng, seed);
    bool known = memo != NULL && memo->instance[0] != '\0';
    (void)snprintf(elector->instance, sizeof elector->instance, "%s",
                   known ? memo->instance : instance);
    if (memo != NULL) {
        elector->highest_term = memo->highest_term;
    }
    if (known) {
        if (memo->term > elector->highest_term) {
            elector->highest_term = memo->term;
        }
        resume_reign(elector, memo, now);
    }
}

/* Kept as it was known at the last step: a workload that was told of the lease stays one. */
static bool was_told(const struct elector *elector)
{
    return elector->working_until.boot_ms != 0 || elector->inherited_until.boot_ms != 0;
}

void elector_memo(const struct elector *elector, struct elector_memo *memo)
{
    const struct elector_reign *reign = &elector->reign;
    *memo = (struct elector_memo){.term = reign->term,
                                  .n = reign->n,
                                  .n_acked = reign->n_acked,
                                  .deadline = reign->deadline,
                                  .highest_term = elector->highest_term};
    (void)snprintf(memo->instance, sizeof memo->instance, "%s", elector->instance);
    memo->at_work = was_told(elector);
    memo->released = !reign->held || reign->ending || !(reign->confirmed || reign->resumed);
}

static void end_pause(struct step *step)
{
    step->elector->paused = false;
    step->elector->next_look = step->now;
    (void)step_note(step, ELECTOR_NOTE_RESUMED);
}

static void pass_time(struct step *step)
{
    struct elector *elector = step->elector;
    reign_pass_time(step);
    if (elector->paused && elector->paused_until.boot_ms != 0 &&
        moment_left(elector->paused_until, step->now) <= 0) {
        end_pause(step);
    }
    if (elector->held_off && moment_left(elector->held_off_until, step->now) <= 0) {
        elector->held_off = false;
        elector->next_look = step->now;
    }
}

static void end_command(struct step *step, enum lease_verb verb, enum elector_verdict verdict)
{
    struct elector_note *note = step_note(step, ELECTOR_NOTE_COMMAND_ENDED);
    note->verb = verb;
    note->verdict = verdict;
}

/* The answer to an operator's bootstrap or vacate. */
static void take_command_reply(struct step *step, enum lease_verb verb)
{
    const struct lease_reply *reply = step->event->reply;
    bool held = verb == LEASE_BOOTSTRAP && reply->outcome == LEASE_SEEN &&
                reply->record.state != LEASE_RELEASED;
    end_command(step, verb, held ? ELECTOR_IS_HELD : ELECTOR_DONE);
    if (reply->outcome == LEASE_EMPTIED && step->elector->reign.held) {
        reign_end(step, ELECTOR_RENEW_REFUSED);
    }
    sight_take_reply(step, verb);
    step->elector->next_look = step->now;
}

static void take_silence(struct step *step, enum lease_verb verb)
{
    struct elector *elector = step->elector;
    elector->failures++;
    if (verb == LEASE_BOOTSTRAP || verb == LEASE_VACATE) {
        end_command(step, verb, ELECTOR_NO_ANSWER);
    }
    if (elector->reign.held) {
        reign_take_silence(step);
        return;
    }
    int doublings = elector->failures < 7 ? elector->failures : 7;
    int64_t most = INT64_C(50) << doublings;
    most = most < elector->options.retry_interval_ms ? most : elector->options.retry_interval_ms;
    elector->next_look =
        moment_plus(step->now, most / 2 + prng_below(&elector->prng, most / 2 + 1));
}

static void take_answer(struct step *step, enum lease_verb verb)
{
    struct elector *elector = step->elector;
    bool of_this_reign = elector->reign.held && elector->request_term == elector->reign.term;
    switch (verb) {
    case LEASE_ACQUIRE:
        if (step->event->reply->outcome == LEASE_ACQUIRED) {
            reign_begin(step);
        } else {
            sight_take_reply(step, verb);
        }
        return;
    case LEASE_BOOTSTRAP:
    case LEASE_VACATE:
        take_command_reply(step, verb);
        return;
    case LEASE_OBSERVE:
    case LEASE_RENEW:
    case LEASE_RELEASE:
        if (of_this_reign) {
            reign_take_reply(step, verb);
        } else {
            sight_take_reply(step, verb);
        }
        return;
    }
}

static void look_by(struct elector *elector, struct moment look)
{
    if (moment_left(look, elector->next_look) < 0) {
        elector->next_look = look;
    }
}

/* A reply to another request than the one under way is late, and says nothing about now. */
static void take_reply(struct step *step)
{
    struct elector *elector = step->elector;
    const struct lease_reply *reply = step->event->reply;
    enum lease_verb verb = elector->request_verb;
    if (verb == 0 || reply->id != elector->request_id) {
        return;
    }
    elector->request_verb = 0;
    if (reply->outcome == LEASE_UNKNOWN || reply->outcome == LEASE_FAILED) {
        take_silence(step, verb);
    } else {
        elector->failures = 0;
        sight_take_contact(step);
        take_answer(step, verb);
    }
    if (elector->hinted) {
        elector->hinted = false;
        look_by(elector, elector->hinted_look);
    }
}

/* A release is for the taking; other news only refresh the view. Where many wait, they spread. */
static void take_hint(struct step *step)
{
    struct elector *elector = step->elector;
    const struct elector_sight *sight = &elector->sight;
    int64_t spread_ms = 0;
    if (sight->waiters > 10) {
        spread_ms = step->event->released ? 200 : elector->options.renew_interval_ms / 2;
    }
    struct moment look = moment_plus(step->now, prng_below(&elector->prng, spread_ms + 1));
    if (elector->request_verb != 0) {
        elector->hinted = true;
        elector->hinted_look = look;
    } else {
        look_by(elector, look);
    }
}

static void take_store_up(struct step *step)
{
    step->elector->failures = 0;
    step->elector->next_look = step->now;
    step->elector->reign.next_try = step->now;
}

static enum elector_verdict take_step_down(struct step *step)
{
    struct elector *elector = step->elector;
    if (!elector->reign.held || !elector->reign.confirmed) {
        return ELECTOR_NOT_LEADER;
    }
    elector->hold_off_ms = step->event->hold_off_ms;
    if (!elector->reign.ending) {
        reign_begin_ending(step, ELECTOR_STEPPED_DOWN, step->event->drain_ms);
    }
    return ELECTOR_ACCEPTED;
}

static void take_pause(struct step *step)
{
    struct elector *elector = step->elector;
    elector->paused = true;
    elector->paused_until = step->event->pause_ms > 0
                                ? moment_plus(step->now, step->event->pause_ms)
                                : (struct moment){0};
    (void)step_note(step, ELECTOR_NOTE_PAUSED);
    if (elector->reign.held) {
        reign_begin_ending(step, ELECTOR_PAUSE, step->event->drain_ms);
    }
}

static void take_health(struct step *step)
{
    struct elector *elector = step->elector;
    if (elector->unhealthy && step->event->healthy) {
        elector->next_look = step->now;
    }
    elector->unhealthy = !step->event->healthy;
    if (elector->unhealthy && elector->reign.held && !elector->reign.ending) {
        reign_begin_ending(step, ELECTOR_UNHEALTHY, step->event->drain_ms);
    }
}

/* Somebody's word does not stand for the workloads that are known: they give their own. */
static enum elector_verdict take_drained(struct step *step)
{
    struct elector_reign *reign = &step->elector->reign;
    if (!reign->held || !reign->ending || reign->drained) {
        return ELECTOR_NOT_DRAINING;
    }
    if (reign_at_work(step->elector, step->now)) {
        return ELECTOR_ACCEPTED;
    }
    reign_end_drain(step);
    return ELECTOR_DONE;
}

static enum elector_verdict take_command(struct step *step, enum lease_verb verb)
{
    struct elector *elector = step->elector;
    bool under_way = elector->request_verb == LEASE_BOOTSTRAP ||
                     elector->request_verb == LEASE_VACATE || elector->command != 0;
    if (under_way || elector->stopping) {
        return ELECTOR_BUSY;
    }
    if (verb == LEASE_BOOTSTRAP && elector->reign.held) {
        return ELECTOR_IS_HELD;
    }
    elector->command = verb;
    return ELECTOR_ACCEPTED;
}

static void take_options(struct step *step)
{
    struct elector *elector = step->elector;
    elector->options = *step->event->options;
    elector->next_look = step->now;
    elector->reign.next_try = step->now;
    if (elector->options.observer && elector->reign.held) {
        reign_begin_ending(step, ELECTOR_RELEASED, step->event->drain_ms);
    }
}

static void take_stop(struct step *step)
{
    struct elector *elector = step->elector;
    elector->stopping = true;
    if (elector->command != 0) {
        end_command(step, elector->command, ELECTOR_NO_ANSWER);
        elector->command = 0;
    }
    if (elector->reign.held) {
        reign_begin_ending(step, step->event->reason, step->event->drain_ms);
    }
}

static void take_identity(struct step *step)
{
    struct elector *elector = step->elector;
    if (elector->identity_spent) {
        (void)snprintf(elector->instance, sizeof elector->instance, "%s", step->event->instance);
        elector->identity_spent = false;
        elector->next_look = step->now;
    }
}

static enum elector_verdict take_event(struct step *step)
{
    switch (step->event->kind) {
    case ELECTOR_TICK:
        break;
    case ELECTOR_REPLY:
        take_reply(step);
        break;
    case ELECTOR_HINT:
        take_hint(step);
        break;
    case ELECTOR_STORE_UP:
        take_store_up(step);
        break;
    case ELECTOR_CLOCK_SUSPECT:
        reign_take_jump(step, step->event->jump_ms);
        step->elector->next_look = step->now;
        break;
    case ELECTOR_STEP_DOWN:
        return take_step_down(step);
    case ELECTOR_SET_PAUSE:
        take_pause(step);
        break;
    case ELECTOR_RESUME:
        if (step->elector->paused) {
            end_pause(step);
        }
        break;
    case ELECTOR_DRAINED:
        return take_drained(step);
    case ELECTOR_WORKLOAD:
        reign_take_workload(step);
        break;
    case ELECTOR_HEALTH:
        take_health(step);
        break;
    case ELECTOR_BOOTSTRAP:
        return take_command(step, LEASE_BOOTSTRAP);
    case ELECTOR_VACATE:
        return take_command(step, LEASE_VACATE);
    case ELECTOR_RECONFIGURE:
        take_options(step);
        break;
    case ELECTOR_IDENTITY:
        take_identity(step);
        break;
    case ELECTOR_STOP:
        take_stop(step);
        break;
    }
    return ELECTOR_DONE;
}

#define BIT(state) (1u << (state))

/* The moves between two steps that may happen. What is missing matters: nobody comes to lead but
 * from a state in which it campaigned, and a reign that drains never leads again. */
static const unsigned moves[] = {
    [ELECTOR_STARTING] = ~0u,
    [ELECTOR_CANDIDATE] = ~(BIT(ELECTOR_STARTING) | BIT(ELECTOR_DRAINING)),
    [ELECTOR_FOLLOWER] = ~(BIT(ELECTOR_STARTING) | BIT(ELECTOR_DRAINING)),
    [ELECTOR_LEADER] = ~BIT(ELECTOR_STARTING),
    [ELECTOR_DRAINING] = ~(BIT(ELECTOR_STARTING) | BIT(ELECTOR_LEADER)),
    [ELECTOR_HELD_OFF] = ~(BIT(ELECTOR_STARTING) | BIT(ELECTOR_LEADER) | BIT(ELECTOR_DRAINING)),
    [ELECTOR_PAUSED] = ~(BIT(ELECTOR_LEADER) | BIT(ELECTOR_DRAINING)),
    [ELECTOR_OBSERVER] = ~(BIT(ELECTOR_STARTING) | BIT(ELECTOR_LEADER) | BIT(ELECTOR_DRAINING)),
    [ELECTOR_UNREACHABLE] = ~(BIT(ELECTOR_STARTING) | BIT(ELECTOR_DRAINING)),
    [ELECTOR_STOPPED] = BIT(ELECTOR_STOPPED),
};

/* Works out the new state and whether users see a difference. */
static void settle(struct step *step)
{
    struct elector *elector = step->elector;
    enum elector_state state = state_at(elector, step->now);
    assert((moves[elector->state] & BIT(state)) != 0);
    elector->state = state;

    struct elector_view view;
    elector_look(elector, step->now, &view);
    struct elector_shown shown = {.leads = view.leads,
                                  .valid = view.lease_valid,
                                  .leader_known = view.leader_known,
                                  .held_off = elector->held_off,
                                  .paused = elector->paused,
                                  .ending = elector->reign.ending,
                                  .term = view.term,
                                  .drain_until_ms = view.drain_until_boottime_ms,
                                  .state = state};
    const struct elector_shown *before = &elector->shown;
    step->orders->changed = shown.leads != before->leads || shown.valid != before->valid ||
                            shown.leader_known != before->leader_known ||
                            shown.held_off != before->held_off || shown.paused != before->paused ||
                            shown.ending != before->ending || shown.term != before->term ||
                            shown.drain_until_ms != before->drain_until_ms ||
                            shown.state != before->state;
    elector->shown = shown;
}

void elector_step(struct elector *elector, struct moment now, const struct elector_event *event,
                  struct elector_orders *orders)
{
    *orders = (struct elector_orders){0};
    struct step step = {.elector = elector, .now = now, .event = event, .orders = orders};
    pass_time(&step);
    orders->verdict = take_event(&step);
    plan_request(&step);
    settle(&step);
    orders->wake_in_ms = plan_wake_ms(&step);
    assert(elector_invariant(elector));
}

bool elector_leads(const struct elector *elector, struct moment now)
{
    return reign_leads(elector, now);
}
