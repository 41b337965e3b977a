/*
 * Bytes to a server and back, over TCP or a unix socket, encrypted by TLS where that is wanted.
 *
 * What is added to the output is sent by one write at the end of the present turn of the loop, so a
 * thousand commands cost one system call. After transport_close() nothing is called any more; the
 * memory goes when libuv has let go of the handles, and refers to nothing of the owner's meanwhile.
 * The output holds at most TRANSPORT_OUTPUT_MAX bytes: beyond that the connection ends.
 */
#ifndef LEADERD_STORE_REDIS_TRANSPORT_H
#define LEADERD_STORE_REDIS_TRANSPORT_H

#include "lib/base/text.h"
#include "lib/store/redis/tls.h"

#include <uv.h>

enum { TRANSPORT_OUTPUT_MAX = 64 << 20 };

struct transport;

/* Each is called on the loop, and may close the transport. `status` is libuv's, negative; it is
 * UV_EPROTO when TLS failed, and transport_why() tells how. */
struct transport_events {
    void (*connected)(void *owner, int status); /* 0: it stands, hands are shaken; once */
    void (*received)(void *owner, const char *bytes, size_t length);
    void (*ended)(void *owner, int status); /* UV_EOF or an error; once, after `connected` */
};

struct transport_options {
    int64_t keepalive_ms;
    int64_t user_timeout_ms; /* the kernel gives up on bytes that are not acknowledged this long */
    const struct tls_context *tls; /* borrowed until transport_open() returns; NULL: no TLS */
    const char *host;              /* for the certificate */
};

/* Begins to connect to an IPv4, IPv6 or AF_UNIX address. NULL, with libuv's `status`, when that
 * fails at once. */
struct transport *transport_open(uv_loop_t *loop, const struct sockaddr *address,
                                 const struct transport_options *options, int *status);

/* From now on these are called for this owner; at first nobody is. */
void transport_listen(struct transport *transport, const struct transport_events *events,
                      void *owner);

/* What was wrong with TLS, without a subject; NULL when nothing was. */
const char *transport_why(const struct transport *transport);

/* Are hands being shaken? Then the server was reached. */
bool transport_is_shaking(const struct transport *transport);

/* Append to this, then flush. */
struct text *transport_output(struct transport *transport);
void transport_flush(struct transport *transport);

/* Takes NULL, too. */
void transport_close(struct transport *transport);

#endif
