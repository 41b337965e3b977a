#include "daemon/cli_client.h"

#include "daemon/json_memory.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

int cli_exit_of(enum client_result result)
{
    switch (result) {
    case CLIENT_OK:
        return CLI_YES;
    case CLIENT_BAD_URL:
        return CLI_USAGE;
    case CLIENT_BAD_TOKEN:
        return CLI_CONFIGURATION;
    case CLIENT_UNREACHABLE:
    case CLIENT_BROKEN:
        return CLI_UNAVAILABLE;
    case CLIENT_NOT_ALLOWED:
        return CLI_NOT_PERMITTED;
    }
    return CLI_INTERNAL;
}

static int tell_result(enum client_result result, const struct problem *problem)
{
    int code = cli_exit_of(result);
    return result == CLIENT_OK ? code : cli_fail(code, "%s", problem->text);
}

int cli_open(struct client *client, const struct cli_place *place)
{
    struct problem problem = {""};
    json_memory_init();
    return tell_result(client_init(client, place->url, place->token_file, &problem), &problem);
}

int cli_call(const struct client *client, const struct client_request *request,
             struct http_answer *answer)
{
    struct problem problem = {""};
    return tell_result(client_call(client, request, answer, &problem), &problem);
}

int cli_get(const struct client *client, const char *path, struct http_answer *answer)
{
    struct client_request request = {.method = "GET", .path = path, .timeout_ms = CLI_CALL_MS};
    int code = cli_call(client, &request, answer);
    return code != 0 || answer->status == 200 ? code : cli_problem(answer);
}

static json_t *parse(const struct http_answer *answer)
{
    json_t *root = answer->body.length == 0
                       ? NULL
                       : json_loadb(answer->body.bytes, answer->body.length, 0, NULL);
    if (json_is_object(root)) {
        return root;
    }
    json_decref(root);
    return NULL;
}

json_t *cli_json(const struct http_answer *answer)
{
    json_t *root = parse(answer);
    if (root == NULL) {
        (void)cli_fail(0, "the daemon's answer is not the JSON that was expected");
    }
    return root;
}

void cli_problem_code(const struct http_answer *answer, char *code, size_t size)
{
    json_t *root = parse(answer);
    const char *found = json_string_value(json_object_get(root, "code"));
    (void)snprintf(code, size, "%s", found != NULL ? found : "");
    json_decref(root);
}

static const struct {
    const char *code;
    int exit_code;
} meanings[] = {
    {"election_not_found", CLI_NO},
    {"not_leader", CLI_NO},
    {"not_draining", CLI_NO},
    {"token_mismatch", CLI_NO},
    {"held", CLI_NO},
    {"busy", CLI_NO},
    {"unauthorized", CLI_NOT_PERMITTED},
    {"role_too_low", CLI_NOT_PERMITTED},
    {"host_not_allowed", CLI_NOT_PERMITTED},
    {"cross_site", CLI_NOT_PERMITTED},
    {"config_refused", CLI_CONFIGURATION},
    {"not_ready", CLI_UNAVAILABLE},
    {"shutting_down", CLI_UNAVAILABLE},
    {"too_many_watchers", CLI_UNAVAILABLE},
    {"too_many_connections", CLI_UNAVAILABLE},
    {"unknown_parameter", CLI_USAGE},
    {"bad_parameter", CLI_USAGE},
    {"bad_body", CLI_USAGE},
    {"election_required", CLI_USAGE},
};

static int meaning_of(const char *code, int status)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (strcmp(meanings[i].code, code) == 0) {
            return meanings[i].exit_code;
        }
    }
    /* an answer in text has no code: the status must do */
    switch (status) {
    case 400:
        return CLI_USAGE;
    case 401:
    case 403:
    case 421:
        return CLI_NOT_PERMITTED;
    case 404:
        return CLI_NO;
    case 503:
        return CLI_UNAVAILABLE;
    default:
        return CLI_INTERNAL;
    }
}

