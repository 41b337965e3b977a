/*
 * Sockets that systemd has opened for us (sd_listen_fds(3)): a descriptor named `read`, `probe` or
 * `control` (FileDescriptorName=) takes the place of the first listener of that role that has none
 * yet.
 */
#ifndef LEADERD_DAEMON_INHERITED_H
#define LEADERD_DAEMON_INHERITED_H

#include "config/config.h"
#include "lib/http/http.h"

/* Gives the inherited sockets to `listeners`, which are in the order of `config`. False, with a
 * problem, when one has no name of a role, no listener to take it, is not listening, or would let
 * others in whom the configuration keeps out. The variables are gone afterwards. */
bool inherited_take(const struct config_http *config, bool has_token,
                    struct http_listener *listeners, struct problem *problem) must_use;

#endif
