/* What is known of the record, who leads, and when to look again. */
#include "lib/elector/internal.h"

#include <stdio.h>
#include <string.h>

/* Clocks that differ by less than this are not said to have jumped. */
enum { JUMP_MIN_MS = 200, JUMP_RATE_DIVISOR = 50 /* 2 % */, MANY_WAITERS = 10, SPREAD_MS = 200 };

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void copy(char *target, size_t size, const char *source)
{
    (void)snprintf(target, size, "%s", source);
}

void sight_forget(struct step *step)
{
    step->elector->sight = (struct elector_sight){0};
    step->elector->next_look = step->now;
}

bool leader_remember(struct elector *elector, const char *participant, const char *instance,
                     int64_t term)
{
    struct elector_leader *leader = &elector->leader;
    if (leader->term == term && strcmp(leader->instance, instance) == 0) {
        return false;
    }
    elector->previous_leader = *leader;
    leader->term = term;
    copy(leader->participant, sizeof leader->participant, participant);
    copy(leader->instance, sizeof leader->instance, instance);
    return true;
}

void note_store_reset(struct step *step)
{
    for (unsigned i = 0; i < step->orders->note_count; i++) {
        if (step->orders->notes[i].kind == ELECTOR_NOTE_STORE_RESET) {
            return;
        }
    }
    (void)step_note(step, ELECTOR_NOTE_STORE_RESET);
}

/* The reign is the version's first part. */
static void copy_reign(char out[LEASE_REIGN_SIZE], const char *version)
{
    int length = (int)strcspn(version, ":");
    (void)snprintf(out, LEASE_REIGN_SIZE, "%.*s", length, version);
}

/* Compares how far the server's clock and ours went since the last answer. Ours falling behind is
 * what a stop of the whole host looks like that its clocks did not count. */
static void watch_server_clock(struct step *step, const struct lease_reply *reply)
{
    struct elector *elector = step->elector;
    int64_t server_ms = (reply->server_us - elector->server_us) / 1000;
    int64_t local_ms = moment_elapsed_most(elector->server_seen, step->now);
    int64_t asked_ms = moment_elapsed_most(elector->request_sent, step->now) +
                       moment_elapsed_most(elector->server_asked, elector->server_seen);
    int64_t bound_ms = JUMP_MIN_MS + asked_ms + local_ms / JUMP_RATE_DIVISOR;
    int64_t jump_ms = server_ms - local_ms;
    if (elector->server_us != 0 && (jump_ms > bound_ms || jump_ms < -bound_ms)) {
        reign_take_jump(step, jump_ms);
    }
}

void sight_take_contact(struct step *step)
{
    struct elector *elector = step->elector;
    const struct lease_reply *reply = step->event->reply;
    char reign[LEASE_REIGN_SIZE];
    copy_reign(reign, reply->version);
    bool same_reign = strcmp(reign, elector->server_reign) == 0;
    if (same_reign && !elector->options.shared_clock) {
        watch_server_clock(step, reply);
    } else if (!same_reign && elector->server_reign[0] != '\0') {
        note_store_reset(step);
    }
    copy(elector->server_reign, sizeof elector->server_reign, reign);
    elector->server_us = reply->server_us;
    elector->server_asked = elector->request_sent;
    elector->server_seen = step->now;
    elector->contacted = true;
    elector->last_contact = step->now;
    if (reply->record.state != LEASE_ABSENT) {
        elector->highest_term = larger(elector->highest_term, reply->record.term);
    }
}

/* Our name renewing under another instance id: two daemons are configured alike. */
static void watch_for_double(struct step *step, const struct lease_record *record)
{
    struct elector *elector = step->elector;
    const struct elector_sight *sight = &elector->sight;
    bool renews = sight->any && sight->state == LEASE_HELD && record->state == LEASE_HELD &&
                  sight->term == record->term && sight->n < record->n;
    if (renews && !names_us(elector, record->instance) &&
        strcmp(record->participant, elector->options.participant) == 0 &&
        strcmp(record->instance, elector->duplicate) != 0) {
        copy(elector->duplicate, sizeof elector->duplicate, record->instance);
        (void)step_note(step, ELECTOR_NOTE_DUPLICATE);
    }
}

static void watch_leader(struct step *step, const struct lease_record *record)
{
    struct elector *elector = step->elector;
    if (record->state != LEASE_HELD || names_us(elector, record->instance)) {
        return;
    }
    if (elector->held_off && record->term > elector->held_off_term) {
        elector->held_off = false;
    }
    if (leader_remember(elector, record->participant, record->instance, record->term)) {
        (void)step_note(step, ELECTOR_NOTE_LEADER_CHANGED);
    }
}

