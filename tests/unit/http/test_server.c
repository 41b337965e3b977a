/* A real server on the loop of the test, and clients of blocking sockets in a thread of their own.
 */
#include "lib/http/http.h"
#include "tests/unit/check_main.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { PARKED_MAX = 1100, ANSWER_MAX = 65536, WAIT_S = 30, BIG = 16 * 1024 * 1024 };
enum { TCP, CONTROL, PROBE, DOORS };

/* What the handlers share with the test. They run on the loop, the clients in a thread: a client
 * looks at `parked` and `gone` by asking for /numbers only. */
static struct stage {
    uv_loop_t loop;
    struct http_server *server;
    uv_async_t wake; /* a client asks for `order` */
    void (*order)(void);
    uv_sem_t obeyed;
    int ports[DOORS];
    char path[64];
    struct http_call *parked[PARKED_MAX];
    size_t parked_count, gone;
    bool stopped, stop_asked;
} stage;

static void answer_text(struct http_call *call, int status, const char *text)
{
    struct text body = {0};
    text_add(&body, text);
    http_call_answer(call, status, "text/plain", &body);
}

static void on_hello(void *owner, struct http_call *call)
{
    (void)owner;
    answer_text(call, 200, "hello\n");
}

static void on_name(void *owner, struct http_call *call)
{
    (void)owner;
    answer_text(call, 200, http_call_name(call));
}

static void on_echo(void *owner, struct http_call *call)
{
    size_t length = 0;
    const char *bytes = http_call_body(call, &length);
    struct text body = {0};
    (void)owner;
    text_add_bytes(&body, bytes, length);
    http_call_answer(call, 200, "text/plain", &body);
}

static void on_check(void *owner, struct http_call *call)
{
    (void)owner;
    answer_text(call, 503, "no\n");
}

static void on_big(void *owner, struct http_call *call)
{
    static char block[65536];
    struct text body = {0};
    (void)owner;
    memset(block, 'x', sizeof block);
    for (size_t i = 0; i < BIG / sizeof block; i++) {
        text_add_bytes(&body, block, sizeof block);
    }
    http_call_answer(call, 200, "text/plain", &body);
}

static void on_numbers(void *owner, struct http_call *call)
{
    char line[128];
    struct http_numbers numbers;
    uint64_t late = 0;
    uint64_t count = 0;
    const char *reason;
    (void)owner;
    for (size_t i = 0; (reason = http_server_rejected(stage.server, i, &count)) != NULL; i++) {
        late += strcmp(reason, "timeout") == 0 ? count : 0;
    }
    http_server_numbers(stage.server, &numbers);
    (void)snprintf(line, sizeof line, "parked=%zu gone=%zu connections=%d watchers=%d late=%d\n",
                   stage.parked_count, stage.gone, (int)numbers.connections, (int)numbers.watchers,
                   (int)late);
    answer_text(call, 200, line);
}

static void on_gone(void *data)
{
    struct http_call *call = data;
    size_t at = 0;
    while (stage.parked[at] != call) {
        at++;
    }
    stage.parked[at] = stage.parked[--stage.parked_count];
    stage.gone++;
}

static void on_wait(void *owner, struct http_call *call)
{
    (void)owner;
    ck_assert_uint_lt(stage.parked_count, PARKED_MAX);
    if (http_call_park(call, true, on_gone, call)) {
        stage.parked[stage.parked_count++] = call;
    }
}

static void answer_parked(void)
{
    while (stage.parked_count > 0) {
        answer_text(stage.parked[--stage.parked_count], 200, "change\n");
    }
}

static void change_token(void)
{
    ck_assert(http_server_set_token(stage.server, "second"));
}

static void decorate(void *owner, struct http_call *call)
{
    (void)owner;
    http_call_header(call, "X-Decorated", "yes");
}

static const char *const hello_names[] = {"a", "b", NULL};
static const struct http_route routes[] = {
    {"/hello", HTTP_GET, HTTP_READ, false, HTTP_JSON | HTTP_TEXT, hello_names, on_hello},
    {"/things/{name}", HTTP_GET, HTTP_READ, false, HTTP_TEXT, NULL, on_name},
    {"/echo", HTTP_POST, HTTP_CONTROL, false, HTTP_JSON | HTTP_TEXT, NULL, on_echo},
    {"/check", HTTP_GET, HTTP_PROBE, true, HTTP_JSON | HTTP_TEXT, NULL, on_check},
    {"/big", HTTP_GET, HTTP_READ, false, HTTP_TEXT, NULL, on_big},
    {"/numbers", HTTP_GET, HTTP_PROBE, false, HTTP_TEXT, NULL, on_numbers},
    {"/wait", HTTP_GET, HTTP_READ, false, HTTP_JSON, NULL, on_wait},
};

