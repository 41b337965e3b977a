/*
 * Asks one server a list of questions, one after the other, on a connection of its own.
 *
 * For diagnostics: never on the connection that carries leases, and never more than one question
 * under way; a question may be of several commands. All together must be done within a time limit.
 */
#ifndef LEADERD_STORE_REDIS_INTERVIEW_H
#define LEADERD_STORE_REDIS_INTERVIEW_H

#include "lib/store/redis/access.h"
#include "lib/store/redis/fault.h"
#include "lib/store/redis/resp.h"

struct interview;

/* Called on the loop; each may close the interview. */
struct interview_events {
    /* Writes the next question (resp_begin() and so on). Returns how many commands it is of; 0:
     * there is none any more. */
    size_t (*ask)(void *owner, struct text *question);
    /* One for each command, in order. `value` lives during the call; it came `us`
     * after the question was sent. */
    void (*answered)(void *owner, const struct resp_value *value, int64_t us);
    /* All was asked, or, with `fault`, it broke off. The connection is closed; nothing is called
     * any more, and interview_close() is still to be called. */
    void (*ended)(void *owner, const struct redis_fault *fault);
};

/* `endpoint` is copied, `manners` are borrowed. NULL when memory is short. */
struct interview *interview_new(uv_loop_t *loop, const struct redis_endpoint *endpoint,
                                const struct link_manners *manners, int64_t limit_ms,
                                const struct interview_events *events, void *owner);

/* From the dial to the end of the greeting; 0 while it is not connected. */
int64_t interview_connect_us(const struct interview *interview);

/* Nothing is called any more. Takes NULL, too. */
void interview_close(struct interview *interview);

#endif
