/*
 * How long to wait before the next attempt: a random time below a limit that doubles (full jitter),
 * so that many daemons do not come back at the same instant.
 */
#ifndef LEADERD_STORE_REDIS_BACKOFF_H
#define LEADERD_STORE_REDIS_BACKOFF_H

#include "lib/base/prng.h"

struct backoff {
    struct prng *prng; /* borrowed */
    int64_t min_ms, max_ms;
    int64_t limit_ms; /* 0: begins anew */
};

/* Time to wait now; the next one may be twice as long. */
int64_t backoff_next(struct backoff *backoff);

/* All is well: the next one is short again. */
void backoff_reset(struct backoff *backoff);

#endif
