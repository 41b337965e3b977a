/*
 * One participant in one election: the brain.
 *
 * Events and the time go in, orders come out. Pure: no I/O, no clock, no allocation; its only
 * randomness is a seeded generator. The daemon (daemon/election.c) carries the orders out on real
 * clocks and stores, the simulator (tests/sim) on virtual ones.
 *
 * The promise that everything here serves: the holder believes in its lease for less time than
 * everybody else waits.
 * - A lease counts from the moment its request was *sent*, never from the reply, and ends a margin
 *   before its duration is over.
 * - A waiter counts from the moment it *received* a version it had not seen, for the duration that
 *   stands in the record.
 * - `leads` turns false a stop margin before the deadline and, once false for a term, stays false
 *   for that term.
 * - A timeout is not a refusal: an unanswered request may be carried out at any later time.
 * - A lease is not released while a workload that makes itself known (WORKLOAD) may be at work:
 *   before it has said that it ended, or the deadline that it was last told is over.
 *
 * At most one request is under way; each step looks at the time first, since time alone can end a
 * reign. elector_invariant() is asserted after every step.
 */
#ifndef LEADERD_ELECTOR_ELECTOR_H
#define LEADERD_ELECTOR_ELECTOR_H

#include "lib/base/moment.h"
#include "lib/base/prng.h"
#include "lib/lease/lease.h"

#include <stdbool.h>
#include <stdint.h>

enum { ELECTOR_NOTES_MAX = 12 };

/* What users configure. Durations must hold the relations that config/ checks. */
struct elector_options {
    char participant[LEASE_PARTICIPANT_SIZE];
    bool observer; /* never campaigns */
    bool gated;    /* begins as unhealthy: does not campaign before a HEALTH that says otherwise */
    int64_t lease_ms;
    int64_t renew_interval_ms;
    int64_t retry_interval_ms; /* longest time between two looks that are not in phase */
    int64_t operation_timeout_ms;
    int64_t stop_margin_ms;
    bool shared_clock; /* the store's clock is this host's CLOCK_BOOTTIME: no own wait is needed */
};

/* What must survive a crash of the process, so that it can take its own lease back. */
struct elector_memo {
    char instance[LEASE_INSTANCE_SIZE]; /* "" when there is none to resume */
    int64_t term;                       /* 0 while it never led */
    int64_t n, n_acked;
    struct moment deadline;
    int64_t highest_term;
    bool released; /* nothing to resume: given up, or about to be */
    bool at_work;  /* a workload was told of the lease, and may act on it until the deadline */
};

enum elector_state {
    ELECTOR_STARTING = 1, /* no contact with the store yet */
    ELECTOR_CANDIDATE,    /* no leader known, trying */
    ELECTOR_FOLLOWER,     /* another leads */
    ELECTOR_LEADER,
    ELECTOR_DRAINING, /* no longer leader, lease still held: the workload is stopping */
    ELECTOR_HELD_OFF, /* stepped down, lets others go first */
    ELECTOR_PAUSED,
    ELECTOR_OBSERVER,
    ELECTOR_UNREACHABLE, /* the store has been silent for longer than a lease */
    ELECTOR_STOPPED,
};

/* Why a reign ended, or is ending. */
enum elector_reason {
    ELECTOR_RELEASED = 1, /* the election was taken out of the configuration */
    ELECTOR_EXPIRED,
    ELECTOR_RENEW_OVERDUE,
    ELECTOR_RENEW_REFUSED,
    ELECTOR_STEPPED_DOWN,
    ELECTOR_PAUSE,
    ELECTOR_UNHEALTHY,
    ELECTOR_SHUTDOWN,
};

enum elector_event_kind {
    ELECTOR_TICK = 1,      /* time has passed */
    ELECTOR_REPLY,         /* .reply */
    ELECTOR_HINT,          /* a message was published; .released says which kind */
    ELECTOR_STORE_UP,      /* the store can be asked again */
    ELECTOR_CLOCK_SUSPECT, /* wall time jumped by .jump_ms: the host may have been stopped unseen */
    ELECTOR_STEP_DOWN,     /* .hold_off_ms, .drain_ms */
    ELECTOR_SET_PAUSE,     /* .pause_ms (0: until resumed), .drain_ms */
    ELECTOR_RESUME,
    ELECTOR_DRAINED,   /* the workload has stopped: end the drain now */
    ELECTOR_WORKLOAD,  /* .until: those that make themselves known may work so long; 0: all ended */
    ELECTOR_HEALTH,    /* .healthy, .drain_ms */
    ELECTOR_BOOTSTRAP, /* operator: nobody leads, do not wait */
    ELECTOR_VACATE,    /* operator: take the lease from whoever holds it */
    ELECTOR_RECONFIGURE, /* .options; the participant stays the same */
    ELECTOR_IDENTITY,    /* .instance: answers orders.need_identity */
    ELECTOR_STOP,        /* .reason (SHUTDOWN or RELEASED), .drain_ms */
};

