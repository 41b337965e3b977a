#include "lib/base/moment.h"

#include <time.h>

static int64_t read_us(clockid_t clock)
{
    struct timespec time;
    (void)clock_gettime(clock, &time); /* cannot fail for the clocks used here */
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

struct moment moment_now(void)
{
    return (struct moment){.boot_ms = read_us(CLOCK_BOOTTIME) / 1000,
                           .raw_ms = read_us(CLOCK_MONOTONIC_RAW) / 1000};
}

struct moment moment_plus(struct moment moment, int64_t ms)
{
    return (struct moment){.boot_ms = moment.boot_ms + ms, .raw_ms = moment.raw_ms + ms};
}

int64_t moment_elapsed_most(struct moment then, struct moment now)
{
    int64_t boot = now.boot_ms - then.boot_ms;
    int64_t raw = now.raw_ms - then.raw_ms;
    return boot > raw ? boot : raw;
}

int64_t moment_elapsed_least(struct moment then, struct moment now)
{
    int64_t boot = now.boot_ms - then.boot_ms;
    int64_t raw = now.raw_ms - then.raw_ms;
    return boot < raw ? boot : raw;
}

int64_t moment_left(struct moment deadline, struct moment now)
{
    return -moment_elapsed_most(deadline, now);
}

int64_t boottime_us(void)
{
    return read_us(CLOCK_BOOTTIME);
}

int64_t wall_us(void)
{
    return read_us(CLOCK_REALTIME);
}
