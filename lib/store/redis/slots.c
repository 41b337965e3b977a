#include "lib/store/redis/slots.h"

#include <string.h>

/* CRC16-CCITT (XMODEM): polynomial 0x1021, begins with 0. */
static unsigned crc16(const char *bytes, size_t length)
{
    unsigned crc = 0;
    for (size_t i = 0; i < length; i++) {
        crc ^= (unsigned)(unsigned char)bytes[i] << 8;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 0x8000) != 0 ? (crc << 1 ^ 0x1021) & 0xffff : crc << 1 & 0xffff;
        }
    }
    return crc;
}

unsigned slots_of_key(const char *key)
{
    const char *open = strchr(key, '{');
    const char *close = open != NULL ? strchr(open + 1, '}') : NULL;
    if (close != NULL && close > open + 1) {
        return crc16(open + 1, (size_t)(close - open - 1)) % SLOTS;
    }
    return crc16(key, strlen(key)) % SLOTS;
}

static bool read_slot(const struct resp_value *value, unsigned *slot)
{
    *slot = (unsigned)value->integer;
    return value->kind == RESP_INTEGER && value->integer >= 0 && value->integer < SLOTS;
}

static bool read_node(const struct resp_value *value, const struct redis_endpoint *from,
                      struct redis_endpoint *node)
{
    if (value->kind != RESP_ARRAY || value->count < 2 || value->items[1]->kind != RESP_INTEGER ||
        value->items[1]->integer < 1 || value->items[1]->integer > 65535) {
        return false;
    }
    const struct resp_value *host = value->items[0];
    const char *name = resp_text(host);
    bool own = host->kind == RESP_NIL || (name != NULL && name[0] == '\0');
    return (own || name != NULL) &&
           endpoint_set(node, own ? from->host : name, (int)value->items[1]->integer);
}

bool slots_read(const struct resp_value *value, const struct redis_endpoint *from,
                slots_range_cb *each, void *owner)
{
    if (value->kind != RESP_ARRAY) {
        return false;
    }
    for (size_t i = 0; i < value->count; i++) {
        const struct resp_value *range = value->items[i];
        struct redis_endpoint primary;
        unsigned first, last;
        if (range->kind != RESP_ARRAY || range->count < 3 || !read_slot(range->items[0], &first) ||
            !read_slot(range->items[1], &last) || first > last) {
            return false;
        }
        if (read_node(range->items[2], from, &primary)) {
            each(owner, first, last, &primary);
        }
    }
    return true;
}
