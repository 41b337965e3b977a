/*
 * One run of the diagnostics: the Redis servers, then the clock, then the network.
 *
 * Everything has a time limit, uses connections of its own, and changes nothing but throwaway keys
 * with a TTL.
 */
#ifndef LEADERD_DIAGNOSTICS_DOCTOR_H
#define LEADERD_DIAGNOSTICS_DOCTOR_H

#include "lib/diagnostics/probe.h"
#include "lib/diagnostics/redis_exam.h"
#include "lib/diagnostics/report.h"

enum { DOCTOR_LIMIT_MS = 5000 /* for each server and each target */ };

struct doctor_options {
    const struct redis_store_options *store; /* NULL: there is no Redis to examine */
    const char *const *elections;
    size_t election_count;
    int64_t expiring_ms; /* -1: a fifth of each lease */
    const struct probe_target *ntp_servers;
    size_t ntp_server_count; /* the first NTP_SERVERS_MAX are asked */
    int64_t ntp_timeout_ms;
    const struct probe_target *targets; /* besides the store's servers */
    size_t target_count;
    /* The run before, NULL for none. Its answers of time servers are taken over when `spare_ntp`,
     * and those of servers that asked to be left alone in any case. Borrowed during the run. */
    const struct report *before;
    bool spare_ntp;
};

struct doctor;

/* Once, on the loop, never from inside doctor_start(). `report` is the callback's. */
typedef void doctor_cb(void *owner, struct report *report);

/* The options are copied where they are needed later. NULL with a problem. */
struct doctor *doctor_start(uv_loop_t *loop, const struct doctor_options *options, doctor_cb *done,
                            void *owner, struct problem *problem);

/* Nothing is called any more. Takes NULL, too; not to be used after the callback. */
void doctor_cancel(struct doctor *doctor);

#endif
