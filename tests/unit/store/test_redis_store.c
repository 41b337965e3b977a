#include "tests/unit/store/redis_harness.h"

static struct server server;
static struct client client;

static void setup(void)
{
    server_start(&server);
}

static void teardown(void)
{
    server_stop(&server);
}

static void start_tcp(void)
{
    struct redis_store_options options = options_tcp(&server);
    client_start(&client, &options);
}

/* Submits with a time limit and does not wait. */
static void begin(struct test_call *call, enum lease_verb verb, int64_t timeout_ms)
{
    struct lease_request request = request_of(verb, "billing");
    *call = (struct test_call){.call = {.answer = test_call_answered}};
    store_submit(client.store, &call->call, &request, timeout_ms);
}

static void live_a_life(const struct redis_store_options *options)
{
    struct test_call call;
    client_start(&client, options);
    ck_assert_int_eq(ask_verb(&client, &call, LEASE_OBSERVE)->record.state, LEASE_ABSENT);
    ck_assert_int_eq(ask_verb(&client, &call, LEASE_ACQUIRE)->outcome, LEASE_GUARDED);
    int64_t term = acquire_fresh(&client);
    ck_assert_int_gt(term, 0);

    struct lease_request request = request_of(LEASE_RENEW, "billing");
    request.term = term;
    request.n = 2;
    request.n_acked = 1;
    const struct lease_reply *reply = ask(&client, &call, &request);
    ck_assert_int_eq(reply->outcome, LEASE_RENEWED);
    ck_assert_int_eq((int)reply->id, 7);
    ck_assert_int_eq(reply->record.state, LEASE_HELD);
    ck_assert_int_eq(reply->record.n, 2);
    ck_assert_int_eq(reply->left_ms, 15000);
    ck_assert_int_eq(reply->age_ms, 0);
    ck_assert(reply->fresh);
    ck_assert_str_eq(reply->record.instance, ME);
    ck_assert_str_eq(reply->record.participant, "node-1");
    ck_assert_str_eq(call.meta, "{\"zone\":\"a\"}");

    request.verb = LEASE_RELEASE;
    request.n = 3;
    request.n_acked = 2;
    ck_assert_int_eq(ask(&client, &call, &request)->outcome, LEASE_GAVE_UP);
    ck_assert_int_eq(ask_verb(&client, &call, LEASE_OBSERVE)->record.state, LEASE_RELEASED);
    client_stop(&client);
}

START_TEST(a_lease_lives_over_tcp)
{
    struct redis_store_options options = options_tcp(&server);
    live_a_life(&options);
}
END_TEST

START_TEST(a_lease_lives_over_a_unix_socket)
{
    struct redis_store_options options = options_unix(&server);
    live_a_life(&options);
    struct store_health health;
    client_init(&client);
    client_open(&client, &options);
    store_health(client.store, &health);
    ck_assert_msg(strncmp(health.endpoint, "unix:/", 6) == 0, "%s", health.endpoint);
    client_stop(&client);
}
END_TEST

START_TEST(a_name_is_resolved_and_its_addresses_tried)
{
    /* Where localhost is ::1, too, nobody listens there. */
    struct redis_store_options options = options_tcp(&server);
    options = options_at("localhost", server.port);
    live_a_life(&options);
}
END_TEST

START_TEST(a_record_has_no_ttl_and_stands_in_the_chosen_database)
{
    struct redis_store_options options = options_tcp(&server);
    options.db = 3;
    client_start(&client, &options);
    (void)acquire_fresh(&client);
    ck_assert_str_eq(server_command(&server, "EXISTS leader-election:billing"), "0");
    ck_assert_str_eq(server_command(&server, "MOVE leader-election:billing 3"), "0");
    ck_assert_ptr_nonnull(strstr(server_command(&server, "INFO keyspace"), "db3:keys=1,expires=0"));
    client_stop(&client);
}
END_TEST

