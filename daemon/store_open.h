/*
 * Makes the store that the configuration names, and gives it renewed secrets.
 */
#ifndef LEADERD_DAEMON_STORE_OPEN_H
#define LEADERD_DAEMON_STORE_OPEN_H

#include "daemon/settings.h"
#include "lib/store/store.h"

/* NULL with a problem when it cannot be made; one that cannot be reached yet is made all the same,
 * and says so by its listener. */
struct store *store_open(uv_loop_t *loop, const struct loaded *loaded,
                         const struct store_listener *listener, struct problem *problem);

/* Passwords and certificates as they are in `loaded`, for connections made from now on. False, with
 * the problem, and nothing changes, when a file cannot be used. */
bool store_refresh(struct store *store, const struct loaded *loaded,
                   struct problem *problem) must_use;

#endif
