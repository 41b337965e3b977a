/*
 * Where the configuration comes from: the command line, the environment, the file. Reads what
 * config/ must not touch, and hands it the bytes. Used at the start, at every reload, and by
 * check-config.
 */
#ifndef LEADERD_DAEMON_SETTINGS_H
#define LEADERD_DAEMON_SETTINGS_H

#include "config/config.h"

/* What the command line says. Borrowed for as long as the settings are used. */
struct settings {
    const char *file; /* --config; NULL: $LEADERD_CONFIG, else the default file if it exists */
    const char *runtime_dir;
    struct config_flags flags;
};

/* The configuration with the secrets it names. */
struct loaded {
    struct config *config;
    char *store_password; /* NULL: none, as with the others */
    char *sentinel_password;
    char *http_token;
};

/* Loads everything; all that is wrong goes to `issues`. False when there is an error: then `loaded`
 * is empty. */
bool settings_load(const struct settings *settings, struct loaded *loaded,
                   struct config_issues *issues) must_use;

/* Prints on stderr what came up while loading. Returns what to exit with: CLI_YES when `good`. */
int settings_report(bool good, const struct config_issues *issues);

/* Wipes the secrets. */
void loaded_deinit(struct loaded *loaded);

#endif
