/* An HTTP question, asked of a server in the same loop that answers in the manner of each test. */
#include "lib/diagnostics/probe.h"
#include "tests/unit/check_main.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static uv_loop_t loop;
static struct server {
    uv_tcp_t door, client;
    const char *const *pieces; /* of the answer, one a turn; then it hangs up */
    char heard[1024];
    size_t heard_length;
    uv_timer_t pace;
} server;
static struct probe_result got;
static bool done;

static void on_result(void *owner, const struct probe_result *result)
{
    (void)owner;
    got = *result;
    done = true;
}

static void give_buffer(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
    (void)handle;
    (void)wanted;
    *buffer = uv_buf_init(server.heard + server.heard_length,
                          (unsigned)(sizeof server.heard - 1 - server.heard_length));
}

static void on_pace(uv_timer_t *timer)
{
    if (*server.pieces == NULL) {
        uv_timer_stop(timer);
        uv_close((uv_handle_t *)&server.client, NULL);
        return;
    }
    uv_buf_t piece =
        uv_buf_init((char *)(uintptr_t)*server.pieces, (unsigned)strlen(*server.pieces));
    server.pieces++;
    (void)uv_try_write((uv_stream_t *)&server.client, &piece, 1);
}

static void on_heard(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    (void)stream;
    (void)buffer;
    if (length > 0) {
        server.heard_length += (size_t)length;
        server.heard[server.heard_length] = '\0';
        if (strstr(server.heard, "\r\n\r\n") != NULL) {
            uv_timer_start(&server.pace, on_pace, 0, 1);
        }
    }
}

static void on_call(uv_stream_t *door, int status)
{
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(uv_tcp_init(&loop, &server.client), 0);
    ck_assert_int_eq(uv_accept(door, (uv_stream_t *)&server.client), 0);
    (void)uv_read_start((uv_stream_t *)&server.client, give_buffer, on_heard);
}

static void close_all(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

/* Asks a server that answers with `pieces`. */
static void ask(const char *const *pieces, const char *host)
{
    struct sockaddr_storage address = {0};
    int size = sizeof address;
    bool bare = strchr(host, ':') != NULL;
    server = (struct server){.pieces = pieces};
    done = false;
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    uv_tcp_init(&loop, &server.door);
    uv_timer_init(&loop, &server.pace);
    if (bare) {
        uv_ip6_addr(host, 0, (struct sockaddr_in6 *)&address);
    } else {
        uv_ip4_addr(host, 0, (struct sockaddr_in *)&address);
    }
    ck_assert_int_eq(uv_tcp_bind(&server.door, (struct sockaddr *)&address, 0), 0);
    ck_assert_int_eq(uv_listen((uv_stream_t *)&server.door, 4, on_call), 0);
    ck_assert_int_eq(uv_tcp_getsockname(&server.door, (struct sockaddr *)&address, &size), 0);
    struct probe_target target = {.kind = PROBE_HTTP,
                                  .host = host,
                                  .port = ntohs(((struct sockaddr_in *)&address)->sin_port),
                                  .path = "/up?a=b"};
    ck_assert_ptr_nonnull(probe_start(&loop, &target, 5000, on_result, NULL));
    while (!done) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    uv_walk(&loop, close_all, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static const struct {
    const char *pieces[4];
    const char *status, *words;
} answers[] = {
    {{"HTTP/1.1 200 OK\r\n\r\n"}, "ok", ""},
    {{"HTTP/1.0 200 OK\r\n\r\n"}, "ok", ""},
    {{"HTTP/1.1 399\r\n\r\n"}, "ok", ""},
    {{"HT", "TP/1.1 2", "04 No Content\r\n\r\n"}, "ok", ""},
    {{"HTTP/1.1 199 \r\n\r\n"}, "bad_status", "answered with status 199"},
    {{"HTTP/1.1 400 \r\n\r\n"}, "bad_status", "answered with status 400"},
    {{"HTTP/1.1 503 Busy\r\n\r\n"}, "bad_status", "answered with status 503"},
    {{"HTTP/1.1 20"}, "bad_answer", "not HTTP"},
    {{"HTTP/2 200 OK\r\n\r\n"}, "bad_answer", "not HTTP"},
    {{"HTTP/1.1 +20 OK\r\n"}, "bad_answer", "not HTTP"},
    {{"HTTP/1."}, "bad_answer", "not HTTP"},
    {{"SSH-2.0-OpenSSH_9.2\r\n"}, "bad_answer", "not HTTP"},
    {{NULL}, "bad_answer", "not HTTP"},
};

START_TEST(the_status_line_decides)
{
    ask(answers[_i].pieces, "127.0.0.1");
    ck_assert_str_eq(got.status, answers[_i].status);
    ck_assert_int_eq(got.ok, strcmp(answers[_i].status, "ok") == 0);
    ck_assert_int_eq(got.took_us >= 0, got.ok);
    ck_assert_ptr_nonnull(strstr(got.error.text, answers[_i].words));
}
END_TEST

START_TEST(the_request_is_one_of_http_1_1)
{
    char port[32];
    ask(answers[0].pieces, "127.0.0.1");
    ck_assert_ptr_eq(strstr(server.heard, "GET /up?a=b HTTP/1.1\r\n"), server.heard);
    (void)snprintf(port, sizeof port, "\r\nHost: 127.0.0.1:");
    ck_assert_ptr_nonnull(strstr(server.heard, port));
    ck_assert_ptr_nonnull(strstr(server.heard, "\r\nConnection: close\r\n"));
}
END_TEST

START_TEST(an_address_of_ipv6_stands_in_brackets)
{
    ask(answers[0].pieces, "::1");
    ck_assert_ptr_nonnull(strstr(server.heard, "\r\nHost: [::1]:"));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("probe_http");
    TCase *tests = tcase_create("probe_http");
    tcase_add_loop_test(tests, the_status_line_decides, 0,
                        (int)(sizeof answers / sizeof answers[0]));
    tcase_add_test(tests, the_request_is_one_of_http_1_1);
    tcase_add_test(tests, an_address_of_ipv6_stands_in_brackets);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
