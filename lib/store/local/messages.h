/*
 * Messages between the daemons of one host: a small file that everybody watches (inotify).
 *
 * It holds MESSAGE_SLOTS numbers; an election has the one that its name hashes to. Who has
 * something to say writes the time and the kind of message there, and the readers compare with what
 * they saw last. So nobody is woken for an election that is not its own, save where two names share
 * a slot. Messages are hints: one may be lost, overtaken by a later one, or false, and where the
 * file cannot be opened or watched there are none.
 */
#ifndef LEADERD_STORE_LOCAL_MESSAGES_H
#define LEADERD_STORE_LOCAL_MESSAGES_H

#include "lib/lease/lease.h"

#include <uv.h>

enum { MESSAGE_SLOTS = 4096 };

typedef void message_cb(void *owner, const char *election, const char *what);

/* The members are private. */
struct messages {
    uv_fs_event_t watch; /* .data is `owner` */
    char *path;          /* NULL: there are no messages */
    int fd;              /* -1: none */
    message_cb *heard;
    void *owner;
    struct subscription *subscriptions;
    uint64_t seen[MESSAGE_SLOTS];
};

/* Opens `path`, and makes it where it is missing. Always succeeds; see above. */
void messages_init(struct messages *messages, uv_loop_t *loop, const char *path);

/* From now on `heard` is called on the loop for the elections subscribed to. It may subscribe,
 * unsubscribe and stop. A second subscription to the same name changes nothing. */
void messages_listen(struct messages *messages, message_cb *heard, void *owner);
void messages_subscribe(struct messages *messages, const char *election);
void messages_unsubscribe(struct messages *messages, const char *election);

/* Tells everybody, this process too. `what` as in lease_announcement(). */
void messages_send(const struct messages *messages, const char *election, const char *what);

/* Nothing is heard from now on. */
void messages_stop(struct messages *messages);

/* Frees what it owns; `closed` is called when the loop has let go of it. */
void messages_close(struct messages *messages, uv_close_cb closed);

#endif
