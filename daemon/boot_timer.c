#include "daemon/boot_timer.h"

#include "lib/base/moment.h"

#include <assert.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

int boot_timer_open(void)
{
    return timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
}

void boot_timer_set(int fd, int64_t at_boottime_ms)
{
    struct itimerspec when = {0};
    if (at_boottime_ms != BOOT_TIMER_NEVER) {
        int64_t at_ms = at_boottime_ms > 0 ? at_boottime_ms : 1; /* 0 would turn it off */
        when.it_value.tv_sec = at_ms / 1000;
        when.it_value.tv_nsec = at_ms % 1000 * 1000000;
    }
    int set = timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL);
    assert(set == 0);
    (void)set;
}

void boot_timer_clear(int fd)
{
    uint64_t fired = 0;
    ssize_t got = read(fd, &fired, sizeof fired);
    (void)got; /* nothing to read: it was set anew meanwhile */
}

int64_t boot_now_ms(void)
{
    return boottime_us() / 1000;
}
