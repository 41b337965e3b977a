/*
 * Signals as something to read, for programs that wait with poll(2).
 */
#ifndef LEADERD_DAEMON_SIGNALS_H
#define LEADERD_DAEMON_SIGNALS_H

#include <signal.h>

/* Blocks all signals but those that a fault raises, and returns a descriptor that is readable when
 * one has come; -1 with errno. SIGTTOU and SIGPIPE, which our own writing may raise, are just
 * blocked. `before` is the mask as it was. */
int signals_open(sigset_t *before);

/* The number of the next one; 0 when there is none. */
int signals_next(int fd);

#endif
