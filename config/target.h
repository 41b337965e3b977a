/*
 * Whom the diagnostics ask: `tcp://HOST:PORT`, `icmp://HOST`, and time servers as `HOST` or
 * `HOST:PORT`; an IPv6 address stands in brackets. Pure.
 */
#ifndef LEADERD_CONFIG_TARGET_H
#define LEADERD_CONFIG_TARGET_H

#include "lib/base/problem.h"

enum { TARGET_HOST_SIZE = 254 };

struct target {
    bool icmp;
    char host[TARGET_HOST_SIZE]; /* without brackets */
    int port;                    /* 0 for ICMP */
};

bool target_parse(const char *text, struct target *target, struct problem *problem) must_use;

/* The port is 123 unless it is given. */
bool ntp_server_parse(const char *text, struct target *target, struct problem *problem) must_use;

#endif
