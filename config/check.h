/*
 * What a single text may look like. Each check says "must ..." and leaves quoting to the caller.
 */
#ifndef LEADERD_CONFIG_CHECK_H
#define LEADERD_CONFIG_CHECK_H

#include "lib/base/problem.h"

#include <stddef.h>
#include <stdint.h>

typedef bool text_check_cb(const char *text, struct problem *problem);

text_check_cb check_participant; /* printable characters without space */
text_check_cb check_election;    /* [A-Za-z0-9._:-], beginning with a letter or digit */
text_check_cb check_key_prefix;  /* the same, of at most 256 bytes */
text_check_cb check_host;        /* a host name or *.suffix */
text_check_cb check_server_name; /* a host name or an IP address, without a port */
text_check_cb check_target;      /* tcp://HOST:PORT or icmp://HOST */
text_check_cb check_ntp_server;  /* HOST or HOST:PORT */
text_check_cb check_http_url;    /* http://HOST[:PORT][/PATH] */
text_check_cb check_host_port;   /* HOST:PORT */
text_check_cb check_directory;   /* an absolute path */
text_check_cb check_address;     /* of a listener */

/* The character of `size` bytes, as utf8_character() measured it. */
uint32_t code_point(const char *bytes, size_t size);

/* Control characters and Unicode's line separators. */
bool is_control(uint32_t point);

/* Does it hold one, or bytes that are not UTF-8? */
bool text_has_control(const char *text);

/* Characters of a well-formed UTF-8 text. */
size_t count_characters(const char *text);

/* Is every byte part of a UTF-8 character? */
bool text_is_utf8(const char *text);

bool text_is_blank(const char *text);

enum { SHOWN_SIZE = 256 };

/* A value as messages quote it: cut after 60 characters, '?' for what is not printable. */
const char *shown(const char *value, char out[SHOWN_SIZE]);

#endif
