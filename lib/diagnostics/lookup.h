/*
 * From a host name to one socket address after another; literal addresses start no thread.
 */
#ifndef LEADERD_DIAGNOSTICS_LOOKUP_H
#define LEADERD_DIAGNOSTICS_LOOKUP_H

#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

enum { LOOKUP_ADDRESSES_MAX = 8 };

struct lookup;

/* Once, on the loop, never from inside lookup_start(). `status` is libuv's; addresses live during
 * the call. A host that is no name at all fails in the same way. */
typedef void lookup_cb(void *owner, int status, const struct sockaddr_storage *addresses,
                       size_t count);

/* `socktype` as of getaddrinfo(). NULL when memory is short. */
struct lookup *lookup_start(uv_loop_t *loop, const char *host, int port, int socktype,
                            lookup_cb *done, void *owner);

/* Nothing is called any more. Takes NULL, too; not to be used after the callback. */
void lookup_cancel(struct lookup *lookup);

#endif
