#include "daemon/cli_client.h"
#include "daemon/commands.h"

#include <stdio.h>

static const struct cli_command is_leader_command = {
    .name = "is-leader",
    .synopsis = "[ELECTION] [--min-remaining D]",
    .what = "Tells by its exit code whether this participant may act as leader right now, and\n"
            "prints `true` or `false`. Without ELECTION there must be only one.\n",
    .examples = "  leaderd is-leader billing && ./send-invoices\n"
                "  leaderd is-leader --min-remaining 5s > /dev/null || exit 0\n",
    .exits = "  0   it leads\n"
             "  1   it does not lead, or there is no such election\n" CLI_CLIENT_EXITS,
    .operands_max = 1,
};

/* 200 and 503 both come with the check's body; a 503 without it is a daemon that cannot say. */
static int judge(const struct http_answer *answer)
{
    json_t *root = answer->status == 200 || answer->status == 503 ? cli_json(answer) : NULL;
    bool told = json_is_boolean(json_object_get(root, "is_leader"));
    json_decref(root);
    if (!told) {
        return cli_problem(answer);
    }
    (void)puts(answer->status == 200 ? "true" : "false");
    return answer->status == 200 ? CLI_YES : CLI_NO;
}

static int ask(const struct client *client, const char *election, const char *min_remaining)
{
    struct text path = {0};
    struct http_answer answer = {0};
    text_add(&path, "/leader?format=json");
    if (election != NULL) {
        text_add(&path, "&election=");
        cli_add_escaped(&path, election);
    }
    if (min_remaining != NULL) {
        text_add(&path, "&min_remaining=");
        cli_add_escaped(&path, min_remaining);
    }
    struct client_request request = {
        .method = "GET", .path = path.bytes, .timeout_ms = CLI_CALL_MS};
    int code = path.failed ? cli_no_memory() : cli_call(client, &request, &answer);
    if (code == 0) {
        code = judge(&answer);
    }
    http_answer_free(&answer);
    text_free(&path);
    return code;
}

int cmd_is_leader(int argc, char **argv)
{
    struct cli_place place = {0};
    const char *min_remaining = NULL;
    const struct cli_option table[] = {
        {.name = "min-remaining",
         .argument = "D",
         .help = "ask for at least this much time left",
         .value = &min_remaining},
        CLI_CLIENT_OPTIONS(place),
        {0},
    };
    int first = 0;
    int64_t ms = 0;
    int code = CLI_INTERNAL;
    if (!cli_parse(&is_leader_command, table, argc, argv, &first, &code)) {
        return code;
    }
    code = cli_duration(&is_leader_command, "min-remaining", min_remaining, &ms);
    if (code != 0) {
        return code;
    }
    struct client client;
    code = cli_open(&client, &place);
    if (code == 0) {
        code = ask(&client, first < argc ? argv[first] : NULL, min_remaining);
    }
    client_free(&client);
    return code;
}
