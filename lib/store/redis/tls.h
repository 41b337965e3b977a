/*
 * TLS as a filter on bytes: no sockets, only OpenSSL between two memory buffers.
 *
 * A context holds what was read from the files; a session belongs to one connection and keeps its
 * context alive. The server's certificate is checked against the authorities and against the name
 * that was dialled (or the configured one), unless that is turned off. What fails is told in a
 * sentence for a person, with the cause that the operator can do something about.
 */
#ifndef LEADERD_STORE_REDIS_TLS_H
#define LEADERD_STORE_REDIS_TLS_H

#include "lib/base/text.h"
#include "lib/store/redis/redis_store.h"

struct tls_context;

/* Reads the files. NULL, with the problem, when one cannot be used. */
struct tls_context *tls_context_new(const struct redis_tls_options *options,
                                    struct problem *problem);

/* Takes NULL, too. Sessions go on. */
void tls_context_free(struct tls_context *context);

struct tls_session;

/* `host` was dialled; NULL for a socket path. NULL when memory is short. */
struct tls_session *tls_session_new(const struct tls_context *context, const char *host);
void tls_session_free(struct tls_session *session);

enum tls_progress { TLS_READY = 1, TLS_MORE, TLS_BROKEN };

/* Takes bytes from the wire. False when they are no TLS or memory is short. */
bool tls_feed(struct tls_session *session, const char *bytes, size_t length) must_use;

/* One step on: TLS_MORE until the other side has said enough. */
enum tls_progress tls_shake_hands(struct tls_session *session);

/* Plain bytes out of what was fed, into `bytes`; `*length` is the size, then what was read. */
enum tls_progress tls_read(struct tls_session *session, char *bytes, size_t *length);

/* Encrypts all of it; only after the handshake. */
enum tls_progress tls_write(struct tls_session *session, const char *bytes, size_t length);

/* Moves what is to be sent to the end of `output`. */
void tls_take_output(struct tls_session *session, struct text *output);

/* Why it is broken, without a subject: "its certificate expired on …". */
const char *tls_why(const struct tls_session *session);

#endif
