/*
 * A store in the memory of this process: for tests, and the base of fakes.
 *
 * Answers in the next turn of the loop. Server time is the wall clock; the restart guard is on, so
 * it behaves as an empty Redis does. At most MEMORY_STORE_ELECTIONS records; more fail "full".
 */
#ifndef LEADERD_STORE_MEMORY_MEMORY_STORE_H
#define LEADERD_STORE_MEMORY_MEMORY_STORE_H

#include "lib/store/store.h"

enum { MEMORY_STORE_ELECTIONS = 64 };

struct store *memory_store_new(uv_loop_t *loop, const struct store_listener *listener,
                               struct problem *problem);

/* As a server that is restarted: a new reign; `keep` says whether the records survive. */
void memory_store_restart(struct store *store, bool keep);

#endif
