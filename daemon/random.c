#include "daemon/random.h"

#include <assert.h>
#include <sys/random.h>

static void fill(void *bytes, size_t size)
{
    /* Up to 256 bytes are never short once the kernel is seeded (getrandom(2)). */
    ssize_t length = getrandom(bytes, size, 0);
    assert(length == (ssize_t)size);
}

void random_hex(char *out, size_t size)
{
    unsigned char bytes[32];
    assert(size <= 2 * sizeof bytes + 1);
    fill(bytes, sizeof bytes);
    for (size_t i = 0; i + 1 < size; i++) {
        out[i] = "0123456789abcdef"[(bytes[i / 2] >> (4 * (i % 2))) & 15];
    }
    out[size - 1] = '\0';
}

uint64_t random_number(void)
{
    uint64_t number;
    fill(&number, sizeof number);
    return number;
}
