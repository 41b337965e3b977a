/*
 * Asks a list of servers one question, in turn, until one gives an answer that will do.
 *
 * Each server has connect_timeout_ms to be reached, and as long to answer. The connection to the
 * one that did answer may be kept for messages: it then proves itself by a PING every 15 s.
 */
#ifndef LEADERD_STORE_REDIS_SCOUT_H
#define LEADERD_STORE_REDIS_SCOUT_H

#include "lib/store/redis/link.h"

enum { SCOUT_SERVERS_MAX = 64 };

struct scout;

/* Called on the loop; each may ask anew or close the scout. */
struct scout_events {
    /* Writes the question. */
    void (*ask)(void *owner, struct text *output);
    /* The answer of `from`, the `index`th server: true when it will do. When not, `fault` says why,
     * and the next server is asked. */
    bool (*answered)(void *owner, const struct redis_endpoint *from, size_t index,
                     const struct resp_value *value, struct redis_fault *fault);
    /* None would do; `fault` is that of the last one. */
    void (*failed)(void *owner, const struct redis_fault *fault);
    /* On a kept connection: what comes later, and its end. NULL: it is not kept. */
    void (*heard)(void *owner, const struct resp_value *value);
    void (*left)(void *owner, const struct redis_fault *fault);
};

/* NULL when memory is short. */
struct scout *scout_new(uv_loop_t *loop, const struct link_manners *manners,
                        const struct scout_events *events, void *owner);

/* Begins anew with the `first` of `servers`, which are copied; ends what was going on. */
void scout_ask(struct scout *scout, const struct redis_endpoint *servers, size_t count,
               size_t first);

/* On a kept connection, from within `answered` or later. */
void scout_say(struct scout *scout, const char *command, const char *argument);

/* Nothing is called any more but `closed`, once. */
void scout_close(struct scout *scout, void (*closed)(void *owner));

#endif
