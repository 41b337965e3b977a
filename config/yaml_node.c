#include "config/yaml_tree.h"

#include <stdlib.h>
#include <string.h>

struct yaml_node *tree_new(enum yaml_kind kind)
{
    struct yaml_node *node = calloc(1, sizeof *node);
    if (node != NULL) {
        node->kind = kind;
    }
    return node;
}

struct yaml_node *tree_new_text(const char *text)
{
    struct yaml_node *node = tree_new(YAML_TEXT);
    if (node == NULL) {
        return NULL;
    }
    node->text = strdup(text);
    if (node->text == NULL) {
        free(node);
        return NULL;
    }
    return node;
}

static bool make_room(struct yaml_node *parent)
{
    if (parent->count < parent->capacity) {
        return true;
    }
    size_t capacity = parent->capacity > 0 ? parent->capacity * 2 : 8;
    struct yaml_node **items = reallocarray(parent->items, capacity, sizeof *items);
    if (items == NULL) {
        return false;
    }
    parent->items = items;
    parent->capacity = capacity;
    return true;
}

bool tree_append(struct yaml_node *parent, const char *key, struct yaml_node *child)
{
    char *copy = key != NULL ? strdup(key) : NULL;
    if ((key != NULL && copy == NULL) || !make_room(parent)) {
        free(copy);
        tree_free(child);
        return false;
    }
    free(child->key);
    child->key = copy;
    parent->items[parent->count++] = child;
    return true;
}

struct yaml_node *tree_take(struct yaml_node *parent, size_t index)
{
    struct yaml_node *child = parent->items[index];
    parent->count--;
    memmove(&parent->items[index], &parent->items[index + 1],
            (parent->count - index) * sizeof *parent->items);
    return child;
}

static struct yaml_node *find(const struct yaml_node *map, const char *key, size_t length)
{
    if (map == NULL || map->kind != YAML_MAP) {
        return NULL;
    }
    for (size_t i = 0; i < map->count; i++) {
        const char *name = map->items[i]->key;
        if (strncmp(name, key, length) == 0 && name[length] == '\0') {
            return map->items[i];
        }
    }
    return NULL;
}

struct yaml_node *tree_find(const struct yaml_node *map, const char *key)
{
    return find(map, key, strlen(key));
}

struct yaml_node *tree_find_path(const struct yaml_node *map, const char *path)
{
    for (;;) {
        size_t length = strcspn(path, ".");
        struct yaml_node *node = find(map, path, length);
        if (node == NULL || path[length] == '\0') {
            return node;
        }
        map = node;
        path += length + 1;
    }
}

bool tree_is_null(const struct yaml_node *node)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    if (node->kind != YAML_TEXT || !node->plain) {
        return false;
    }
    for (size_t i = 0; i < sizeof nulls / sizeof nulls[0]; i++) {
        if (strcmp(node->text, nulls[i]) == 0) {
            return true;
        }
    }
    return false;
}

void tree_free(struct yaml_node *node)
{
    if (node == NULL) {
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        tree_free(node->items[i]);
    }
    if (node->text != NULL) {
        explicit_bzero(node->text, strlen(node->text));
    }
    free(node->items);
    free(node->text);
    free(node->key);
    free(node);
}
