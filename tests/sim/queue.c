/* Events to come, by time and then by order of making: a binary heap. */
#include "tests/sim/sim.h"

#include <stdlib.h>

static bool before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static void swap(struct sim_event *a, struct sim_event *b)
{
    struct sim_event kept = *a;
    *a = *b;
    *b = kept;
}

void sim_push(struct sim *sim, const struct sim_event *event)
{
    if (sim->heap_count == sim->heap_capacity) {
        sim->heap_capacity = sim->heap_capacity > 0 ? 2 * sim->heap_capacity : 256;
        sim->heap = realloc(sim->heap, (size_t)sim->heap_capacity * sizeof *sim->heap);
        if (sim->heap == NULL) {
            abort();
        }
    }
    int at = sim->heap_count++;
    sim->heap[at] = *event;
    sim->heap[at].order = ++sim->order;
    while (at > 0 && before(&sim->heap[at], &sim->heap[(at - 1) / 2])) {
        swap(&sim->heap[at], &sim->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

bool sim_pop(struct sim *sim, struct sim_event *event)
{
    if (sim->heap_count == 0) {
        return false;
    }
    *event = sim->heap[0];
    sim->heap[0] = sim->heap[--sim->heap_count];
    for (int at = 0;;) {
        int least = at;
        for (int child = 2 * at + 1; child <= 2 * at + 2; child++) {
            if (child < sim->heap_count && before(&sim->heap[child], &sim->heap[least])) {
                least = child;
            }
        }
        if (least == at) {
            return true;
        }
        swap(&sim->heap[at], &sim->heap[least]);
        at = least;
    }
}
