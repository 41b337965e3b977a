/*
 * The store's own, checked copy of its options.
 */
#ifndef LEADERD_STORE_REDIS_OPTIONS_H
#define LEADERD_STORE_REDIS_OPTIONS_H

#include "lib/store/redis/redis_store.h"

enum { REDIS_ENDPOINT_SIZE = 300 };

struct redis_options_copy {
    struct redis_store_options options; /* its strings are owned */
    char endpoint[REDIS_ENDPOINT_SIZE]; /* `host:port`, `[address]:port`, `unix:/path` */
};

bool redis_options_copy(struct redis_options_copy *copy, const struct redis_store_options *options,
                        struct problem *problem) must_use;

/* Takes an empty (zeroed) one, too. The password is wiped. */
void redis_options_deinit(struct redis_options_copy *copy);

#endif