START_TEST(an_acl_user_needs_few_permissions)
{
    (void)server_command(&server, "ACL SETUSER leaderd on >secret resetkeys ~leader-election:* "
                                  "resetchannels &leader-election:* -@all +evalsha +eval +time "
                                  "+hmget +hset +publish +info +ping");
    struct redis_store_options options = options_tcp(&server);
    options.username = "leaderd";
    options.password = "secret";
    live_a_life(&options);
}
END_TEST

/* Connects in vain and checks what the operator is told. */
static void expect_down(const struct redis_store_options *options, const char *code,
                        const char *words)
{
    client_init(&client);
    client_open(&client, options);
    run_until(&client, client.failures == 2);
    ck_assert_int_eq(client.ups, 0);
    ck_assert_int_eq(client.downs, 1);
    ck_assert_str_eq(client.down_code, code);
    ck_assert_msg(strstr(client.down_problem.text, words) != NULL, "%s", client.down_problem.text);
    ck_assert_ptr_null(strstr(client.down_problem.text, "hunter2"));
    client_stop(&client);
}

START_TEST(a_wrong_password_is_explained_and_not_repeated)
{
    (void)server_command(&server, "ACL SETUSER default resetpass >secret");
    struct redis_store_options options = options_tcp(&server);
    options.password = "hunter2";
    expect_down(&options, "WRONGPASS", "check store.username and store.password_file");
}
END_TEST

START_TEST(a_missing_password_is_explained)
{
    (void)server_command(&server, "CONFIG SET requirepass secret");
    struct redis_store_options options = options_tcp(&server);
    expect_down(&options, "NOAUTH", "set store.password_file");
}
END_TEST

START_TEST(a_password_nobody_asked_for_is_explained)
{
    struct redis_store_options options = options_tcp(&server);
    options.password = "hunter2";
    expect_down(&options, "WRONGPASS", "remove store.password_file");
}
END_TEST

START_TEST(a_database_that_is_not_there_is_explained)
{
    struct redis_store_options options = options_tcp(&server);
    options.db = 99;
    expect_down(&options, "ERR", "has no database of this number");
}
END_TEST

START_TEST(a_closed_port_is_reported_once)
{
    struct redis_store_options options = options_tcp(&server);
    options = options_at("127.0.0.1", free_port());
    expect_down(&options, "ECONNREFUSED", "connection refused");
}
END_TEST

START_TEST(a_missing_permission_fails_the_call)
{
    (void)server_command(&server, "ACL SETUSER leaderd on >secret ~leader-election:* &* -@all "
                                  "+evalsha +eval +time +hmget +info +ping");
    struct redis_store_options options = options_tcp(&server);
    struct test_call call;
    options.username = "leaderd";
    options.password = "secret";
    client_start(&client, &options);
    const struct lease_reply *reply = ask_verb(&client, &call, LEASE_ACQUIRE);
    ck_assert_int_eq(reply->outcome, LEASE_FAILED);
    ck_assert_msg(strcmp(reply->error, "NOPERM") == 0, "%s: %s", reply->error, reply->problem.text);
    ck_assert_ptr_nonnull(strstr(reply->problem.text, "+hset"));
    ck_assert_int_eq(client.downs, 0);
    client_stop(&client);
}
END_TEST

START_TEST(a_forgotten_script_is_sent_again)
{
    struct test_call call;
    start_tcp();
    (void)ask_verb(&client, &call, LEASE_OBSERVE);
    (void)server_command(&server, "SCRIPT FLUSH");
    ck_assert_int_eq(ask_verb(&client, &call, LEASE_ACQUIRE)->outcome, LEASE_GUARDED);
    ck_assert_int_eq(client.errors, 0);
    client_stop(&client);
}
END_TEST

enum { MANY = 1000 };