static void keep(struct step *step, enum lease_verb verb)
{
    struct elector *elector = step->elector;
    struct elector_sight *sight = &elector->sight;
    const struct lease_reply *reply = step->event->reply;
    const struct lease_record *record = &reply->record;
    if (!sight->any || strcmp(sight->version, reply->version) != 0) {
        copy(sight->version, sizeof sight->version, reply->version);
        sight->first_seen = step->now;
        sight->refused_mine = false;
    }
    sight->any = true;
    sight->state = record->state;
    sight->term = record->term;
    sight->n = record->n;
    sight->lease_ms = record->lease_ms;
    sight->fresh = reply->fresh;
    sight->last_seen = step->now;
    sight->left_ms = reply->left_ms;
    sight->age_ms = reply->age_ms;
    sight->interval_ms = step->event->holder_interval_ms;
    sight->waiters = step->event->waiters;
    copy(sight->instance, sizeof sight->instance, record->instance);
    copy(sight->participant, sizeof sight->participant, record->participant);
    if (verb == LEASE_ACQUIRE && record->state == LEASE_HELD &&
        names_us(elector, record->instance) && elector->request_term >= record->term) {
        sight->refused_mine = true;
    }
}

static bool free_for_us(const struct elector *elector)
{
    const struct elector_sight *sight = &elector->sight;
    bool given_up = sight->state == LEASE_RELEASED && sight->fresh;
    bool ours = sight->state == LEASE_HELD && sight->fresh && !sight->refused_mine &&
                names_us(elector, sight->instance);
    return willing(elector) && (given_up || ours);
}

/* How long until the next look is worth while, if nothing is to be taken before. */
static int64_t look_delay_ms(struct elector *elector)
{
    const struct elector_sight *sight = &elector->sight;
    int64_t retry_ms = elector->options.retry_interval_ms;
    int64_t interval_ms = sight->interval_ms;
    bool in_phase = sight->state == LEASE_HELD && interval_ms > 0 && sight->age_ms >= 0;
    int64_t due_ms = interval_ms - sight->age_ms;
    if (in_phase && due_ms > 0) {
        /* just after the next renewal is due */
        return due_ms + larger(interval_ms / 50, 5) +
               prng_below(&elector->prng, interval_ms / 20 + 1);
    }
    if (in_phase) {
        /* overdue: less and less often, the longer it is silent */
        return smaller(retry_ms, larger(-due_ms / 2, interval_ms / 20 + 1));
    }
    return retry_ms / 2 + prng_below(&elector->prng, retry_ms / 2 + 1);
}

static void schedule_look(struct step *step)
{
    struct elector *elector = step->elector;
    const struct elector_sight *sight = &elector->sight;
    if (free_for_us(elector)) {
        elector->next_look = step->now;
        return;
    }
    int64_t delay_ms = look_delay_ms(elector);
    int64_t wait_ms = sight_wait_left_ms(elector, step->now);
    if (wait_ms > 0) {
        bool crowded = sight->waiters > MANY_WAITERS;
        wait_ms += crowded ? prng_below(&elector->prng, SPREAD_MS + 1) : 0;
        delay_ms = smaller(delay_ms, wait_ms);
    } else if (sight->left_ms > 0) {
        /* only the server's clock holds us up, and not for ever */
        delay_ms = smaller(delay_ms, sight->left_ms + 1);
        delay_ms = smaller(delay_ms, elector->options.retry_interval_ms);
    }
    elector->next_look = moment_plus(step->now, delay_ms);
}

void sight_take_reply(struct step *step, enum lease_verb verb)
{
    const struct lease_reply *reply = step->event->reply;
    if (reply->outcome == LEASE_GUARDED && verb == LEASE_ACQUIRE && step->elector->sight.any) {
        note_store_reset(step);
    }
    watch_for_double(step, &reply->record);
    watch_leader(step, &reply->record);
    keep(step, verb);
    schedule_look(step);
}

static int64_t seen_for_ms(const struct elector *elector, struct moment now)
{
    return moment_elapsed_least(elector->sight.first_seen, now);
}

int64_t sight_wait_left_ms(const struct elector *elector, struct moment now)
{
    const struct elector_sight *sight = &elector->sight;
    int64_t left_ms = sight->lease_ms + 1 - seen_for_ms(elector, now);
    if (elector->options.shared_clock) {
        left_ms = sight->left_ms + 1 - moment_elapsed_least(sight->last_seen, now);
    }
    return larger(left_ms, 0);
}

bool sight_waited(const struct elector *elector, struct moment now)
{
    return elector->sight.any && sight_wait_left_ms(elector, now) == 0;
}

bool sight_waited_twice(const struct elector *elector, struct moment now)
{
    return elector->sight.any && !elector->options.shared_clock &&
           seen_for_ms(elector, now) > 2 * elector->sight.lease_ms;
}

bool sight_leader_known(const struct elector *elector, struct moment now)
{
    const struct elector_sight *sight = &elector->sight;
    return sight->any && sight->state == LEASE_HELD && !names_us(elector, sight->instance) &&
           sight_wait_left_ms(elector, now) > 0;
}

bool sight_holder_silent(const struct elector *elector, struct moment now)
{
    const struct elector_sight *sight = &elector->sight;
    int64_t age_ms = sight->age_ms + moment_elapsed_least(sight->last_seen, now);
    int64_t interval_ms = sight->interval_ms > 0 ? sight->interval_ms : sight->lease_ms / 3;
    return age_ms > interval_ms + interval_ms / 2;
}
