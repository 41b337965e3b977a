/*
 * Messages to systemd (sd_notify(3)): a datagram to $NOTIFY_SOCKET, nothing when it is not set.
 */
#ifndef LEADERD_DAEMON_NOTIFY_H
#define LEADERD_DAEMON_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* Whether somebody listens. */
bool notify_is_wanted(void);

/* Sends `message`, such as "READY=1\nSTATUS=…". Failure is ignored: systemd may be gone. */
void notify_send(const char *message);

/* Announces a reload: RELOADING=1 with the time that Type=notify-reload wants. */
void notify_reloading(void);

/* How often WATCHDOG=1 must be sent, in ms: half of $WATCHDOG_USEC; 0 when none is wanted. */
int64_t notify_watchdog_interval_ms(void);

#endif
