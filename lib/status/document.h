/*
 * The answers about elections, as JSON and as text (HTTP contract, "Status").
 *
 * All add to a struct text, so that 1,000 elections cost no tree; a writer looks at text->failed
 * once, at the end. Each answer ends in a newline. Shutting down, is_leader is false everywhere.
 */
#ifndef LEADERD_STATUS_DOCUMENT_H
#define LEADERD_STATUS_DOCUMENT_H

#include "lib/base/text.h"
#include "lib/status/snapshot.h"

/* `<instance_id>.<version>` */
void status_add_cursor(struct text *text, const struct status_daemon *daemon);

/* May this participant act as leader, as every answer shows it? */
bool status_is_leader(const struct status_election *election, const struct status_daemon *daemon);

/* The answer of /elections/{name}: the election object with cursor, instance_id, generated_at and
 * clock. */
void status_add_election(struct text *text, const struct status_election *election,
                         const struct status_daemon *daemon);

/* The answer of /leader and /follower, and its text form: one line. */
void status_add_check(struct text *text, const struct status_election *election,
                      const struct status_daemon *daemon);
void status_add_check_text(struct text *text, const struct status_election *election,
                           const struct status_daemon *daemon);

/* The block for a person: `=== Leadership Status ===` and so on. Put status_add_daemon_text()
 * before the first for what is wrong with the daemon and its store; it adds nothing when all is
 * well. */
void status_add_election_text(struct text *text, const struct status_election *election,
                              const struct status_daemon *daemon);
void status_add_daemon_text(struct text *text, const struct status_daemon *daemon);

/* The answer of /status and /watch, election by election: begin, add for each, end. */
struct status_document {
    struct text *text;
    const struct status_daemon *daemon;
    bool any;
};

/* What /watch says beyond the status. */
struct status_watch {
    bool changed, reset;
};

/* `watch` is NULL for /status. */
void status_document_begin(struct status_document *document, struct text *text,
                           const struct status_daemon *daemon, const struct status_watch *watch);
void status_document_add(struct status_document *document, const struct status_election *election);
void status_document_end(struct status_document *document);

/* Looks up `path` ("lease.remaining_ms") in a JSON answer and adds the bare value and a newline:
 * text without quotes, objects as JSON. A key may hold dots. Only answers made
 * here are parsed. False when there is no such member, or memory ran out (then text->failed). */
bool status_add_field(struct text *text, const char *json, size_t length, const char *path);

/* The sentence of `waiting`; NULL when there is nothing to wait for, or nothing to say. */
const char *status_waiting_message(const struct status_election *election, struct text *scratch);

#endif
