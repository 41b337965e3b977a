/*
 * Every store behind one face, so that one suite of rules runs over all of them.
 *
 * A driver opens a store on empty data. `restart` begins a new reign of the server, with its data
 * or without; a store that cannot lose its data or its reign has none, and rules about that do not
 * apply to it. `neighbour` opens a second store on the same data, as another daemon would.
 * `silence` makes the store unable to answer, and able again.
 */
#ifndef LEADERD_TESTS_CONFORMANCE_DRIVER_H
#define LEADERD_TESTS_CONFORMANCE_DRIVER_H

#include "lib/store/local/local_store.h"
#include "lib/store/memory/memory_store.h"
#include "tests/conformance/given.h"

#include <sqlite3.h>

struct driver {
    const char *name;
    bool guards; /* a missing record makes everybody wait */
    void (*open)(struct client *client);
    void (*neighbour)(struct client *client, const struct client *first);
    void (*restart)(struct client *client, bool keep);
    void (*close)(struct client *client);
    void (*silence)(bool silent);
};

static struct server redis_server;
static char local_directory[32];

static struct store_listener driver_listener(struct client *client)
{
    return (struct store_listener){.owner = client,
                                   .up = client_up,
                                   .down = client_down,
                                   .hint = client_hint,
                                   .connected = client_connected,
                                   .error = client_error,
                                   .closed = client_closed};
}

static void open_memory(struct client *client)
{
    struct problem problem;
    struct store_listener listener = driver_listener(client);
    client_init(client);
    client->store = memory_store_new(&client->loop, &listener, &problem);
    run_until(client, client->ups == 1);
}

static void restart_memory(struct client *client, bool keep)
{
    memory_store_restart(client->store, keep);
}

static void open_local_at(struct client *client)
{
    struct problem problem;
    struct store_listener listener = driver_listener(client);
    char path[64];
    (void)snprintf(path, sizeof path, "%s/leases.db", local_directory);
    client_init(client);
    client->store = local_store_new(&client->loop, &(struct local_store_options){.path = path},
                                    &listener, &problem);
    ck_assert_msg(client->store != NULL, "%s", problem.text);
    run_until(client, client->ups == 1);
}

static void open_local(struct client *client)
{
    (void)snprintf(local_directory, sizeof local_directory, "/tmp/leaderd-conf-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(local_directory));
    open_local_at(client);
}

static void neighbour_local(struct client *client, const struct client *first)
{
    (void)first;
    open_local_at(client);
}

static void close_local(struct client *client)
{
    static const char *const endings[] = {"", "-wal", "-shm", ".events"};
    char path[96];
    client_stop(client);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/leases.db%s", local_directory, endings[i]);
        (void)unlink(path);
    }
    (void)rmdir(local_directory);
}

static void silence_local(bool silent)
{
    static sqlite3 *lock;
    char path[64];
    (void)snprintf(path, sizeof path, "%s/leases.db", local_directory);
    if (silent) {
        ck_assert_int_eq(sqlite3_open(path, &lock), SQLITE_OK);
        ck_assert_int_eq(sqlite3_exec(lock, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    } else {
        ck_assert_int_eq(sqlite3_close(lock), SQLITE_OK);
    }
}

static void open_redis(struct client *client)
{
    server_start(&redis_server);
    struct redis_store_options options = options_unix(&redis_server);
    client_start(client, &options);
}

static void neighbour_redis(struct client *client, const struct client *first)
{
    struct redis_store_options options = options_unix(&redis_server);
    (void)first;
    client_start(client, &options);
}

static void restart_redis(struct client *client, bool keep)
{
    int ups = client->ups;
    if (keep) {
        (void)server_command(&redis_server, "SAVE");
    } else {
        (void)server_command(&redis_server, "FLUSHALL");
        (void)server_command(&redis_server, "SAVE");
    }
    server_kill(&redis_server);
    server_restart(&redis_server);
    run_until(client, client->ups > ups);
}

static void close_redis(struct client *client)
{
    char dump[64];
    client_stop(client);
    (void)snprintf(dump, sizeof dump, "%s/dump.rdb", redis_server.directory);
    (void)unlink(dump);
    server_stop(&redis_server);
}

static void silence_redis(bool silent)
{
    ck_assert_int_eq(kill(redis_server.pid, silent ? SIGSTOP : SIGCONT), 0);
}

static void open_given(struct client *client)
{
    struct redis_store_options options = options_given();
    client_start(client, &options);
}

static void neighbour_given(struct client *client, const struct client *first)
{
    (void)first;
    open_given(client);
}

static const struct driver drivers[] = {
    {"memory", true, open_memory, NULL, restart_memory, client_stop, NULL},
    {"local", false, open_local, neighbour_local, NULL, close_local, silence_local},
    {"redis", true, open_redis, neighbour_redis, restart_redis, close_redis, silence_redis},
    {"redis", true, open_given, neighbour_given, NULL, client_stop, NULL},
};

enum { GIVEN = 3 };

/* Those to be tested: the given one alone, or all that we can set up ourselves. */
shared int first_driver(void)
{
    return is_given() ? GIVEN : 0;
}

shared int end_of_drivers(void)
{
    return is_given() ? GIVEN + 1 : GIVEN;
}

#endif
