/*
 * Tells when the wall clock of this host is stepped, or the host comes back from suspend.
 *
 * A step may be the only trace of a pause that no clock of ours has counted (a virtual machine that
 * was stopped and had its time set on waking). Slewing is not reported.
 */
#ifndef LEADERD_DAEMON_CLOCK_WATCH_H
#define LEADERD_DAEMON_CLOCK_WATCH_H

#include "lib/base/problem.h"

#include <stdint.h>
#include <uv.h>

struct clock_watch {
    uv_poll_t poll;
    int timer_fd;
    int64_t offset_ms; /* wall time less CLOCK_BOOTTIME, when last looked at */
    /* `jump_ms`: how far wall time went beyond CLOCK_BOOTTIME; 0 after a suspend. */
    void (*jumped)(void *owner, int64_t jump_ms);
    void *owner;
};

/* Caller's storage; `jumped` and `owner` must be set. False where the kernel cannot do it. */
bool clock_watch_start(struct clock_watch *watch, uv_loop_t *loop, struct problem *problem);

/* The storage must live until the loop has turned. Nothing happens if it was never started. */
void clock_watch_stop(struct clock_watch *watch);

#endif
