/*
 * A descriptor that becomes readable at an instant of CLOCK_BOOTTIME, also when the host was
 * suspended meanwhile. For programs that wait with poll(2).
 */
#ifndef LEADERD_DAEMON_BOOT_TIMER_H
#define LEADERD_DAEMON_BOOT_TIMER_H

#include <stdint.h>

#define BOOT_TIMER_NEVER INT64_MAX

/* -1 with errno when there are no more descriptors. */
int boot_timer_open(void);

/* An instant that is past fires at once; BOOT_TIMER_NEVER turns it off. */
void boot_timer_set(int fd, int64_t at_boottime_ms);

/* After it has fired: it is not readable any more. */
void boot_timer_clear(int fd);

/* CLOCK_BOOTTIME in ms, rounded down. */
int64_t boot_now_ms(void);

#endif
