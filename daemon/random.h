/*
 * Random numbers from the kernel, for identities and seeds.
 */
#ifndef LEADERD_DAEMON_RANDOM_H
#define LEADERD_DAEMON_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fills `out` with size - 1 lower-case hex digits and a NUL; at most 64 digits. */
void random_hex(char *out, size_t size);

uint64_t random_number(void);

#endif