static void ask_many(struct test_call *calls)
{
    for (int i = 0; i < MANY; i++) {
        char election[32];
        (void)snprintf(election, sizeof election, "election-%d", i);
        struct lease_request request = request_of(LEASE_ACQUIRE, election);
        request.id = (uint64_t)i;
        calls[i] = (struct test_call){.call = {.answer = test_call_answered}};
        store_submit(client.store, &calls[i].call, &request, 10000);
    }
    run_until(&client, calls[MANY - 1].answers == 1);
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(calls[i].answers, 1);
        ck_assert_int_eq((int)calls[i].reply.id, i);
    }
}

START_TEST(a_thousand_elections_share_a_connection)
{
    static struct test_call calls[MANY];
    start_tcp();
    ask_many(calls); /* the server does not know the script yet */
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(calls[i].reply.outcome, LEASE_GUARDED);
    }
    ask_many(calls);
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(calls[i].reply.outcome, LEASE_SEEN);
        ck_assert_int_eq(calls[i].reply.record.state, LEASE_GUARD);
    }
    ck_assert_int_eq(client.connects, 1);
    /* The text of the script went over the wire once, not a thousand times. */
    const char *stats = server_command(&server, "INFO commandstats");
    ck_assert_msg(strstr(stats, "cmdstat_eval:calls=1,") != NULL, "%s", stats);
    client_stop(&client);
}
END_TEST

START_TEST(a_killed_server_leaves_calls_unknown_and_is_found_again)
{
    struct test_call first, second;
    start_tcp();
    (void)kill(server.pid, SIGSTOP);
    begin(&first, LEASE_ACQUIRE, 5000);
    begin(&second, LEASE_ACQUIRE, 5000);
    (void)uv_run(&client.loop, UV_RUN_NOWAIT);
    server_kill(&server);
    run_until(&client, first.answers == 1 && second.answers == 1);
    ck_assert_int_eq(first.reply.outcome, LEASE_UNKNOWN);
    ck_assert_int_eq(second.reply.outcome, LEASE_UNKNOWN);
    ck_assert_str_ne(first.reply.problem.text, "");
    ck_assert_int_eq(client.downs, 1);

    ck_assert_int_eq(ask_verb(&client, &first, LEASE_ACQUIRE)->outcome, LEASE_FAILED);
    ck_assert_str_eq(first.reply.error, "unconnected");
    server_restart(&server);
    run_until(&client, client.ups == 2);
    ck_assert_int_eq(client.downs, 1);
    ck_assert_int_eq(ask_verb(&client, &first, LEASE_ACQUIRE)->outcome, LEASE_GUARDED);
    client_stop(&client);
}
END_TEST

START_TEST(a_frozen_server_costs_the_connection)
{
    struct test_call first, second;
    start_tcp();
    (void)kill(server.pid, SIGSTOP);
    begin(&second, LEASE_ACQUIRE, 60000);
    begin(&first, LEASE_ACQUIRE, 30);
    run_until(&client, first.answers == 1 && second.answers == 1);
    ck_assert_int_eq(first.reply.outcome, LEASE_UNKNOWN);
    ck_assert_str_eq(first.reply.error, "timeout");
    ck_assert_int_eq(second.reply.outcome, LEASE_UNKNOWN);
    ck_assert_str_eq(client.down_code, "timeout");
    struct store_health health;
    store_health(client.store, &health);
    ck_assert(!health.connected);
    ck_assert_ptr_nonnull(strstr(health.last_error, "did not answer in time"));
    (void)kill(server.pid, SIGCONT);
    run_until(&client, client.ups == 2);
    /* The late requests were carried out; their replies answer nobody. */
    ck_assert_int_ne(ask_verb(&client, &first, LEASE_OBSERVE)->outcome, LEASE_UNKNOWN);
    client_stop(&client);
}
END_TEST

