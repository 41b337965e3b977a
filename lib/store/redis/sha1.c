#include "lib/store/redis/sha1.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = 64, LENGTH_AT = 56 };

static uint32_t rotate_left(uint32_t word, int bits)
{
    return (word << bits) | (word >> (32 - bits));
}

static uint32_t mix(int round, uint32_t b, uint32_t c, uint32_t d)
{
    if (round < 20) {
        return ((b & c) | (~b & d)) + 0x5a827999u;
    }
    if (round < 40) {
        return (b ^ c ^ d) + 0x6ed9eba1u;
    }
    if (round < 60) {
        return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu;
    }
    return (b ^ c ^ d) + 0xca62c1d6u;
}

static void digest_block(uint32_t state[5], const unsigned char *block)
{
    uint32_t w[80];
    for (int i = 0; i < 16; i++) {
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    }
    for (int i = 16; i < 80; i++) {
        w[i] = rotate_left(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (int i = 0; i < 80; i++) {
        uint32_t next = rotate_left(a, 5) + mix(i, b, c, d) + e + w[i];
        e = d;
        d = c;
        c = rotate_left(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

void sha1_hex(const char *bytes, size_t length, char out[SHA1_HEX_SIZE])
{
    uint32_t state[5] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};
    size_t done = 0;
    for (; length - done >= BLOCK; done += BLOCK) {
        digest_block(state, (const unsigned char *)bytes + done);
    }
    unsigned char last[2 * BLOCK] = {0};
    size_t rest = length - done;
    memcpy(last, bytes + done, rest);
    last[rest] = 0x80;
    size_t size = rest < LENGTH_AT ? BLOCK : 2 * BLOCK;
    uint64_t bits = (uint64_t)length * 8;
    for (size_t i = 0; i < 8; i++) {
        last[size - 1 - i] = (unsigned char)(bits >> (8 * i));
    }
    digest_block(state, last);
    if (size > BLOCK) {
        digest_block(state, last + BLOCK);
    }
    for (int i = 0; i < 5; i++) {
        (void)snprintf(out + 8 * i, 9, "%08x", (unsigned)state[i]);
    }
}
