/*
 * What the kernel knows about the synchronization of its clock (adjtimex(2), which needs no
 * privilege for reading). In a container it is that of the host.
 */
#ifndef LEADERD_DIAGNOSTICS_KERNEL_CLOCK_H
#define LEADERD_DIAGNOSTICS_KERNEL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct kernel_clock {
    bool available; /* false where a sandbox forbids it */
    bool synchronized;
    int64_t max_error_us, estimated_error_us;
};

struct kernel_clock kernel_clock_read(void);

#endif