static void on_stopped(void *owner)
{
    (void)owner;
    stage.stopped = true;
    uv_close((uv_handle_t *)&stage.wake, NULL);
}

static void stop(void)
{
    stage.stop_asked = true;
    stage.parked_count = 0; /* answered by the server, without `gone` */
    http_server_stop(stage.server, on_stopped, NULL);
}

static void on_wake(uv_async_t *wake)
{
    (void)wake;
    stage.order();
    uv_sem_post(&stage.obeyed);
}

/* From the client's thread: has the loop do something, and waits until it is done. */
static void command(void (*order)(void))
{
    stage.order = order;
    uv_async_send(&stage.wake);
    uv_sem_wait(&stage.obeyed);
}

static void start_server(int64_t max_connections, int64_t max_watchers)
{
    struct problem problem = {0};
    static char suffix[] = "*.example";
    char *const hosts[] = {suffix};
    stage = (struct stage){0};
    (void)snprintf(stage.path, sizeof stage.path, "/tmp/leaderd-test-%d.sock", (int)getpid());
    struct http_listener listeners[DOORS] = {
        [TCP] = {"127.0.0.1:0", NULL, 0, "127.0.0.1", 0, HTTP_CONTROL, true, false},
        [CONTROL] = {stage.path, stage.path, 0600, NULL, 0, HTTP_CONTROL, false, false},
        [PROBE] = {"127.0.0.1:0", NULL, 0, "127.0.0.1", 0, HTTP_PROBE, true, false}};
    struct http_options options = {.listeners = listeners,
                                   .listener_count = DOORS,
                                   .routes = routes,
                                   .route_count = sizeof routes / sizeof routes[0],
                                   .allowed_hosts = hosts,
                                   .allowed_host_count = 1,
                                   .token = "first",
                                   .max_connections = max_connections,
                                   .max_watchers = max_watchers,
                                   .decorate = decorate};
    ck_assert_int_eq(uv_loop_init(&stage.loop), 0);
    ck_assert_int_eq(uv_sem_init(&stage.obeyed, 0), 0);
    ck_assert_int_eq(uv_async_init(&stage.loop, &stage.wake, on_wake), 0);
    stage.server = http_server_new(&stage.loop, &options, &problem);
    ck_assert_msg(stage.server != NULL, "%s", problem.text);
    for (size_t i = 0; i < DOORS; i++) {
        stage.ports[i] = http_server_port(stage.server, i);
    }
}

static void *run_client(void *data)
{
    void (*client)(void) = *(void (**)(void))data;
    client();
    if (!stage.stop_asked) {
        command(stop);
    }
    return NULL;
}

/* Serves until the client has done its part and all is closed. */
static void serve(int64_t max_connections, int64_t max_watchers, void (*client)(void))
{
    pthread_t thread;
    start_server(max_connections, max_watchers);
    ck_assert_int_eq(pthread_create(&thread, NULL, run_client, (void *)&client), 0);
    ck_assert_int_eq(uv_run(&stage.loop, UV_RUN_DEFAULT), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert(stage.stopped);
    ck_assert_int_eq(uv_loop_close(&stage.loop), 0);
    uv_sem_destroy(&stage.obeyed);
    ck_assert_int_ne(access(stage.path, F_OK), 0);
}

/* The client's side. */

static int dial(int door)
{
    struct sockaddr_in tcp = {.sin_family = AF_INET,
                              .sin_port = htons((uint16_t)stage.ports[door])};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = WAIT_S};
    bool is_local = door == CONTROL;
    tcp.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)snprintf(local.sun_path, sizeof local.sun_path, "%s", stage.path);
    int fd = socket(is_local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    int connected = is_local ? connect(fd, (struct sockaddr *)&local, sizeof local)
                             : connect(fd, (struct sockaddr *)&tcp, sizeof tcp);
    ck_assert_int_eq(connected, 0);
    return fd;
}

static void say(int fd, const char *bytes)
{
    ck_assert_int_eq(send(fd, bytes, strlen(bytes), MSG_NOSIGNAL), (ssize_t)strlen(bytes));
}

