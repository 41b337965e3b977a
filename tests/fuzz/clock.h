/*
 * Time that passes when a target says so, and chance that repeats: linked in, they take the place
 * of the C library's for everybody, libuv and libmicrohttpd included. Only the wall clock is real.
 */
#ifndef LEADERD_TESTS_FUZZ_CLOCK_H
#define LEADERD_TESTS_FUZZ_CLOCK_H

#include <stdint.h>

/* As it was at the start of the process. */
void clock_reset(void);
void clock_pass_ms(int64_t ms);

#endif