/* The sentence of a problem in text, `error: <detail>`; its length is 0 when it is none. */
static const char *text_detail(const struct http_answer *answer, int *length)
{
    static const char prefix[] = "error: ";
    const char *bytes = answer->body.length > 0 ? answer->body.bytes : "";
    bool fits = strncmp(bytes, prefix, sizeof prefix - 1) == 0;
    const char *detail = fits ? bytes + sizeof prefix - 1 : "";
    *length = (int)strcspn(detail, "\n");
    return detail;
}

int cli_read_problem(const struct http_answer *answer, struct problem *problem)
{
    char code[64];
    cli_problem_code(answer, code, sizeof code);
    json_t *root = parse(answer);
    const char *detail = json_string_value(json_object_get(root, "detail"));
    int length = 0;
    const char *text = text_detail(answer, &length);
    if (detail != NULL) {
        (void)problem_set(problem, "%s", detail);
    } else if (length > 0) {
        (void)problem_set(problem, "%.*s", length, text);
    } else {
        (void)problem_set(problem, "the daemon answered with HTTP status %d", answer->status);
    }
    json_decref(root);
    return meaning_of(code, answer->status);
}

int cli_problem(const struct http_answer *answer)
{
    char code[64];
    struct problem problem;
    int exit_code = cli_read_problem(answer, &problem);
    cli_problem_code(answer, code, sizeof code);
    (void)cli_fail(0, "%s", problem.text);
    if (strcmp(code, "unauthorized") == 0) {
        (void)cli_fail(0, "a token is needed: --token-file or $LEADERD_TOKEN_FILE");
    } else if (strcmp(code, "role_too_low") == 0) {
        (void)cli_fail(0, "this needs a listener of role control: the control socket is "
                          "$RUNTIME/control.sock, readable by the daemon's user and root");
    }
    return exit_code;
}

void cli_add_escaped(struct text *text, const char *value)
{
    for (; *value != '\0'; value++) {
        char c = *value;
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     strchr("-._~:", c) != NULL;
        if (plain) {
            text_add_bytes(text, value, 1);
        } else {
            text_addf(text, "%%%02X", (unsigned)(unsigned char)c);
        }
    }
}

/* Without a name there must be exactly one. */
static bool one_or_all(const struct cli_command *command, const json_t *names, bool all)
{
    if (all || json_array_size(names) == 1) {
        return true;
    }
    struct text list = {0};
    size_t index;
    json_t *name;
    json_array_foreach(names, index, name)
    {
        text_add(&list, index > 0 && index < 20 ? ", " : "");
        text_add(&list, index < 20 ? json_string_value(name) : "");
    }
    (void)cli_usage(command, "name one of the %zu elections (%s%s)", json_array_size(names),
                    list.length > 0 ? list.bytes : "none",
                    json_array_size(names) > 20 ? ", ..." : "");
    text_free(&list);
    return false;
}

static bool all_strings(const json_t *names)
{
    size_t index;
    json_t *name;
    json_array_foreach(names, index, name)
    {
        if (!json_is_string(name)) {
            return false;
        }
    }
    return json_is_array(names);
}

json_t *cli_elections(const struct client *client, const struct cli_command *command,
                      const char *name, bool all, int *exit_code)
{
    if (name != NULL && all) {
        *exit_code = cli_usage(command, "give an election or --all, not both");
        return NULL;
    }
    if (name != NULL) {
        json_t *one = json_pack("[s]", name);
        *exit_code = one != NULL ? CLI_YES : cli_usage(command, "an election's name is UTF-8 text");
        return one;
    }
    struct http_answer answer;
    json_t *names = NULL;
    *exit_code = cli_get(client, "/elections", &answer);
    if (*exit_code == 0) {
        json_t *root = cli_json(&answer);
        names = json_incref(json_object_get(root, "elections"));
        bool understood = all_strings(names);
        if (root != NULL && !understood) {
            (void)cli_fail(0, "the daemon's answer is not a list of elections");
        }
        *exit_code = understood ? CLI_USAGE : CLI_INTERNAL;
        if (!understood || !one_or_all(command, names, all)) {
            json_decref(names);
            names = NULL;
        }
        json_decref(root);
    }
    http_answer_free(&answer);
    return names;
}
