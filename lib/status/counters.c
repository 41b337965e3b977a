#include "lib/status/counters.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void election_counters_init(struct election_counters *counters)
{
    *counters = (struct election_counters){0};
    for (int i = 0; i < OPERATION_COUNT; i++) {
        histogram_init(&counters->durations[i], &histogram_seconds);
    }
    histogram_init(&counters->lease_margin, &histogram_ratio);
}

void election_counters_operation(struct election_counters *counters, enum operation operation,
                                 enum operation_result result, int64_t duration_us)
{
    assert(operation >= 1 && (int)operation <= OPERATION_COUNT);
    assert(result >= 1 && (int)result <= OPERATION_RESULT_COUNT);
    counters->operations[operation - 1][result - 1]++;
    histogram_add(&counters->durations[operation - 1], (double)duration_us / 1e6);
}

static struct error_counter *find(struct error_counters *errors, const char *code)
{
    for (unsigned i = 0; i < errors->used; i++) {
        if (strncmp(errors->codes[i].code, code, ERROR_CODE_SIZE - 1) == 0) {
            return &errors->codes[i];
        }
    }
    return NULL;
}

static struct error_counter *append(struct error_counters *errors, const char *code)
{
    struct error_counter *counter = &errors->codes[errors->used++];
    (void)snprintf(counter->code, sizeof counter->code, "%s", code);
    return counter;
}

void error_counters_init(struct error_counters *errors)
{
    /* "other" is the first, so that there is always somewhere to count. */
    static const char *const known[] = {
        "other", "READONLY", "LOADING", "MOVED", "NOAUTH",  "WRONGPASS",  "NOPERM",
        "OOM",   "BUSY",     "MISCONF", "ERR",   "timeout", "connection", "protocol",
    };
    *errors = (struct error_counters){0};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        (void)append(errors, known[i]);
    }
}

void error_counters_add(struct error_counters *errors, const char *code)
{
    struct error_counter *counter = NULL;
    if (code != NULL && code[0] != '\0') {
        counter = find(errors, code);
        if (counter == NULL && errors->used < ERROR_CODES_MAX) {
            counter = append(errors, code);
        }
    }
    if (counter == NULL) {
        counter = &errors->codes[0];
    }
    counter->count++;
}