struct elector_event {
    enum elector_event_kind kind;
    const struct lease_reply *reply;
    int64_t holder_interval_ms; /* REPLY: renew interval that the holder wrote, 0 unknown */
    int64_t waiters;            /* REPLY: about how many wait for this lease, 0 unknown */
    bool released;
    bool healthy;
    int64_t hold_off_ms;
    int64_t drain_ms;
    int64_t pause_ms;
    int64_t jump_ms;
    struct moment until;
    enum elector_reason reason;
    const struct elector_options *options;
    const char *instance;
};

/* What an operator's event came to. */
enum elector_verdict {
    ELECTOR_DONE = 1,
    ELECTOR_ACCEPTED,   /* step-down: the drain has begun; bootstrap, vacate: see the note */
    ELECTOR_NOT_LEADER, /* step-down */
    ELECTOR_NOT_DRAINING,
    ELECTOR_IS_HELD,   /* bootstrap: somebody leads */
    ELECTOR_BUSY,      /* bootstrap, vacate: another one is under way */
    ELECTOR_NO_ANSWER, /* bootstrap, vacate: the store did not say */
};

/* What happened, for the log, the event ring and the counters. */
enum elector_note_kind {
    ELECTOR_NOTE_GAINED = 1,
    ELECTOR_NOTE_LOST,           /* .reason: leads turned false */
    ELECTOR_NOTE_LEADER_CHANGED, /* another is seen to lead */
    ELECTOR_NOTE_DRAIN_STARTED,  /* .reason */
    ELECTOR_NOTE_DRAIN_ENDED,    /* .reason */
    ELECTOR_NOTE_HELD_OFF,
    ELECTOR_NOTE_PAUSED,
    ELECTOR_NOTE_RESUMED,
    ELECTOR_NOTE_RENEWED,             /* .left_ms was left of the lease before */
    ELECTOR_NOTE_VERIFICATION_FAILED, /* an acquired lease read back as somebody else's */
    ELECTOR_NOTE_STORE_RESET,         /* the store lost data or changed its primary */
    ELECTOR_NOTE_CLOCK_JUMP,          /* .jump_ms: server's clock against ours */
    ELECTOR_NOTE_DUPLICATE,           /* our participant id renews under another instance id */
    ELECTOR_NOTE_COMMAND_ENDED,       /* .verb: bootstrap or vacate; .verdict: what came of it */
};

struct elector_note {
    enum elector_note_kind kind;
    enum elector_reason reason;
    int64_t left_ms;
    int64_t jump_ms;
    enum lease_verb verb;
    enum elector_verdict verdict;
};

/* What the caller must do, in this order: write the memo when `save`, send the request when
 * `send`, feed IDENTITY at once when `need_identity`, and feed TICK after `wake_in_ms`. */
struct elector_orders {
    bool save;
    bool send;
    bool need_identity;
    bool changed;                 /* something significant to users changed */
    bool stopped;                 /* STOP is complete: no more events, please */
    struct lease_request request; /* strings point into the elector; election, meta: the caller's */
    int64_t timeout_ms;
    int64_t wake_in_ms; /* 0: at once */
    enum elector_verdict verdict;
    unsigned note_count;
    struct elector_note notes[ELECTOR_NOTES_MAX];
};

/* The lease as this participant holds it. */
struct elector_reign {
    bool held;      /* a request of ours was granted and its deadline has not passed */
    bool confirmed; /* read back, or resumed: it counts */
    bool ending;    /* `leads` is false for good; the lease is kept until the drain is over */
    bool drained;   /* the drain is over: release */
    bool announced; /* the drain was noted as started */
    bool resumed;   /* of the process before this one, which led: it may put a lost record back */
    bool doubtful;  /* resumed, or too few replicas: confirm by a renewal, not by reading back */
    enum elector_reason reason; /* of the ending */
    int64_t term;
    int64_t n, n_acked;
    int64_t lease_ms;       /* as promised by the granted request */
    int64_t stop_margin_ms; /* as it was then: a reload never shortens a running lease */
    struct moment deadline;
    struct moment drain_until;
    struct moment next_try; /* next renewal, read-back or release */
    struct moment renewed;  /* when the last granted request was sent */
};

/* What is known of the record. */
struct elector_sight {
    bool any; /* a record, or its absence, was read since the last own reign */
    enum lease_state state;
    char version[LEASE_VERSION_SIZE];
    char instance[LEASE_INSTANCE_SIZE];
    char participant[LEASE_PARTICIPANT_SIZE];
    int64_t term, n, lease_ms;
    bool fresh;
    bool refused_mine;        /* the record names us, and still refused: wait like everybody else */
    struct moment first_seen; /* when this version was first received: the wait counts from here */
    struct moment last_seen;
    int64_t left_ms, age_ms; /* by the server's clock at last_seen; hints only */
    int64_t interval_ms;     /* the holder's renew interval, 0 unknown */
    int64_t waiters;
};

/* Who was last known to lead, for people. */
struct elector_leader {
    char participant[LEASE_PARTICIPANT_SIZE];
    char instance[LEASE_INSTANCE_SIZE];
    int64_t term; /* 0: nobody was ever seen */
};