/* Bytes that one answer still lacks; 0 when it is whole. Its header is never in pieces here. */
static bool is_whole(const char *answer, bool head)
{
    const char *end = strstr(answer, "\r\n\r\n");
    const char *length = strcasestr(answer, "\r\nContent-Length: ");
    if (end == NULL) {
        return false;
    }
    size_t body = length != NULL && length < end && !head ? strtoul(length + 18, NULL, 10) : 0;
    return strlen(end + 4) >= body;
}

/* Reads one answer; "" when the connection ended instead. */
static const char *hear(int fd, bool head)
{
    static _Thread_local char answer[ANSWER_MAX];
    size_t length = 0;
    answer[0] = '\0';
    while (!is_whole(answer, head) && length + 1 < sizeof answer) {
        /* Byte by byte, so that nothing of the next answer is taken. */
        ssize_t got = recv(fd, answer + length, 1, 0);
        if (got <= 0) {
            ck_assert_msg(got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK), "no answer");
            break;
        }
        answer[++length] = '\0';
    }
    return answer;
}

static bool has_ended(int fd)
{
    return hear(fd, false)[0] == '\0';
}

static int status_of(const char *answer)
{
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? atoi(answer + 9) : 0;
}

static const char *ask(int fd, const char *line, const char *headers)
{
    char request[8192];
    (void)snprintf(request, sizeof request, "%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", line,
                   headers);
    say(fd, request);
    return hear(fd, strncmp(line, "HEAD", 4) == 0);
}

static void expect(int fd, const char *line, const char *headers, int status, const char *part)
{
    const char *answer = ask(fd, line, headers);
    ck_assert_msg(status_of(answer) == status && strstr(answer, part) != NULL,
                  "%s %s: expected %d %s, got %s", line, headers, status, part, answer);
}

/* Asks until the numbers say `part`: nothing else tells what the loop has seen. */
static void await_numbers(const char *part)
{
    int fd = dial(PROBE);
    while (strstr(ask(fd, "GET /numbers", ""), part) == NULL) {
    }
    close(fd);
}

static void refusals_keep_the_connection(void)
{
    static const struct {
        const char *line, *headers;
        int status;
        const char *part;
    } rows[] = {
        {"GET /nosuch", "", 404, "\"code\":\"not_found\""},
        {"GET /nosuch?format=text", "", 404, "\r\n\r\nerror: "},
        {"GET /hello?c=1", "", 400, "\"code\":\"unknown_parameter\""},
        {"GET /hello?a=1&a=2", "", 400, "\"code\":\"repeated_parameter\""},
        {"GET /hello?format=xml", "", 400, "\"code\":\"bad_parameter\""},
        {"GET /wait?format=json", "", 400, "\"code\":\"unknown_parameter\""},
        {"POST /hello", "", 405, "Allow: GET, HEAD, OPTIONS\r\n"},
        {"GET /echo", "Authorization: Bearer first\r\n", 405, "Allow: POST, OPTIONS\r\n"},
        {"OPTIONS /hello", "", 204, "Allow: GET, HEAD, OPTIONS\r\n"},
        {"OPTIONS /check", "", 503, "\r\n\r\nno\n"},
        {"HEAD /check", "", 503, "Retry-After: 1\r\n"},
        {"GET /hello", "Accept: image/png\r\n", 406, "\"code\":\"not_acceptable\""},
        {"GET /hello", "Sec-Fetch-Site: cross-site\r\n", 403, "\"code\":\"cross_site\""},
        {"GET /hello", "Origin: http://evil.test\r\n", 403, "\"code\":\"cross_site\""},
        {"POST /echo", "", 401, "WWW-Authenticate: Bearer\r\n"},
        {"POST /echo", "Authorization: Bearer second\r\n", 401, "\"code\":\"unauthorized\""},
        {"GET /things/a%20b", "", 200, "\r\n\r\na b"},
        {"GET /hello", "", 200, "X-Decorated: yes\r\n"},
    };
    int fd = dial(TCP);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect(fd, rows[i].line, rows[i].headers, rows[i].status, rows[i].part);
    }
    say(fd, "GET /hello HTTP/1.1\r\nHost: evil.test\r\n\r\n");
    ck_assert_int_eq(status_of(hear(fd, false)), 421);
    say(fd, "GET /hello HTTP/1.1\r\nHost: a.example\r\n\r\n");
    ck_assert_int_eq(status_of(hear(fd, false)), 200);
    close(fd);
}

