/*
 * What the daemon says about one election, as a stream of messages in a pipe: for `run` and `hold`,
 * which must never wait for the daemon.
 *
 * A thread of its own asks `/watch` over and over and writes a message for each answer, and for
 * each try that failed. It makes the workload known to the daemon, so that a drain waits for it.
 * The thread lives until the process ends; there is one feed in a process.
 */
#ifndef LEADERD_DAEMON_LEASE_FEED_H
#define LEADERD_DAEMON_LEASE_FEED_H

#include "daemon/client.h"
#include "lib/lease/lease.h"

#include <stdbool.h>
#include <stdint.h>

enum lease_news_kind {
    LEASE_NEWS_STATE = 1, /* the daemon answered */
    LEASE_NEWS_SILENCE,   /* it could not be reached; the next try is under way */
    LEASE_NEWS_REFUSED,   /* it will not answer this; the next try is under way all the same */
};

struct lease_news {
    enum lease_news_kind kind;
    char election[LEASE_ELECTION_SIZE]; /* also when none was named */
    char url[CLIENT_TARGET_SIZE + 8];   /* where the daemon was reached */
    bool known;                         /* false: the daemon has just started, and knows nothing */
    bool leads;
    int64_t token;                   /* 0: none */
    int64_t deadline_boottime_ms;    /* work must have stopped; 0: no lease is held */
    int64_t leads_until_boottime_ms; /* 0: does not lead */
    int64_t drain_until_boottime_ms; /* 0: not draining */
    int64_t stop_margin_ms;
    int exit_code; /* SILENCE, REFUSED: what it stands for */
    struct problem problem;
};

/* Starts it. `election` NULL: the only one there is; `kind` begins the workload's name. `client`
 * and `election` are borrowed for good. Returns the end to read whole `struct lease_news` from, -1
 * with `problem`. */
int lease_feed_start(const struct client *client, const char *election, const char *kind,
                     struct problem *problem);

/* The work under `token` must end: the daemon says so, or will say nothing of it any more. What it
 * does not know yet, and silence, end nothing: the deadline does. */
bool lease_news_ends(const struct lease_news *news, int64_t token);

/* The same reign goes on, or is draining: its times are news. */
bool lease_news_is_of(const struct lease_news *news, int64_t token);

/* When what is left of the work must be killed, to be gone when the lease or the drain ends. */
int64_t lease_news_kill_at_ms(const struct lease_news *news);

/* Reads one message, if there is one. */
bool lease_feed_read(int fd, struct lease_news *news);

/* Tells the daemon that the workload has ended; waits for the answer for at most two seconds. Only
 * after some news told the election. */
void lease_feed_say_ended(const char *election);

#endif
