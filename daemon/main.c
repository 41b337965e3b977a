/*
 * leaderd: one program, a subcommand for everything.
 */
#include "config/suggest.h"
#include "daemon/cli.h"
#include "daemon/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct subcommand {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
};

static const struct subcommand subcommands[] = {
    {"serve", cmd_serve, "run the daemon (what `leaderd` alone does)"},
    {"check-config", cmd_check_config, "check a configuration file"},
    {"status", cmd_status, "print the status of the elections"},
    {"is-leader", cmd_is_leader, "exit 0 if this participant leads, 1 if not"},
    {"watch", cmd_watch, "print a line for every change"},
    {"run", cmd_run, "run a command only while this participant leads"},
    {"hold", cmd_hold, "block while this participant leads"},
    {"step-down", cmd_step_down, "give up leadership, let the others go first"},
    {"pause", cmd_pause, "stop taking part"},
    {"resume", cmd_resume, "take part again"},
    {"bootstrap", cmd_bootstrap, "vouch that nobody leads, skip the wait for lost data"},
    {"vacate", cmd_vacate, "take the lease from whoever holds it"},
    {"diagnose", cmd_diagnose, "examine store, clock and network, and say what to do"},
    {"reload", cmd_reload, "read the configuration again"},
    {"healthcheck", cmd_healthcheck, "livez, readyz or leader, for exec probes"},
    {"completion", cmd_completion, "print a completion script for bash, zsh or fish"},
    {"version", cmd_version, "print the version"},
};

enum { SUBCOMMANDS = sizeof subcommands / sizeof subcommands[0] };

static int print_help(void)
{
    printf("leaderd elects a leader and tells everybody who it is.\n\n"
           "Usage: leaderd [COMMAND] [OPTION...]     (`leaderd COMMAND --help` tells more)\n\n");
    for (size_t i = 0; i < SUBCOMMANDS; i++) {
        printf("  %-14s %s\n", subcommands[i].name, subcommands[i].summary);
    }
    printf("\nUnconfigured, it runs one election, `default`, in a file of this host, at "
           "http://127.0.0.1:8720.\n"
           "Commands find it by --url or $LEADERD_URL, else at its control socket, else there.\n");
    return CLI_YES;
}

static int unknown_command(const char *name)
{
    struct suggestion suggestion = {0};
    for (size_t i = 0; i < SUBCOMMANDS; i++) {
        suggestion_offer(&suggestion, name, subcommands[i].name);
    }
    return suggestion.best[0] != '\0'
               ? cli_fail(CLI_USAGE, "unknown command '%s'; did you mean '%s'?", name,
                          suggestion.best)
               : cli_fail(CLI_USAGE, "unknown command '%s'; see `leaderd --help`", name);
}

static int dispatch(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "-";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        return print_help();
    }
    if (strcmp(name, "--version") == 0) {
        return cmd_version(1, argv);
    }
    if (name[0] == '-') {
        return cmd_serve(argc, argv);
    }
    for (size_t i = 0; i < SUBCOMMANDS; i++) {
        if (strcmp(name, subcommands[i].name) == 0) {
            return subcommands[i].run(argc - 1, argv + 1);
        }
    }
    return unknown_command(name);
}

int main(int argc, char **argv)
{
    int code = dispatch(argc, argv);
    /* A result that could not be written is no result. */
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        code = cli_fail(CLI_INTERNAL, "cannot write to standard output: %s", strerror(errno));
    }
    return code;
}