START_TEST(a_foreign_value_is_left_untouched)
{
    struct test_call call;
    (void)server_command(&server, "SET leader-election:billing precious");
    start_tcp();
    const struct lease_reply *reply = ask_verb(&client, &call, LEASE_BOOTSTRAP);
    ck_assert_int_eq(reply->outcome, LEASE_FAILED);
    ck_assert_str_eq(reply->error, "WRONGTYPE");
    ck_assert_ptr_nonnull(strstr(reply->problem.text, "key \"leader-election:billing\" holds a "
                                                      "value of another type"));
    ck_assert_str_eq(server_command(&server, "GET leader-election:billing"), "precious");
    client_stop(&client);
}
END_TEST

static const char *const foreign_hashes[] = {
    "name precious",
    "s h name precious",
    "s h t 1 n 1 i x p x d 1 x 1 w 1 a 1 g x c 0",
    "s q t 1 n 1 i x p x d 1 x 1 w 1 a 1 g x c 0 m x",
    "s h t one n 1 i x p x d 1 x 1 w 1 a 1 g x c 0 m x",
    "s h t nan n 1 i x p x d 1 x 1 w 1 a 1 g x c 0 m x",
    "s h t -1 n 1 i x p x d 1 x 1 w 1 a 1 g x c 0 m x",
    "s h t 1.5 n 1 i x p x d 1 x 1 w 1 a 1 g x c 0 m x",
    "s h t 9007199254740992 n 1 i x p x d 1 x 1 w 1 a 1 g x c 0 m x",
    "s h t 1 n 1 i 000000000000000000000000000000000 p x d 1 x 1 w 1 a 1 g x c 0 m x",
};

START_TEST(a_foreign_hash_is_left_untouched)
{
    static const enum lease_verb verbs[] = {LEASE_OBSERVE, LEASE_ACQUIRE,   LEASE_RENEW,
                                            LEASE_RELEASE, LEASE_BOOTSTRAP, LEASE_VACATE};
    char command[200];
    (void)snprintf(command, sizeof command, "HSET leader-election:billing %s", foreign_hashes[_i]);
    (void)server_command(&server, command);
    char before[sizeof server.reply], after[sizeof server.reply];
    (void)snprintf(before, sizeof before, "%s",
                   server_command(&server, "HGETALL leader-election:billing"));
    start_tcp();
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        struct test_call call;
        const struct lease_reply *reply = ask_verb(&client, &call, verbs[i]);
        ck_assert_int_eq(reply->outcome, LEASE_FAILED);
        ck_assert_str_eq(reply->error, "foreign");
        ck_assert_ptr_nonnull(strstr(reply->problem.text, "leader-election:billing"));
    }
    (void)snprintf(after, sizeof after, "%s",
                   server_command(&server, "HGETALL leader-election:billing"));
    ck_assert_str_eq(before, after);
    client_stop(&client);
}
END_TEST

START_TEST(a_killed_connection_is_opened_again)
{
    struct test_call call;
    start_tcp();
    (void)server_command(&server, "CLIENT KILL TYPE normal SKIPME yes");
    run_until(&client, client.ups == 2);
    ck_assert_int_eq(client.downs, 1);
    ck_assert_str_eq(client.down_code, "EOF");
    ck_assert_int_eq(ask_verb(&client, &call, LEASE_ACQUIRE)->outcome, LEASE_GUARDED);
    client_stop(&client);
}
END_TEST

/* A message that reaches nobody is not repeated, so publish until this one is heard. */
static void publish_until_heard(const char *what)
{
    char command[80];
    (void)snprintf(command, sizeof command, "PUBLISH leader-election:billing:events %s", what);
    while (strcmp(client.hint_what, what) != 0) {
        (void)server_command(&server, command);
        (void)uv_run(&client.loop, UV_RUN_NOWAIT);
    }
}

START_TEST(hints_survive_a_reconnect)
{
    start_tcp();
    store_subscribe(client.store, "billing");
    store_subscribe(client.store, "other");
    store_unsubscribe(client.store, "other");
    publish_until_heard("released");
    ck_assert_str_eq(client.hint_election, "billing");
    (void)server_command(&server, "CLIENT KILL TYPE pubsub");
    publish_until_heard("acquired");
    ck_assert_int_eq(client.downs, 0);
    client_stop(&client);
}
END_TEST

