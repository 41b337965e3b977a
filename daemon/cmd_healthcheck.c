#include "daemon/cli_client.h"
#include "daemon/commands.h"

#include <stdio.h>
#include <string.h>

static const struct cli_command healthcheck_command = {
    .name = "healthcheck",
    .synopsis = "[livez|readyz|leader]",
    .what = "Asks the daemon for its health and prints the answer, for exec probes: `livez` (the\n"
            "default) whether it works, `readyz` whether it knows the state of every election,\n"
            "`leader` whether this participant leads.\n",
    .examples = "  leaderd healthcheck\n"
                "  leaderd healthcheck readyz --url http://127.0.0.1:8721\n",
    .exits = "  0   the check passes\n"
             "  1   it fails\n" CLI_CLIENT_EXITS,
    .operands_max = 1,
};

static const char *path_of(const char *check)
{
    static const char *const checks[][2] = {{"livez", "/livez?format=text"},
                                            {"readyz", "/readyz?format=text"},
                                            {"leader", "/leader?format=text"}};
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        if (strcmp(check, checks[i][0]) == 0) {
            return checks[i][1];
        }
    }
    return NULL;
}

/* The checks answer with their own body, so that 503 is no problem but a no. */
static int judge(const struct http_answer *answer)
{
    if (answer->status != 200 && answer->status != 503) {
        (void)cli_fail(0, "the daemon answered with HTTP status %d: %.*s", answer->status,
                       (int)strcspn(answer->body.length > 0 ? answer->body.bytes : "", "\n"),
                       answer->body.length > 0 ? answer->body.bytes : "");
        return answer->status == 401 || answer->status == 403 ? CLI_NOT_PERMITTED
               : answer->status == 400                        ? CLI_USAGE
                                                              : CLI_NO;
    }
    if (answer->body.length > 0) {
        (void)fwrite(answer->body.bytes, 1, answer->body.length, stdout);
    }
    return answer->status == 200 ? CLI_YES : CLI_NO;
}

int cmd_healthcheck(int argc, char **argv)
{
    struct cli_place place = {0};
    const struct cli_option table[] = {CLI_CLIENT_OPTIONS(place), {0}};
    int first = 0;
    int code = CLI_INTERNAL;
    if (!cli_parse(&healthcheck_command, table, argc, argv, &first, &code)) {
        return code;
    }
    const char *check = first < argc ? argv[first] : "livez";
    const char *path = path_of(check);
    if (path == NULL) {
        return cli_usage(&healthcheck_command, "the checks are livez, readyz and leader, not '%s'",
                         check);
    }
    struct client client;
    struct http_answer answer = {0};
    struct client_request request = {.method = "GET", .path = path, .timeout_ms = CLI_CALL_MS};
    code = cli_open(&client, &place);
    code = code != 0 ? code : cli_call(&client, &request, &answer);
    code = code != 0 ? code : judge(&answer);
    http_answer_free(&answer);
    client_free(&client);
    return code;
}
