/*
 * What tests of the Redis store share: a private server, a client with its loop, and calls.
 *
 * Each test runs in a process of its own (Check forks), so a failing one takes its server along.
 */
#ifndef LEADERD_TESTS_UNIT_STORE_REDIS_HARNESS_H
#define LEADERD_TESTS_UNIT_STORE_REDIS_HARNESS_H

#include "lib/store/redis/redis_store.h"
#include "tests/unit/check_main.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include <hiredis.h>
#pragma GCC diagnostic pop

#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define shared static __attribute__((unused))

#define ME "00112233445566778899aabbccddeeff"
#define OTHER "ffeeddccbbaa99887766554433221100"

/* A server of our own. */

struct server {
    pid_t pid;
    int port;
    char directory[32];
    char socket_path[64];
    char reply[4096]; /* of the last server_command() */
};

shared int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    ck_assert_int_eq(close(fd), 0);
    return ntohs(address.sin_port);
}

/* Starts it again, empty, where it was. */
shared void server_restart(struct server *server)
{
    int log[2];
    char port[8];
    (void)snprintf(port, sizeof port, "%d", server->port);
    ck_assert_int_eq(pipe(log), 0);
    server->pid = fork();
    ck_assert_int_ge(server->pid, 0);
    if (server->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(log[1], STDOUT_FILENO);
        (void)execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1",
                     "--unixsocket", server->socket_path, "--dir", server->directory, "--save", "",
                     "--appendonly", "no", (char *)NULL);
        _exit(127);
    }
    (void)close(log[1]);
    char text[16384];
    size_t length = 0;
    text[0] = '\0';
    while (strstr(text, "eady to accept connections") == NULL) {
        ssize_t more = read(log[0], text + length, sizeof text - 1 - length);
        ck_assert_msg(more > 0, "redis-server did not start: %s", text);
        length += (size_t)more;
        text[length] = '\0';
    }
}

