#include "lib/diagnostics/kernel_clock.h"

#include <sys/timex.h>

struct kernel_clock kernel_clock_read(void)
{
    struct timex state = {.modes = 0};
    int code = adjtimex(&state);
    if (code < 0) {
        return (struct kernel_clock){0};
    }
    return (struct kernel_clock){.available = true,
                                 .synchronized =
                                     code != TIME_ERROR && (state.status & STA_UNSYNC) == 0,
                                 .max_error_us = state.maxerror,
                                 .estimated_error_us = state.esterror};
}
