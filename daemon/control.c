#include "daemon/control.h"

#include "lib/status/json_text.h"

#include <stdio.h>
#include <string.h>

static int judge(const struct control *control, const char *election, bool all,
                 const struct http_answer *answer)
{
    char code[64];
    if (answer->status == 200) {
        printf("%s: %s\n", election, control->done);
        return CLI_YES;
    }
    if (answer->status == 202) {
        printf("%s: draining\n", election);
        return control->accepted_exit;
    }
    cli_problem_code(answer, code, sizeof code);
    if (all && control->skipped != NULL && strcmp(code, control->skipped) == 0) {
        printf("%s: skipped (%s)\n", election, code);
        return CLI_YES;
    }
    return cli_problem(answer);
}

static int control_one(const struct control *control, const struct client *client,
                       const char *election, bool all)
{
    struct text path = {0};
    struct http_answer answer = {0};
    struct text body = {0};
    int code;
    if (control->body != NULL) {
        json_add(&body, control->body, JSON_COMPACT);
    }
    text_add(&path, "/elections/");
    cli_add_escaped(&path, election);
    text_addf(&path, "/%s%s", control->action, control->query);
    if (path.failed || body.failed) {
        code = cli_no_memory();
    } else {
        struct client_request request = {.method = "POST",
                                         .path = path.bytes,
                                         .body = body.bytes,
                                         .timeout_ms = control->timeout_ms};
        code = cli_call(client, &request, &answer);
        code = code == 0 ? judge(control, election, all, &answer) : code;
    }
    text_free(&body);
    http_answer_free(&answer);
    text_free(&path);
    return code;
}

int control_run(const struct control *control, const char *election, bool all)
{
    struct client client;
    json_t *elections = NULL;
    int worst = cli_open(&client, control->place);
    if (worst == 0) {
        elections = cli_elections(&client, control->command, election, all, &worst);
        worst = elections != NULL ? CLI_YES : worst;
    }
    size_t index;
    json_t *name;
    json_array_foreach(elections, index, name)
    {
        int code = control_one(control, &client, json_string_value(name), all);
        worst = worst == CLI_YES ? code : worst;
    }
    json_decref(elections);
    client_free(&client);
    return worst;
}
