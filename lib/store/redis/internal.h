/*
 * The Redis store from inside: redis_store.c keeps the connection and the listener informed,
 * traffic.c takes each call from its submit to its answer.
 */
#ifndef LEADERD_STORE_REDIS_INTERNAL_H
#define LEADERD_STORE_REDIS_INTERNAL_H

#include "lib/store/redis/calls.h"
#include "lib/store/redis/link.h"
#include "lib/store/redis/options.h"
#include "lib/store/redis/subscriber.h"

struct redis_store {
    struct store base;
    uv_loop_t *loop;
    struct redis_options_copy copy;
    struct link_target target;
    struct prng prng;
    struct backoff backoff;
    char reign[LEASE_REIGN_SIZE]; /* of this connection; see script_context */

    struct link *link; /* NULL between two attempts */
    bool ready;
    bool leaving;   /* no more calls on this link: drop it after the answers under way */
    bool moved;     /* the next link may lead to another server */
    bool down_told; /* the listener knows of this loss */
    bool has_fault; /* `fault` is newer than the last good answer */
    bool closing;
    enum script_form form;  /* in which this server takes the script */
    bool full_form_refused; /* it does not know the other one */
    struct redis_fault fault;
    int64_t last_ok_ms;

    struct call_list sent;   /* in the order of their answers */
    struct call_list unsent; /* to be failed in the next turn */
    struct call_slots slots;
    struct subscriber *subscriber;

    uv_timer_t give_up; /* not later than the earliest deadline of `sent` */
    uv_timer_t reconnect;
    uv_idle_t next_turn; /* answers `unsent` */
    int open_handles;
};

/* Ends the present link: what was under way on it has an unknown fate. */
void redis_store_drop(struct redis_store *store, const struct redis_fault *fault);

/* Shortens a long wait for the next connection: somebody's lease runs out meanwhile. */
void redis_store_hasten(struct redis_store *store);

/* Counts an error for the listener. */
void redis_store_tell_error(struct redis_store *store, const char *code);

void traffic_submit(struct redis_store *store, struct store_call *call,
                    const struct lease_request *request, int64_t timeout_ms);

/* Takes the next value from the link. */
void traffic_receive(struct redis_store *store, const struct resp_value *value);

/* Answers all calls of `orphans` as unknown. */
void traffic_orphan(struct redis_store *store, struct call_list orphans,
                    const struct redis_fault *fault);

/* Answers what was submitted and cannot be sent. */
void traffic_answer_unsent(struct redis_store *store);

#endif
