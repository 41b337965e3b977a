/* Servers that are not, or no longer, what they should be: each is a few bytes from a listener in
 * the test's own loop. */
#include "tests/unit/store/redis_harness.h"

static struct client client;

/* Answers what was received by the next of its speeches; the last is repeated. */
struct stranger {
    uv_tcp_t listener;
    uv_tcp_t peers[8];
    int peer_count;
    int heard; /* how often bytes came */
    bool hang_up;
    const char *speeches[3];
    char input[65536];
    int port;
};

static struct stranger stranger;

static void on_input_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(stranger.input, sizeof stranger.input);
}

static void hang_up(uv_stream_t *peer)
{
    if (!uv_is_closing((uv_handle_t *)peer)) {
        uv_close((uv_handle_t *)peer, NULL);
    }
}

static void on_input(uv_stream_t *peer, ssize_t length, const uv_buf_t *buffer)
{
    (void)buffer;
    if (length < 0) {
        hang_up(peer);
        return;
    }
    const char *speech = stranger.speeches[stranger.heard];
    if (stranger.heard < 2 && stranger.speeches[stranger.heard + 1] != NULL) {
        stranger.heard++;
    }
    size_t size = strlen(speech);
    uv_buf_t out = uv_buf_init((char *)(uintptr_t)speech, (unsigned)size);
    if (size > 0) {
        ck_assert_int_eq(uv_try_write(peer, &out, 1), (int)size);
    }
    if (stranger.hang_up) {
        hang_up(peer);
    }
}

static void on_peer(uv_stream_t *listener, int status)
{
    ck_assert_int_eq(status, 0);
    uv_tcp_t *peer = &stranger.peers[stranger.peer_count++];
    ck_assert_int_eq(uv_tcp_init(&client.loop, peer), 0);
    ck_assert_int_eq(uv_accept(listener, (uv_stream_t *)peer), 0);
    ck_assert_int_eq(uv_read_start((uv_stream_t *)peer, on_input_room, on_input), 0);
    if (stranger.peer_count == sizeof stranger.peers / sizeof stranger.peers[0]) {
        uv_close((uv_handle_t *)listener, NULL);
    }
}

static struct redis_store_options listen_as(const char *first, const char *second)
{
    struct sockaddr_in address;
    client_init(&client);
    stranger = (struct stranger){.port = free_port(), .speeches = {first, second}};
    ck_assert_int_eq(uv_ip4_addr("127.0.0.1", stranger.port, &address), 0);
    ck_assert_int_eq(uv_tcp_init(&client.loop, &stranger.listener), 0);
    ck_assert_int_eq(uv_tcp_bind(&stranger.listener, (struct sockaddr *)&address, 0), 0);
    ck_assert_int_eq(uv_listen((uv_stream_t *)&stranger.listener, 8, on_peer), 0);
    struct server place = {.port = stranger.port};
    struct redis_store_options options = options_tcp(&place);
    options.client_name = NULL;
    options.connect_timeout_ms = 100;
    options.reconnect_min_ms = 60000; /* one attempt is enough */
    options.reconnect_max_ms = 60000;
    return options;
}

static void leave(void)
{
    store_close(client.store);
    if (!uv_is_closing((uv_handle_t *)&stranger.listener)) {
        uv_close((uv_handle_t *)&stranger.listener, NULL);
    }
    while (!client.closed) {
        (void)uv_run(&client.loop, UV_RUN_ONCE);
    }
    for (int i = 0; i < stranger.peer_count; i++) {
        hang_up((uv_stream_t *)&stranger.peers[i]);
    }
    client_stop(&client);
}

static const struct {
    const char *speech, *code, *words;
} strangers[] = {
    {"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "malformed",
     "does not speak the Redis protocol: it answered \"HTTP/1.1 400 Bad Request\""},
    {"SSH-2.0-OpenSSH_9.2\r\n", "malformed", "it answered \"SSH-2.0-OpenSSH_9.2\""},
    {"ERROR\r\n", "malformed", "it answered \"ERROR\""},
    {"+OK POP3 ready\r\n", "malformed", "it answered \"+OK POP3 ready\""},
    {"\x15\x03\x01\x01\x02\x02\x16", "malformed", "speaks TLS only"},
    {":1\r\n", "malformed", "it answered \":1\""},
    {"*1\r\n$4\r\nPONG\r\n", "malformed", "does not speak the Redis protocol"},
    {"-LOADING Redis is loading the dataset in memory\r\n", "LOADING", "still loading"},
    {"-ERR max number of clients reached\r\n", "MAXCLIENTS", "raise its maxclients"},
    {"", "timeout", "did not answer within 100 ms"},
};

START_TEST(a_stranger_is_described)
{
    struct redis_store_options options = listen_as(strangers[_i].speech, NULL);
    client_open(&client, &options);
    run_until(&client, client.downs == 1);
    ck_assert_str_eq(client.down_code, strangers[_i].code);
    ck_assert_msg(strstr(client.down_problem.text, strangers[_i].words) != NULL, "%s",
                  client.down_problem.text);
    ck_assert_int_eq(client.ups, 0);
    ck_assert_int_eq(client.failures, 1);
    leave();
}
END_TEST

