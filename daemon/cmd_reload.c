#include "config/issues.h"
#include "daemon/cli_client.h"
#include "daemon/commands.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static const struct cli_command reload_command = {
    .name = "reload",
    .synopsis = "",
    .what = "Makes the daemon read its configuration again, and waits for the result. A\n"
            "configuration with errors changes nothing; the errors are printed.\n",
    .examples = "  leaderd reload\n"
                "  leaderd check-config && leaderd reload\n",
    .exits = "  0   the new configuration is in force\n"
             "  69  the daemon or its store is unavailable\n"
             "  77  not permitted\n"
             "  78  the configuration was refused, or the token file is wrong\n",
    .operands_max = 0,
};

enum { RELOAD_MS = 60000 };

static const char *text_of(const json_t *issue, const char *key)
{
    const char *text = json_string_value(json_object_get(issue, key));
    return text != NULL ? text : "";
}

static unsigned number_of(const json_t *issue, const char *key)
{
    json_int_t number = json_integer_value(json_object_get(issue, key));
    return number > 0 && number < UINT_MAX ? (unsigned)number : 0;
}

/* Prints the errors and warnings as check-config does. */
static void print_issues(const struct http_answer *answer)
{
    struct config_issues issues = {0};
    struct text text = {0};
    json_t *root = answer->body.length == 0
                       ? NULL
                       : json_loadb(answer->body.bytes, answer->body.length, 0, NULL);
    size_t index;
    json_t *issue;
    json_array_foreach(json_object_get(root, "issues"), index, issue)
    {
        bool warning = strcmp(text_of(issue, "severity"), "warning") == 0;
        struct config_spot spot = {.file = text_of(issue, "file"),
                                   .line = number_of(issue, "line"),
                                   .column = number_of(issue, "column"),
                                   .key = text_of(issue, "key")};
        if (text_of(issue, "message")[0] != '\0') {
            config_issues_add(&issues, warning ? CONFIG_WARNING : CONFIG_ERROR, &spot, "%s",
                              text_of(issue, "message"));
        }
    }
    config_issues_print(&issues, &text);
    (void)fputs(text.length > 0 ? text.bytes : "", stderr);
    text_free(&text);
    config_issues_deinit(&issues);
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
        code = code == CLI_NO ? CLI_UNAVAILABLE : code; /* busy: short of memory */
        (void)fputs(code == CLI_YES ? "reloaded\n" : "", stdout);
    }
    http_answer_free(&answer);
    client_free(&client);
    return code;
}
