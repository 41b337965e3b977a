/*
 * What the files of lib/elector share. Nobody else includes this.
 *
 * A step is passed down by pointer, so that every rule sees the elector, the time, the event and
 * the orders, and nothing else.
 */
#ifndef LEADERD_ELECTOR_INTERNAL_H
#define LEADERD_ELECTOR_INTERNAL_H

#include "lib/elector/elector.h"

struct step {
    struct elector *elector;
    struct moment now;
    const struct elector_event *event;
    struct elector_orders *orders;
};

/* Adds a note and returns it, to be filled in. */
struct elector_note *step_note(struct step *step, enum elector_note_kind kind);

/* reign.c: the own lease, from grant to end. */

/* Time alone: the end of the lease, of its useful part, of the drain. */
void reign_pass_time(struct step *step);
/* The acquire in flight was granted. */
void reign_begin(struct step *step);
/* `leads` turns false for good; the lease is kept until the drain is over. */
void reign_begin_ending(struct step *step, enum elector_reason reason, int64_t drain_ms);
/* The drain is over: release. */
void reign_end_drain(struct step *step);
/* The lease is gone, for whatever reason. */
void reign_end(struct step *step, enum elector_reason reason);
/* A reply to renew, release, or the read-back of a fresh grant. */
void reign_take_reply(struct step *step, enum lease_verb verb);
/* The store did not answer, or refused. */
void reign_take_silence(struct step *step);
/* The host may have stood still for `jump_ms` without our clocks seeing it. */
void reign_take_jump(struct step *step, int64_t jump_ms);
/* A workload may still act on the lease. */
bool reign_at_work(const struct elector *elector, struct moment now);
/* Until when it may, at most; 0 or less: no longer. */
int64_t reign_at_work_ms(const struct elector *elector, struct moment now);
/* Workloads were told of a deadline, or have ended. */
void reign_take_workload(struct step *step);
/* What to ask the store next. */
enum lease_verb reign_verb(const struct elector *elector);
bool reign_leads(const struct elector *elector, struct moment now);

/* sight.c: what is known of the record, and when to look again. */

/* Takes in a reply that is not about the own reign. */
void sight_take_reply(struct step *step, enum lease_verb verb);
/* Things every answer tells: highest term, the server's clock and reign. */
void sight_take_contact(struct step *step);
/* Forgets what was seen: the wait starts anew. */
void sight_forget(struct step *step);
/* How long this version was seen unchanged, and whether that is long enough to take the lease. */
bool sight_waited(const struct elector *elector, struct moment now);
bool sight_waited_twice(const struct elector *elector, struct moment now);
/* Until the lease may be taken: 0 when it may. */
int64_t sight_wait_left_ms(const struct elector *elector, struct moment now);
/* Another participant holds the lease, as far as we know. */
bool sight_leader_known(const struct elector *elector, struct moment now);
/* The holder should have renewed by now and has not been seen to. */
bool sight_holder_silent(const struct elector *elector, struct moment now);
/* The store lost data or changed its primary; said once per step. */
void note_store_reset(struct step *step);
/* Keeps track of who leads, for people; true when it is another than before. */
bool leader_remember(struct elector *elector, const char *participant, const char *instance,
                     int64_t term);

/* plan.c */

/* Sends what is due, if no request is under way. */
void plan_request(struct step *step);
/* Until the next moment at which time alone changes something. */
int64_t plan_wake_ms(const struct step *step);

/* view.c */
enum elector_state state_at(const struct elector *elector, struct moment now);
bool store_unreachable(const struct elector *elector, struct moment now);

/* Campaigns: not an observer, not paused, held off, sick or stopping. */
static inline bool willing(const struct elector *elector)
{
    return !elector->options.observer && !elector->paused && !elector->held_off &&
           !elector->unhealthy && !elector->stopping;
}

static inline bool names_us(const struct elector *elector, const char *instance)
{
    return __builtin_strcmp(instance, elector->instance) == 0;
}

#endif
