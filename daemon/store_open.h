/*
 * Makes the store that the configuration names, and gives it renewed secrets.
 */
#ifndef LEADERD_DAEMON_STORE_OPEN_H
#define LEADERD_DAEMON_STORE_OPEN_H

#include "daemon/settings.h"
#include "lib/store/redis/redis_store.h"

/* NULL with a problem when it cannot be made; one that cannot be reached yet is made all the same,
 * and says so by its listener. */
struct store *store_open(uv_loop_t *loop, const struct loaded *loaded,
                         const struct store_listener *listener, struct problem *problem);

/* Another one beside it, for the health check: it guards against nothing, and waits for no replica.
 */
struct store *store_open_for_health(uv_loop_t *loop, const struct loaded *loaded,
                                    const struct store_listener *listener, struct problem *problem);

/* What the Redis store is made from; `addresses` has room for all hosts of a URL. False: the store
 * is none in Redis. Borrows from `loaded` and `addresses`. */
bool store_redis_options(const struct loaded *loaded, struct redis_address *addresses,
                         struct redis_store_options *options) must_use;

/* Passwords and certificates as they are in `loaded`, for connections made from now on. False, with
 * the problem, and nothing changes, when a file cannot be used. */
bool store_refresh(struct store *store, const struct loaded *loaded,
                   struct problem *problem) must_use;

#endif
