/*
 * What is counted for /metrics. Plain values; counts only grow.
 */
#ifndef LEADERD_STATUS_COUNTERS_H
#define LEADERD_STATUS_COUNTERS_H

#include "lib/elector/elector.h"
#include "lib/status/histogram.h"
#include "lib/status/operation.h"

/* Of one election. */
struct election_counters {
    uint64_t operations[OPERATION_COUNT][OPERATION_RESULT_COUNT];
    struct histogram durations[OPERATION_COUNT]; /* seconds */
    struct histogram lease_margin;               /* share of the lease left at a renewal */
    uint64_t gained;
    uint64_t lost[ELECTOR_SHUTDOWN + 1]; /* by enum elector_reason */
    uint64_t leader_changes_seen;
    uint64_t verification_failures;
    int64_t leaderless_ms; /* time this daemon knew of no leader */
};

void election_counters_init(struct election_counters *counters);

void election_counters_operation(struct election_counters *counters, enum operation operation,
                                 enum operation_result result, int64_t duration_us);

enum { ERROR_CODES_MAX = 32, ERROR_CODE_SIZE = 24 };

/* Errors by code. The known codes are there from the start; beyond ERROR_CODES_MAX different ones
 * the rest is counted as "other", so that no server can fill our memory. */
struct error_counters {
    unsigned used;
    struct error_counter {
        char code[ERROR_CODE_SIZE];
        uint64_t count;
    } codes[ERROR_CODES_MAX];
};

void error_counters_init(struct error_counters *errors);

/* `code` is cut to ERROR_CODE_SIZE; NULL and "" are "other". */
void error_counters_add(struct error_counters *errors, const char *code);

#endif
