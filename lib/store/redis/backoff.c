#include "lib/store/redis/backoff.h"

int64_t backoff_next(struct backoff *backoff)
{
    int64_t limit = backoff->limit_ms == 0 ? backoff->min_ms : backoff->limit_ms * 2;
    backoff->limit_ms = limit < backoff->max_ms ? limit : backoff->max_ms;
    return 1 + prng_below(backoff->prng, backoff->limit_ms);
}

void backoff_reset(struct backoff *backoff)
{
    backoff->limit_ms = 0;
}