START_TEST(who_hangs_up_is_reported)
{
    struct redis_store_options options = listen_as("", NULL);
    stranger.hang_up = true;
    client_open(&client, &options);
    run_until(&client, client.downs == 1);
    ck_assert_str_eq(client.down_code, "EOF");
    ck_assert_ptr_nonnull(
        strstr(client.down_problem.text, "closed the connection before it answered"));
    leave();
}
END_TEST

START_TEST(a_password_that_comes_back_is_not_repeated)
{
    struct redis_store_options options = listen_as("-WRONGPASS hunter2 is wrong\r\n", NULL);
    options.password = "hunter2";
    client_open(&client, &options);
    run_until(&client, client.downs == 1);
    ck_assert_str_eq(client.down_code, "WRONGPASS");
    ck_assert_ptr_null(strstr(client.down_problem.text, "hunter2"));
    leave();
}
END_TEST

/* Greets like Redis, then answers the script with something else. */
static const char *const lies[] = {
    "+OK\r\n",
    ":1\r\n",
    "$-1\r\n",
    "*-1\r\n",
    "*0\r\n",
    ("*17\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n"
     ":1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n"),
    "HTTP/1.1 200 OK\r\n\r\n",
    "*2147483647\r\n",
    "+OK\r\n+OK\r\n+OK\r\n",
};

START_TEST(a_lie_makes_the_call_unknown_and_ends_the_connection)
{
    struct redis_store_options options = listen_as("+PONG\r\n", lies[_i]);
    struct test_call calls[2];
    client_open(&client, &options);
    run_until(&client, client.ups == 1);
    struct lease_request request = request_of(LEASE_ACQUIRE, "billing");
    for (int i = 0; i < 2; i++) {
        calls[i] = (struct test_call){.call = {.answer = test_call_answered}};
        store_submit(client.store, &calls[i].call, &request, 60000);
    }
    run_until(&client, calls[0].answers == 1 && calls[1].answers == 1);
    ck_assert_int_eq(calls[0].reply.outcome, LEASE_UNKNOWN);
    ck_assert_str_eq(calls[0].reply.error, "malformed");
    ck_assert_int_eq(calls[1].reply.outcome, LEASE_UNKNOWN);
    ck_assert_str_eq(client.down_code, "malformed");
    leave();
}
END_TEST

START_TEST(an_answer_nobody_asked_for_ends_the_connection)
{
    struct redis_store_options options = listen_as("+PONG\r\n+OK\r\n", NULL);
    client_open(&client, &options);
    run_until(&client, client.downs == 1);
    ck_assert_int_eq(client.ups, 1);
    ck_assert_str_eq(client.down_code, "malformed");
    leave();
}
END_TEST

/* A server without EVAL that claims for ever not to know the script. */
START_TEST(a_script_is_not_sent_for_ever)
{
    struct redis_store_options options =
        listen_as("+PONG\r\n", "-NOSCRIPT No matching script. Please use EVAL.\r\n");
    struct test_call call;
    client_open(&client, &options);
    run_until(&client, client.ups == 1);
    ck_assert_int_eq(ask_verb(&client, &call, LEASE_ACQUIRE)->outcome, LEASE_FAILED);
    ck_assert_str_eq(call.reply.error, "NOSCRIPT");
    leave();
}
END_TEST

START_TEST(an_old_server_whose_memory_is_full_is_named)
{
    struct redis_store_options options = listen_as("+PONG\r\n", "-OOM command not allowed\r\n");
    stranger.speeches[2] = "-ERR Error compiling script (new function): unexpected symbol\r\n";
    struct test_call call;
    client_open(&client, &options);
    run_until(&client, client.ups == 1);
    ck_assert_int_eq(ask_verb(&client, &call, LEASE_ACQUIRE)->outcome, LEASE_FAILED);
    ck_assert_str_eq(call.reply.error, "OOM");
    ck_assert_ptr_nonnull(strstr(call.reply.problem.text, "its memory is full"));
    leave();
}
END_TEST

START_TEST(a_holder_does_not_sit_out_a_long_wait)
{
    struct redis_store_options options = listen_as("-LOADING x\r\n", "+PONG\r\n");
    struct test_call call;
    client_open(&client, &options);
    run_until(&client, client.downs == 1);
    ck_assert_int_eq(ask_verb(&client, &call, LEASE_RENEW)->outcome, LEASE_FAILED);
    run_until(&client, client.ups == 1); /* the wait was to be up to 60 s */
    leave();
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof(table)[0])

static Suite *make_suite(void)
{
    Suite *suite = suite_create("redis stranger");
    TCase *tests = tcase_create("stranger");
    tcase_set_timeout(tests, 20);
    tcase_add_loop_test(tests, a_stranger_is_described, 0, COUNT(strangers));
    tcase_add_test(tests, who_hangs_up_is_reported);
    tcase_add_test(tests, a_password_that_comes_back_is_not_repeated);
    tcase_add_loop_test(tests, a_lie_makes_the_call_unknown_and_ends_the_connection, 0,
                        COUNT(lies));
    tcase_add_test(tests, an_answer_nobody_asked_for_ends_the_connection);
    tcase_add_test(tests, a_script_is_not_sent_for_ever);
    tcase_add_test(tests, an_old_server_whose_memory_is_full_is_named);
    tcase_add_test(tests, a_holder_does_not_sit_out_a_long_wait);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
