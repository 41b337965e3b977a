/*
 * From a host name, a literal address or a socket path to a connection.
 *
 * A name is resolved anew each time, on libuv's worker pool (a literal address starts no thread);
 * its first DIAL_ADDRESSES_MAX addresses, IPv4 and IPv6, are tried one after the other in the
 * resolver's order, sharing the time evenly.
 */
#ifndef LEADERD_STORE_REDIS_DIAL_H
#define LEADERD_STORE_REDIS_DIAL_H

#include "lib/store/redis/redis_store.h"
#include "lib/store/redis/transport.h"

enum { DIAL_ADDRESSES_MAX = 16 };

struct dial;

/* Once, never from inside dial_start(). `transport` is the callback's from then on, and NULL when
 * no address answered: then `status` is libuv's. */
typedef void dial_done_cb(void *owner, struct transport *transport, int status);

/* `options` is borrowed until the callback or dial_cancel(). NULL when memory is short. */
struct dial *dial_start(uv_loop_t *loop, const struct redis_store_options *options,
                        dial_done_cb *done, void *owner);

/* Nothing is called any more. Takes NULL, too; not to be used after the callback. */
void dial_cancel(struct dial *dial);

#endif
