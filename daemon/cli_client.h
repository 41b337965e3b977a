/*
 * Calls of the daemon as the subcommands make them: told on stderr when they fail, and turned into
 * exit codes.
 */
#ifndef LEADERD_DAEMON_CLI_CLIENT_H
#define LEADERD_DAEMON_CLI_CLIENT_H

#include "daemon/cli.h"
#include "daemon/client.h"

#include <jansson.h>

enum { CLI_CALL_MS = 10000 };

/* The options that every client has; put CLI_CLIENT_OPTIONS(place) into the table. */
struct cli_place {
    const char *url, *token_file;
};

#define CLI_CLIENT_OPTIONS(place)                                                        \
    {.name = "url",                                                                      \
     .argument = "URL",                                                                  \
     .help = "the daemon: http://HOST:PORT or unix:/PATH",                               \
     .value = &(place).url},                                                             \
    {                                                                                    \
        .name = "token-file", .argument = "FILE", .help = "bearer token, sent over TCP", \
        .value = &(place).token_file                                                     \
    }

/* What every client may exit with. */
#define CLI_CLIENT_EXITS                             \
    "  69  the daemon or its store is unavailable\n" \
    "  77  not permitted\n"                          \
    "  78  the token file is wrong\n"

/* Returns 0 or the exit code. client_free() in any case. */
int cli_open(struct client *client, const struct cli_place *place) must_use;

/* Makes a call. Returns 0 when an answer came, whatever its status, or the exit code.
 * http_answer_free() in any case. */
int cli_call(const struct client *client, const struct client_request *request,
             struct http_answer *answer) must_use;

/* A GET whose answer must be 200, within CLI_CALL_MS. Returns 0 or the exit code. */
int cli_get(const struct client *client, const char *path, struct http_answer *answer) must_use;

/* Reads what an answer of a status other than 200 says, and returns the exit code that it stands
 * for. */
int cli_read_problem(const struct http_answer *answer, struct problem *problem);

/* What a call that did not work stands for. */
int cli_exit_of(enum client_result result);

/* Tells the problem+json of an answer and returns the exit code that its `code` stands for.
 * cli_problem_code() is that code, "" when the answer has none; `size` should be 64. */
int cli_problem(const struct http_answer *answer);
void cli_problem_code(const struct http_answer *answer, char *code, size_t size);

/* The body as JSON object; NULL, told, when it is none. json_decref() it. */
json_t *cli_json(const struct http_answer *answer);

/* Adds `value` as one path segment or query value (RFC 3986). */
void cli_add_escaped(struct text *text, const char *value);

/* The elections that a command is about: `name`, or all with `all`, or the only one there is. As a
 * JSON array of strings; NULL and `*exit_code` when that cannot be told. json_decref() it. */
json_t *cli_elections(const struct client *client, const struct cli_command *command,
                      const char *name, bool all, int *exit_code);

#endif