shared void server_start(struct server *server)
{
    *server = (struct server){.directory = "/tmp/leaderd-redis-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(server->directory));
    (void)snprintf(server->socket_path, sizeof server->socket_path, "%s/socket", server->directory);
    server->port = free_port();
    server_restart(server);
}

shared void server_kill(struct server *server)
{
    (void)kill(server->pid, SIGKILL);
    ck_assert_int_eq(waitpid(server->pid, NULL, 0), server->pid);
}

shared void server_stop(struct server *server)
{
    server_kill(server);
    (void)unlink(server->socket_path);
    (void)rmdir(server->directory);
}

shared void write_reply(const redisReply *reply, FILE *out)
{
    if (reply->type == REDIS_REPLY_INTEGER) {
        (void)fprintf(out, "%lld", reply->integer);
    } else if (reply->str != NULL) {
        (void)fputs(reply->str, out);
    }
    for (size_t i = 0; i < reply->elements; i++) {
        write_reply(reply->element[i], out);
        (void)fputc(' ', out);
    }
}

/* Sends a command as an operator would; the reply as text. */
shared const char *server_command(struct server *server, const char *command)
{
    redisContext *context = redisConnectUnix(server->socket_path);
    ck_assert_msg(context != NULL && context->err == 0, "cannot reach the test's server");
    redisReply *reply = redisCommand(context, command);
    ck_assert_msg(reply != NULL, "no reply to %s: %s", command, context->errstr);
    FILE *out = fmemopen(server->reply, sizeof server->reply, "w");
    ck_assert_ptr_nonnull(out);
    write_reply(reply, out);
    (void)fclose(out);
    ck_assert_msg(reply->type != REDIS_REPLY_ERROR, "%s: %s", command, server->reply);
    freeReplyObject(reply);
    redisFree(context);
    return server->reply;
}

/* A client. */

struct client {
    uv_loop_t loop;
    struct store *store;
    int ups, downs, connects, failures, errors, hints;
    bool closed;
    char down_code[LEASE_ERROR_SIZE];
    struct problem down_problem;
    char error_code[LEASE_ERROR_SIZE];
    char hint_election[LEASE_ELECTION_SIZE];
    char hint_what[32];
};

shared void client_up(void *owner, const char *endpoint)
{
    (void)endpoint;
    ((struct client *)owner)->ups++;
}

shared void client_down(void *owner, const char *code, const struct problem *problem)
{
    struct client *client = owner;
    client->downs++;
    client->down_problem = *problem;
    (void)snprintf(client->down_code, sizeof client->down_code, "%s", code);
}

shared void client_hint(void *owner, const char *election, const char *what)
{
    struct client *client = owner;
    client->hints++;
    (void)snprintf(client->hint_election, sizeof client->hint_election, "%s", election);
    (void)snprintf(client->hint_what, sizeof client->hint_what, "%s", what);
}

shared void client_connected(void *owner, bool success)
{
    struct client *client = owner;
    client->connects += success;
    client->failures += !success;
}

shared void client_error(void *owner, const char *code)
{
    struct client *client = owner;
    client->errors++;
    (void)snprintf(client->error_code, sizeof client->error_code, "%s", code);
}

shared void client_closed(void *owner)
{
    ((struct client *)owner)->closed = true;
}

shared struct redis_store_options options_at(const char *host, int port)
{
    static struct redis_address address;
    address = (struct redis_address){host, port};
    return (struct redis_store_options){.mode = REDIS_STANDALONE,
                                        .addresses = &address,
                                        .address_count = 1,
                                        .client_name = "leaderd-test",
                                        .key_prefix = "leader-election:",
                                        .connect_timeout_ms = 5000,
                                        .keepalive_ms = 60000,
                                        .reconnect_min_ms = 5,
                                        .reconnect_max_ms = 40,
                                        .breaker_failures = 1000,
                                        .breaker_open_ms = 50,
                                        .restart_guard = true};
}

shared struct redis_store_options options_tcp(const struct server *server)
{
    return options_at("127.0.0.1", server->port);
}

shared struct redis_store_options options_unix(const struct server *server)
{
    struct redis_store_options options = options_tcp(server);
    options.address_count = 0;
    options.unix_path = server->socket_path;
    return options;
}

shared void client_init(struct client *client)
{
    *client = (struct client){0};
    ck_assert_int_eq(uv_loop_init(&client->loop), 0);
}

shared void client_open(struct client *client, const struct redis_store_options *options)
{
    struct store_listener listener = {.owner = client,
                                      .up = client_up,
                                      .down = client_down,
                                      .hint = client_hint,
                                      .connected = client_connected,
                                      .error = client_error,
                                      .closed = client_closed};
    struct problem problem;
    client->store = redis_store_new(&client->loop, options, &listener, &problem);
    ck_assert_msg(client->store != NULL, "%s", problem.text);
}

/* Turns the loop until something is so; a test that waits in vain is ended by Check. It polls: a
 * turn that waits for events would sleep on after the timer that the condition hangs on has run. */
#define run_until(client, condition)                      \
    do {                                                  \
        while (!(condition)) {                            \
            (void)uv_run(&(client)->loop, UV_RUN_NOWAIT); \
            (void)sched_yield();                          \
        }                                                 \
    } while (0)

shared void client_start(struct client *client, const struct redis_store_options *options)
{
    client_init(client);
    client_open(client, options);
    run_until(client, client->ups == 1);
}

/* Closes the store and checks that nothing stays on the loop. */
shared void client_stop(struct client *client)
{
    if (!client->closed) {
        store_close(client->store);
    }
    (void)uv_run(&client->loop, UV_RUN_DEFAULT);
    ck_assert(client->closed);
    ck_assert_int_eq(uv_loop_close(&client->loop), 0);
}

/* A call. */

struct test_call {
    struct store_call call;
    struct lease_reply reply;
    char meta[64];
    int answers;
};

shared void test_call_answered(struct store_call *call, const struct lease_reply *reply)
{
    struct test_call *mine = (struct test_call *)call;
    mine->answers++;
    mine->reply = *reply;
    (void)snprintf(mine->meta, sizeof mine->meta, "%s",
                   reply->record.meta != NULL ? reply->record.meta : "");
}

shared struct lease_request request_of(enum lease_verb verb, const char *election)
{
    return (struct lease_request){.id = 7,
                                  .verb = verb,
                                  .election = election,
                                  .instance = ME,
                                  .participant = "node-1",
                                  .meta = "{\"zone\":\"a\"}",
                                  .lease_ms = 15000,
                                  .version = ""};
}

/* Submits and waits for the answer. */
shared const struct lease_reply *ask(struct client *client, struct test_call *call,
                                     const struct lease_request *request)
{
    *call = (struct test_call){.call = {.answer = test_call_answered}};
    store_submit(client->store, &call->call, request, 5000);
    ck_assert_int_eq(call->answers, 0);
    run_until(client, call->answers == 1);
    return &call->reply;
}

shared const struct lease_reply *ask_verb(struct client *client, struct test_call *call,
                                          enum lease_verb verb)
{
    struct lease_request request = request_of(verb, "billing");
    return ask(client, call, &request);
}

/* Opens the election and takes it; returns the term. */
shared int64_t acquire_fresh(struct client *client)
{
    struct test_call call;
    ck_assert_int_eq(ask_verb(client, &call, LEASE_BOOTSTRAP)->outcome, LEASE_OPENED);
    ck_assert_int_eq(ask_verb(client, &call, LEASE_ACQUIRE)->outcome, LEASE_ACQUIRED);
    return call.reply.record.term;
}

#endif
