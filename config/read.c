#include "config/read.h"

#include "config/suggest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct config_spot key_spot(const struct yaml_node *node, const char *key)
{
    struct config_spot spot = spot_of(node, key);
    if (node->key_line > 0) {
        spot.line = node->key_line;
        spot.column = node->key_column;
    }
    return spot;
}

static void refuse(const struct reading *reading, const struct yaml_node *node, const char *key,
                   const char *what)
{
    struct config_spot spot = spot_of(node, key);
    if (node->kind != YAML_REFUSED) {
        config_issues_add(reading->issues, CONFIG_ERROR, &spot, "%s", what);
    }
}

void refuse_repeated_keys(const struct reading *reading, const struct yaml_node *map,
                          const char *prefix)
{
    for (size_t i = 1; i < map->count; i++) {
        const struct yaml_node *first = tree_find(map, map->items[i]->key);
        if (first == map->items[i]) {
            continue;
        }
        char key[KEY_SIZE];
        char quoted[SHOWN_SIZE];
        (void)snprintf(key, sizeof key, "%.100s%.150s", prefix, shown(map->items[i]->key, quoted));
        struct config_spot spot = key_spot(map->items[i], key);
        config_issues_add(reading->issues, CONFIG_ERROR, &spot, "is given twice, first in line %u",
                          first->key_line);
    }
}

/* Adds the part of `path` between `section` and the next dot; false when it is not in there. */
static bool next_word(const char *path, const char *section, char word[KEY_SIZE])
{
    size_t skip = strlen(section);
    if (strncmp(path, section, skip) != 0) {
        return false;
    }
    (void)snprintf(word, KEY_SIZE, "%.*s", (int)strcspn(path + skip, "."), path + skip);
    return true;
}

static const char *leaf(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot != NULL ? dot + 1 : path;
}

/* A near miss in this section, else the same word in another one. */
static void suggest(const struct schema *schema, const char *section, const char *word,
                    char out[KEY_SIZE])
{
    struct suggestion suggestion = {0};
    char known[KEY_SIZE];
    for (size_t i = 0; i < schema->count; i++) {
        if (next_word(schema->keys[i].path, section, known)) {
            suggestion_offer(&suggestion, word, known);
        }
    }
    (void)snprintf(out, KEY_SIZE, "%s", suggestion.best);
    for (size_t i = 0; i < schema->count && out[0] == '\0'; i++) {
        if (strcmp(leaf(schema->keys[i].path), word) == 0) {
            (void)snprintf(out, KEY_SIZE, "%s", schema->keys[i].path);
        }
    }
}

static void refuse_unknown(const struct reading *reading, const struct schema *schema,
                           const struct yaml_node *node, const char *prefix, const char *section)
{
    char best[KEY_SIZE];
    char key[KEY_SIZE];
    char quoted[SHOWN_SIZE];
    suggest(schema, section, node->key, best);
    (void)snprintf(key, sizeof key, "%.60s%.40s%.150s", prefix, section, shown(node->key, quoted));
    struct config_spot spot = key_spot(node, key);
    config_issues_add(reading->issues, CONFIG_ERROR, &spot, "is not a known key%s%s%s",
                      best[0] != '\0' ? "; did you mean " : "", best, best[0] != '\0' ? "?" : "");
}

enum found { FOUND_NOTHING = 1, FOUND_KEY, FOUND_SECTION };

static enum found look_up(const struct schema *schema, const char *path)
{
    size_t length = strlen(path);
    for (size_t i = 0; i < schema->count; i++) {
        const char *known = schema->keys[i].path;
        if (strncmp(known, path, length) == 0 && known[length] == '\0') {
            return FOUND_KEY;
        }
        if (strncmp(known, path, length) == 0 && known[length] == '.') {
            return FOUND_SECTION;
        }
    }
    return FOUND_NOTHING;
}

