/*
 * What daemon/election.c and daemon/election_look.c share. Nobody else includes this.
 */
#ifndef LEADERD_DAEMON_ELECTION_INTERNAL_H
#define LEADERD_DAEMON_ELECTION_INTERNAL_H

#include "daemon/election.h"
#include "daemon/state_file.h"
#include "daemon/workloads.h"
#include "lib/status/stability.h"

enum { HOLD_OFF_REASON_SIZE = 201, STUCK_AFTER_MS = 10000 };

struct election {
    struct elector elector;
    struct store *store;
    struct store_call call;
    struct election_listener listener;
    uv_timer_t timer;
    int64_t due_boottime_ms; /* of the timer */
    struct state_file *state_file;
    struct flag_page *flag; /* NULL: none */
    struct workloads workloads;
    char *name, *key;
    int64_t drain_ms;

    /* what we write into the record */
    struct metadata_pair *pairs;
    size_t pair_count;
    int64_t listeners; /* who heard our last message: about how many wait */
    struct text own_json;
    struct text meta;

    /* what we read from it */
    struct text holder_meta; /* as read, to see changes cheaply */
    struct metadata holder;
    int64_t acquired_at_ms;       /* wall time, by the server's clock */
    int64_t acquired_boottime_ms; /* the same instant on ours */
    int64_t acquired_term;

    /* measurements */
    int64_t sent_us;
    enum lease_verb sent_verb;
    bool calling; /* a call is under way */
    bool stopped; /* the elector has stopped; told once no call is under way */
    bool in_trouble, trouble_told;
    struct election_counters counters;
    struct profile profile;
    struct stability stability;
    int64_t max_changes_10m;
    bool unstable; /* as last told */
    struct lease_error {
        const char *operation;
        char code[LEASE_ERROR_SIZE];
        struct problem problem;
        int64_t at_ms;
    } last_error;
    int64_t counted_until_ms; /* of the time without a leader; 0 while one is known */
    struct election_troubles troubles;
    char hold_off_reason[HOLD_OFF_REASON_SIZE];
    struct attendants *attendants;
    enum elector_reason loss; /* 0: none */
    struct problem illness;
    uint64_t version;
};

static inline const char *text_string(const struct text *text)
{
    return text->bytes != NULL && !text->failed ? text->bytes : "";
}

#endif
