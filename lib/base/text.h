/*
 * A growing buffer of bytes, for everything that is written piece by piece.
 *
 * An empty one is all zeros. A failed allocation makes the text `failed`: later additions do
 * nothing, so a writer checks once, at the end. The bytes are always followed by a NUL that is not
 * counted. The owner of the struct owns the bytes and ends with text_free().
 */
#ifndef LEADERD_BASE_TEXT_H
#define LEADERD_BASE_TEXT_H

#include "lib/base/problem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *bytes; /* NULL while nothing was ever added */
    size_t length;
    size_t capacity;
    bool failed;
};

void text_free(struct text *text);

/* Empties the text and keeps its memory. */
void text_clear(struct text *text);

enum { TEXT_DIGITS_SIZE = 20 };

/* The number in decimal, without an end; printf() is slow where each renewal has ten of them.
 * Returns the length. */
size_t text_digits(char out[TEXT_DIGITS_SIZE], int64_t number);

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t length);
void text_add_integer(struct text *text, int64_t number);
void text_addf(struct text *text, const char *format, ...) printf_like(2, 3);

/* Adds `string` as a JSON string with its quotes (RFC 8259). Bytes that are not UTF-8 become
 * U+FFFD, so that a hostile value in the store cannot make our answer malformed. NULL is `null`. */
void text_add_json(struct text *text, const char *string);

/* Gives away the bytes (free() them) and empties the text; NULL when it failed or is empty. */
char *text_take(struct text *text);

/* Length in bytes of the well-formed UTF-8 character (RFC 3629) at `bytes`, 0 when there is none.
 */
size_t utf8_character(const char *bytes, size_t length);

#endif