START_TEST(a_release_is_heard_by_subscribers_and_counts_them)
{
    struct test_call call;
    start_tcp();
    store_subscribe(client.store, "billing");
    publish_until_heard("hello");
    int64_t term = acquire_fresh(&client);
    run_until(&client, strcmp(client.hint_what, "acquired") == 0);
    struct lease_request request = request_of(LEASE_RELEASE, "billing");
    request.term = term;
    request.n = 2;
    request.n_acked = 1;
    const struct lease_reply *reply = ask(&client, &call, &request);
    ck_assert_int_eq(reply->outcome, LEASE_GAVE_UP);
    ck_assert_int_eq(reply->listeners, 1);
    run_until(&client, strcmp(client.hint_what, "released") == 0);
    client_stop(&client);
}
END_TEST

START_TEST(after_a_restart_without_data_the_holder_puts_its_lease_back)
{
    struct test_call call;
    start_tcp();
    int64_t term = acquire_fresh(&client);
    server_kill(&server);
    server_restart(&server);
    run_until(&client, client.ups == 2);

    struct lease_request request = request_of(LEASE_ACQUIRE, "billing");
    request.instance = OTHER;
    ck_assert_int_eq(ask(&client, &call, &request)->outcome, LEASE_GUARDED);

    request = request_of(LEASE_RENEW, "billing");
    request.term = term;
    request.n = 2;
    request.n_acked = 1;
    const struct lease_reply *reply = ask(&client, &call, &request);
    ck_assert_int_eq(reply->outcome, LEASE_REASSERTED);
    ck_assert_int_eq(reply->record.term, term);
    ck_assert_int_eq(reply->record.unconfirmed, 2);
    client_stop(&client);
}
END_TEST

START_TEST(without_restart_guard_an_absent_record_is_free)
{
    struct redis_store_options options = options_tcp(&server);
    struct test_call call;
    options.restart_guard = false;
    client_start(&client, &options);
    ck_assert_int_eq(ask_verb(&client, &call, LEASE_ACQUIRE)->outcome, LEASE_ACQUIRED);
    ck_assert(call.reply.fresh);
    client_stop(&client);
}
END_TEST

START_TEST(where_info_is_denied_only_the_same_connection_is_trusted)
{
    (void)server_command(&server, "ACL SETUSER leaderd on >secret ~leader-election:* &* -@all "
                                  "+evalsha +eval +time +hmget +hset +ping");
    struct redis_store_options options = options_tcp(&server);
    struct test_call call;
    options.username = "leaderd";
    options.password = "secret";
    client_start(&client, &options);
    (void)acquire_fresh(&client);
    ck_assert(ask_verb(&client, &call, LEASE_OBSERVE)->fresh);
    (void)server_command(&server, "CLIENT KILL TYPE normal SKIPME yes");
    run_until(&client, client.ups == 2);
    ck_assert(!ask_verb(&client, &call, LEASE_OBSERVE)->fresh);
    client_stop(&client);
}
END_TEST

START_TEST(a_replica_is_left_until_it_is_a_primary)
{
    struct test_call call;
    start_tcp();
    (void)server_command(&server, "REPLICAOF 127.0.0.1 1");
    const struct lease_reply *reply = ask_verb(&client, &call, LEASE_ACQUIRE);
    ck_assert_int_eq(reply->outcome, LEASE_FAILED);
    ck_assert_str_eq(reply->error, "READONLY");
    ck_assert_int_eq(client.downs, 1);
    ck_assert_int_eq(client.errors, 1);
    (void)server_command(&server, "REPLICAOF NO ONE");
    run_until(&client, client.ups == 2);
    ck_assert_int_eq(ask_verb(&client, &call, LEASE_ACQUIRE)->outcome, LEASE_GUARDED);
    client_stop(&client);
}
END_TEST

