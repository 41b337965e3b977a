/*
 * What went wrong with a server: the code, what to do about it, and the sentence for a person.
 *
 * One table knows all error replies, by their first word (some older ones by how they begin). What
 * a server wrote is quoted only with unprintable bytes replaced and cut, and never for AUTH.
 */
#ifndef LEADERD_STORE_REDIS_FAULT_H
#define LEADERD_STORE_REDIS_FAULT_H

#include "lib/lease/lease.h"

#include <stddef.h>

enum redis_remedy {
    REDIS_RETRY = 1,  /* the same connection will do, a little later */
    REDIS_RECONNECT,  /* a new connection, after the back-off */
    REDIS_REDISCOVER, /* this is the wrong server now: look for the right one at once */
    REDIS_HOLD,       /* nothing helps until somebody has changed the data or the permissions */
    REDIS_CONFIGURE,  /* ... or the configuration */
};

struct redis_fault {
    char code[LEASE_ERROR_SIZE];
    enum redis_remedy remedy;
    bool about_key; /* the server as such is well */
    struct problem problem;
};

/* Where it happened. Borrowed strings. */
struct redis_place {
    const char *endpoint;
    const char *key; /* NULL: the connection itself */
    bool secret;     /* the command held a password: quote nothing */
};

/* Explains an error reply, whatever it holds. */
void redis_fault_read(struct redis_fault *fault, const char *reply, size_t length,
                      const struct redis_place *place);

/* Explains a lost or refused connection by libuv's status. */
void redis_fault_status(struct redis_fault *fault, int status, const struct redis_place *place);

/* Says it in the caller's own words. */
void redis_fault_set(struct redis_fault *fault, const char *code, enum redis_remedy remedy,
                     const char *format, ...) printf_like(4, 5);

/* Copies what a server wrote for a person to read: printable ASCII, the rest as `?`, cut to fit. */
void redis_quote(char *out, size_t size, const char *bytes, size_t length);

#endif
