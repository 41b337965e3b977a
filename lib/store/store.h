/*
 * A lease store: the place where the records are, whatever it is made of.
 *
 * Promises of every store:
 * - Exactly one answer for each submit, on the loop, never from inside store_submit(). Records
 *   change by the rules of lib/lease only.
 * - Each call has its own time limit. A call that was sent and not answered by then is UNKNOWN; a
 *   call that was certainly not carried out is FAILED, with a code and a sentence. While the store
 *   is down, calls fail at once: `up` tells when to try again.
 * - After store_close() every call still open is answered (FAILED or UNKNOWN), then `closed` is
 *   called, then nothing more.
 *
 * Memory is the caller's: a struct store_call lives in whatever makes the call, one call at a time,
 * and belongs to the store from submit until its answer.
 */
#ifndef LEADERD_STORE_STORE_H
#define LEADERD_STORE_STORE_H

#include "lib/lease/lease.h"

#include <uv.h>

struct store;
struct store_call;

typedef void store_answer_cb(struct store_call *call, const struct lease_reply *reply);

struct store_call {
    store_answer_cb *answer;
    void *owner; /* the caller's */
    /* private to the store */
    struct store_call *next, *previous;
    uint64_t request_id;
    uint64_t give_up_at; /* uv_now() time */
    int stage;
    void *slot;
};

/* What a store tells of its own accord. Every pointer may be NULL. Called on the loop. */
struct store_listener {
    void *owner;
    /* The store, or the one of its servers that is named, can be asked again. */
    void (*up)(void *owner, const char *endpoint);
    /* It cannot; `code` as in lease_reply.error, `problem` says why. Once per loss. */
    void (*down)(void *owner, const char *code, const struct problem *problem);
    /* A message about `election` was published: "released", "acquired", … Only a hint. */
    void (*hint)(void *owner, const char *election, const char *what);
    /* A connection attempt ended, or an error reply was received: for the counters. */
    void (*connected)(void *owner, bool success);
    void (*error)(void *owner, const char *code);
    /* The circuit breaker of one of its servers opened, because of `problem`, or closed. */
    void (*circuit)(void *owner, bool open, const char *endpoint, const struct problem *problem);
    /* It works, but less well, because it refuses something; `problem` says what is weaker. Once
     * per connection and thing. */
    void (*weaker)(void *owner, const char *code, const struct problem *problem);
    void (*closed)(void *owner);
};

/* A picture of the store's health for /status. */
struct store_health {
    const char *kind;     /* "memory", "local", "redis" */
    const char *mode;     /* "embedded", "standalone", "sentinel", "cluster" */
    const char *endpoint; /* borrowed; never holds a secret */
    bool tls;
    bool connected;
    int64_t last_ok_ms;     /* CLOCK_BOOTTIME of the last answer, 0 for none yet */
    const char *circuit;    /* "closed", "open", "half_open" */
    const char *last_error; /* borrowed sentence, NULL for none */
};

struct store_class {
    void (*submit)(struct store *store, struct store_call *call,
                   const struct lease_request *request, int64_t timeout_ms);
    void (*subscribe)(struct store *store, const char *election);
    void (*unsubscribe)(struct store *store, const char *election);
    void (*health)(const struct store *store, struct store_health *health);
    void (*close)(struct store *store);
    /* All take-overs may use the server's clock, because all participants read the same one. */
    bool shared_clock;
};

/* The first member of every store. */
struct store {
    const struct store_class *class;
    struct store_listener listener;
};

/* Makes one call. What `request` points to is copied before this returns. */
void store_submit(struct store *store, struct store_call *call, const struct lease_request *request,
                  int64_t timeout_ms);

/* From now on hints about this election are wanted, or no longer. */
void store_subscribe(struct store *store, const char *election);
void store_unsubscribe(struct store *store, const char *election);

void store_health(const struct store *store, struct store_health *health);

/* Ends the store and frees it; see above. */
void store_close(struct store *store);

#endif
