/*
 * The simulator: real electors and real lease rules in a world made of numbers.
 *
 * One world has a few hosts, a store that may fail over, a network and a schedule of faults. True
 * time counts virtual microseconds and is known to nobody inside; each host has clocks of its own.
 * Everything random comes from one seeded generator, so the same seed gives the same history.
 *
 * What is abstracted: a store call is one message each way; the store is lease_apply() on a record;
 * a lost link is the time-out of a call followed by a reconnect. What is real: lib/elector and
 * lib/lease, every line.
 */
#ifndef LEADERD_TESTS_SIM_SIM_H
#define LEADERD_TESTS_SIM_SIM_H

#include "lib/base/prng.h"
#include "lib/elector/elector.h"
#include "lib/lease/lease.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
    HOSTS_MAX = 9,
    SERVERS = 2, /* the primary and, after a failover, the one before it */
    COPIES = 64, /* older copies of a record, to restore from */
    LEASE_MS = 3000,
    RENEW_MS = 800,
    RETRY_MS = 500,
    TIMEOUT_MS = 500,
    STOP_MARGIN_MS = 600,
    MARGIN_MS = 60,
};

/* Kinds of faults; a class is a set of them. */
enum fault {
    FAULT_LOSS = 1 << 0,      /* messages lost, late, twice, out of order */
    FAULT_CUT = 1 << 1,       /* cuts, also of one direction */
    FAULT_CRASH = 1 << 2,     /* daemons die and restart, with or without their state file */
    FAULT_FREEZE = 1 << 3,    /* processes stop and go on; their clocks run */
    FAULT_SUSPEND = 1 << 4,   /* hosts suspend: CLOCK_BOOTTIME counts, the raw clock does not */
    FAULT_DRIFT = 1 << 5,     /* clock rates at the corners of the allowance */
    FAULT_BEYOND = 1 << 6,    /* ... and five times beyond it */
    FAULT_KEEP = 1 << 7,      /* restart of the store with all its data */
    FAULT_OLDER = 1 << 8,     /* ... with an older copy */
    FAULT_EMPTY = 1 << 9,     /* ... with none */
    FAULT_FLUSH = 1 << 10,    /* the record vanishes, the store does not notice */
    FAULT_FAILOVER = 1 << 11, /* to a replica that lags; the old primary lives on */
    FAULT_ACKED = 1 << 12,    /* ... and a replica must acknowledge (min_replicas) */
    FAULT_STEP = 1 << 13,     /* the server's wall clock is stepped */
    FAULT_NAMES = 1 << 14,    /* two hosts with one participant id */
    FAULT_CLONE = 1 << 15,    /* two hosts with one instance id */
    FAULT_RETIME = 1 << 16,   /* lease times are changed host by host */
    FAULT_OPERATOR = 1 << 17, /* step-down, pause, vacate, health */
    FAULT_PAUSE = 1 << 18,    /* whole machines stop and their clocks do not see it */
    FAULT_STALL = 1 << 19,    /* the store stands still: what was asked meanwhile is done later */
    FAULT_EVICT = 1 << 20,    /* keys are evicted: the ones with a TTL, or any */
    FAULT_KINDS = 21,
};

struct sim_class {
    const char *name;
    unsigned faults;
    const char *excuse; /* why overlaps are counted, not failed; NULL: they are not excused */
};

extern const struct sim_class sim_classes[];

/* Clocks of one host. */
struct sim_clock {
    int64_t true_us; /* since then the rates hold */
    double boot_us, raw_us;
    double boot_rate, raw_rate;
};

void sim_clock_set(struct sim_clock *clock, int64_t true_us, double boot_rate, double raw_rate);
struct moment sim_clock_now(const struct sim_clock *clock, int64_t true_us);
/* True time that passes until the clock has counted `local_ms`. */
int64_t sim_clock_wait_us(const struct sim_clock *clock, int64_t local_ms);

enum sim_event_kind {
    EVENT_WAKE = 1, /* a host's timer */
    EVENT_REQUEST,  /* arrives at a server */
    EVENT_ACK,      /* a server learns whether a write was replicated, and answers */
    EVENT_REPLY,    /* arrives at a host */
    EVENT_TIMEOUT,  /* a host gives a call up */
    EVENT_LINK,     /* a host tries to connect */
    EVENT_HINT,
    EVENT_FAULT,
    EVENT_HEAL, /* ends what a fault began at a host */
    EVENT_PEACE,
};

struct sim_message {
    struct lease_request request;
    char instance[LEASE_INSTANCE_SIZE], participant[16], version[LEASE_VERSION_SIZE];
    struct lease_reply reply;
    int server;
    bool lost_reply;
    int64_t replicated_us; /* when its write reaches the replica */
    int64_t give_up_us;    /* until then the server waits for that */
};

struct sim_event {
    int64_t at_us;
    uint64_t order; /* of making: events of one instant keep it */
    enum sim_event_kind kind;
    int host;
    uint64_t epoch; /* of the host's process, call or link: older ones are void */
    unsigned fault;
    bool released;
    struct sim_message *message;
};

struct sim_host {
    int index;
    bool alive;
    int64_t frozen_until_us; /* what arrives before is handled then */
    struct sim_clock clock;
    struct elector elector;
    struct elector_memo memo; /* the state file */
    uint64_t life;            /* counts processes */
    uint64_t wake;            /* counts timers */
    uint64_t call;            /* counts calls; the latest is under way while `calling` */
    bool calling, linked;
    uint64_t link;
    int server;           /* the link leads there */
    bool cut_out, cut_in; /* requests, replies do not get through */
    struct moment told;   /* latest deadline that the workload was told; it is never told less, but
                             that the lease is over */
    uint64_t told_life;   /* the process that told it; 0: the workload knows that it must not run */
    bool heard;           /* a release that it has not acted upon */
    int64_t trouble_us;   /* the last instant at which something went wrong here */
    bool claimed;
    int64_t claimed_term;
    int64_t led_term, ended_term; /* led at the last look; was last led to its end */
    /* the classic lock */
    bool classic_leads;
    struct moment classic_until;
};

