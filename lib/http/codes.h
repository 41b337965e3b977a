/*
 * The problem codes of the interface: one table of status and title.
 */
#ifndef LEADERD_HTTP_CODES_H
#define LEADERD_HTTP_CODES_H

#include <stdbool.h>
#include <stddef.h>

struct http_code {
    const char *code;
    int status;
    const char *title;
    bool rejects; /* counted as a refusal by the server's own rules */
};

/* Entry number `index`; NULL beyond the last. */
const struct http_code *http_code_at(size_t index);

/* NULL when there is no such code. */
const struct http_code *http_code_find(const char *code);

#endif
