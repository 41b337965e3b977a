/* The own lease, from grant to end. */
#include "lib/elector/internal.h"

#include <string.h>

/* Longest pause between two tries for a lease that is held. */
enum { HOLDER_RETRY_MAX_MS = 250 };

static struct moment deadline_of_request(const struct elector *elector)
{
    int64_t lease_ms = elector->request_lease_ms;
    return moment_plus(elector->request_sent, lease_ms - lease_margin_ms(lease_ms));
}

bool reign_leads(const struct elector *elector, struct moment now)
{
    const struct elector_reign *reign = &elector->reign;
    return reign->held && reign->confirmed && !reign->ending &&
           moment_left(reign->deadline, now) > reign->stop_margin_ms;
}

enum lease_verb reign_verb(const struct elector *elector)
{
    const struct elector_reign *reign = &elector->reign;
    if (reign->drained) {
        return LEASE_RELEASE;
    }
    return reign->confirmed || reign->doubtful ? LEASE_RENEW : LEASE_OBSERVE;
}

static void note_reason(struct step *step, enum elector_note_kind kind, enum elector_reason reason)
{
    step_note(step, kind)->reason = reason;
}

void reign_end(struct step *step, enum elector_reason reason)
{
    struct elector *elector = step->elector;
    struct elector_reign *reign = &elector->reign;
    if (reign->confirmed && !reign->ending) {
        note_reason(step, ELECTOR_NOTE_LOST, reason);
    }
    if (reign->announced) {
        note_reason(step, ELECTOR_NOTE_DRAIN_ENDED, reign->reason);
    }
    if (elector->hold_off_ms > 0) {
        elector->held_off = true;
        elector->held_off_until = moment_plus(step->now, elector->hold_off_ms);
        elector->held_off_term = reign->term;
        elector->hold_off_ms = 0;
        (void)step_note(step, ELECTOR_NOTE_HELD_OFF);
    }
    *reign = (struct elector_reign){0};
    step->orders->save = true;
    sight_forget(step);
}

/* They were told an instant of one clock: it is past when it is past by both. */
static int64_t left_by_both(struct moment until, struct moment now)
{
    return until.boot_ms == 0 ? 0 : -moment_elapsed_least(until, now);
}

int64_t reign_at_work_ms(const struct elector *elector, struct moment now)
{
    int64_t known_ms = left_by_both(elector->working_until, now);
    int64_t inherited_ms = left_by_both(elector->inherited_until, now);
    return known_ms > inherited_ms ? known_ms : inherited_ms;
}

bool reign_at_work(const struct elector *elector, struct moment now)
{
    return reign_at_work_ms(elector, now) > 0;
}

void reign_end_drain(struct step *step)
{
    struct elector_reign *reign = &step->elector->reign;
    reign->drained = true;
    reign->next_try = step->now;
}

void reign_take_workload(struct step *step)
{
    struct elector *elector = step->elector;
    bool before = reign_at_work(elector, step->now);
    bool known = elector->working_until.boot_ms != 0;
    elector->working_until = step->event->until;
    elector->work_ended = elector->working_until.boot_ms == 0 && (known || elector->work_ended);
    bool after = reign_at_work(elector, step->now);
    step->orders->save |= before != after;
    if (before && !after && elector->reign.ending && !elector->reign.drained) {
        reign_end_drain(step);
    }
}

void reign_begin_ending(struct step *step, enum elector_reason reason, int64_t drain_ms)
{
    struct elector_reign *reign = &step->elector->reign;
    if (reign->confirmed && drain_ms < reign->stop_margin_ms &&
        reign_at_work(step->elector, step->now)) {
        drain_ms = reign->stop_margin_ms; /* the time that work was promised to stop in */
    } else if (step->elector->work_ended && !reign_at_work(step->elector, step->now)) {
        drain_ms = 0; /* nothing is left to wait for */
    }
    struct moment drain_until = moment_plus(step->now, drain_ms);
    if (!reign->ending || moment_left(drain_until, reign->drain_until) < 0) {
        reign->drain_until = drain_until;
    }
    if (!reign->ending) {
        reign->ending = true;
        reign->reason = reason;
        step->orders->save = true;
        if (reign->confirmed) {
            note_reason(step, ELECTOR_NOTE_LOST, reason);
        }
        if (reign->confirmed && drain_ms > 0) {
            reign->announced = true;
            note_reason(step, ELECTOR_NOTE_DRAIN_STARTED, reason);
        }
    }
    if ((drain_ms == 0 && !reign_at_work(step->elector, step->now)) || !reign->confirmed) {
        reign_end_drain(step);
    }
}

void reign_pass_time(struct step *step)
{
    struct elector_reign *reign = &step->elector->reign;
    if (!reign->held) {
        return;
    }
    int64_t left_ms = moment_left(reign->deadline, step->now);
    if (left_ms <= 0) {
        reign_end(step, ELECTOR_EXPIRED);
        return;
    }
    if (reign->confirmed && !reign->ending && left_ms <= reign->stop_margin_ms) {
        reign_begin_ending(step, ELECTOR_RENEW_OVERDUE, left_ms);
    }
    bool over = step->elector->work_ended || moment_left(reign->drain_until, step->now) <= 0;
    if (reign->ending && !reign->drained && over && !reign_at_work(step->elector, step->now)) {
        reign_end_drain(step);
    }
}

