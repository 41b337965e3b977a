#include "daemon/cli_client.h"
#include "daemon/commands.h"

#include <stdio.h>

static const struct cli_command reload_command = {
    .name = "reload",
    .synopsis = "",
    .what = "Makes the daemon read its configuration again, and waits for the result. A\n"
            "configuration with errors changes nothing; the errors are printed.\n",
    .examples = "  leaderd reload\n"
                "  leaderd check-config && leaderd reload\n",
    .exits = "  0   the new configuration is in force\n" CLI_CLIENT_EXITS
             "  78  also: the configuration was refused\n",
    .operands_max = 0,
};

enum { RELOAD_MS = 60000 };

/* An issue is a sentence, or an object that has it as `message`. */
static void print_issues(const struct http_answer *answer)
{
    json_t *root = answer->body.length == 0
                       ? NULL
                       : json_loadb(answer->body.bytes, answer->body.length, 0, NULL);
    size_t index;
    json_t *issue;
    json_array_foreach(json_object_get(root, "issues"), index, issue)
    {
        json_t *sentence = json_is_object(issue) ? json_object_get(issue, "message") : issue;
        if (json_is_string(sentence)) {
            (void)fprintf(stderr, "%s\n", json_string_value(sentence));
        }
    }
    json_decref(root);
}

int cmd_reload(int argc, char **argv)
{
    struct cli_place place = {0};
    const struct cli_option table[] = {CLI_CLIENT_OPTIONS(place), {0}};
    int first = 0;
    int code = CLI_INTERNAL;
    if (!cli_parse(&reload_command, table, argc, argv, &first, &code)) {
        return code;
    }
    struct client client;
    struct http_answer answer = {0};
    struct client_request request = {.method = "POST", .path = "/reload", .timeout_ms = RELOAD_MS};
    code = cli_open(&client, &place);
    code = code != 0 ? code : cli_call(&client, &request, &answer);
    if (code == 0) {
        print_issues(&answer);
        code = answer.status == 200 ? CLI_YES : cli_problem(&answer);
        (void)fputs(code == CLI_YES ? "reloaded\n" : "", stdout);
    }
    http_answer_free(&answer);
    client_free(&client);
    return code;
}
