#include "daemon/commands.h"
#include "daemon/control.h"

static const struct cli_command step_down_command = {
    .name = "step-down",
    .synopsis = "[ELECTION|--all] [--hold-off D] [--drain D] [--reason S] [--wait D]",
    .what = "Makes this participant give up leadership and let the others go first. With a drain\n"
            "the workload may stop while the lease is still held; `draining` is printed then.\n"
            "Without ELECTION there must be only one.\n",
    .examples = "  leaderd step-down billing --drain 10s --wait 15s\n"
                "  leaderd step-down --all --hold-off 10m --reason 'kernel update'\n",
    .exits =
        "  0   released, or draining and no --wait was given\n"
        "  1   not the leader, no such election, or not released within --wait\n" CLI_CLIENT_EXITS,
    .operands_max = 1,
};

struct step_down_options {
    struct cli_place place;
    bool all;
    const char *hold_off, *drain, *reason, *wait;
};

static int check(const struct step_down_options *options, int64_t *wait_ms)
{
    int64_t ms = 0;
    int code = cli_duration(&step_down_command, "hold-off", options->hold_off, &ms);
    code = code != 0 ? code : cli_duration(&step_down_command, "drain", options->drain, &ms);
    return code != 0 ? code : cli_duration(&step_down_command, "wait", options->wait, wait_ms);
}

static int step_down(const struct step_down_options *options, const char *election, int64_t wait_ms)
{
    struct text query = {0};
    json_t *body = json_pack("{ss*ss*ss*}", "hold_off", options->hold_off, "drain", options->drain,
                             "reason", options->reason);
    if (options->wait != NULL) {
        text_add(&query, "?wait=");
        cli_add_escaped(&query, options->wait);
    }
    int code;
    if (query.failed) {
        code = cli_no_memory();
    } else if (body == NULL) {
        code = cli_usage(&step_down_command, "--reason must be UTF-8 text");
    } else {
        struct control control = {.command = &step_down_command,
                                  .place = &options->place,
                                  .action = "step-down",
                                  .query = options->wait != NULL ? query.bytes : "",
                                  .body = body,
                                  .done = "released",
                                  .timeout_ms = wait_ms + 3 * (int64_t)CLI_CALL_MS,
                                  .skipped = "not_leader",
                                  .accepted_exit = options->wait != NULL ? CLI_NO : CLI_YES};
        code = control_run(&control, election, options->all);
    }
    json_decref(body);
    text_free(&query);
    return code;
}

int cmd_step_down(int argc, char **argv)
{
    struct step_down_options options = {0};
    const struct cli_option table[] = {
        {.name = "all", .help = "every election that is led here", .flag = &options.all},
        {.name = "hold-off",
         .argument = "D",
         .help = "do not campaign for so long (default: two leases)",
         .value = &options.hold_off},
        {.name = "drain",
         .argument = "D",
         .help = "time for the workload to stop (default: the election's)",
         .value = &options.drain},
        {.name = "reason",
         .argument = "S",
         .help = "shown in the status",
         .value = &options.reason},
        {.name = "wait",
         .argument = "D",
         .help = "wait so long for the release",
         .value = &options.wait},
        CLI_CLIENT_OPTIONS(options.place),
        {0},
    };
    int first = 0;
    int64_t wait_ms = 0;
    int code = CLI_INTERNAL;
    if (!cli_parse(&step_down_command, table, argc, argv, &first, &code)) {
        return code;
    }
    code = check(&options, &wait_ms);
    return code != 0 ? code : step_down(&options, first < argc ? argv[first] : NULL, wait_ms);
}
