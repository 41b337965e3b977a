#include "lib/store/redis/breaker.h"

void breaker_init(struct breaker *breaker, int failures_max, int64_t open_ms)
{
    *breaker =
        (struct breaker){.failures_max = failures_max, .open_ms = open_ms, .state = BREAKER_CLOSED};
}

bool breaker_admits(struct breaker *breaker, int64_t now_ms)
{
    if (breaker->state == BREAKER_CLOSED) {
        return true;
    }
    if (breaker->state == BREAKER_OPEN && now_ms >= breaker->open_until_ms) {
        breaker_wake(breaker);
    }
    bool free = !breaker->trying || now_ms - breaker->tried_at_ms >= breaker->open_ms;
    if (breaker->state != BREAKER_HALF_OPEN || !free) {
        return false;
    }
    breaker->trying = true;
    breaker->tried_at_ms = now_ms;
    return true;
}

void breaker_succeed(struct breaker *breaker)
{
    breaker->state = BREAKER_CLOSED;
    breaker->failures = 0;
}

void breaker_fail(struct breaker *breaker, int64_t now_ms)
{
    bool apart = breaker->failures == 0 || now_ms - breaker->failed_at_ms >= BREAKER_APART_MS;
    if (apart) {
        breaker->failures++;
        breaker->failed_at_ms = now_ms;
    }
    bool tried = breaker->state == BREAKER_HALF_OPEN && breaker->trying;
    bool enough = breaker->state == BREAKER_CLOSED && breaker->failures >= breaker->failures_max;
    if (tried || enough) {
        breaker->state = BREAKER_OPEN;
        breaker->open_until_ms = now_ms + breaker->open_ms;
    }
}

void breaker_wake(struct breaker *breaker)
{
    if (breaker->state == BREAKER_OPEN) {
        breaker->state = BREAKER_HALF_OPEN;
        breaker->trying = false;
    }
}

const char *breaker_state_name(const struct breaker *breaker)
{
    switch (breaker->state) {
    case BREAKER_CLOSED:
        return "closed";
    case BREAKER_OPEN:
        return "open";
    case BREAKER_HALF_OPEN:
        return "half_open";
    }
    return "";
}
