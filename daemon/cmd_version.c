#include "daemon/cli.h"
#include "daemon/commands.h"

#include <stdio.h>

static const struct cli_command version_command = {
    .name = "version",
    .synopsis = "[--json]",
    .what = "Prints the version of this program.\n",
    .examples = "  leaderd version\n"
                "  leaderd version --json\n",
    .exits = "  0   printed\n",
    .operands_max = 0,
};

int cmd_version(int argc, char **argv)
{
    bool json = false;
    const struct cli_option table[] = {{.name = "json", .help = "print JSON", .flag = &json}, {0}};
    int first = 0;
    int code = CLI_INTERNAL;
    if (!cli_parse(&version_command, table, argc, argv, &first, &code)) {
        return code;
    }
    if (json) {
        printf("{\"version\":\"%s\",\"revision\":\"%s\",\"api_version\":1}\n", LEADERD_VERSION,
               LEADERD_REVISION);
    } else {
        printf("leaderd %s (%s)\n", LEADERD_VERSION, LEADERD_REVISION);
    }
    return CLI_YES;
}
