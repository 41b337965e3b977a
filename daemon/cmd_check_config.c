/* leaderd check-config: everything that is wrong with a configuration, at once. */
#include "daemon/cli.h"
#include "daemon/commands.h"
#include "daemon/runtime_dir.h"
#include "daemon/settings.h"

#include <stdio.h>

static const struct cli_command command = {
    .name = "check-config",
    .synopsis = "[FILE] [--print]",
    .what = "Checks a configuration as the daemon would at its start, and prints all errors and\n"
            "warnings. Secret files that it names are opened too. Nothing is connected to.\n",
    .examples = "  leaderd check-config /etc/leaderd/leaderd.yaml\n"
                "  leaderd check-config --print\n",
    .exits = "  78  there are errors\n",
    .operands_max = 1,
};

static int print_effective(const struct config *config)
{
    struct text text = {0};
    config_print(config, &text);
    int code = text.failed ? cli_no_memory() : CLI_YES;
    if (code == CLI_YES) {
        (void)fputs(text.bytes, stdout);
    }
    text_free(&text);
    return code;
}

int cmd_check_config(int argc, char **argv)
{
    bool print = false;
    const struct cli_option options[] = {
        {.name = "print", .help = "print the effective values as YAML", .flag = &print},
        {0},
    };
    int first = 0;
    int code = 0;
    if (!cli_parse(&command, options, argc, argv, &first, &code)) {
        return code;
    }
    char dirs[RUNTIME_DIR_CANDIDATES][RUNTIME_DIR_SIZE];
    (void)runtime_dir_candidates(dirs);
    struct settings settings = {.file = first < argc ? argv[first] : NULL, .runtime_dir = dirs[0]};
    struct loaded loaded;
    struct config_issues issues = {0};
    bool good = settings_load(&settings, &loaded, &issues);
    code = settings_report(good, &issues);
    if (good && print) {
        code = print_effective(loaded.config);
    } else if (good) {
        (void)fprintf(stderr, "leaderd: the configuration is good: %zu election%s, %zu warning%s\n",
                      loaded.config->election_count, loaded.config->election_count == 1 ? "" : "s",
                      issues.warnings, issues.warnings == 1 ? "" : "s");
    }
    config_issues_deinit(&issues);
    loaded_deinit(&loaded);
    return code;
}
