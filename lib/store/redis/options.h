/*
 * The store's own, checked copy of its options.
 */
#ifndef LEADERD_STORE_REDIS_OPTIONS_H
#define LEADERD_STORE_REDIS_OPTIONS_H

#include "lib/store/redis/endpoint.h"

struct redis_options_copy {
    struct redis_store_options options; /* its strings are owned; without the addresses */
    struct redis_endpoint *endpoints;   /* options.addresses, or the socket */
    size_t endpoint_count;
};

bool redis_options_copy(struct redis_options_copy *copy, const struct redis_store_options *options,
                        struct problem *problem) must_use;

/* Takes an empty (zeroed) one, too. Passwords are wiped. */
void redis_options_deinit(struct redis_options_copy *copy);

#endif
