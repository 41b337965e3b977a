/*
 * Runs the command of `watch --exec` and waits for it.
 *
 * No shell. Its environment holds LEADERD_ELECTION, LEADERD_STATE, LEADERD_IS_LEADER,
 * LEADERD_LEADER, LEADERD_PREVIOUS_LEADER, LEADERD_FENCING_TOKEN and LEADERD_DEADLINE_BOOTTIME_MS;
 * what is unknown is empty.
 */
#ifndef LEADERD_DAEMON_WATCH_HOOK_H
#define LEADERD_DAEMON_WATCH_HOOK_H

#include <jansson.h>

/* `election` is an election object. Tells on stderr when the command could not be run or failed;
 * that is no reason to stop watching. */
void watch_hook_run(char *const *command, const json_t *election);

#endif
