#include "lib/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 256 };

void text_free(struct text *text)
{
    free(text->bytes);
    *text = (struct text){0};
}

void text_clear(struct text *text)
{
    text->length = 0;
    text->failed = false;
    if (text->bytes != NULL) {
        text->bytes[0] = '\0';
    }
}

/* Makes room for `more` bytes and the NUL. */
static bool reserve(struct text *text, size_t more)
{
    if (text->failed || more >= SIZE_MAX / 2 - text->length) {
        text->failed = true;
        return false;
    }
    size_t needed = text->length + more + 1;
    if (needed <= text->capacity) {
        return true;
    }
    size_t capacity = text->capacity > 0 ? text->capacity : FIRST_CAPACITY;
    while (capacity < needed) {
        capacity *= 2;
    }
    char *bytes = realloc(text->bytes, capacity);
    if (bytes == NULL) {
        text->failed = true;
        return false;
    }
    text->bytes = bytes;
    text->capacity = capacity;
    return true;
}

void text_add_bytes(struct text *text, const char *bytes, size_t length)
{
    if (!reserve(text, length)) {
        return;
    }
    if (length > 0) {
        memcpy(text->bytes + text->length, bytes, length);
    }
    text->length += length;
    text->bytes[text->length] = '\0';
}

void text_add(struct text *text, const char *string)
{
    text_add_bytes(text, string, strlen(string));
}

size_t text_digits(char out[TEXT_DIGITS_SIZE], int64_t number)
{
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    size_t at = TEXT_DIGITS_SIZE;
    do {
        out[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        out[--at] = '-';
    }
    memmove(out, out + at, TEXT_DIGITS_SIZE - at);
    return TEXT_DIGITS_SIZE - at;
}

void text_add_integer(struct text *text, int64_t number)
{
    char digits[TEXT_DIGITS_SIZE];
    text_add_bytes(text, digits, text_digits(digits, number));
}

void text_addf(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0 || !reserve(text, (size_t)length)) {
        text->failed = true;
    } else {
        (void)vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

size_t utf8_character(const char *bytes, size_t length)
{
    static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *byte = (const unsigned char *)bytes;
    if (length == 0) {
        return 0;
    }
    if (byte[0] < 0x80) {
        return 1;
    }
    size_t size = byte[0] >= 0xf0 ? 4 : byte[0] >= 0xe0 ? 3 : 2;
    if (byte[0] < 0xc2 || byte[0] > 0xf4 || size > length) {
        return 0;
    }
    uint32_t point = byte[0] & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((byte[i] & 0xc0) != 0x80) {
            return 0;
        }
        point = point << 6 | (byte[i] & 0x3fu);
    }
    bool surrogate = point >= 0xd800 && point <= 0xdfff;
    return point < smallest[size] || point > 0x10ffff || surrogate ? 0 : size;
}

static void add_json_character(struct text *text, const char *bytes, size_t size)
{
    static const char *const short_escapes[] = {
        ['"'] = "\\\"", ['\\'] = "\\\\", ['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t"};
    unsigned char byte = (unsigned char)bytes[0];
    if (byte < sizeof short_escapes / sizeof short_escapes[0] && short_escapes[byte] != NULL) {
        text_add(text, short_escapes[byte]);
    } else if (byte < 0x20 || byte == 0x7f) {
        text_addf(text, "\\u%04x", byte);
    } else {
        text_add_bytes(text, bytes, size);
    }
}

/* Leading characters that stand for themselves in JSON: nearly all, so they are added at once. */
static size_t count_plain(const char *string)
{
    size_t count = 0;
    while (string[count] >= ' ' && string[count] < 0x7f && string[count] != '"' &&
           string[count] != '\\') {
        count++;
    }
    return count;
}

void text_add_json(struct text *text, const char *string)
{
    if (string == NULL) {
        text_add(text, "null");
        return;
    }
    text_add(text, "\"");
    size_t left = strlen(string);
    while (left > 0) {
        size_t plain = count_plain(string);
        if (plain > 0) {
            text_add_bytes(text, string, plain);
            string += plain;
            left -= plain;
            continue;
        }
        size_t size = utf8_character(string, left);
        if (size == 0) {
            text_add(text, "\xef\xbf\xbd");
            size = 1;
        } else {
            add_json_character(text, string, size);
        }
        string += size;
        left -= size;
    }
    text_add(text, "\"");
}

char *text_take(struct text *text)
{
    char *bytes = text->failed ? NULL : text->bytes;
    if (bytes == NULL) {
        free(text->bytes);
    }
    *text = (struct text){0};
    return bytes;
}
