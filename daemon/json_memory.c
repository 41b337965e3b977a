#include "daemon/json_memory.h"

#include "daemon/cli.h"

#include <jansson.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum { RESERVE_SIZE = 1 << 24, ALIGNMENT = 16 };

/* Untouched it costs nothing. Pieces are cut off it one after the other; when the last of them is
 * given back it is whole again. */
static struct {
    pthread_mutex_t lock;
    _Alignas(ALIGNMENT) char bytes[RESERVE_SIZE];
    size_t used, pieces;
} reserve = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *cut(size_t size)
{
    void *piece = NULL;
    (void)pthread_mutex_lock(&reserve.lock);
    if (size <= RESERVE_SIZE - reserve.used) {
        piece = reserve.bytes + reserve.used;
        size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        reserve.used =
            rounded <= RESERVE_SIZE - reserve.used ? reserve.used + rounded : RESERVE_SIZE;
        reserve.pieces++;
    }
    (void)pthread_mutex_unlock(&reserve.lock);
    return piece;
}

static void *get(size_t size)
{
    void *bytes = malloc(size);
    if (bytes == NULL) {
        bytes = cut(size);
    }
    if (bytes == NULL) {
        _exit(cli_no_memory());
    }
    return bytes;
}

static void give_back(void *bytes)
{
    uintptr_t at = (uintptr_t)bytes - (uintptr_t)reserve.bytes;
    if (at >= RESERVE_SIZE) {
        free(bytes);
        return;
    }
    (void)pthread_mutex_lock(&reserve.lock);
    reserve.pieces--;
    if (reserve.pieces == 0) {
        reserve.used = 0;
    }
    (void)pthread_mutex_unlock(&reserve.lock);
}

void json_memory_init(void)
{
    json_set_alloc_funcs(get, give_back);
}
