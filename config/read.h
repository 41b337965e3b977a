/*
 * Tree and table in, filled struct out: types, bounds, unknown and repeated keys.
 *
 * Every fault becomes an issue and reading goes on, so that all of them are told at once. What was
 * refused stays empty (NULL, 0, SCHEMA_BAD) or,
 * for a boolean, at its default; rules that look at several values must bear that.
 */
#ifndef LEADERD_CONFIG_READ_H
#define LEADERD_CONFIG_READ_H

#include "config/schema.h"
#include "config/yaml_tree.h"

struct reading {
    const struct config_source *source;
    struct config_issues *issues;
};

enum { KEY_SIZE = 256 };

/* Fills `base`, which is all zeros. `prefix` stands before the keys in messages: "elections[0].".
 * The nodes must outlive the origins kept in `base`; those of defaults are NULL. */
void schema_read(const struct reading *reading, const struct schema *schema,
                 const struct yaml_node *map, const char *prefix, void *base);

/* Frees what schema_read() filled; wipes passwords. */
void schema_deinit(const struct schema *schema, void *base);

/* Where a value stands; `key` names it unless it came from a flag or a variable. */
struct config_spot spot_of(const struct yaml_node *node, const char *key);

/* One scalar of row->type; `node` may be of any kind. */
void read_scalar(const struct reading *reading, const struct schema_key *row,
                 const struct yaml_node *node, const char *key, void *base);

/* The value with its variables replaced, as a new string; NULL after an issue. */
char *read_text(const struct reading *reading, const struct yaml_node *node, bool runtime,
                const char *key);

/* A mapping of texts. */
void read_metadata(const struct reading *reading, const struct schema_key *row,
                   const struct yaml_node *node, const char *key, void *base);

/* Adds an issue for each key that stands in `map` more than once. */
void refuse_repeated_keys(const struct reading *reading, const struct yaml_node *map,
                          const char *prefix);

#endif
