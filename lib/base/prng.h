/*
 * A small seeded generator (xoshiro256**, Blackman and Vigna 2018) for jitter and for instance ids.
 *
 * All randomness of the core comes from here, so that a simulated run repeats byte for byte. It is
 * no source of secrets; the daemon seeds it from getrandom(2).
 */
#ifndef LEADERD_BASE_PRNG_H
#define LEADERD_BASE_PRNG_H

#include <stdint.h>

struct prng {
    uint64_t state[4];
};

/* Spreads one number over the whole state (splitmix64), so that seeds 1, 2, 3 are unrelated. */
void prng_init(struct prng *prng, uint64_t seed);

uint64_t prng_next(struct prng *prng);

/* Uniform in [0, limit); 0 when limit <= 0. */
int64_t prng_below(struct prng *prng, int64_t limit);

#endif
