/*
 * The lease script as it goes over the wire: a request to arguments, an answer to a reply.
 */
#ifndef LEADERD_STORE_REDIS_SCRIPT_H
#define LEADERD_STORE_REDIS_SCRIPT_H

#include "lib/lease/lease.h"
#include "lib/store/redis/resp.h"

/* What a request does not say itself. Borrowed strings. */
struct script_context {
    const char *key, *channel;
    const char *reign; /* of this connection, for servers where a script may not call INFO */
    bool restart_guard;
};

/* Writes what follows the script in EVALSHA and in EVAL alike. */
void script_add_arguments(struct text *text, const struct lease_request *request,
                          const struct script_context *context);

/* The script as it is, and headed by a flag that lets it write when the server's memory is full: a
 * record is rewritten in its place and takes no more room. Only Redis 7 and later know the flag. */
enum script_form { SCRIPT_PLAIN = 1, SCRIPT_WHEN_FULL };

/* Write a whole command around such arguments. */
void script_add_by_name(struct text *text, enum script_form form, const struct text *arguments);
void script_add_in_full(struct text *text, enum script_form form, const struct text *arguments);

/* Reads the answer into all of `reply` but its id and error. False, and nothing may be believed,
 * when the value is anything but an answer of the script, of whatever type, length and content.
 * reply->record.meta points into `value`. */
bool script_read_answer(const struct resp_value *value, struct lease_reply *reply) must_use;

#endif
