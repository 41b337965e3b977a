#include "lib/status/json_text.h"

static int add_piece(const char *bytes, size_t length, void *owner)
{
    struct text *text = owner;
    text_add_bytes(text, bytes, length);
    return text->failed ? -1 : 0;
}

void json_add(struct text *text, const json_t *value, size_t flags)
{
    if (json_dump_callback(value, add_piece, text, flags) != 0) {
        text->failed = true;
    }
}
