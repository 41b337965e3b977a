/*
 * A circuit breaker: after so many failures in a row, stop asking for a while, then try once.
 *
 * Pure; time is passed in. Failures closer together than BREAKER_APART_MS count as one, so that a
 * thousand elections on one connection do not open it by a single hiccup.
 */
#ifndef LEADERD_STORE_REDIS_BREAKER_H
#define LEADERD_STORE_REDIS_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum { BREAKER_APART_MS = 50 };

enum breaker_state { BREAKER_CLOSED = 1, BREAKER_OPEN, BREAKER_HALF_OPEN };

struct breaker {
    int failures_max;
    int64_t open_ms;
    enum breaker_state state;
    int failures;
    int64_t failed_at_ms; /* the last one that counted */
    int64_t open_until_ms;
    int64_t tried_at_ms; /* half open: when the one call was let through */
    bool trying;
};

void breaker_init(struct breaker *breaker, int failures_max, int64_t open_ms);

/* May a call go now that can wait? In the half open state one may, and then none until it is
 * answered or open_ms have passed. */
bool breaker_admits(struct breaker *breaker, int64_t now_ms);

/* An answer, whoever asked. */
void breaker_succeed(struct breaker *breaker);
void breaker_fail(struct breaker *breaker, int64_t now_ms);

/* A sign of life: the next call may try. */
void breaker_wake(struct breaker *breaker);

/* "closed", "open", "half_open" */
const char *breaker_state_name(const struct breaker *breaker);

#endif
