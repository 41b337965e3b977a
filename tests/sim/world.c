/* The world: classes of faults, and the loop that lets virtual time pass. */
#include "tests/sim/sim.h"

#include <stdlib.h>
#include <string.h>

const struct sim_class sim_classes[] = {
    {"none", 0, false},
    {"loss", FAULT_LOSS, false},
    {"cut", FAULT_CUT, false},
    {"crash", FAULT_CRASH, false},
    {"freeze", FAULT_FREEZE, false},
    {"suspend", FAULT_SUSPEND, false},
    {"drift", FAULT_DRIFT | FAULT_CRASH, false},
    {"restart_all", FAULT_KEEP, false},
    {"restart_some", FAULT_OLDER, false},
    {"restart_none", FAULT_EMPTY, false},
    {"flush", FAULT_FLUSH, false},
    {"failover_ack", FAULT_FAILOVER | FAULT_ACKED | FAULT_CUT, false},
    {"server_clock", FAULT_STEP, false},
    {"duplicates", FAULT_NAMES | FAULT_CRASH | FAULT_FREEZE, false},
    {"reconfigure", FAULT_RETIME | FAULT_LOSS | FAULT_CUT, false},
    {"clocks", FAULT_DRIFT | FAULT_STEP | FAULT_CUT | FAULT_CRASH | FAULT_RETIME | FAULT_FREEZE,
     false},
    {"retimes", FAULT_RETIME | FAULT_CRASH | FAULT_FREEZE | FAULT_SUSPEND | FAULT_KEEP, false},
    {"naps", FAULT_DRIFT | FAULT_SUSPEND | FAULT_STEP | FAULT_CUT | FAULT_CRASH, false},
    {"data", FAULT_LOSS | FAULT_OLDER | FAULT_EMPTY | FAULT_FLUSH | FAULT_OPERATOR | FAULT_FREEZE,
     false},
    {"operator", FAULT_OPERATOR | FAULT_LOSS, false},
    {"everything",
     FAULT_LOSS | FAULT_CUT | FAULT_CRASH | FAULT_FREEZE | FAULT_SUSPEND | FAULT_DRIFT |
         FAULT_KEEP | FAULT_OLDER | FAULT_EMPTY | FAULT_FLUSH | FAULT_FAILOVER | FAULT_ACKED |
         FAULT_NAMES | FAULT_OPERATOR,
     false},
    {"failover", FAULT_FAILOVER | FAULT_CUT, true},
    {"drift_beyond", FAULT_BEYOND | FAULT_CRASH | FAULT_STEP, true},
    {"unseen_pause", FAULT_PAUSE, true},
    {"clones", FAULT_CLONE, true},
    {NULL, 0, false},
};

static bool is_for_host(const struct sim_event *event)
{
    return event->kind == EVENT_WAKE || event->kind == EVENT_REPLY ||
           event->kind == EVENT_TIMEOUT || event->kind == EVENT_LINK || event->kind == EVENT_HINT;
}

static void handle(struct sim *sim, struct sim_event *event)
{
    if (is_for_host(event)) {
        struct sim_host *host = &sim->hosts[event->host];
        if (sim->now_us < host->frozen_until_us) {
            event->at_us = host->frozen_until_us;
            sim_push(sim, event);
            return;
        }
        (sim->classic ? classic_handle : host_handle)(sim, event);
        free(event->kind == EVENT_REPLY ? event->message : NULL);
    } else if (event->kind == EVENT_REQUEST) {
        store_handle(sim, event);
    } else {
        faults_handle(sim, event);
    }
}

static void begin(struct sim *sim, const struct sim_class *class, bool classic, uint64_t seed)
{
    *sim = (struct sim){.class = class, .classic = classic};
    prng_init(&sim->prng, seed);
    story_begin();
    store_begin(sim);
    for (int i = 0; i < HOSTS; i++) {
        struct sim_host *host = &sim->hosts[i];
        host->index = i;
        host->memo.released = true;
        host->clock =
            (struct sim_clock){.boot_us = 1e9 + (double)prng_below(&sim->prng, 1000000000),
                               .raw_us = 1e9 + (double)prng_below(&sim->prng, 1000000000),
                               .boot_rate = 1,
                               .raw_rate = 1};
    }
    for (int i = 0; i < HOSTS; i++) {
        host_start(sim, &sim->hosts[i], false);
    }
    faults_begin(sim);
}

void sim_run(struct sim *sim, const struct sim_class *class, bool classic, uint64_t seed,
             int64_t length_us)
{
    struct sim_event event;
    begin(sim, class, classic, seed);
    while (sim->violation[0] == '\0' && sim_pop(sim, &event)) {
        bool over = event.at_us > length_us;
        check_time(sim, over ? length_us : event.at_us);
        if (over) {
            break;
        }
        sim->now_us = event.at_us;
        handle(sim, &event);
    }
    for (int i = 0; i < sim->heap_count; i++) {
        bool owns = sim->heap[i].kind == EVENT_REQUEST || sim->heap[i].kind == EVENT_REPLY;
        free(owns ? sim->heap[i].message : NULL);
    }
    free(sim->heap);
    sim->heap = NULL;
}