struct sim_server {
    bool up;
    struct lease_record record;
    char reign[LEASE_REIGN_SIZE];
    int64_t ahead_us; /* its wall clock against true time */
    int64_t stalled_until_us;
    struct lease_record copies[COPIES]; /* a ring of what was written */
    int64_t replicated_us[COPIES];      /* when the replica has it */
    unsigned copy_count;
    bool has_replica;
    int64_t replica_lags_until_us; /* nothing written before reaches the replica earlier */
    int64_t replica_gone_us;       /* promoted then: it takes nothing any more */
    /* the classic lock */
    int classic_holder; /* -1: none */
    int64_t classic_end_us;
    int classic_holders[COPIES]; /* a ring of what was written */
    int64_t classic_ends_us[COPIES];
    unsigned classic_count;
};

struct sim_tally {
    int64_t us, leaderless_us;
    int64_t reigns, overlaps, regressions, steps, doubles;
    int64_t longest_peace_us; /* until there was a leader after peace */
    uint64_t hash;
};

struct sim {
    const struct sim_class *class;
    bool classic;
    struct prng prng;
    int64_t now_us;
    uint64_t order;
    struct sim_event *heap;
    int heap_count, heap_capacity;
    int host_count;
    struct sim_host hosts[HOSTS_MAX];
    struct sim_server servers[SERVERS];
    int primary;
    int64_t reigns_made;
    bool peace;
    int64_t peace_since_us;
    bool peace_led;     /* somebody leads since the promised time is over */
    int64_t trouble_us; /* the last instant at which something went wrong with the store */
    int64_t highest_term;
    int64_t overlap_us; /* for how long two have claimed at once */
    struct sim_tally tally;
    char violation[256]; /* "" while all is well */
};

/* queue.c */
void sim_push(struct sim *sim, const struct sim_event *event);
bool sim_pop(struct sim *sim, struct sim_event *event);

/* host.c */
void host_start(struct sim *sim, struct sim_host *host, bool with_memory);
void host_crash(struct sim *sim, struct sim_host *host);
void host_feed(struct sim *sim, struct sim_host *host, const struct elector_event *event);
void host_handle(struct sim *sim, const struct sim_event *event);
void host_options(struct elector_options *options, int index, bool shared_name);

/* store.c */
void store_begin(struct sim *sim);
void store_handle(struct sim *sim, struct sim_event *event);
void store_new_reign(struct sim *sim, struct sim_server *server);
/* The record was changed: the replica will hear of it. */
void store_copy(struct sim *sim, struct sim_server *server);
void store_catch_up(const struct sim *sim, struct sim_server *server);
/* What the replica has by now. */
struct lease_record store_replica(const struct sim *sim, const struct sim_server *server);

/* classic.c: the lock that is compared with. */
void classic_handle(struct sim *sim, const struct sim_event *event);
void classic_start(struct sim *sim, struct sim_host *host);
void classic_request(struct sim *sim, struct sim_event *event);
/* Puts an older copy of one server's key on another, or on the same. */
void classic_older(struct sim *sim, const struct sim_server *from, struct sim_server *to);
bool classic_claims(const struct sim *sim, const struct sim_host *host);

/* faults.c */
void faults_begin(struct sim *sim);
void faults_handle(struct sim *sim, const struct sim_event *event);
void heal_later(struct sim *sim, int host, unsigned fault, int64_t ms);
int64_t network_delay_us(struct sim *sim);
bool network_loses(struct sim *sim);

/* operate.c: what people do to daemons. */
void operate(struct sim *sim, struct sim_host *host);
void operate_retime(struct sim *sim, struct sim_host *host);
void operate_clone(struct sim *sim, struct sim_host *host);
/* Times and roles are again as they were in the beginning. */
void operate_undo(struct sim *sim, struct sim_host *host);

/* check.c */
bool host_claims(const struct sim *sim, const struct sim_host *host);
/* The workload hears what the daemon publishes after a step. */
void check_told(struct sim *sim, struct sim_host *host);
void check_host(struct sim *sim, struct sim_host *host);
void check_time(struct sim *sim, int64_t until_us);
void check_gained(struct sim *sim, const struct sim_host *host);

/* promise.c: what is promised besides safety. */
void promise_peace(struct sim *sim);
void promise_time(struct sim *sim, int64_t until_us);
void promise_step(struct sim *sim, struct sim_host *host, const struct elector_orders *orders);
void promise_heard(struct sim_host *host);
void promise_lost(struct sim *sim, const struct sim_host *host, enum elector_reason reason);
void promise_end(struct sim *sim);
bool host_campaigns(const struct sim_host *host);
void sim_violate(struct sim *sim, const char *what, ...) __attribute__((format(printf, 2, 3)));

/* story.c: what happened, line by line; its hash is the history's. Aloud: every line is printed. */
void story_begin(bool aloud);
uint64_t story_hash(void);
void story(const struct sim *sim, int host, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void story_print(FILE *stream);

/* world.c */
struct sim_run {
    const struct sim_class *class;
    bool classic;
    bool aloud;
    int host_count;
    uint64_t seed;
    int64_t length_us;
};

void sim_run(struct sim *sim, const struct sim_run *run);

static inline bool sim_has(const struct sim *sim, unsigned fault)
{
    return (sim->class->faults & fault) != 0;
}

static inline bool sim_chance(struct sim *sim, int one_in)
{
    return prng_below(&sim->prng, one_in) == 0;
}

#endif
