/*
 * Where HTTP listens: `IP:PORT`, `[IPv6]:PORT`, `localhost:PORT` or `unix:/PATH`. Pure.
 */
#ifndef LEADERD_CONFIG_ADDRESS_H
#define LEADERD_CONFIG_ADDRESS_H

#include "lib/base/problem.h"

#include <stddef.h>

enum { ADDRESS_HOST_SIZE = 46, ADDRESS_PATH_SIZE = 108 };

struct address {
    char path[ADDRESS_PATH_SIZE]; /* of a unix socket, "" for TCP */
    char host[ADDRESS_HOST_SIZE]; /* numeric, without brackets */
    int port;
    bool loopback; /* only this host reaches it */
};

bool address_parse(const char *text, struct address *address, struct problem *problem) must_use;

#endif
