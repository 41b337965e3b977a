/*
 * Which of a cluster's 16384 slots a key belongs to, and what CLUSTER SLOTS answers. Pure.
 *
 * https://redis.io/docs/reference/cluster-spec/#key-distribution-model
 */
#ifndef LEADERD_STORE_REDIS_SLOTS_H
#define LEADERD_STORE_REDIS_SLOTS_H

#include "lib/store/redis/endpoint.h"
#include "lib/store/redis/resp.h"

enum { SLOTS = 16384 };

/* CRC16 of the key, or of what stands between its first `{` and the next `}`. */
unsigned slots_of_key(const char *key);

typedef void slots_range_cb(void *owner, unsigned first, unsigned last,
                            const struct redis_endpoint *primary);

/* Calls `each` for every range that has a primary, a node without an address of its own being
 * `from`. False, perhaps after some calls, when the value is no such answer. */
bool slots_read(const struct resp_value *value, const struct redis_endpoint *from,
                slots_range_cb *each, void *owner) must_use;

#endif