START_TEST(a_server_that_refuses_writes_is_kept_and_named)
{
    struct test_call call;
    start_tcp();
    (void)ask_verb(&client, &call, LEASE_OBSERVE);
    (void)server_command(&server, "CONFIG SET min-replicas-to-write 1");
    const struct lease_reply *reply = ask_verb(&client, &call, LEASE_ACQUIRE);
    ck_assert_int_eq(reply->outcome, LEASE_FAILED);
    ck_assert_str_eq(reply->error, "NOREPLICAS");
    ck_assert_str_eq(client.error_code, "NOREPLICAS");
    ck_assert_int_eq(client.downs, 0);
    client_stop(&client);
}
END_TEST

START_TEST(a_full_server_still_keeps_leases)
{
    struct test_call call;
    int major = 0;
    const char *version = strstr(server_command(&server, "INFO server"), "redis_version:");
    ck_assert_ptr_nonnull(version);
    ck_assert_int_eq(sscanf(version, "redis_version:%d", &major), 1);
    start_tcp();
    int64_t term = acquire_fresh(&client);
    (void)server_command(&server, "CONFIG SET maxmemory 1");
    struct lease_request request = request_of(LEASE_RENEW, "billing");
    request.term = term;
    request.n_acked = 1;
    for (request.n = 2; request.n < 5; request.n++) {
        const struct lease_reply *reply = ask(&client, &call, &request);
        ck_assert_int_eq(reply->outcome, major >= 7 ? LEASE_RENEWED : LEASE_FAILED);
        ck_assert_str_eq(reply->error, major >= 7 ? "" : "OOM");
    }
    client_stop(&client);
}
END_TEST

START_TEST(a_busy_server_is_named)
{
    struct test_call call;
    (void)server_command(&server, "CONFIG SET busy-reply-threshold 1");
    start_tcp();
    redisContext *context = redisConnectUnix(server.socket_path);
    ck_assert_int_eq(redisAppendCommand(context, "EVAL %s 0", "while true do end"), REDIS_OK);
    int written = 0;
    while (written == 0) {
        ck_assert_int_eq(redisBufferWrite(context, &written), REDIS_OK);
    }
    do { /* before the script has run that long the server does not answer, later it says why */
        (void)ask_verb(&client, &call, LEASE_ACQUIRE);
    } while (call.reply.outcome != LEASE_FAILED);
    ck_assert_str_eq(call.reply.error, "BUSY");
    redisFree(context);
    client_stop(&client);
}
END_TEST

START_TEST(metadata_that_is_too_long_is_refused)
{
    static char meta[REDIS_META_MAX + 2];
    struct test_call call;
    struct lease_request request = request_of(LEASE_BOOTSTRAP, "billing");
    memset(meta, 'x', sizeof meta - 1);
    request.meta = meta;
    start_tcp();
    ck_assert_int_eq(ask(&client, &call, &request)->outcome, LEASE_FAILED);
    ck_assert_str_eq(call.reply.error, "oversize");
    client_stop(&client);
}
END_TEST

/* An owner that acts from inside its answer. */

static struct test_call inner;

static void submit_inside(struct store_call *call, const struct lease_reply *reply)
{
    test_call_answered(call, reply);
    begin(&inner, LEASE_OBSERVE, 5000);
    ck_assert_int_eq(inner.answers, 0);
}

static void close_inside(struct store_call *call, const struct lease_reply *reply)
{
    test_call_answered(call, reply);
    if (((struct test_call *)call)->answers == 1) {
        store_close(client.store);
    }
}

static void begin_with(struct test_call *call, store_answer_cb *answer)
{
    struct lease_request request = request_of(LEASE_OBSERVE, "billing");
    *call = (struct test_call){.call = {.answer = answer}};
    store_submit(client.store, &call->call, &request, 5000);
}

