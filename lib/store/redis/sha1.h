/*
 * SHA-1 (RFC 3174), only because that is how Redis names its scripts. It protects nothing.
 */
#ifndef LEADERD_STORE_REDIS_SHA1_H
#define LEADERD_STORE_REDIS_SHA1_H

#include <stddef.h>

enum { SHA1_HEX_SIZE = 41 };

/* Writes the digest of `bytes` as 40 lower-case hex digits and a NUL. */
void sha1_hex(const char *bytes, size_t length, char out[SHA1_HEX_SIZE]);

#endif
