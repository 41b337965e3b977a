#include "config/read.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { METADATA_KEY_MAX = 64, METADATA_VALUE_MAX = 1000 };

static bool key_is_good(const struct reading *reading, const struct config_spot *spot,
                        const char *key)
{
    const char *what = NULL;
    if (text_is_blank(key)) {
        what = "must not be blank";
    } else if (text_has_control(key)) {
        what = "must be a key of printable characters";
    } else if (count_characters(key) > METADATA_KEY_MAX) {
        what = "must be a key of at most 64 characters";
    }
    if (what != NULL) {
        config_issues_add(reading->issues, CONFIG_ERROR, spot, "%s", what);
    }
    return what == NULL;
}

static char *read_value(const struct reading *reading, const struct yaml_node *node,
                        const char *key)
{
    struct config_spot spot = spot_of(node, key);
    char quoted[SHOWN_SIZE];
    if (node->kind == YAML_REFUSED) {
        return NULL;
    }
    if (node->kind != YAML_TEXT || tree_is_null(node)) {
        config_issues_add(reading->issues, CONFIG_ERROR, &spot, "must be a text");
        return NULL;
    }
    char *value = read_text(reading, node, false, key);
    if (value != NULL && count_characters(value) > METADATA_VALUE_MAX) {
        config_issues_add(reading->issues, CONFIG_ERROR, &spot,
                          "must be of at most %d characters (value %s)", METADATA_VALUE_MAX,
                          shown(value, quoted));
        free(value);
        value = NULL;
    }
    return value;
}

static void read_pair(const struct reading *reading, const struct yaml_node *node,
                      const char *prefix, struct config_metadata *metadata)
{
    char quoted[SHOWN_SIZE];
    char name[KEY_SIZE];
    (void)snprintf(name, sizeof name, "%.100s%.150s", prefix, shown(node->key, quoted));
    struct config_spot spot = spot_of(node, name);
    if (!key_is_good(reading, &spot, node->key)) {
        return;
    }
    char *value = read_value(reading, node, name);
    char *key = value != NULL ? strdup(node->key) : NULL;
    if (key == NULL) {
        reading->issues->failed = reading->issues->failed || value != NULL;
        free(value);
        return;
    }
    metadata->pairs[metadata->count++] = (struct metadata_pair){.key = key, .value = value};
}

void read_metadata(const struct reading *reading, const struct schema_key *row,
                   const struct yaml_node *node, const char *key, void *base)
{
    struct config_metadata *metadata = (struct config_metadata *)((char *)base + row->offset);
    struct config_spot spot = spot_of(node, key);
    char prefix[KEY_SIZE];
    if (node->kind != YAML_MAP) {
        config_issues_add(reading->issues, CONFIG_ERROR, &spot,
                          "must be a mapping of keys to texts");
        return;
    }
    if ((int64_t)node->count > row->max) {
        config_issues_add(reading->issues, CONFIG_ERROR, &spot,
                          "must have at most %" PRId64 " keys (value: %zu)", row->max, node->count);
        return;
    }
    (void)snprintf(prefix, sizeof prefix, "%s.", key);
    refuse_repeated_keys(reading, node, prefix);
    metadata->pairs = calloc(node->count > 0 ? node->count : 1, sizeof *metadata->pairs);
    if (metadata->pairs == NULL) {
        reading->issues->failed = true;
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        read_pair(reading, node->items[i], prefix, metadata);
    }
}
