#include "lib/status/add.h"

#include "lib/base/timetext.h"

#include <string.h>

void add_string(struct text *text, const char *lead, const char *value)
{
    text_add(text, lead);
    text_add_json(text, value);
}

void add_integer(struct text *text, const char *lead, int64_t value)
{
    text_add(text, lead);
    text_add_integer(text, value);
}

void add_bool(struct text *text, const char *lead, bool value)
{
    text_add(text, lead);
    text_add(text, value ? "true" : "false");
}

void add_positive(struct text *text, const char *lead, int64_t value)
{
    add_unsigned(text, lead, value > 0 ? value : -1);
}

void add_unsigned(struct text *text, const char *lead, int64_t value)
{
    text_add(text, lead);
    if (value < 0) {
        text_add(text, "null");
    } else {
        text_add_integer(text, value);
    }
}

void add_instant(struct text *text, const char *lead, int64_t wall_ms)
{
    text_add(text, lead);
    if (wall_ms == 0) {
        text_add(text, "null");
        return;
    }
    char instant[RFC3339_TEXT_MAX];
    rfc3339_format(wall_ms, instant);
    text_add(text, "\"");
    text_add(text, instant);
    text_add(text, "\"");
}

/* C0, DEL and the C1 controls, which some terminals obey too. */
static bool is_control(const unsigned char *byte, size_t size)
{
    return byte[0] < 0x20 || byte[0] == 0x7f || (size == 2 && byte[0] == 0xc2 && byte[1] < 0xa0);
}

void add_plain(struct text *text, const char *value)
{
    if (value == NULL) {
        text_add(text, "none");
        return;
    }
    size_t left = strlen(value);
    while (left > 0) {
        size_t size = utf8_character(value, left);
        if (size == 0 || is_control((const unsigned char *)value, size)) {
            text_add(text, "\xef\xbf\xbd");
        } else {
            text_add_bytes(text, value, size);
        }
        size = size == 0 ? 1 : size;
        value += size;
        left -= size;
    }
}