/* Refuses what the table does not know. `section` is "" or ends with a dot. */
static void check_keys(const struct reading *reading, const struct schema *schema,
                       const struct yaml_node *map, const char *prefix, const char *section)
{
    char path[KEY_SIZE];
    (void)snprintf(path, sizeof path, "%s%s", prefix, section);
    refuse_repeated_keys(reading, map, path);
    for (size_t i = 0; i < map->count; i++) {
        const struct yaml_node *node = map->items[i];
        bool plausible = strlen(node->key) < KEY_SIZE / 2 && strchr(node->key, '.') == NULL;
        (void)snprintf(path, sizeof path, "%.60s%.128s", section, node->key);
        enum found found = plausible ? look_up(schema, path) : FOUND_NOTHING;
        if (found == FOUND_NOTHING) {
            refuse_unknown(reading, schema, node, prefix, section);
        } else if (found == FOUND_SECTION && node->kind == YAML_MAP) {
            char inner[KEY_SIZE + 1];
            (void)snprintf(inner, sizeof inner, "%s.", path);
            check_keys(reading, schema, node, prefix, inner);
        } else if (found == FOUND_SECTION) {
            char key[KEY_SIZE * 2];
            (void)snprintf(key, sizeof key, "%s%s", prefix, path);
            refuse(reading, node, key,
                   tree_is_null(node) ? "is empty; leave it out for its defaults"
                                      : "must be a mapping of keys");
        }
    }
}

/* A list's room: `count` empty items and one more behind them, kept in the configuration at once.
 */
static void *make_items(const struct reading *reading, const struct schema_key *row, void *base,
                        size_t count, size_t size)
{
    void *items = calloc(count + 1, size);
    if (items == NULL) {
        reading->issues->failed = true;
        return NULL;
    }
    memcpy((char *)base + row->offset, &items, sizeof items);
    memcpy((char *)base + row->extra, &count, sizeof count);
    return items;
}

static bool list_is_good(const struct reading *reading, const struct schema_key *row,
                         const struct yaml_node *node, const char *key)
{
    char what[100];
    if (node->kind != YAML_LIST) {
        refuse(reading, node, key, "must be a list");
        return false;
    }
    if ((int64_t)node->count >= row->min && (int64_t)node->count <= row->max) {
        return true;
    }
    (void)snprintf(what, sizeof what, "must have %" PRId64 " to %" PRId64 " items (value: %zu)",
                   row->min, row->max, node->count);
    refuse(reading, node, key, what);
    return false;
}

static void read_list(const struct reading *reading, const struct schema_key *row,
                      const struct yaml_node *node, const char *key, void *base)
{
    const struct schema *elements = row->elements;
    char *items = make_items(reading, row, base, node->count, elements->size);
    for (size_t i = 0; i < node->count && items != NULL; i++) {
        char prefix[KEY_SIZE];
        (void)snprintf(prefix, sizeof prefix, "%s[%zu].", key, i);
        if (node->items[i]->kind == YAML_MAP) {
            schema_read(reading, elements, node->items[i], prefix, items + i * elements->size);
        } else {
            prefix[strlen(prefix) - 1] = '\0';
            refuse(reading, node->items[i], prefix, "must be a mapping of keys");
        }
    }
}

static void read_texts(const struct reading *reading, const struct schema_key *row,
                       const struct yaml_node *node, const char *key, void *base)
{
    char **items = make_items(reading, row, base, node->count, sizeof *items);
    struct schema_key item = {.type = SCHEMA_TEXT,
                              .min = row->item_max > 0 ? 0 : 1,
                              .max = row->item_max > 0 ? row->item_max : 253,
                              .check = row->check,
                              .runtime = row->runtime};
    for (size_t i = 0; i < node->count && items != NULL; i++) {
        char name[KEY_SIZE];
        (void)snprintf(name, sizeof name, "%s[%zu]", key, i);
        read_scalar(reading, &item, node->items[i], name, &items[i]);
    }
}

