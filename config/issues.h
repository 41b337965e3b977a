/*
 * What is wrong or doubtful with a configuration, in the order in which people read it: errors
 * first, then warnings, each by their place in the file.
 *
 * An empty list is all zeros; it owns its strings and ends with config_issues_deinit(). Beyond
 * CONFIG_ISSUES_MAX issues are counted and not kept; an error takes the place of a warning.
 */
#ifndef LEADERD_CONFIG_ISSUES_H
#define LEADERD_CONFIG_ISSUES_H

#include "lib/base/text.h"

enum { CONFIG_ISSUES_MAX = 100 };

enum config_severity { CONFIG_ERROR = 1, CONFIG_WARNING };

struct config_issue {
    enum config_severity severity;
    char *file;            /* a file's name, "command line", "environment" or "configuration" */
    unsigned line, column; /* counted from 1; 0 where there is none */
    char *key;             /* `store.url`, `elections[1].name`, `--store`; "" for the whole file */
    char *message;         /* what is wrong, the value, what would be right */
};

struct config_issues {
    struct config_issue *items;
    size_t count;
    size_t errors, warnings; /* also those that are not kept */
    bool failed;             /* memory ran out: the list is not complete */
};

/* Where an issue stands; strings are borrowed. */
struct config_spot {
    const char *file;
    unsigned line, column;
    const char *key;
};

void config_issues_add(struct config_issues *issues, enum config_severity severity,
                       const struct config_spot *spot, const char *format, ...) printf_like(4, 5);

/* Adds the warnings of `from`. */
void config_issues_add_warnings(struct config_issues *issues, const struct config_issues *from);

/* Adds a line for each: `FILE:LINE:COL: KEY: message`; warnings say so before the message. */
void config_issues_print(const struct config_issues *issues, struct text *text);

/* "error" or "warning". */
const char *config_severity_name(enum config_severity severity);

void config_issues_deinit(struct config_issues *issues);

#endif
