/* Clocks of a host: rates that change, and stops that one or both of them do not see. */
#include "tests/sim/sim.h"

static double counted_us(const struct sim_clock *clock, int64_t true_us, double rate)
{
    return (double)(true_us - clock->true_us) * rate;
}

void sim_clock_set(struct sim_clock *clock, int64_t true_us, double boot_rate, double raw_rate)
{
    clock->boot_us += counted_us(clock, true_us, clock->boot_rate);
    clock->raw_us += counted_us(clock, true_us, clock->raw_rate);
    clock->true_us = true_us;
    clock->boot_rate = boot_rate;
    clock->raw_rate = raw_rate;
}

struct moment sim_clock_now(const struct sim_clock *clock, int64_t true_us)
{
    double boot_us = clock->boot_us + counted_us(clock, true_us, clock->boot_rate);
    double raw_us = clock->raw_us + counted_us(clock, true_us, clock->raw_rate);
    return (struct moment){.boot_ms = (int64_t)(boot_us / 1000),
                           .raw_ms = (int64_t)(raw_us / 1000)};
}

int64_t sim_clock_wait_us(const struct sim_clock *clock, int64_t local_ms)
{
    double rate = clock->boot_rate > 0.01 ? clock->boot_rate : 0.01;
    return (int64_t)((double)local_ms * 1000 / rate);
}
