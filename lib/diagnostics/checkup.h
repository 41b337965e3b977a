/*
 * The health check: a whole lease cycle on a throwaway record of the store, over and over.
 *
 * Observe (is the store there?), acquire, verify by reading back, renew, release. It runs on a
 * store of its own, so that nothing of it can delay a renewal, and each call has CHECKUP_CALL_MS.
 */
#ifndef LEADERD_DIAGNOSTICS_CHECKUP_H
#define LEADERD_DIAGNOSTICS_CHECKUP_H

#include "lib/store/store.h"

enum { CHECKUP_CALL_MS = 5000 };

enum checkup_verdict { CHECKUP_UNKNOWN = 1, CHECKUP_PASS, CHECKUP_FAIL };

struct checkup_check {
    enum checkup_verdict verdict;
    int64_t duration_us;  /* negative: unknown */
    int64_t at_ms;        /* wall time, 0: never */
    struct problem error; /* "" for none */
};

enum checkup_step {
    CHECKUP_ACQUIRE,
    CHECKUP_VERIFY,
    CHECKUP_RENEW,
    CHECKUP_RELEASE,
    CHECKUP_STEPS,
};

enum checkup_health { CHECKUP_NOT_RUN = 1, CHECKUP_HEALTHY, CHECKUP_DEGRADED, CHECKUP_UNHEALTHY };

/* The last finished run. */
struct checkup_result {
    enum checkup_health health;
    int64_t at_ms; /* wall time, 0: never */
    struct checkup_check connectivity, lease_operations, performance;
    enum checkup_verdict steps[CHECKUP_STEPS];
    int64_t slowest_us; /* of the calls that were answered; negative: none */
    /* The server's clock at the first answer, for drift; server_us 0: unknown. */
    int64_t server_us, local_us, round_trip_us;
};

struct checkup_options {
    int64_t interval_ms;
    int64_t threshold_ms; /* a slower call fails the performance check */
    const char *instance; /* 32 hex digits, unique to this process; copied */
};

struct checkup;

/* Called on the loop after each run. */
typedef void checkup_cb(void *owner, const struct checkup_result *result);

/* The first run is after a second, or when checkup_hasten() is called. Borrows the store, which
 * must guard against nothing (restart_guard off). NULL when memory is short. */
struct checkup *checkup_start(uv_loop_t *loop, struct store *store,
                              const struct checkup_options *options, checkup_cb *done, void *owner);

/* The store can be reached: there is no need to wait for the first run. */
void checkup_hasten(struct checkup *checkup);

void checkup_retime(struct checkup *checkup, int64_t interval_ms, int64_t threshold_ms);

const struct checkup_result *checkup_result(const struct checkup *checkup);

/* Nothing is called any more. The store may be closed afterwards, and only then: a call that is
 * under way is still the checkup's. Freed when that is answered. Takes NULL, too. */
void checkup_stop(struct checkup *checkup);

const char *checkup_verdict_name(enum checkup_verdict verdict);
/* NULL for CHECKUP_NOT_RUN. */
const char *checkup_health_name(enum checkup_health health);

#endif
