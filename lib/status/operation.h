/*
 * The operations on a store that are counted and timed, and what comes of them.
 */
#ifndef LEADERD_STATUS_OPERATION_H
#define LEADERD_STATUS_OPERATION_H

#include "lib/lease/lease.h"

enum operation {
    OPERATION_ACQUIRE = 1,
    OPERATION_RENEW,
    OPERATION_RELEASE,
    OPERATION_OBSERVE,
};

enum { OPERATION_COUNT = 4 };

enum operation_result {
    OPERATION_OK = 1,
    OPERATION_DENIED, /* the store answered, and the lease is somebody else's or must wait */
    OPERATION_ERROR,
    OPERATION_TIMEOUT, /* no answer in time, or the link was lost before it came */
};

enum { OPERATION_RESULT_COUNT = 4 };

/* An operator's bootstrap counts as an acquisition, a vacation as a release. */
enum operation operation_of(enum lease_verb verb);
enum operation_result operation_result_of(enum lease_verb verb, enum lease_outcome outcome);

/* Words of the contracts: "acquire", "denied", … */
const char *operation_name(enum operation operation);
const char *operation_result_name(enum operation_result result);

#endif
