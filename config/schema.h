/*
 * Every key of the configuration: its type, default, bounds and home, in one table.
 *
 * Reading, printing, comparing and the documentation all follow the table; a new key is a new row.
 * Rows of one section stand together. Defaults are YAML text and are read as if they stood in the
 * file.
 */
#ifndef LEADERD_CONFIG_SCHEMA_H
#define LEADERD_CONFIG_SCHEMA_H

#include "config/check.h"
#include "config/config.h"

enum schema_type {
    SCHEMA_TEXT = 1, /* char *; min and max count characters */
    SCHEMA_FILE,     /* char *: a path; its place is kept at `extra` */
    SCHEMA_URL,      /* struct store_url */
    SCHEMA_DURATION, /* int64_t, ms */
    SCHEMA_INTEGER,  /* int64_t */
    SCHEMA_MODE,     /* int64_t, read as octal */
    SCHEMA_BOOL,     /* bool */
    SCHEMA_SWITCH,   /* enum config_switch; null is AUTO */
    SCHEMA_WORD,     /* an enum from 1, in the order of `words` */
    SCHEMA_METADATA, /* struct config_metadata */
    SCHEMA_TEXTS,    /* char **, its count at `extra`; min and max count items */
    SCHEMA_LIST,     /* structs of `elements`, their count at `extra`; likewise */
    SCHEMA_GROUP,    /* a pointer to one struct of `elements`; NULL for null */
};

/* What a null leaves behind: null pointers, 0 for words, and this for numbers. */
#define SCHEMA_NULL INT64_C(-1)
/* A number that was refused: an issue has been added, and no rule looks at it again. */
#define SCHEMA_BAD INT64_C(-2)

struct schema {
    const struct schema_key *keys;
    size_t count;
    size_t size;   /* of the struct that it fills */
    size_t origin; /* where that keeps its node while it is loaded */
};

struct schema_key {
    const char *path; /* `store.reconnect.min` */
    enum schema_type type;
    size_t offset, extra;
    const char *fallback; /* the default */
    int64_t min, max;
    int64_t item_max;         /* TEXTS: characters of an item; 0: 1 to 253, else from none */
    const char *const *words; /* ends with NULL */
    text_check_cb *check;
    const struct schema *elements;
    bool nullable;
    bool runtime; /* $RUNTIME is known in it */
    bool fixed;   /* cannot change while the daemon runs */
};

extern const struct schema schema_top;
extern const struct schema schema_election;
extern const struct schema schema_hook;
extern const struct schema schema_health_check;
extern const struct schema schema_listener;

#endif
