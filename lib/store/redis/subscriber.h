/*
 * The second connection: messages about elections, as hints.
 *
 * It is opened by the first subscription, opened again whenever it is lost (all subscriptions are
 * then made anew), and proves itself by a PING every 15 s. A message that was published while it
 * was down is missed; nobody may depend on messages. Holds at most SUBSCRIBER_ELECTIONS_MAX
 * elections; there are no hints about others.
 */
#ifndef LEADERD_STORE_REDIS_SUBSCRIBER_H
#define LEADERD_STORE_REDIS_SUBSCRIBER_H

#include "lib/store/redis/backoff.h"
#include "lib/store/redis/link.h"

enum { SUBSCRIBER_ELECTIONS_MAX = 65536 };

struct subscriber;

struct subscriber_events {
    /* Where to connect now; false: nowhere yet. */
    bool (*where)(void *owner, struct redis_endpoint *endpoint);
    /* It is connected: a sign of life. */
    void (*alive)(void *owner);
    void (*hint)(void *owner, const char *election, const char *what);
    /* This server lets nobody subscribe: there are no hints. Once per connection. */
    void (*deaf)(void *owner, const struct redis_fault *fault);
    void (*error)(void *owner, const struct redis_fault *fault);
};

/* `manners`, `key_prefix` and `backoff->prng` are borrowed until subscriber_close(), which the
 * owner calls at any time, also from a callback. NULL when memory is short. */
struct subscriber *subscriber_new(uv_loop_t *loop, const struct link_manners *manners,
                                  const char *key_prefix, const struct backoff *backoff,
                                  const struct subscriber_events *events, void *owner);

void subscriber_add(struct subscriber *subscriber, const char *election);
void subscriber_remove(struct subscriber *subscriber, const char *election);

/* The calls have a connection again: so wait no longer, and when that may lead to another server
 * (`anew`), connect to that one, too. */
void subscriber_follow(struct subscriber *subscriber, bool anew);

/* Calls `each` with the key of every election. */
void subscriber_each(const struct subscriber *subscriber,
                     void (*each)(void *owner, const char *key), void *owner);

/* Nothing is called any more. Takes NULL, too. */
void subscriber_close(struct subscriber *subscriber);

#endif