START_TEST(an_answer_may_submit)
{
    struct test_call call;
    start_tcp();
    begin_with(&call, submit_inside);
    run_until(&client, call.answers == 1 && inner.answers == 1);
    ck_assert_int_eq(inner.reply.outcome, LEASE_SEEN);
    (void)kill(server.pid, SIGSTOP);
    inner.answers = 0;
    begin_with(&call, submit_inside);
    (void)uv_run(&client.loop, UV_RUN_NOWAIT);
    server_kill(&server);
    run_until(&client, call.answers == 1 && inner.answers == 1);
    ck_assert_int_eq(call.reply.outcome, LEASE_UNKNOWN);
    ck_assert_int_eq(inner.reply.outcome, LEASE_FAILED);
    server_restart(&server);
    client_stop(&client);
}
END_TEST

START_TEST(an_answer_may_close_the_store)
{
    struct test_call first, second;
    start_tcp();
    begin_with(&first, close_inside);
    begin_with(&second, test_call_answered);
    run_until(&client, client.closed);
    ck_assert_int_eq(first.answers, 1);
    ck_assert_int_eq(second.answers, 1);
    ck_assert_int_eq(second.reply.outcome, LEASE_UNKNOWN);
    ck_assert_str_eq(second.reply.error, "closed");
    client_stop(&client);
}
END_TEST

START_TEST(an_unknown_answer_may_close_the_store)
{
    struct test_call first, second;
    start_tcp();
    (void)kill(server.pid, SIGSTOP);
    begin_with(&first, close_inside);
    begin_with(&second, test_call_answered);
    (void)uv_run(&client.loop, UV_RUN_NOWAIT);
    server_kill(&server);
    run_until(&client, client.closed);
    ck_assert_int_eq(first.answers, 1);
    ck_assert_int_eq(second.answers, 1);
    client_stop(&client);
    server_restart(&server);
}
END_TEST

START_TEST(a_store_closes_while_it_connects)
{
    struct redis_store_options options = options_tcp(&server);
    struct test_call call;
    options = options_at("localhost", server.port);
    for (int turns = 0; turns < 6; turns++) {
        client_init(&client);
        client_open(&client, &options);
        for (int i = 0; i < turns; i++) {
            (void)uv_run(&client.loop, UV_RUN_NOWAIT);
        }
        begin(&call, LEASE_OBSERVE, 5000);
        client_stop(&client);
        ck_assert_int_eq(call.answers, 1);
    }
}
END_TEST

START_TEST(an_open_circuit_refuses_who_waits_and_nobody_else)
{
    struct redis_store_options options = options_tcp(&server);
    struct test_call call;
    options.breaker_failures = 1;
    options.breaker_open_ms = 60000;
    client_start(&client, &options);
    int64_t term = acquire_fresh(&client);
    (void)server_command(&server, "CONFIG SET min-replicas-to-write 1");
    struct lease_request renewal = request_of(LEASE_RENEW, "billing");
    renewal.term = term;
    renewal.n = 2;
    renewal.n_acked = 1;
    ck_assert_str_eq(ask(&client, &call, &renewal)->error, "NOREPLICAS");
    ck_assert_str_eq(ask_verb(&client, &call, LEASE_ACQUIRE)->error, "circuit_open");
    ck_assert_str_eq(ask_verb(&client, &call, LEASE_OBSERVE)->error, "circuit_open");
    struct store_health health;
    store_health(client.store, &health);
    ck_assert_str_eq(health.circuit, "open");
    (void)server_command(&server, "CONFIG SET min-replicas-to-write 0");
    ck_assert_int_eq(ask(&client, &call, &renewal)->outcome, LEASE_RENEWED);
    ck_assert_int_eq(ask_verb(&client, &call, LEASE_ACQUIRE)->outcome, LEASE_SEEN);
    client_stop(&client);
}
END_TEST

