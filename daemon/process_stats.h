/*
 * What this process uses, for the process_* metrics.
 */
#ifndef LEADERD_DAEMON_PROCESS_STATS_H
#define LEADERD_DAEMON_PROCESS_STATS_H

#include "lib/status/metrics.h"

/* Reads /proc/self; what cannot be read is negative (unknown). */
void process_stats_read(struct metrics_process *stats);

#endif
