/*
 * YAML bytes -> a small tree that knows where everything stands.
 *
 * Functions begin with tree_, because libyaml owns yaml_.
 *
 * Refuses, with the place: NUL bytes and what is not UTF-8, syntax errors, anchors, aliases, tags,
 * keys that are no scalars, a second document. Repeated keys are kept, for the reader to refuse
 * with their full name. Maxima: YAML_DEPTH_MAX levels, YAML_NODES_MAX nodes, YAML_KEYS_MAX keys in
 * one mapping.
 */
#ifndef LEADERD_CONFIG_YAML_TREE_H
#define LEADERD_CONFIG_YAML_TREE_H

#include "config/issues.h"

enum { YAML_DEPTH_MAX = 32, YAML_NODES_MAX = 250000, YAML_KEYS_MAX = 256 };

enum yaml_kind {
    YAML_TEXT = 1,
    YAML_LIST,
    YAML_MAP,
    YAML_REFUSED, /* an issue has been added about it */
};

struct yaml_node {
    enum yaml_kind kind;
    char *text; /* of YAML_TEXT */
    bool plain; /* without quotes: may be null, a number, a boolean */
    bool nul;   /* an escape put a NUL into it: the text ends there */
    char *key;  /* under which it stands in its mapping; NULL in a list */
    unsigned key_line, key_column;
    struct yaml_node **items;
    size_t count, capacity;
    /* Where it comes from: a file with line and column, or a flag or variable by its name. All
     * empty for a default. */
    const char *file;
    unsigned line, column;
    const char *label;
};

/* An empty document is an empty mapping. NULL after a syntax error or when memory ran out; what
 * else is refused becomes an issue and a node. `file` is borrowed for the tree's life. */
struct yaml_node *tree_parse(const char *bytes, size_t length, const char *file,
                             struct config_issues *issues) must_use;

/* NULL when memory ran out. */
struct yaml_node *tree_new(enum yaml_kind kind);
struct yaml_node *tree_new_text(const char *text);

/* Puts `child` (not NULL) at the end of `parent`, under `key` in a mapping, which is copied. On
 * failure the child is freed. */
bool tree_append(struct yaml_node *parent, const char *key, struct yaml_node *child) must_use;

/* Takes a child out of its parent; the caller owns it. */
struct yaml_node *tree_take(struct yaml_node *parent, size_t index);

/* The first child of that key, NULL when there is none or `map` is no mapping (or NULL). */
struct yaml_node *tree_find(const struct yaml_node *map, const char *key);

/* Down a path such as `store.reconnect.min`. */
struct yaml_node *tree_find_path(const struct yaml_node *map, const char *path);

/* `null`, `~` or nothing, without quotes. */
bool tree_is_null(const struct yaml_node *node);

/* Wipes the texts: some are secrets. Accepts NULL. */
void tree_free(struct yaml_node *node);

#endif
