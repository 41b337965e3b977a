/* The world: classes of faults, and the loop that lets virtual time pass. */
#include "tests/sim/sim.h"

#include <stdlib.h>
#include <string.h>

static const char beyond[] = "beyond the promise";

const struct sim_class sim_classes[] = {
    {"none", 0, NULL},
    {"loss", FAULT_LOSS, NULL},
    {"cut", FAULT_CUT, NULL},
    {"crash", FAULT_CRASH, NULL},
    {"freeze", FAULT_FREEZE, NULL},
    {"suspend", FAULT_SUSPEND, NULL},
    {"drift", FAULT_DRIFT | FAULT_CRASH, NULL},
    {"restart_all", FAULT_KEEP, NULL},
    {"restart_some", FAULT_OLDER, NULL},
    {"restart_none", FAULT_EMPTY, NULL},
    {"flush", FAULT_FLUSH, NULL},
    {"evict", FAULT_EVICT, NULL},
    {"stall", FAULT_STALL, NULL},
    {"failover_ack", FAULT_FAILOVER | FAULT_ACKED | FAULT_CUT, NULL},
    {"server_clock", FAULT_STEP, NULL},
    {"duplicates", FAULT_NAMES | FAULT_CRASH | FAULT_FREEZE, NULL},
    {"reconfigure", FAULT_RETIME | FAULT_LOSS | FAULT_CUT, NULL},
    {"clocks", FAULT_DRIFT | FAULT_STEP | FAULT_CUT | FAULT_CRASH | FAULT_RETIME | FAULT_FREEZE,
     NULL},
    {"naps", FAULT_DRIFT | FAULT_SUSPEND | FAULT_STEP | FAULT_CUT | FAULT_CRASH, NULL},
    {"retimes",
     FAULT_RETIME | FAULT_CRASH | FAULT_FREEZE | FAULT_SUSPEND | FAULT_STALL | FAULT_OPERATOR |
         FAULT_LOSS,
     NULL},
    {"data",
     FAULT_LOSS | FAULT_CUT | FAULT_OLDER | FAULT_EMPTY | FAULT_FLUSH | FAULT_OPERATOR |
         FAULT_FREEZE,
     NULL},
    {"losses", FAULT_CUT | FAULT_FLUSH | FAULT_EVICT, NULL},
    {"operator", FAULT_OPERATOR, NULL},
    {"handover", FAULT_OPERATOR | FAULT_LOSS | FAULT_CRASH | FAULT_FREEZE | FAULT_EMPTY, NULL},
    {"everything",
     FAULT_LOSS | FAULT_CUT | FAULT_CRASH | FAULT_FREEZE | FAULT_SUSPEND | FAULT_DRIFT |
         FAULT_KEEP | FAULT_OLDER | FAULT_EMPTY | FAULT_FLUSH | FAULT_FAILOVER | FAULT_ACKED |
         FAULT_NAMES | FAULT_OPERATOR | FAULT_STALL | FAULT_EVICT,
     NULL},
    /* A renewal so late that the store was restarted meanwhile can set a record back to an older,
     * shorter lease: the rules do not compare its number then. */
    {"retimes_kept", FAULT_RETIME | FAULT_CRASH | FAULT_FREEZE | FAULT_LOSS | FAULT_KEEP,
     "open: a late renewal after a restart"},
    {"failover", FAULT_FAILOVER | FAULT_CUT, beyond},
    {"drift_beyond", FAULT_BEYOND | FAULT_CRASH | FAULT_STEP, beyond},
    {"unseen_pause", FAULT_PAUSE, beyond},
    {"clones", FAULT_CLONE, beyond},
    {NULL, 0, NULL},
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
            /* whatever is ready when the process goes on is handled in any order */
            event->at_us = host->frozen_until_us + prng_below(&sim->prng, 100);
            sim_push(sim, event);
            return;
        }
        (sim->classic ? classic_handle : host_handle)(sim, event);
        free(event->kind == EVENT_REPLY ? event->message : NULL);
    } else if (event->kind == EVENT_REQUEST || event->kind == EVENT_ACK) {
        store_handle(sim, event);
    } else {
        faults_handle(sim, event);
    }
}

static void begin(struct sim *sim, const struct sim_run *run)
{
    *sim =
        (struct sim){.class = run->class, .classic = run->classic, .host_count = run->host_count};
    prng_init(&sim->prng, run->seed);
    story_begin(run->aloud);
    store_begin(sim);
    for (int i = 0; i < sim->host_count; i++) {
        struct sim_host *host = &sim->hosts[i];
        host->index = i;
        host->memo.released = true;
        host->clock =
            (struct sim_clock){.boot_us = 1e9 + (double)prng_below(&sim->prng, 1000000000),
                               .raw_us = 1e9 + (double)prng_below(&sim->prng, 1000000000),
                               .boot_rate = 1,
                               .raw_rate = 1};
    }
    for (int i = 0; i < sim->host_count; i++) {
        host_start(sim, &sim->hosts[i], false);
    }
    faults_begin(sim);
}

static void drop(const struct sim_event *event)
{
    enum sim_event_kind kind = event->kind;
    bool owns = kind == EVENT_REQUEST || kind == EVENT_ACK || kind == EVENT_REPLY;
    free(owns ? event->message : NULL);
}

void sim_run(struct sim *sim, const struct sim_run *run)
{
    struct sim_event event;
    int64_t length_us = run->length_us;
    begin(sim, run);
    while (sim->violation[0] == '\0' && sim_pop(sim, &event)) {
        bool over = event.at_us > length_us;
        check_time(sim, over ? length_us : event.at_us);
        if (over) {
            promise_end(sim);
            drop(&event);
            break;
        }
        sim->now_us = event.at_us;
        handle(sim, &event);
    }
    for (int i = 0; i < sim->heap_count; i++) {
        drop(&sim->heap[i]);
    }
    free(sim->heap);
    sim->heap = NULL;
    sim->tally.hash = story_hash();
}