void reign_begin(struct step *step)
{
    struct elector *elector = step->elector;
    const struct lease_reply *reply = step->event->reply;
    struct moment deadline = deadline_of_request(elector);
    elector->work_ended = false;
    sight_forget(step);
    if (moment_left(deadline, step->now) <= 0) {
        return; /* the answer came too late: the record is ours, and we look again at once */
    }
    elector->reign = (struct elector_reign){.held = true,
                                            .doubtful = !reply->replicated,
                                            .term = reply->record.term,
                                            .n = 1,
                                            .n_acked = 1,
                                            .lease_ms = elector->request_lease_ms,
                                            .stop_margin_ms = elector->options.stop_margin_ms,
                                            .deadline = deadline,
                                            .next_try = step->now,
                                            .renewed = elector->request_sent};
    if (!willing(elector)) {
        reign_begin_ending(step, ELECTOR_RELEASED, 0);
    }
}

static void confirm(struct step *step)
{
    struct elector *elector = step->elector;
    elector->reign.confirmed = true;
    elector->reign.doubtful = false;
    (void)leader_remember(elector, elector->options.participant, elector->instance,
                          elector->reign.term);
    (void)step_note(step, ELECTOR_NOTE_GAINED);
    step->orders->save = true;
}

static void schedule_renewal(struct step *step)
{
    struct elector_reign *reign = &step->elector->reign;
    reign->next_try = reign->drained
                          ? step->now
                          : moment_plus(reign->renewed, step->elector->options.renew_interval_ms);
}

/* The read-back of a fresh grant. */
static void take_verification(struct step *step)
{
    struct elector *elector = step->elector;
    struct elector_reign *reign = &elector->reign;
    const struct lease_record *record = &step->event->reply->record;
    bool ours = record->state == LEASE_HELD && record->term == reign->term &&
                names_us(elector, record->instance);
    if (!ours) {
        (void)step_note(step, ELECTOR_NOTE_VERIFICATION_FAILED);
        reign_end(step, ELECTOR_RENEW_REFUSED);
        sight_take_reply(step, LEASE_OBSERVE);
    } else if (reign->ending) {
        reign->next_try = step->now; /* told to stop meanwhile: it never led, and gives it back */
    } else if (moment_left(reign->deadline, step->now) > reign->stop_margin_ms) {
        confirm(step);
        schedule_renewal(step);
    } else {
        reign->doubtful = true; /* too little is left to begin with: renew first */
        reign->next_try = step->now;
    }
}

static void take_renewal(struct step *step)
{
    struct elector *elector = step->elector;
    struct elector_reign *reign = &elector->reign;
    const struct lease_reply *reply = step->event->reply;
    int64_t left_ms = moment_left(reign->deadline, step->now);
    if (reply->outcome == LEASE_REASSERTED && !reign->confirmed && !reign->resumed) {
        /* It was never ours to put back: it was granted by a primary that nobody followed, and
         * another may lead by the one that we reached now. */
        reign_end(step, ELECTOR_RENEW_REFUSED);
        sight_take_reply(step, LEASE_RENEW);
        return;
    }
    reign->n_acked = elector->request_n;
    step->orders->save = true;
    if (reply->outcome == LEASE_REASSERTED) {
        note_store_reset(step);
    }
    if (!reply->replicated) {
        reign_take_silence(step);
        return;
    }
    reign->deadline = deadline_of_request(elector);
    reign->renewed = elector->request_sent;
    reign->lease_ms = elector->request_lease_ms;
    if (!reign->ending) {
        reign->stop_margin_ms = elector->options.stop_margin_ms;
    }
    if (moment_left(reign->deadline, step->now) <= 0) {
        reign_end(step, ELECTOR_EXPIRED);
        return;
    }
    step_note(step, ELECTOR_NOTE_RENEWED)->left_ms = left_ms;
    schedule_renewal(step);
    bool useful = moment_left(reign->deadline, step->now) > reign->stop_margin_ms;
    if (!reign->confirmed && !reign->ending && useful) {
        confirm(step);
    } else if (!reign->confirmed) {
        reign->next_try = step->now;
    }
    reign_pass_time(step); /* a slow answer may leave less than the stop margin */
}

static void take_loss(struct step *step, enum lease_verb verb)
{
    struct elector *elector = step->elector;
    const struct lease_reply *reply = step->event->reply;
    bool cloned = reply->outcome == LEASE_CONFLICT;
    reign_end(step, ELECTOR_RENEW_REFUSED);
    elector->identity_spent = cloned;
    sight_take_reply(step, verb);
}

void reign_take_reply(struct step *step, enum lease_verb verb)
{
    enum lease_outcome outcome = step->event->reply->outcome;
    if (verb == LEASE_OBSERVE) {
        take_verification(step);
    } else if (outcome == LEASE_RENEWED || outcome == LEASE_REASSERTED) {
        take_renewal(step);
    } else {
        take_loss(step, verb); /* also a release that was carried out: the lease is gone */
    }
}

void reign_take_silence(struct step *step)
{
    struct elector *elector = step->elector;
    int64_t most = elector->options.renew_interval_ms / 4;
    most = most < HOLDER_RETRY_MAX_MS ? most : HOLDER_RETRY_MAX_MS;
    elector->reign.next_try =
        moment_plus(step->now, most / 2 + prng_below(&elector->prng, most / 2 + 1));
}

/* If the host stood still unseen for so long, that much of every lease is already over: of the one
 * that is held, and of the one that the request under way may bring. */
void reign_take_jump(struct step *step, int64_t jump_ms)
{
    struct elector *elector = step->elector;
    struct elector_reign *reign = &elector->reign;
    int64_t lost_ms = jump_ms > 0 ? jump_ms : 0;
    step_note(step, ELECTOR_NOTE_CLOCK_JUMP)->jump_ms = jump_ms;
    elector->request_sent = moment_plus(elector->request_sent, -lost_ms);
    if (reign->held) {
        reign->deadline = moment_plus(reign->deadline, -lost_ms);
        reign->next_try = step->now;
        reign_pass_time(step);
    }
}
