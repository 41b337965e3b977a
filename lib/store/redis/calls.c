#include "lib/store/redis/calls.h"

#include <stdlib.h>

void calls_add(struct call_list *list, struct store_call *call)
{
    call->next = NULL;
    call->previous = list->last;
    if (list->last == NULL) {
        list->first = call;
    } else {
        list->last->next = call;
    }
    list->last = call;
    list->count++;
}

struct store_call *calls_take_first(struct call_list *list)
{
    struct store_call *call = list->first;
    if (call == NULL) {
        return NULL;
    }
    list->first = call->next;
    if (list->first == NULL) {
        list->last = NULL;
    } else {
        list->first->previous = NULL;
    }
    list->count--;
    call->next = NULL;
    return call;
}

uint64_t calls_earliest(const struct call_list *list)
{
    uint64_t earliest = UINT64_MAX;
    for (const struct store_call *call = list->first; call != NULL; call = call->next) {
        earliest = call->give_up_at < earliest ? call->give_up_at : earliest;
    }
    return earliest;
}

struct call_slot *slots_take(struct call_slots *slots)
{
    struct call_slot *slot = slots->unused;
    if (slot == NULL) {
        return calloc(1, sizeof *slot);
    }
    slots->unused = slot->next;
    slot->next = NULL;
    slot->sent = 0;
    slot->asking = false;
    slot->replies_before = 0;
    slot->redirects = 0;
    text_clear(&slot->arguments);
    return slot;
}

void slots_give_back(struct call_slots *slots, struct call_slot *slot)
{
    if (slot != NULL) {
        slot->next = slots->unused;
        slots->unused = slot;
    }
}

void slots_deinit(struct call_slots *slots)
{
    while (slots->unused != NULL) {
        struct call_slot *slot = slots->unused;
        slots->unused = slot->next;
        text_free(&slot->arguments);
        text_free(&slot->meta);
        free(slot);
    }
}
