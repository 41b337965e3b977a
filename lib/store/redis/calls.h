/*
 * Calls that wait: in order, each with what is needed to send it again.
 *
 * A list is threaded through the calls themselves. Slots are kept and used again, so that a call
 * allocates nothing once as many calls as ever were under way together have been.
 */
#ifndef LEADERD_STORE_REDIS_CALLS_H
#define LEADERD_STORE_REDIS_CALLS_H

#include "lib/base/text.h"
#include "lib/store/redis/redis_store.h"
#include "lib/store/redis/script.h"

enum { CALL_KEY_SIZE = REDIS_KEY_PREFIX_MAX + LEASE_ELECTION_SIZE };

struct call_list {
    struct store_call *first, *last;
    size_t count;
};

void calls_add(struct call_list *list, struct store_call *call);

/* NULL when it is empty. */
struct store_call *calls_take_first(struct call_list *list);

/* Earliest time to give up, UINT64_MAX when the list is empty. */
uint64_t calls_earliest(const struct call_list *list);

/* store_call.slot of a call that was sent. */
struct call_slot {
    struct call_slot *next;
    char key[CALL_KEY_SIZE];
    struct text arguments;
    enum lease_verb verb;
    enum script_form form; /* it was sent in */
    int sent;              /* how often in this form */
    bool asking;           /* ASKING goes before it */
    int replies_before;    /* that are not its own */
    int redirects;
    struct lease_reply reply; /* while WAIT is under way; its text is `meta` */
    struct text meta;
};

struct call_slots {
    struct call_slot *unused;
};

/* An empty slot; NULL when memory is short. */
struct call_slot *slots_take(struct call_slots *slots);

/* Takes NULL, too. */
void slots_give_back(struct call_slots *slots, struct call_slot *slot);

void slots_deinit(struct call_slots *slots);

#endif