START_TEST(what_is_refused_by_a_rule_keeps_the_connection)
{
    serve(256, 16, refusals_keep_the_connection);
}
END_TEST

static void bad_shapes_end_the_connection(void)
{
#define HELLO_LINE "GET /hello HTTP/1.1\r\n"
#define ECHO_HEAD "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
    static const struct {
        const char *request;
        int status;
    } rows[] = {
        {HELLO_LINE "\r\n", 400},
        {HELLO_LINE "Host: a\r\nHost: a\r\n\r\n", 400},
        {HELLO_LINE "Host: a\r\nX : y\r\n\r\n", 400},
        {ECHO_HEAD "Content-Length: 2\r\nContent-Length: 2\r\n\r\n", 400},
        {ECHO_HEAD "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {ECHO_HEAD "Transfer-Encoding: gzip\r\n\r\n", 400},
        {ECHO_HEAD "Content-Length: 4097\r\n\r\n", 413},
        {"GET /hello%00 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"nonsense\r\n\r\n", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int fd = dial(CONTROL);
        say(fd, rows[i].request);
        int status = status_of(hear(fd, false));
        ck_assert_msg(status == rows[i].status, "%s: %d", rows[i].request, status);
        ck_assert(has_ended(fd));
        close(fd);
    }
}

START_TEST(what_has_no_sure_length_ends_the_connection)
{
    serve(256, 16, bad_shapes_end_the_connection);
}
END_TEST

static void sizes(void)
{
    static char request[16384];
    static char filler[8192];
    memset(filler, 'a', sizeof filler - 1);
    static const struct {
        const char *format;
        int length, status;
    } rows[] = {{"GET /hello?%.*s HTTP/1.1\r\nHost: h\r\n\r\n", 2048 - 20, 400},
                {"GET /hello?%.*s HTTP/1.1\r\nHost: h\r\n\r\n", 2048 - 19, 414},
                {"GET /hello HTTP/1.1\r\nHost: h\r\nX: %.*s\r\n\r\n", 8192 - 9 - 5, 200},
                {"GET /hello HTTP/1.1\r\nHost: h\r\nX: %.*s\r\n\r\n", 8192 - 9 - 4, 431},
                {ECHO_HEAD "Content-Length: 4096\r\n\r\n%.*s", 4096, 200}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int fd = dial(CONTROL);
        (void)snprintf(request, sizeof request, rows[i].format, rows[i].length, filler);
        say(fd, request);
        int status = status_of(hear(fd, false));
        ck_assert_msg(status == rows[i].status, "row %zu: %d", i, status);
        close(fd);
    }
}

START_TEST(the_limits_of_sizes_are_exact)
{
    serve(256, 16, sizes);
}
END_TEST

static void bodies(void)
{
    int fd = dial(CONTROL);
    say(fd, ECHO_HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n1\r\n \r\n0\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(hear(fd, false), "\r\n\r\n{} "));
    say(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: "
            "2\r\n\r\n{}");
    ck_assert_int_eq(status_of(hear(fd, false)), 415);
    expect(fd, "POST /echo", "Content-Length: 0\r\n", 200, "");
    close(fd);
}

START_TEST(a_body_is_json_by_length_or_in_chunks)
{
    serve(256, 16, bodies);
}
END_TEST

static void pipeline(void)
{
    int fd = dial(TCP);
    for (int i = 0; i < 50; i++) {
        say(fd, "GET /things/one HTTP/1.1\r\nHost: localhost\r\n\r\n"
                "GET /nosuch HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    for (int i = 0; i < 50; i++) {
        ck_assert_int_eq(status_of(hear(fd, false)), 200);
        ck_assert_int_eq(status_of(hear(fd, false)), 404);
    }
    close(fd);
}

START_TEST(pipelined_requests_are_answered_in_order)
{
    serve(256, 16, pipeline);
}
END_TEST

static void roles(void)
{
    int fd = dial(PROBE);
    expect(fd, "GET /check", "", 503, "no\n");
    expect(fd, "GET /hello", "", 403, "role_too_low");
    expect(fd, "POST /echo", "Authorization: Bearer first\r\n", 403, "role_too_low");
    close(fd);
}

START_TEST(a_listener_serves_its_role_and_those_below)
{
    serve(256, 16, roles);
}
END_TEST

static void tokens(void)
{
    int fd = dial(TCP);
    expect(fd, "POST /echo", "Authorization: Bearer first\r\n", 200, "");
    command(change_token);
    expect(fd, "POST /echo", "Authorization: Bearer first\r\n", 401, "");
    expect(fd, "POST /echo", "Authorization: Bearer second\r\n", 200, "");
    close(fd);
}

START_TEST(a_changed_token_holds_for_connections_that_are_open)
{
    serve(256, 16, tokens);
}
END_TEST

#define WAIT "GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n"

static void park_and_answer(void)
{
    int fd = dial(TCP);
    say(fd, WAIT "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await_numbers("parked=1 ");
    command(answer_parked);
    ck_assert_ptr_nonnull(strstr(hear(fd, false), "change\n"));
    ck_assert_ptr_nonnull(strstr(hear(fd, false), "hello\n"));
    close(fd);
}

START_TEST(a_parked_call_is_answered_and_then_what_was_pipelined_behind_it)
{
    serve(256, 16, park_and_answer);
}
END_TEST

static void park_and_go(void)
{
    int fds[] = {dial(TCP), dial(CONTROL), dial(TCP)};
    for (size_t i = 0; i < 3; i++) {
        say(fds[i], WAIT);
    }
    await_numbers("parked=3 gone=0 ");
    close(fds[0]);
    close(fds[1]);
    await_numbers("parked=1 gone=2 connections=1 watchers=1 ");
    command(answer_parked);
    ck_assert_int_eq(status_of(hear(fds[2], false)), 200);
    close(fds[2]);
    await_numbers("parked=0 gone=2 connections=1 watchers=0 ");
}

START_TEST(a_client_that_hangs_up_while_parked_is_told_to_its_owner_once)
{
    serve(256, 16, park_and_go);
}
END_TEST

static void too_many_watchers(void)
{
    int fds[] = {dial(TCP), dial(TCP), dial(TCP)};
    say(fds[0], WAIT);
    say(fds[1], WAIT);
    await_numbers("parked=2 ");
    expect(fds[2], "GET /wait", "", 429, "Retry-After: 1\r\n");
    close(fds[0]);
    await_numbers("parked=1 gone=1 connections=2 watchers=1 ");
    say(fds[2], WAIT);
    await_numbers("parked=2 ");
    for (size_t i = 1; i < 3; i++) {
        close(fds[i]);
    }
}

static void watchers_that_hang_up(void)
{
    enum { WATCHERS = 300 }; /* far more than max_connections */
    int fds[WATCHERS];
    for (size_t i = 0; i < WATCHERS; i++) {
        fds[i] = dial(TCP);
        say(fds[i], WAIT);
        char parked[32];
        (void)snprintf(parked, sizeof parked, "parked=%zu ", i + 1);
        await_numbers(parked);
    }
    for (size_t i = 0; i < WATCHERS; i++) {
        close(fds[i]);
    }
    for (int i = 0; i < 50; i++) {
        int fd = dial(PROBE);
        expect(fd, "GET /numbers", "", 200, "parked=");
        close(fd);
    }
    await_numbers("parked=0 gone=300 connections=1 watchers=0 ");
}

/* Those that hung up are no ordinary connections until they are closed: a probe gets in. */
START_TEST(watchers_that_hang_up_take_nobodys_place)
{
    serve(32, 300, watchers_that_hang_up);
}
END_TEST

START_TEST(watchers_beyond_their_limit_are_refused)
{
    serve(256, 2, too_many_watchers);
}
END_TEST

enum { CROWD = 1000 };

static void crowd(void)
{
    static int fds[CROWD];
    for (size_t i = 0; i < CROWD; i++) {
        fds[i] = dial(TCP);
        say(fds[i], WAIT);
    }
    for (int round = 0; round < 3; round++) {
        await_numbers("parked=1000 gone=0 connections=1 watchers=1000 ");
        command(answer_parked);
        for (size_t i = 0; i < CROWD; i++) {
            ck_assert_int_eq(status_of(hear(fds[i], false)), 200);
        }
        for (size_t i = 0; i < CROWD; i++) {
            say(fds[i], WAIT);
        }
    }
    await_numbers("parked=1000 ");
    for (size_t i = 0; i < CROWD; i++) {
        close(fds[i]);
    }
    await_numbers("parked=0 gone=1000 connections=1 watchers=0 ");
}

START_TEST(a_thousand_watchers_are_answered_in_one_go_and_poll_again)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    serve(256, CROWD, crowd);
}
END_TEST

static void few_connections(void)
{
    int fds[32];
    for (size_t i = 0; i < 32; i++) {
        fds[i] = dial(TCP);
        expect(fds[i], "GET /hello", "", i < 16 ? 200 : 503,
               i < 16 ? "hello" : "Connection: close");
        if (i >= 16) {
            close(fds[i]);
            fds[i] = dial(TCP);
            expect(fds[i], "GET /check", "", 503, "no\n");
        }
    }
    int last = dial(CONTROL);
    ck_assert_int_eq(status_of(hear(last, false)), 503);
    ck_assert(has_ended(last));
    close(last);
    for (size_t i = 0; i < 32; i++) {
        close(fds[i]);
    }
}

START_TEST(the_last_sixteen_connections_are_for_probes_and_beyond_them_nobody_is_heard)
{
    serve(32, 16, few_connections);
}
END_TEST

static void stop_with_parked(void)
{
    int parked = dial(TCP);
    int idle = dial(CONTROL);
    int half = dial(TCP);
    expect(idle, "GET /hello", "", 200, "hello");
    say(half, "GET /hel");
    say(parked, WAIT);
    await_numbers("parked=1 ");
    command(stop);
    const char *answer = hear(parked, false);
    ck_assert_int_eq(status_of(answer), 503);
    ck_assert_ptr_nonnull(strstr(answer, "shutting_down"));
    ck_assert_ptr_nonnull(strstr(answer, "Connection: close\r\n"));
    ck_assert(has_ended(parked));
    ck_assert(has_ended(idle));
    ck_assert(has_ended(half));
    close(parked);
    close(idle);
    close(half);
}

START_TEST(a_stop_answers_the_parked_and_ends_every_connection)
{
    serve(256, 16, stop_with_parked);
}
END_TEST

static void nothing(void)
{
}

START_TEST(a_stop_without_connections_ends_at_once)
{
    serve(256, 16, nothing);
}
END_TEST

static void slow_request(void)
{
    int fd = dial(TCP);
    int body = dial(TCP);
    say(fd, "GET /hello HTTP/1.1\r\nHost: loc");
    say(body, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{");
    ck_assert(has_ended(fd));
    ck_assert(has_ended(body));
    await_numbers("late=2");
    close(fd);
    close(body);
}

START_TEST(a_request_that_is_not_whole_in_time_is_dropped)
{
    serve(256, 16, slow_request);
}
END_TEST

static void slow_reader(void)
{
    int fds[] = {dial(TCP), dial(CONTROL)};
    for (size_t i = 0; i < 2; i++) {
        say(fds[i], "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    await_numbers("connections=3 ");
    await_numbers("connections=1 watchers=0 late=2");
    for (size_t i = 0; i < 2; i++) {
        close(fds[i]);
    }
}

START_TEST(who_does_not_read_the_answer_is_dropped)
{
    serve(256, 16, slow_reader);
}
END_TEST

static Suite *suite(void)
{
    Suite *all = suite_create("http server");
    TCase *tests = tcase_create("server");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, what_is_refused_by_a_rule_keeps_the_connection);
    tcase_add_test(tests, what_has_no_sure_length_ends_the_connection);
    tcase_add_test(tests, the_limits_of_sizes_are_exact);
    tcase_add_test(tests, a_body_is_json_by_length_or_in_chunks);
    tcase_add_test(tests, pipelined_requests_are_answered_in_order);
    tcase_add_test(tests, a_listener_serves_its_role_and_those_below);
    tcase_add_test(tests, a_changed_token_holds_for_connections_that_are_open);
    tcase_add_test(tests, a_parked_call_is_answered_and_then_what_was_pipelined_behind_it);
    tcase_add_test(tests, a_client_that_hangs_up_while_parked_is_told_to_its_owner_once);
    tcase_add_test(tests, watchers_beyond_their_limit_are_refused);
    tcase_add_test(tests, watchers_that_hang_up_take_nobodys_place);
    tcase_add_test(tests, a_thousand_watchers_are_answered_in_one_go_and_poll_again);
    tcase_add_test(tests,
                   the_last_sixteen_connections_are_for_probes_and_beyond_them_nobody_is_heard);
    tcase_add_test(tests, a_stop_answers_the_parked_and_ends_every_connection);
    tcase_add_test(tests, a_stop_without_connections_ends_at_once);
    tcase_add_test(tests, a_request_that_is_not_whole_in_time_is_dropped);
    tcase_add_test(tests, who_does_not_read_the_answer_is_dropped);
    suite_add_tcase(all, tests);
    return all;
}

CHECK_MAIN(suite)
