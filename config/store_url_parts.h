/*
 * The parts that the URLs of all stores are made of. Private to store_url*.c.
 *
 * Each adds what it read to the URL, whose owner frees it, on failure too. A problem never quotes
 * anything: a misplaced password could stand in it.
 */
#ifndef LEADERD_CONFIG_STORE_URL_PARTS_H
#define LEADERD_CONFIG_STORE_URL_PARTS_H

#include "config/store_url.h"

/* Replaces `%XX` in a new string; NULL with a problem. */
char *url_decode(const char *text, size_t length, struct problem *problem) must_use;

/* Digits only, of at most `limit`. */
bool url_parse_number(const char *text, size_t length, int limit, int *number) must_use;

/* `HOST`, `HOST:PORT` or `[IPv6]:PORT`, with commas between them unless .mode is
 * STORE_STANDALONE. */
bool url_parse_hosts(const char *text, size_t length, struct store_url *url,
                     struct problem *problem) must_use;

/* What stands before the `://`: `rediss+cluster`. */
const char *url_scheme(const struct store_url *url);

#endif
