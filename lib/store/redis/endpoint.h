/*
 * Where a server is: a host and port or a socket path, with its name for sentences. A pure value.
 */
#ifndef LEADERD_STORE_REDIS_ENDPOINT_H
#define LEADERD_STORE_REDIS_ENDPOINT_H

#include "lib/store/redis/redis_store.h"

enum { REDIS_HOST_SIZE = 256, REDIS_ENDPOINT_SIZE = 272 };

struct redis_endpoint {
    char host[REDIS_HOST_SIZE]; /* a name or an address without brackets; a path when port is 0 */
    int port;
    char name[REDIS_ENDPOINT_SIZE]; /* `host:port`, `[address]:port`, `unix:/path` */
};

/* Port 0: `host` is the path of a socket. False when it is empty, too long, or no port. */
bool endpoint_set(struct redis_endpoint *endpoint, const char *host, int port) must_use;

bool endpoint_same(const struct redis_endpoint *a, const struct redis_endpoint *b);

/* Reads `host:port`, as in MOVED and ASK: the last colon counts, for IPv6 is not bracketed there.
 * An empty host is that of `from`. False when it is anything else. */
bool endpoint_read(struct redis_endpoint *endpoint, const char *text, size_t length,
                   const struct redis_endpoint *from) must_use;

#endif
