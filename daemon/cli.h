/*
 * What the subcommands share: options, help, exit codes, messages.
 *
 * A subcommand describes itself in one struct cli_command and one table of options; parsing and
 * `--help` come from these. Results go to stdout, messages to stderr, each beginning `leaderd: `.
 */
#ifndef LEADERD_DAEMON_CLI_H
#define LEADERD_DAEMON_CLI_H

#include "lib/base/problem.h"

#include <stddef.h>
#include <stdint.h>

/* Exit codes of the command-line contract, 64 and more as in sysexits.h. */
enum cli_exit {
    CLI_YES = 0,
    CLI_NO = 1,
    CLI_UNHEALTHY = 2,
    CLI_USAGE = 64,
    CLI_UNAVAILABLE = 69, /* daemon or store */
    CLI_INTERNAL = 70,
    CLI_NOT_PERMITTED = 77,
    CLI_CONFIGURATION = 78,
};

enum { CLI_LIST_MAX = 64, CLI_OPTIONS_MAX = 16, CLI_MESSAGE_SIZE = 2048 };

/* The values of a repeatable option; more than CLI_LIST_MAX are a usage error. */
struct cli_list {
    const char *items[CLI_LIST_MAX];
    size_t count;
};

/* One option: exactly one of flag, value and list is set. `--help` is there without saying. */
struct cli_option {
    const char *name;     /* "hold-off"; NULL ends the table */
    const char *argument; /* "D" in the help; NULL for a flag */
    const char *help;
    bool *flag;
    const char **value;
    struct cli_list *list;
};

struct cli_command {
    const char *name;     /* "step-down" */
    const char *synopsis; /* "[ELECTION|--all] [--hold-off D]" */
    const char *what;     /* what it does: whole lines */
    const char *examples; /* two, a line each, indented by two */
    const char *exits;    /* exit codes, a line each, indented by two; without 64 and 70 */
    int operands_max;
};

/* Parses argv from argv[1] on. Operands end up in argv[*first] … argv[argc - 1]. Returns true when
 * the command shall run; else `*exit_code` is what to exit with: the help was printed, or a usage
 * error was told. */
bool cli_parse(const struct cli_command *command, const struct cli_option *options, int argc,
               char **argv, int *first, int *exit_code) must_use;

/* Prints `leaderd: `, the message and a newline on stderr. Control characters become `?`, and what
 * is beyond CLI_MESSAGE_SIZE is cut. Returns `code`. */
int cli_fail(int code, const char *format, ...) printf_like(2, 3);

/* The message for that. Returns CLI_INTERNAL. */
int cli_no_memory(void);

/* A usage error of one command: the message, and where the help is. Returns CLI_USAGE. */
int cli_usage(const struct cli_command *command, const char *format, ...) printf_like(2, 3);

/* Reads the duration given for option `name`; NULL leaves `*ms` alone. Returns 0 or CLI_USAGE. */
int cli_duration(const struct cli_command *command, const char *name, const char *text,
                 int64_t *ms) must_use;

#endif