static void read_group(const struct reading *reading, const struct schema_key *row,
                       const struct yaml_node *node, const char *key, void *base)
{
    char prefix[KEY_SIZE];
    if (tree_is_null(node)) {
        return;
    }
    if (node->kind != YAML_MAP) {
        refuse(reading, node, key, "must be a mapping of keys, or null");
        return;
    }
    void *group = calloc(1, row->elements->size);
    if (group == NULL) {
        reading->issues->failed = true;
        return;
    }
    memcpy((char *)base + row->offset, &group, sizeof group);
    (void)snprintf(prefix, sizeof prefix, "%s.", key);
    schema_read(reading, row->elements, node, prefix, group);
}

static void read_key(const struct reading *reading, const struct schema_key *row,
                     const struct yaml_node *node, const char *key, void *base)
{
    switch (row->type) {
    case SCHEMA_LIST:
        if (list_is_good(reading, row, node, key)) {
            read_list(reading, row, node, key, base);
        }
        break;
    case SCHEMA_TEXTS:
        if (list_is_good(reading, row, node, key)) {
            read_texts(reading, row, node, key, base);
        }
        break;
    case SCHEMA_METADATA:
        read_metadata(reading, row, node, key, base);
        break;
    case SCHEMA_GROUP:
        read_group(reading, row, node, key, base);
        break;
    case SCHEMA_TEXT:
    case SCHEMA_FILE:
    case SCHEMA_URL:
    case SCHEMA_DURATION:
    case SCHEMA_INTEGER:
    case SCHEMA_MODE:
    case SCHEMA_BOOL:
    case SCHEMA_SWITCH:
    case SCHEMA_WORD:
        read_scalar(reading, row, node, key, base);
        break;
    }
}

static bool is_collection(const struct schema_key *row)
{
    return row->type == SCHEMA_LIST || row->type == SCHEMA_TEXTS || row->type == SCHEMA_METADATA;
}

static void clear_origins(const struct schema_key *row, void *base)
{
    char *items = NULL;
    size_t count = 0;
    const void *none = NULL;
    if (row->type != SCHEMA_LIST) {
        return;
    }
    memcpy(&items, (char *)base + row->offset, sizeof items);
    memcpy(&count, (char *)base + row->extra, sizeof count);
    for (size_t i = 0; i < count; i++) {
        memcpy(items + i * row->elements->size + row->elements->origin, &none, sizeof none);
    }
}

static void read_fallback(const struct reading *reading, const struct schema_key *row,
                          const char *key, void *base)
{
    if (row->type == SCHEMA_GROUP) {
        return; /* its only default is null */
    }
    if (!is_collection(row)) {
        struct yaml_node node = {
            .kind = YAML_TEXT, .plain = true, .text = (char *)(uintptr_t)row->fallback};
        read_scalar(reading, row, &node, key, base);
        return;
    }
    struct yaml_node *node =
        tree_parse(row->fallback, strlen(row->fallback), NULL, reading->issues);
    if (node != NULL) {
        read_key(reading, row, node, key, base);
        clear_origins(row, base);
        tree_free(node);
    }
}

static void refuse_missing(const struct reading *reading, const struct yaml_node *map,
                           const char *key)
{
    struct config_spot spot = spot_of(map, key);
    config_issues_add(reading->issues, CONFIG_ERROR, &spot, "is missing");
}

void schema_read(const struct reading *reading, const struct schema *schema,
                 const struct yaml_node *map, const char *prefix, void *base)
{
    check_keys(reading, schema, map, prefix, "");
    memcpy((char *)base + schema->origin, &map, sizeof map);
    for (size_t i = 0; i < schema->count; i++) {
        const struct schema_key *row = &schema->keys[i];
        const struct yaml_node *node = tree_find_path(map, row->path);
        char key[KEY_SIZE * 2];
        (void)snprintf(key, sizeof key, "%s%s", prefix, row->path);
        if (node != NULL) {
            read_key(reading, row, node, key, base);
        } else if (row->fallback != NULL) {
            read_fallback(reading, row, key, base);
        } else {
            refuse_missing(reading, map, key);
        }
    }
}
