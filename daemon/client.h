/*
 * How a subcommand talks to the daemon: blocking, one connection per call, every wait limited.
 *
 * The daemon is found by a URL (`http://HOST:PORT` or `unix:/PATH`), else by $LEADERD_URL, else at
 * the control socket of the runtime directory, else at http://127.0.0.1:8720. Without a URL the
 * first that accepts a connection is taken. The bearer token goes over TCP only. Resolving a host
 * name is the only wait without a limit of ours.
 */
#ifndef LEADERD_DAEMON_CLIENT_H
#define LEADERD_DAEMON_CLIENT_H

#include "daemon/http_answer.h"
#include "daemon/runtime_dir.h"

enum {
    CLIENT_TARGETS_MAX = RUNTIME_DIR_CANDIDATES + 1,
    CLIENT_TARGET_SIZE = 300,
    CLIENT_TOKEN_MAX = 4096,
    CLIENT_CONNECT_MS = 5000,
};

enum client_result {
    CLIENT_OK = 1, /* an answer came, whatever its status */
    CLIENT_BAD_URL,
    CLIENT_BAD_TOKEN,   /* the token file cannot be read or holds no token */
    CLIENT_UNREACHABLE, /* nobody listens, or no answer in time */
    CLIENT_NOT_ALLOWED, /* a socket is there, and this user may not open it */
    CLIENT_BROKEN,      /* what came is no HTTP answer, or was cut short */
};

struct client_target {
    bool unix_socket;
    char address[CLIENT_TARGET_SIZE]; /* path, or HOST:PORT as it was written */
};

struct client {
    struct client_target targets[CLIENT_TARGETS_MAX];
    unsigned target_count;
    struct text token;
};

struct client_request {
    const char *method;
    const char *path; /* with its query; already escaped */
    const char *body; /* JSON; NULL for none */
    int64_t timeout_ms;
};

/* `url` and `token_file` may be NULL: then the environment is asked. client_free() in any case. */
enum client_result client_init(struct client *client, const char *url, const char *token_file,
                               struct problem *problem) must_use;
void client_free(struct client *client);

/* The URL of the first place that takes a connection; "" when there is none. */
void client_locate(const struct client *client, char *url, size_t size);

/* `answer` is initialised here; http_answer_free() in any case. */
enum client_result client_call(const struct client *client, const struct client_request *request,
                               struct http_answer *answer, struct problem *problem) must_use;

#endif
