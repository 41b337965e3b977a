/*
 * Whom diagnostics and health checks ask: `tcp://HOST:PORT`, `icmp://HOST`, time servers as `HOST`
 * or `HOST:PORT`, workloads as `HOST:PORT` or `http://HOST[:PORT][/PATH]`; an IPv6 address stands
 * in brackets. Pure.
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

bool host_port_parse(const char *text, struct target *target, struct problem *problem) must_use;

/* The port is 80 unless it is given. `path` points into `text`, or is "/"; a query may follow it,
 * a fragment or a user may not. */
bool http_url_parse(const char *text, struct target *target, const char **path,
                    struct problem *problem) must_use;

#endif
