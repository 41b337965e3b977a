/*
 * A connected, non-blocking socket to the daemon.
 */
#ifndef LEADERD_DAEMON_CLIENT_SOCKET_H
#define LEADERD_DAEMON_CLIENT_SOCKET_H

#include "daemon/client.h"

/* Returns the descriptor, or -1 with `*error` an errno, or 0 when there is no such host. */
int client_socket_connect(const struct client_target *target, int64_t timeout_ms, int *error);

/* Waits until `events` of poll(2); false when the time is over. */
bool client_socket_wait(int fd, short events, int64_t timeout_ms);

#endif
