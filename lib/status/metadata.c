#include "lib/status/metadata.h"

#include "lib/base/timetext.h"
#include "lib/status/add.h"
#include "lib/status/json_text.h"

void metadata_encode(struct text *text, const struct metadata_pair *pairs, size_t count,
                     int64_t renew_interval_ms, int64_t waiters)
{
    add_integer(text, "{\"i\":", renew_interval_ms);
    add_integer(text, ",\"w\":", waiters);
    text_add(text, ",\"m\":{");
    for (size_t i = 0; i < count; i++) {
        add_string(text, i > 0 ? "," : "", pairs[i].key);
        add_string(text, ":", pairs[i].value);
    }
    text_add(text, "}}");
}

void metadata_free(struct metadata *metadata)
{
    text_free(&metadata->json);
}

/* A number that can be meant, else 0. */
static int64_t read_number(const json_t *root, const char *key)
{
    int64_t number = json_integer_value(json_object_get(root, key));
    return number > 0 && number <= DURATION_MAX_MS ? number : 0;
}

static bool is_shallow(json_t *value, int levels)
{
    if (levels == 0) {
        return !json_is_object(value) && !json_is_array(value);
    }
    const char *key;
    json_t *inner;
    json_object_foreach(value, key, inner)
    {
        if (!is_shallow(inner, levels - 1)) {
            return false;
        }
    }
    size_t index;
    json_array_foreach(value, index, inner)
    {
        if (!is_shallow(inner, levels - 1)) {
            return false;
        }
    }
    return true;
}

/* Written anew, so that whatever stood there, we show one well-formed object. */
static void read_object(json_t *object, struct text *json)
{
    if (json_is_object(object) && is_shallow(object, METADATA_DEPTH_MAX)) {
        json_add(json, object, JSON_COMPACT);
    } else {
        text_add(json, "{}");
    }
}

void metadata_decode(const char *bytes, size_t length, struct metadata *metadata)
{
    text_clear(&metadata->json);
    json_t *root = NULL;
    if (length > 0 && length <= METADATA_TEXT_MAX) {
        root = json_loadb(bytes, length, 0, NULL);
    }
    metadata->renew_interval_ms = read_number(root, "i");
    metadata->waiters = read_number(root, "w");
    read_object(json_object_get(root, "m"), &metadata->json);
    json_decref(root);
}
