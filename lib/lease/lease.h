/*
 * What a lease is, and the one true table of its rules.
 *
 * An election is one record in a store. lease_apply() is the only way in which a record changes:
 * the memory and SQLite stores call it, the simulated Redis of the tests calls it, and the script
 * that real Redis runs (lib/store/redis/lease.lua) is the same table in Lua; one conformance suite
 * holds them together. Pure: no I/O, no clock, no allocation.
 *
 * Why it is safe: nobody takes a lease from a holder unless the record says that it was given up
 * in the present reign of the primary (`fresh`), or the taker has seen the same version for the
 * holder's whole duration on the taker's own clock. The store's clock is a brake, never a reason.
 */
#ifndef LEADERD_LEASE_LEASE_H
#define LEADERD_LEASE_LEASE_H

#include "lib/base/problem.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    LEASE_INSTANCE_SIZE = 33,     /* 128 random bits in hex, and a NUL */
    LEASE_PARTICIPANT_SIZE = 513, /* 128 UTF-8 characters, and a NUL */
    LEASE_REIGN_SIZE = 65,
    LEASE_VERSION_SIZE = 161,
    LEASE_ELECTION_SIZE = 129,
    LEASE_ERROR_SIZE = 24,
};

/* How long a store may keep the record of a test after its last change. */
enum { LEASE_TRANSIENT_MS = 60000 };

/* 2^53 - 1: terms stay exact in Lua and in JSON. */
#define LEASE_TERM_MAX INT64_C(9007199254740991)

enum lease_state {
    LEASE_ABSENT = 1, /* no record */
    LEASE_HELD,
    LEASE_RELEASED,
    LEASE_GUARD,   /* nobody's: all wait one duration, because data may have been lost */
    LEASE_VACATED, /* as a guard, made by an operator */
};

/* A record as it is stored. */
struct lease_record {
    enum lease_state state;
    int64_t term; /* fencing token of the latest reign */
    int64_t n;    /* number of the holder's latest write; of a guard the server's time, us */
    int64_t lease_ms;
    int64_t end_us, written_us, acquired_us; /* by the server's clock */
    int64_t
        unconfirmed; /* number of a re-asserting write until its author is known to know; or 0 */
    char instance[LEASE_INSTANCE_SIZE];
    char participant[LEASE_PARTICIPANT_SIZE];
    char reign[LEASE_REIGN_SIZE]; /* reign of the primary at the latest write */
    const char *meta; /* borrowed: opaque text of the holder, "" for none. Whoever keeps the record
                         copies it after lease_apply() */
};

enum lease_verb {
    LEASE_OBSERVE = 1,
    LEASE_ACQUIRE,
    LEASE_RENEW,
    LEASE_RELEASE,
    LEASE_BOOTSTRAP, /* operator: "nobody leads" */
    LEASE_VACATE,    /* operator: take it from whoever holds it */
};

/* One call, as a participant sends it. The strings are borrowed until submit returns. */
struct lease_request {
    uint64_t id; /* the caller's number; comes back with the reply */
    enum lease_verb verb;
    const char *election;
    const char *instance;
    const char *participant;
    const char *meta;
    int64_t lease_ms;
    int64_t term; /* renew, release: the term claimed. acquire: the highest term ever seen */
    int64_t n;    /* renew, release: number of this attempt, above all earlier ones of the term */
    int64_t n_acked;     /* renew, release: number of the last attempt that was answered */
    const char *version; /* acquire: seen unchanged for the whole wait; "" for none */
    bool force;          /* acquire: waited twice as long, ignore the server's clock */
    bool transient;      /* of a test: the store forgets the record within LEASE_TRANSIENT_MS */
};

/* What came of a call. */
enum lease_outcome {
    LEASE_UNKNOWN = 1, /* no answer in time: it may have been done, may be done yet, or never */
    LEASE_FAILED,      /* certainly not done: the store refused or was never asked */
    LEASE_SEEN,        /* done, nothing written: the record says why */
    LEASE_ACQUIRED,
    LEASE_RENEWED,
    LEASE_REASSERTED, /* the data was lost and the holder has put it back */
    LEASE_GAVE_UP,    /* released */
    LEASE_GUARDED,    /* a guard was written: no record was found, or a release was in doubt */
    LEASE_LOST,       /* renew, release: the lease is no longer the caller's */
    LEASE_CONFLICT,   /* renew, release: somebody else runs with the caller's instance id */
    LEASE_OPENED,     /* bootstrap: the record now counts as released */
    LEASE_EMPTIED,    /* vacate: taken from its holder */
};

/* The answer: what came of it, and the record as it is now. */
struct lease_reply {
    uint64_t id;
    enum lease_outcome outcome;
    struct lease_record record; /* record.meta is valid during the callback only */
    char version[LEASE_VERSION_SIZE];
    bool fresh;        /* the record was written in the present reign: nothing can be lost */
    int64_t server_us; /* server time at the call */
    int64_t left_ms;   /* of the lease, by the server's clock; for information */
    int64_t age_ms;    /* since the latest write, by the server's clock */
    int64_t listeners; /* who heard the message this call published; 0 when none was */
    bool replicated;   /* enough replicas have acknowledged the write; true where none must */
    char error[LEASE_ERROR_SIZE]; /* FAILED, UNKNOWN: code such as "READONLY", "timeout" */
    struct problem problem;       /* ... and the sentence */
};

/* The server's side of a call. */
struct lease_server {
    int64_t now_us;        /* its clock */
    int64_t term_floor_us; /* terms are at least this: wall time, so that they grow past a loss */
    const char *reign;     /* "" when it is not known: then no record is fresh */
    bool restart_guard;    /* false: the store never loses data; no record counts as released */
};

/* Carries out one verb on a record. Writes at most once: returns true when `record` was changed
 * and must be kept. `record->meta` then points to the request's. Always fills `reply`. */
bool lease_apply(struct lease_record *record, const struct lease_request *request,
                 const struct lease_server *server, struct lease_reply *reply);

/* The message to publish after a call, for waiters ("released", "acquired", …); NULL for none. */
const char *lease_announcement(enum lease_outcome outcome);

/* Time that a holder's own lease ends before the record says so: max(2 % of it, 50 ms). Covers
 * clock rates that differ by up to 1 %. */
int64_t lease_margin_ms(int64_t lease_ms);

/* Words for logs and metrics: "acquire", "held", … */
const char *lease_verb_name(enum lease_verb verb);
const char *lease_state_name(enum lease_state state);

#endif
