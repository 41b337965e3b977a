/*
 * How many files this process may have open, and who goes without when they are short.
 */
#ifndef LEADERD_DAEMON_DESCRIPTORS_H
#define LEADERD_DAEMON_DESCRIPTORS_H

#include <stdbool.h>

/* Takes all that the system permits (the hard limit of RLIMIT_NOFILE): the soft limit would turn
 * clients away long before memory does. */
void descriptors_raise_limit(void);

/* Whether there are some for what an election can do without. The rest, a quarter or 256, is for
 * the store and for clients. */
bool descriptors_to_spare(void);

#endif
