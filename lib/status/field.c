#include "lib/status/document.h"

#include "lib/status/json_text.h"

#include <string.h>

enum { FIELD_PATH_MAX = 512 };

/* A key may hold dots ("elections.my.app.state"), so every prefix that ends before a dot is tried.
 * Each value has one path, so that none is looked at twice. `path` is changed and restored. */
static const json_t *look_up(const json_t *value, char *path)
{
    const json_t *found = json_object_get(value, path);
    for (char *dot = strchr(path, '.'); dot != NULL && found == NULL; dot = strchr(dot + 1, '.')) {
        *dot = '\0';
        const json_t *inner = json_object_get(value, path);
        if (json_is_object(inner)) {
            found = look_up(inner, dot + 1);
        }
        *dot = '.';
    }
    return found;
}

static void add_value(struct text *out, const json_t *value)
{
    if (json_is_string(value)) {
        text_add_bytes(out, json_string_value(value), json_string_length(value));
    } else {
        json_add(out, value, JSON_COMPACT | JSON_ENCODE_ANY);
    }
    text_add(out, "\n");
}

bool status_add_field(struct text *text, const char *json, size_t length, const char *path)
{
    char keys[FIELD_PATH_MAX + 1];
    size_t path_length = strlen(path);
    if (path_length == 0 || path_length > FIELD_PATH_MAX) {
        return false;
    }
    memcpy(keys, path, path_length + 1);
    json_t *root = json_loadb(json, length, JSON_ALLOW_NUL, NULL);
    if (root == NULL) {
        text->failed = true;
        return false;
    }
    const json_t *found = look_up(root, keys);
    if (found != NULL) {
        add_value(text, found);
    }
    json_decref(root);
    return found != NULL && !text->failed;
}
