/*
 * The workloads of one election that make themselves known: `leaderd run`, `leaderd hold`, and
 * whoever gives a name in `/watch?workload=`.
 *
 * A workload counts from when it is told that it leads until it says that it has ended, or until
 * the deadline that it was last told has passed: then it has stopped, or broken its promise. No
 * connection is needed in between, so one that breaks means nothing. Up to WORKLOADS_MAX at a time;
 * beyond that one is refused.
 */
#ifndef LEADERD_DAEMON_WORKLOADS_H
#define LEADERD_DAEMON_WORKLOADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WORKLOADS_MAX = 64, WORKLOAD_NAME_SIZE = 65 };

/* All zeros when empty. */
struct workloads {
    size_t count;
    struct workload {
        char name[WORKLOAD_NAME_SIZE];
        int64_t until_boottime_ms;
    } items[WORKLOADS_MAX];
};

/* 1 to 64 of letters, digits and `._:-`. */
bool workload_name_is_good(const char *name);

/* The name is known, or there is room for one more. Forgets those whose time is over. */
bool workloads_has_room(struct workloads *workloads, const char *name, int64_t now_boottime_ms);

/* It was told that it may work so long; a shorter time than before is ignored. An unknown one is
 * added if it `may_begin` and there is room. */
void workloads_tell(struct workloads *workloads, const char *name, int64_t until_boottime_ms,
                    bool may_begin);

void workloads_end(struct workloads *workloads, const char *name);

/* Until when the last of them may be at work; 0: there are none. */
int64_t workloads_until_ms(const struct workloads *workloads);

#endif
