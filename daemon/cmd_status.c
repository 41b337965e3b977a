#include "daemon/cli_client.h"
#include "daemon/commands.h"

#include <stdio.h>
#include <string.h>

static const struct cli_command status_command = {
    .name = "status",
    .synopsis = "[ELECTION] [--json] [--field F] [--performance]",
    .what = "Prints the status of all elections, or of one, as the daemon sees it now.\n",
    .examples = "  leaderd status billing\n"
                "  leaderd status billing --field leader.participant_id\n",
    .exits = "  0   the status was printed\n"
             "  1   there is no such election\n" CLI_CLIENT_EXITS,
    .operands_max = 1,
};

struct status_options {
    struct cli_place place;
    bool json, performance;
    const char *field;
};

static int print_body(const struct http_answer *answer)
{
    (void)fwrite(answer->body.bytes, 1, answer->body.length, stdout);
    return CLI_YES;
}

static int print_status(const struct client *client, const struct status_options *options,
                        const char *election)
{
    struct text path = {0};
    struct http_answer answer = {0};
    text_add(&path, election == NULL ? "/status" : "/elections/");
    cli_add_escaped(&path, election == NULL ? "" : election);
    if (options->field != NULL) {
        text_add(&path, "?field=");
        cli_add_escaped(&path, options->field);
    } else {
        text_add(&path, options->json ? "?format=json" : "?format=text");
    }
    int code = path.failed ? cli_no_memory() : cli_get(client, path.bytes, &answer);
    if (code == 0) {
        code = print_body(&answer);
    }
    http_answer_free(&answer);
    text_free(&path);
    return code;
}

/* The daemon answers for all elections; this prints the part about one. */
static int print_performance_of(const struct http_answer *answer, const char *election)
{
    json_t *root = cli_json(answer);
    json_t *elections = json_object_get(root, "elections");
    json_t *wanted = json_object_get(elections, election);
    int code = CLI_INTERNAL;
    if (wanted == NULL && root != NULL) {
        code = cli_fail(CLI_NO, "there is no election '%s'", election);
    } else if (wanted != NULL) {
        json_t *only = json_pack("{sO}", election, wanted);
        if (json_object_set_new(root, "elections", only) == 0 &&
            json_dumpf(root, stdout, JSON_COMPACT) == 0) {
            (void)putchar('\n');
            code = CLI_YES;
        }
    }
    json_decref(root);
    return code;
}

/* A block of text begins with its title; the next title ends it. */
static int print_block_of(const struct http_answer *answer, const char *election)
{
    struct text title = {0};
    text_addf(&title, "=== Performance: %s (", election);
    const char *block = title.failed ? NULL : strstr(answer->body.bytes, title.bytes);
    text_free(&title);
    if (block == NULL) {
        return cli_fail(CLI_NO, "there is no election '%s'", election);
    }
    const char *end = strstr(block, "\n=== ");
    size_t length = end != NULL ? (size_t)(end + 1 - block) : strlen(block);
    (void)fwrite(block, 1, length, stdout);
    return CLI_YES;
}

static int print_performance(const struct client *client, const struct status_options *options,
                             const char *election)
{
    struct http_answer answer;
    const char *path = options->json ? "/performance?format=json" : "/performance?format=text";
    int code = cli_get(client, path, &answer);
    if (code == 0 && answer.body.length == 0) {
        code = cli_fail(CLI_INTERNAL, "the daemon's answer is empty");
    } else if (code == 0 && election == NULL) {
        code = print_body(&answer);
    } else if (code == 0) {
        code = options->json ? print_performance_of(&answer, election)
                             : print_block_of(&answer, election);
    }
    http_answer_free(&answer);
    return code;
}

int cmd_status(int argc, char **argv)
{
    struct status_options options = {0};
    const struct cli_option table[] = {
        {.name = "json", .help = "print JSON", .flag = &options.json},
        {.name = "field",
         .argument = "F",
         .help = "print one value, such as lease.remaining_ms",
         .value = &options.field},
        {.name = "performance",
         .help = "print how long the last operations took",
         .flag = &options.performance},
        CLI_CLIENT_OPTIONS(options.place),
        {0},
    };
    int first = 0;
    int code = CLI_INTERNAL;
    if (!cli_parse(&status_command, table, argc, argv, &first, &code)) {
        return code;
    }
    if (options.field != NULL && (options.json || options.performance)) {
        return cli_usage(&status_command, "--field goes with neither --json nor --performance");
    }
    const char *election = first < argc ? argv[first] : NULL;
    struct client client;
    code = cli_open(&client, &options.place);
    if (code == 0) {
        code = options.performance ? print_performance(&client, &options, election)
                                   : print_status(&client, &options, election);
    }
    client_free(&client);
    return code;
}
