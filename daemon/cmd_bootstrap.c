#include "daemon/commands.h"
#include "daemon/control.h"

static const struct cli_command bootstrap_command = {
    .name = "bootstrap",
    .synopsis = "[ELECTION]",
    .what = "Vouches that nobody leads: a missing record counts as released, so that the next\n"
            "leader need not wait one lease after the store lost its data, or at the first start\n"
            "ever. Do it only when no participant acts as leader. Without ELECTION there must be\n"
            "only one.\n",
    .examples = "  leaderd bootstrap billing\n"
                "  leaderd bootstrap --url unix:/run/leaderd/control.sock\n",
    .exits = "  0   the election is free\n"
             "  1   somebody leads, or there is no such election\n" CLI_CLIENT_EXITS,
    .operands_max = 1,
};

static const struct cli_command vacate_command = {
    .name = "vacate",
    .synopsis = "[ELECTION]",
    .what = "Takes the lease from whoever holds it; then all wait for one lease, so that the old\n"
            "leader has noticed. For a leader that hangs and cannot be reached; `step-down` is\n"
            "better where it works. Without ELECTION there must be only one.\n",
    .examples = "  leaderd vacate billing\n"
                "  leaderd vacate --url unix:/run/leaderd/control.sock\n",
    .exits = "  0   the lease was taken\n"
             "  1   there is no such election\n" CLI_CLIENT_EXITS,
    .operands_max = 1,
};

/* Both go to the store and back. */
static int run(const struct cli_command *command, const char *done, int argc, char **argv)
{
    struct cli_place place = {0};
    const struct cli_option table[] = {CLI_CLIENT_OPTIONS(place), {0}};
    int first = 0;
    int code = CLI_INTERNAL;
    if (!cli_parse(command, table, argc, argv, &first, &code)) {
        return code;
    }
    struct control control = {.command = command,
                              .place = &place,
                              .action = command->name,
                              .query = "",
                              .done = done,
                              .timeout_ms = 6 * (int64_t)CLI_CALL_MS};
    return control_run(&control, first < argc ? argv[first] : NULL, false);
}

int cmd_bootstrap(int argc, char **argv)
{
    return run(&bootstrap_command, "free", argc, argv);
}

int cmd_vacate(int argc, char **argv)
{
    return run(&vacate_command, "vacated", argc, argv);
}
