/*
 * What it takes to talk to the servers of a store: addresses, passwords, TLS.
 *
 * The caller's storage; it must stay where it is while links use its manners.
 */
#ifndef LEADERD_STORE_REDIS_ACCESS_H
#define LEADERD_STORE_REDIS_ACCESS_H

#include "lib/store/redis/dial.h"
#include "lib/store/redis/options.h"

struct redis_access {
    struct redis_options_copy copy;
    struct tls_context *tls; /* NULL: plain */
    struct link_manners servers, sentinels;
};

/* False, with the problem, when an option is out of its range, a file of TLS cannot be used, or
 * memory is short; then there is nothing to deinit. */
bool redis_access_init(struct redis_access *access, const struct redis_store_options *options,
                       struct problem *problem) must_use;

/* Takes over passwords and TLS from `options`. False, with the problem, and nothing changes, when
 * that cannot be. */
bool redis_access_refresh(struct redis_access *access, const struct redis_store_options *options,
                          struct problem *problem) must_use;

/* Takes an empty (zeroed) one, too. */
void redis_access_deinit(struct redis_access *access);

#endif
