#include "daemon/commands.h"
#include "daemon/control.h"

static const struct cli_command pause_command = {
    .name = "pause",
    .synopsis = "[ELECTION|--all] [--for D]",
    .what = "Stops taking part: leadership is given up, and not sought until `leaderd resume`, or\n"
            "until the time is over. Without ELECTION there must be only one.\n",
    .examples = "  leaderd pause billing --for 10m\n"
                "  leaderd pause --all\n",
    .exits = "  0   paused\n"
             "  1   there is no such election\n" CLI_CLIENT_EXITS,
    .operands_max = 1,
};

static const struct cli_command resume_command = {
    .name = "resume",
    .synopsis = "[ELECTION|--all]",
    .what = "Takes part again after `leaderd pause`. Without ELECTION there must be only one.\n",
    .examples = "  leaderd resume billing\n"
                "  leaderd resume --all\n",
    .exits = "  0   taking part\n"
             "  1   there is no such election\n" CLI_CLIENT_EXITS,
    .operands_max = 1,
};

int cmd_pause(int argc, char **argv)
{
    struct cli_place place = {0};
    bool all = false;
    const char *pause_for = NULL;
    const struct cli_option table[] = {
        {.name = "all", .help = "every election", .flag = &all},
        {.name = "for",
         .argument = "D",
         .help = "resume after this time (default: never)",
         .value = &pause_for},
        CLI_CLIENT_OPTIONS(place),
        {0},
    };
    int first = 0;
    int64_t ms = 0;
    int code = CLI_INTERNAL;
    if (!cli_parse(&pause_command, table, argc, argv, &first, &code)) {
        return code;
    }
    code = cli_duration(&pause_command, "for", pause_for, &ms);
    if (code != 0) {
        return code;
    }
    json_t *body = json_pack("{ss*}", "for", pause_for);
    struct control control = {.command = &pause_command,
                              .place = &place,
                              .action = "pause",
                              .query = "",
                              .body = body,
                              .done = "paused",
                              .timeout_ms = 3 * (int64_t)CLI_CALL_MS};
    code = body == NULL ? cli_no_memory()
                        : control_run(&control, first < argc ? argv[first] : NULL, all);
    json_decref(body);
    return code;
}

int cmd_resume(int argc, char **argv)
{
    struct cli_place place = {0};
    bool all = false;
    const struct cli_option table[] = {
        {.name = "all", .help = "every election", .flag = &all},
        CLI_CLIENT_OPTIONS(place),
        {0},
    };
    int first = 0;
    int code = CLI_INTERNAL;
    if (!cli_parse(&resume_command, table, argc, argv, &first, &code)) {
        return code;
    }
    struct control control = {.command = &resume_command,
                              .place = &place,
                              .action = "resume",
                              .query = "",
                              .done = "resumed",
                              .timeout_ms = CLI_CALL_MS};
    return control_run(&control, first < argc ? argv[first] : NULL, all);
}
