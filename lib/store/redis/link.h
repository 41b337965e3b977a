/*
 * One connection to a server, from the dial to its end.
 *
 * It connects, introduces itself (AUTH, SELECT, CLIENT SETNAME, ROLE, PING, sent together) and is
 * ready when PING was answered; all within connect_timeout_ms. Then commands go out and values come
 * in, in order. A link is used once: when it is lost the owner makes a new one.
 */
#ifndef LEADERD_STORE_REDIS_LINK_H
#define LEADERD_STORE_REDIS_LINK_H

#include "lib/store/redis/dial.h"
#include "lib/store/redis/fault.h"
#include "lib/store/redis/resp.h"

struct link;

/* Called on the loop, never from inside link_open(). Each may close the link. */
struct link_events {
    void (*ready)(void *owner);
    void (*received)(void *owner, const struct resp_value *value);
    void (*lost)(void *owner, const struct redis_fault *fault); /* it is closed already */
};

/* `manners` is borrowed until the link is closed. NULL when memory is short. */
struct link *link_open(uv_loop_t *loop, const struct redis_endpoint *endpoint,
                       const struct link_manners *manners, const struct link_events *events,
                       void *owner);

/* Only when ready: append a whole command, then send. */
struct text *link_output(struct link *link);
void link_send(struct link *link);

/* Nothing is called any more. Takes NULL, too. */
void link_close(struct link *link);

#endif
