/*
 * From a host name, a literal address or a socket path to a connection, TLS included.
 *
 * A name is resolved anew each time, on libuv's worker pool (a literal address starts no thread);
 * its first DIAL_ADDRESSES_MAX addresses, IPv4 and IPv6, are tried one after the other in the
 * resolver's order, sharing the time evenly.
 */
#ifndef LEADERD_STORE_REDIS_DIAL_H
#define LEADERD_STORE_REDIS_DIAL_H

#include "lib/store/redis/endpoint.h"
#include "lib/store/redis/transport.h"

enum { DIAL_ADDRESSES_MAX = 16 };

struct dial;

/* How to behave at a server. Read when it is needed, so the owner may change it at any time. */
struct link_manners {
    const char *username, *password; /* NULL for none */
    const char *client_name;         /* NULL for none */
    int db;
    bool primary_only; /* a server that says it is a replica is left at once */
    int64_t connect_timeout_ms, keepalive_ms;
    const struct tls_context *tls; /* NULL: plain */
};

/* Once, never from inside dial_start(). `transport` is the callback's from then on, and NULL when
 * no address answered: then `status` is libuv's, and `why` what was wrong with TLS, or NULL. */
typedef void dial_done_cb(void *owner, struct transport *transport, int status, const char *why);

/* `endpoint` and `manners` are borrowed until the callback or dial_cancel(). NULL when memory is
 * short. */
struct dial *dial_start(uv_loop_t *loop, const struct redis_endpoint *endpoint,
                        const struct link_manners *manners, dial_done_cb *done, void *owner);

/* Was the server reached, and are hands being shaken? */
bool dial_is_shaking(const struct dial *dial);

/* Nothing is called any more. Takes NULL, too; not to be used after the callback. */
void dial_cancel(struct dial *dial);

#endif
