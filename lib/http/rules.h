/*
 * Pure rules about parts of a request. No I/O, no state.
 */
#ifndef LEADERD_HTTP_RULES_H
#define LEADERD_HTTP_RULES_H

#include "lib/http/http.h"

enum { HTTP_NAME_MAX = 256 };

/* Does `path` fit the pattern? The part in braces is copied to `name`, which is "" without one. */
bool http_path_fits(const char *pattern, const char *path, char name[HTTP_NAME_MAX]);

/* Is `host` (the Host header) one that a browser can only have by knowing us: localhost, an IP
 * literal, or one of the list? False also when it is malformed. */
bool http_host_allowed(const char *host, char *const *allowed, size_t count);

/* Does the Origin header name the same host as the Host header? */
bool http_origin_is(const char *origin, const char *host);

/* "Bearer <token>", compared in constant time. */
bool http_token_fits(const char *authorization, const char *token);

/* The format that `accept` (NULL: any) likes best among the bits of `offered`; 0: none. */
enum http_format http_accept(const char *accept, unsigned offered);

/* Words of `format=`: json, text; 0: another word. */
enum http_format http_format_named(const char *word);

#endif
