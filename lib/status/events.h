/*
 * The last things that happened, for /events.
 *
 * A ring of EVENTS_KEPT; older ones are dropped and counted. Everything is copied on adding, longer
 * strings are cut between characters. Ids count up from 1 for the life of the process.
 */
#ifndef LEADERD_STATUS_EVENTS_H
#define LEADERD_STATUS_EVENTS_H

#include "lib/base/text.h"

enum {
    EVENTS_KEPT = 256,
    EVENT_NAME_MAX = 128,        /* bytes of an election's name */
    EVENT_REASON_MAX = 63,       /* ... of a reason */
    EVENT_PARTICIPANT_MAX = 512, /* ... of a participant id */
    EVENT_MESSAGE_MAX = 511,     /* ... of a message */
};

enum event_type {
    EVENT_STARTED = 1,
    EVENT_LEADERSHIP_GAINED,
    EVENT_LEADERSHIP_LOST,
    EVENT_LEADER_CHANGED,
    EVENT_LEASE_VERIFICATION_FAILED,
    EVENT_OPERATION_ERROR,
    EVENT_STORE_CONNECTED,
    EVENT_STORE_DISCONNECTED,
    EVENT_CIRCUIT_OPENED,
    EVENT_CIRCUIT_CLOSED,
    EVENT_STORE_RESET,
    EVENT_CLOCK_JUMP,
    EVENT_CLOCK_UNSYNCHRONIZED,
    EVENT_PAUSED,
    EVENT_RESUMED,
    EVENT_DRAIN_STARTED,
    EVENT_DRAIN_ENDED,
    EVENT_HELD_OFF,
    EVENT_CONFIG_RELOADED,
    EVENT_CONFIG_REFUSED,
    EVENT_HEALTH_CHANGED,
    EVENT_STABILITY_CHANGED,
    EVENT_DUPLICATE_PARTICIPANT,
    EVENT_SHUTDOWN,
};

/* Unknown strings are NULL and shown as null. */
struct event {
    enum event_type type;
    int64_t at_ms; /* wall time */
    int64_t boottime_ms;
    const char *election; /* NULL: it concerns the whole daemon */
    const char *reason;
    int64_t fencing_token; /* 0: none */
    const char *leader, *previous_leader;
    const char *message;
};

struct events;

/* NULL when memory ran out; the ring takes all it will ever need (350 KB). */
struct events *events_new(void);
void events_free(struct events *events);

void events_add(struct events *events, const struct event *event);

struct events_query {
    const char *election; /* only this one's; NULL: all */
    int64_t after;        /* only ids above; negative: not asked for */
    int64_t limit;        /* 1..EVENTS_KEPT */
};

/* The answer of /events: the last `limit` events, oldest first; with `after` the next `limit` after
 * it, so that paging misses none. `dropped` counts the events after `after` that are no longer
 * kept, of all elections. */
void events_render(const struct events *events, struct text *text, const char *instance_id,
                   const struct events_query *query);

/* ... and for a person: a line for each. */
void events_render_text(const struct events *events, struct text *text,
                        const struct events_query *query);

const char *event_type_name(enum event_type type);

#endif
