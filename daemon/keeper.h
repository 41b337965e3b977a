/*
 * The keeper of a process group: a small process that kills the group when the one that started it
 * cannot, because it was killed, or stands still beyond the deadline.
 *
 * It is in a session of its own, out of reach of what is sent to its starter's group, and ends with
 * its starter.
 */
#ifndef LEADERD_DAEMON_KEEPER_H
#define LEADERD_DAEMON_KEEPER_H

#include "lib/base/problem.h"

#include <stdint.h>
#include <sys/types.h>

struct keeper {
    pid_t pid; /* a child of the caller */
    int fd;
};

/* Must be called while the process has one thread. */
bool keeper_start(struct keeper *keeper, struct problem *problem) must_use;

/* Lets it end, and waits for that. The group, if there is one, is killed. */
void keeper_stop(struct keeper *keeper);

/* From now on the group is to be killed at this instant, or when the caller dies; `group` 0: there
 * is none. False when the keeper is gone. */
bool keeper_tell(const struct keeper *keeper, pid_t group, int64_t kill_at_boottime_ms) must_use;

#endif
