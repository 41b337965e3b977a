/*
 * A fuzz target: libFuzzer calls it with what it thinks of, tests/fuzz/replay.c with the corpus.
 *
 * A target asserts what must hold. One that waits for something has time in its own hands: see
 * tests/fuzz/clock.h.
 */
#ifndef LEADERD_TESTS_FUZZ_FUZZ_H
#define LEADERD_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