START_TEST(options_out_of_range_are_refused)
{
    struct store_listener listener = {0};
    struct problem problem;
    client_init(&client);
    struct redis_store_options good = options_tcp(&server), bad = good;
    bad = options_at("127.0.0.1", 65536);
    ck_assert_ptr_null(redis_store_new(&client.loop, &bad, &listener, &problem));
    ck_assert_ptr_nonnull(strstr(problem.text, "65536"));
    good = options_tcp(&server);
    bad = good;
    bad.unix_path = "/tmp/both";
    ck_assert_ptr_null(redis_store_new(&client.loop, &bad, &listener, &problem));
    bad = options_unix(&server);
    char path[200];
    memset(path, 'p', sizeof path);
    path[sizeof path - 1] = '\0';
    bad.unix_path = path;
    ck_assert_ptr_null(redis_store_new(&client.loop, &bad, &listener, &problem));
    bad = good;
    bad.reconnect_max_ms = 1;
    ck_assert_ptr_null(redis_store_new(&client.loop, &bad, &listener, &problem));
    ck_assert_int_eq(uv_loop_close(&client.loop), 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("redis store");
    TCase *tests = tcase_create("store");
    int hashes = sizeof foreign_hashes / sizeof foreign_hashes[0];
    tcase_set_timeout(tests, 30);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_lease_lives_over_tcp);
    tcase_add_test(tests, a_lease_lives_over_a_unix_socket);
    tcase_add_test(tests, a_name_is_resolved_and_its_addresses_tried);
    tcase_add_test(tests, a_record_has_no_ttl_and_stands_in_the_chosen_database);
    tcase_add_test(tests, an_acl_user_needs_few_permissions);
    tcase_add_test(tests, a_wrong_password_is_explained_and_not_repeated);
    tcase_add_test(tests, a_missing_password_is_explained);
    tcase_add_test(tests, a_password_nobody_asked_for_is_explained);
    tcase_add_test(tests, a_database_that_is_not_there_is_explained);
    tcase_add_test(tests, a_closed_port_is_reported_once);
    tcase_add_test(tests, a_missing_permission_fails_the_call);
    tcase_add_test(tests, a_forgotten_script_is_sent_again);
    tcase_add_test(tests, a_thousand_elections_share_a_connection);
    tcase_add_test(tests, a_killed_server_leaves_calls_unknown_and_is_found_again);
    tcase_add_test(tests, a_frozen_server_costs_the_connection);
    tcase_add_test(tests, a_foreign_value_is_left_untouched);
    tcase_add_loop_test(tests, a_foreign_hash_is_left_untouched, 0, hashes);
    tcase_add_test(tests, a_killed_connection_is_opened_again);
    tcase_add_test(tests, hints_survive_a_reconnect);
    tcase_add_test(tests, a_release_is_heard_by_subscribers_and_counts_them);
    tcase_add_test(tests, after_a_restart_without_data_the_holder_puts_its_lease_back);
    tcase_add_test(tests, without_restart_guard_an_absent_record_is_free);
    tcase_add_test(tests, where_info_is_denied_only_the_same_connection_is_trusted);
    tcase_add_test(tests, a_replica_is_left_until_it_is_a_primary);
    tcase_add_test(tests, a_server_that_refuses_writes_is_kept_and_named);
    tcase_add_test(tests, a_full_server_still_keeps_leases);
    tcase_add_test(tests, a_busy_server_is_named);
    tcase_add_test(tests, metadata_that_is_too_long_is_refused);
    tcase_add_test(tests, an_answer_may_submit);
    tcase_add_test(tests, an_answer_may_close_the_store);
    tcase_add_test(tests, an_unknown_answer_may_close_the_store);
    tcase_add_test(tests, a_store_closes_while_it_connects);
    tcase_add_test(tests, an_open_circuit_refuses_who_waits_and_nobody_else);
    tcase_add_test(tests, options_out_of_range_are_refused);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
