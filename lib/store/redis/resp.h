/*
 * The Redis protocol: commands to bytes, bytes to values.
 *
 * A command is written into a text as its parts: resp_begin() with their number, then each part.
 * The reader takes bytes in pieces of any size and gives values back; it is hiredis' parser with
 * limits around it, so that a server cannot make us allocate without bound: a value takes at most
 * RESP_VALUE_MAX bytes on the wire, an array has at most RESP_ITEMS_MAX items, nesting is at most 7
 * deep. Beyond that, or on anything that is not RESP, the stream is broken for good.
 */
#ifndef LEADERD_STORE_REDIS_RESP_H
#define LEADERD_STORE_REDIS_RESP_H

#include "lib/base/text.h"

enum { RESP_VALUE_MAX = 1 << 20, RESP_ITEMS_MAX = 4096 };

void resp_begin(struct text *text, size_t parts);
void resp_part(struct text *text, const char *bytes, size_t length);
void resp_string(struct text *text, const char *string);
void resp_integer(struct text *text, int64_t number);

enum resp_kind {
    RESP_STRING = 1,
    RESP_STATUS,
    RESP_ERROR,
    RESP_INTEGER,
    RESP_NIL,
    RESP_ARRAY,
    RESP_OTHER, /* what only newer protocol versions know */
};

struct resp_value {
    enum resp_kind kind;
    int64_t integer;
    const char *bytes; /* strings, statuses, errors: NUL-terminated; "" for all others */
    size_t length;
    struct resp_value **items; /* arrays: none of them is NULL once the value is complete */
    size_t count;
};

/* Is it a string or a status without NUL bytes? NULL when not. */
const char *resp_text(const struct resp_value *value);

/* Is it a text of digits, from 0 to LEASE_TERM_MAX? */
bool resp_number(const struct resp_value *value, int64_t *number) must_use;

/* Takes NULL, too. */
void resp_free(struct resp_value *value);

enum resp_progress { RESP_READY = 1, RESP_MORE, RESP_BROKEN };

struct resp_reader;

/* NULL when memory is short. */
struct resp_reader *resp_reader_new(void);
void resp_reader_free(struct resp_reader *reader);

/* Adds bytes; take all values with resp_next() before the next call. */
void resp_feed(struct resp_reader *reader, const char *bytes, size_t length);

/* RESP_READY: `*value` is the caller's, to be freed by resp_free(). */
enum resp_progress resp_next(struct resp_reader *reader, struct resp_value **value);

/* Why it is broken, for a person. */
const char *resp_reader_error(const struct resp_reader *reader);

#endif
