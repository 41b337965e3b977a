/*
 * The `health_check` of one election: asks again and again whether the workload is well.
 *
 * It is ill after `failures` failed checks in a row, and well after `successes` good ones; at the
 * start it is neither, and nothing is said. One check at a time.
 */
#ifndef LEADERD_DAEMON_GATE_H
#define LEADERD_DAEMON_GATE_H

#include "config/config.h"

#include <uv.h>

struct gate;

/* The verdict has changed; `why` is the last failure, "" when well. */
typedef void gate_cb(void *owner, bool well, const char *why);

/* `config` is copied. NULL when memory is short. Calls come on the loop, never from within. */
struct gate *gate_start(uv_loop_t *loop, const struct config_health_check *config, gate_cb *verdict,
                        void *owner);

/* Nothing is called any more. Takes NULL, too. */
void gate_stop(struct gate *gate);

#endif
