#include "tests/fuzz/clock.h"

#include <stdbool.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { START_MS = 1000000 };

static int64_t now_ms = START_MS;

void clock_reset(void)
{
    now_ms = START_MS;
}

void clock_pass_ms(int64_t ms)
{
    now_ms += ms;
}

/* libFuzzer looks at the wall clock only, and others may count what they use of the processor. */
int clock_gettime(clockid_t clock, struct timespec *time)
{
    bool ours = clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE ||
                clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_BOOTTIME;
    if (!ours) {
        return (int)syscall(SYS_clock_gettime, clock, time);
    }
    *time = (struct timespec){.tv_sec = now_ms / 1000, .tv_nsec = now_ms % 1000 * 1000000};
    return 0;
}

ssize_t getrandom(void *bytes, size_t size, unsigned flags)
{
    (void)flags;
    memset(bytes, 0x5a, size);
    return (ssize_t)size;
}
