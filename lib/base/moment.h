/*
 * Instants that leases are measured by.
 *
 * A moment is read from two clocks at once: CLOCK_BOOTTIME counts suspend but may be slewed (chrony
 * by up to 8 %), CLOCK_MONOTONIC_RAW is never slewed but stops in suspend. A leader trusts the
 * clock that ran further, a waiter the one that ran less: each errs to the safe side. Wall time is
 * for people only and never decides anything.
 */
#ifndef LEADERD_BASE_MOMENT_H
#define LEADERD_BASE_MOMENT_H

#include <stdint.h>

struct moment {
    int64_t boot_ms; /* CLOCK_BOOTTIME */
    int64_t raw_ms;  /* CLOCK_MONOTONIC_RAW */
};

/* Reads both clocks. Rounds down: a deadline computed from it is never late. */
struct moment moment_now(void);

struct moment moment_plus(struct moment moment, int64_t ms);

/* Time from `then` to `now` by the clock that ran further: for whoever holds a lease. */
int64_t moment_elapsed_most(struct moment then, struct moment now);

/* ... by the clock that ran less: for whoever waits for a lease to end. */
int64_t moment_elapsed_least(struct moment then, struct moment now);

/* Time left until `deadline`, by the clock that gets there first; negative when it is past. */
int64_t moment_left(struct moment deadline, struct moment now);

/* Microseconds of CLOCK_BOOTTIME, and of the wall clock since 1970. */
int64_t boottime_us(void);
int64_t wall_us(void);

#endif