/* A plain value; treat the members as private and use elector_look(). */
struct elector {
    struct elector_options options;
    struct prng prng;
    char instance[LEASE_INSTANCE_SIZE];
    bool identity_spent; /* somebody else runs with it: nothing is sent until it is replaced */
    enum elector_state state;
    struct elector_reign reign;
    struct elector_sight sight;
    struct elector_leader leader, previous_leader;
    int64_t highest_term;

    uint64_t request_id;
    enum lease_verb request_verb; /* 0 when none is under way */
    struct moment request_sent;
    int64_t request_lease_ms, request_term, request_n;

    struct moment next_look;
    bool hinted; /* while a request was under way: its reply may be older than the hint */
    struct moment hinted_look;
    int failures; /* calls in a row that were not answered or refused by the store */
    bool contacted;
    struct moment last_contact;
    int64_t server_us; /* of the last answer, with local time and reign: to see jumps */
    struct moment server_asked, server_seen;
    char server_reign[LEASE_REIGN_SIZE];

    /* Until when workloads may act on what they were told: those that are known, and those of the
     * process before this one. boot_ms 0: there are none. */
    struct moment working_until, inherited_until;
    bool work_ended; /* there were some in this reign, and all have said that they ended */

    bool paused, held_off, unhealthy, stopping, stopped;
    struct moment paused_until; /* boot_ms 0: until resumed */
    int64_t hold_off_ms;        /* to begin when the reign ends */
    struct moment held_off_until;
    int64_t held_off_term;
    enum lease_verb command;             /* operator's verb that waits for its turn, 0 for none */
    char duplicate[LEASE_INSTANCE_SIZE]; /* instance id last reported as our double */

    struct elector_shown {
        bool leads, valid, leader_known, held_off, paused, ending;
        int64_t term, drain_until_ms;
        enum elector_state state;
    } shown; /* what users could see after the last step, to tell what changed */
};

/* Everything users may know, evaluated at one moment. */
struct elector_view {
    enum elector_state state;
    bool leads;         /* may act as leader right now */
    bool participating; /* campaigns, or would */
    bool lease_valid;   /* holds the lease right now, also while draining; no longer once the
                           release was begun: it may be carried out before its answer comes */
    bool releasing;     /* the drain is over, the release is not answered yet */
    const char *instance;
    int64_t term;                 /* fencing token of the present leader; 0 unknown */
    int64_t remaining_ms;         /* of the own lease; 0 when not valid */
    int64_t deadline_boottime_ms; /* of the own lease; 0 when not valid */
    int64_t last_renewed_boottime_ms;
    int64_t lease_ms, renew_interval_ms, stop_margin_ms;
    bool leader_known, leader_is_self;
    const struct elector_leader *leader, *previous_leader; /* meaningful when known; term 0: none */
    int64_t leader_ttl_ms;
    enum elector_reason reason;                           /* of the drain or the hold-off; 0 none */
    int64_t drain_left_ms, drain_until_boottime_ms;       /* 0 when not draining */
    int64_t hold_off_left_ms, hold_off_until_boottime_ms; /* 0 when not held off */
    int64_t paused_left_ms;                               /* 0: not paused, or until resumed */
    /* Why nobody or somebody else leads, as seen from here. */
    enum elector_waiting {
        ELECTOR_WAITING_NOT = 1, /* leads */
        ELECTOR_WAITING_HOLDER_ALIVE,
        ELECTOR_WAITING_HOLDER_SILENT,
        ELECTOR_WAITING_RESTART_GUARD,
        ELECTOR_WAITING_HOLD_OFF,
        ELECTOR_WAITING_UNHEALTHY,
        ELECTOR_WAITING_STORE_UNREACHABLE,
        ELECTOR_WAITING_PAUSED,
        ELECTOR_WAITING_FREE, /* the record is free: trying now */
    } waiting;
    int64_t waiting_ms; /* until this participant may take the lease; -1 unknown */
};

/* Begins. `memo` may be NULL; `seed` feeds the jitter; `instance` is 32 fresh random hex digits and
 * is used unless the memo has one. The first event should be a TICK. */
void elector_init(struct elector *elector, const struct elector_options *options,
                  const struct elector_memo *memo, const char *instance, uint64_t seed,
                  struct moment now);

/* One step. Fills `orders` whole. */
void elector_step(struct elector *elector, struct moment now, const struct elector_event *event,
                  struct elector_orders *orders);

/* May this participant act as leader at this moment? */
bool elector_leads(const struct elector *elector, struct moment now);

void elector_look(const struct elector *elector, struct moment now, struct elector_view *view);

/* What to keep for the next process; see orders.save. */
void elector_memo(const struct elector *elector, struct elector_memo *memo);

/* True when the state is consistent; asserted after every step. */
bool elector_invariant(const struct elector *elector);

/* Words of the HTTP contract: "leader", "renew_overdue", "holder_alive", … */
const char *elector_state_name(enum elector_state state);
const char *elector_reason_name(enum elector_reason reason);
const char *elector_waiting_name(enum elector_waiting waiting);

#endif
