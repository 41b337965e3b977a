/* One question to a host: asked of real sockets on the loopback. */
#include "lib/diagnostics/probe.h"
#include "tests/unit/check_main.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000, SHORT_MS = 150, QUEUE_CALLERS = 8 };

enum manner { GOOD = 1, WRONG_ORIGINATE, KISS, SILENT, OTHER_PORT };

/* A time server inside the loop. */
struct server {
    uv_udp_t door, other_door;
    enum manner manner;
    int asked;
};

static uv_loop_t loop;
static int calls;
static struct probe_result got;

static void begin_test(void)
{
    calls = 0;
    got = (struct probe_result){0};
    ck_assert_int_eq(uv_loop_init(&loop), 0);
}

static void end_test(void)
{
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static void on_result(void *owner, const struct probe_result *result)
{
    (void)owner;
    calls++;
    got = *result;
}

static struct probe *start(enum probe_kind kind, const char *host, int port, int64_t limit_ms)
{
    struct probe_target target = {.kind = kind, .host = host, .port = port};
    struct probe *probe = probe_start(&loop, &target, limit_ms, on_result, NULL);
    ck_assert_ptr_nonnull(probe);
    ck_assert_int_eq(calls, 0);
    return probe;
}

static void ask(enum probe_kind kind, const char *host, int port, int64_t limit_ms)
{
    (void)start(kind, host, port, limit_ms);
    while (calls == 0 && uv_run(&loop, UV_RUN_ONCE) != 0) {
    }
    ck_assert_int_eq(calls, 1);
}

static void assert_failed(const char *status)
{
    ck_assert(!got.ok);
    ck_assert_str_eq(got.status, status);
    ck_assert_str_ne(got.error.text, "");
    ck_assert_int_lt(got.took_us, 0);
}

static int port_of(int fd)
{
    struct sockaddr_in name;
    socklen_t size = sizeof name;
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&name, &size), 0);
    return ntohs(name.sin_port);
}

/* A bound socket on 127.0.0.1 with a port of its own. */
static int bound(int type)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, type, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    return fd;
}

static void give_buffer(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
    static char bytes[512];
    (void)handle;
    (void)wanted;
    *buffer = uv_buf_init(bytes, sizeof bytes);
}

static void put(uint8_t *at, uint64_t number, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(number >> (8 * (bytes - 1 - i)));
    }
}

/* An hour ahead. */
static void write_answer(uint8_t packet[SNTP_PACKET_SIZE], const char *request)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    memset(packet, 0, SNTP_PACKET_SIZE);
    packet[0] = 4 << 3 | 4;
    packet[1] = 3;
    memcpy(packet + 24, request + 40, 8);
    for (int at = 32; at <= 40; at += 8) {
        put(packet + at, (uint64_t)now.tv_sec + 3600 + 2208988800u, 4);
        put(packet + at + 4, ((uint64_t)now.tv_nsec << 32) / 1000000000, 4);
    }
}

static void on_asked(uv_udp_t *door, ssize_t length, const uv_buf_t *buffer,
                     const struct sockaddr *from, unsigned flags)
{
    struct server *server = door->data;
    uint8_t packet[SNTP_PACKET_SIZE];
    uv_buf_t answer = uv_buf_init((char *)packet, sizeof packet);
    (void)flags;
    if (from == NULL || length != SNTP_PACKET_SIZE) {
        return;
    }
    server->asked++;
    write_answer(packet, buffer->base);
    if (server->manner == WRONG_ORIGINATE) {
        packet[24] ^= 1;
    } else if (server->manner == KISS) {
        packet[1] = 0;
        memcpy(packet + 12, "DENY", 4);
    }
    if (server->manner != SILENT) {
        uv_udp_t *out = server->manner == OTHER_PORT ? &server->other_door : door;
        ck_assert_int_eq(uv_udp_try_send(out, &answer, 1, from), SNTP_PACKET_SIZE);
    }
}

static int open_door(uv_udp_t *door)
{
    struct sockaddr_in name;
    uv_os_fd_t fd;
    ck_assert_int_eq(uv_udp_init(&loop, door), 0);
    ck_assert_int_eq(uv_ip4_addr("127.0.0.1", 0, &name), 0);
    ck_assert_int_eq(uv_udp_bind(door, (struct sockaddr *)&name, 0), 0);
    ck_assert_int_eq(uv_fileno((uv_handle_t *)door, &fd), 0);
    return port_of(fd);
}

static void ask_time(enum manner manner, int64_t limit_ms)
{
    struct server server = {.manner = manner};
    server.door.data = &server;
    int port = open_door(&server.door);
    (void)open_door(&server.other_door);
    ck_assert_int_eq(uv_udp_recv_start(&server.door, give_buffer, on_asked), 0);
    ask(PROBE_SNTP, "127.0.0.1", port, limit_ms);
    ck_assert_int_eq(server.asked, 1);
    uv_close((uv_handle_t *)&server.door, NULL);
    uv_close((uv_handle_t *)&server.other_door, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
}

START_TEST(a_port_that_somebody_listens_at_is_healthy)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost"};
    int fd = bound(SOCK_STREAM);
    ck_assert_int_eq(listen(fd, 8), 0);
    ask(PROBE_TCP, hosts[_i], port_of(fd), PATIENCE_MS);
    ck_assert(got.ok);
    ck_assert_str_eq(got.status, "ok");
    ck_assert_str_eq(got.error.text, "");
    ck_assert_int_ge(got.took_us, 0);
    (void)close(fd);
}
END_TEST

START_TEST(a_port_that_nobody_listens_at_refuses)
{
    int fd = bound(SOCK_STREAM); /* bound, so that nobody else takes the port */
    ask(PROBE_TCP, "127.0.0.1", port_of(fd), PATIENCE_MS);
    assert_failed("refused");
    (void)close(fd);
}
END_TEST

START_TEST(a_host_that_drops_the_call_ends_in_a_timeout)
{
    int callers[QUEUE_CALLERS];
    int fd = bound(SOCK_STREAM);
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)port_of(fd)),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    ck_assert_int_eq(listen(fd, 0), 0);
    for (int i = 0; i < QUEUE_CALLERS; i++) { /* a full queue: the kernel drops further calls */
        callers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(callers[i], (struct sockaddr *)&name, sizeof name);
    }
    ask(PROBE_TCP, "127.0.0.1", port_of(fd), SHORT_MS);
    assert_failed("timeout");
    for (int i = 0; i < QUEUE_CALLERS; i++) {
        (void)close(callers[i]);
    }
    (void)close(fd);
}
END_TEST

/* A label beyond 63 bytes is no name, which the resolver knows without asking anybody; a name
 * beyond 255 bytes is refused before that. */
START_TEST(a_name_that_cannot_be_resolved_is_told)
{
    char name[300];
    memset(name, 'a', sizeof name);
    name[_i] = '\0';
    ask(PROBE_TCP, name, 1, PATIENCE_MS);
    assert_failed("unresolved");
}
END_TEST

static void name_socket(char *path, size_t size)
{
    (void)snprintf(path, size, "/tmp/leaderd-test-probe-%d", (int)getpid());
    (void)unlink(path);
}

START_TEST(a_socket_of_this_host_that_listens_is_healthy)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    name_socket(name.sun_path, sizeof name.sun_path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    ask(PROBE_UNIX, name.sun_path, 0, PATIENCE_MS);
    assert_failed("refused");
    calls = 0;
    ck_assert_int_eq(listen(fd, 8), 0);
    ask(PROBE_UNIX, name.sun_path, 0, PATIENCE_MS);
    ck_assert(got.ok);
    (void)close(fd);
    (void)unlink(name.sun_path);
}
END_TEST

START_TEST(a_socket_that_is_not_there_is_told_by_its_path)
{
    char path[64];
    name_socket(path, sizeof path);
    ask(PROBE_UNIX, path, 0, PATIENCE_MS);
    assert_failed("error");
    ck_assert_ptr_nonnull(strstr(got.error.text, path));
}
END_TEST

/* Cut to what fits, it would be another socket's path: here one that listens. */
START_TEST(a_path_that_is_too_long_is_not_cut)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    char path[sizeof name.sun_path + 8];
    size_t most = sizeof name.sun_path - 1;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int lead = snprintf(path, sizeof path, "/tmp/leaderd-test-probe-%d-", (int)getpid());
    memset(path + lead, 'x', sizeof path - (size_t)lead);
    path[sizeof path - 1] = '\0';
    memcpy(name.sun_path, path, most);
    (void)unlink(name.sun_path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    ck_assert_int_eq(listen(fd, 8), 0);
    ask(PROBE_UNIX, path, 0, PATIENCE_MS);
    assert_failed("error");
    (void)close(fd);
    (void)unlink(name.sun_path);
}
END_TEST

START_TEST(an_echo_comes_back_or_the_kernel_forbids_it)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);
    ask(PROBE_ICMP, "127.0.0.1", 0, PATIENCE_MS);
    if (fd >= 0) {
        ck_assert_msg(got.ok, "%s", got.error.text);
        (void)close(fd);
    } else {
        assert_failed("not_permitted");
        ck_assert_ptr_nonnull(strstr(got.error.text, "ping_group_range"));
    }
}
END_TEST

START_TEST(a_time_server_tells_the_time)
{
    ask_time(GOOD, PATIENCE_MS);
    ck_assert_msg(got.ok, "%s", got.error.text);
    ck_assert_int_eq(got.time.stratum, 3);
    ck_assert_int_ge(got.time.round_trip_us, 0);
    ck_assert_int_ge(got.time.offset_us, INT64_C(3590) * 1000000);
    ck_assert_int_le(got.time.offset_us, INT64_C(3610) * 1000000);
}
END_TEST

START_TEST(an_answer_to_another_request_is_not_heard)
{
    ask_time(WRONG_ORIGINATE, SHORT_MS);
    assert_failed("timeout");
}
END_TEST

START_TEST(an_answer_from_another_port_is_not_heard)
{
    ask_time(OTHER_PORT, SHORT_MS);
    assert_failed("timeout");
}
END_TEST

START_TEST(a_silent_time_server_ends_in_a_timeout)
{
    ask_time(SILENT, SHORT_MS);
    assert_failed("timeout");
}
END_TEST

START_TEST(a_kiss_of_death_is_passed_on)
{
    ask_time(KISS, PATIENCE_MS);
    assert_failed("bad_answer");
    ck_assert_str_eq(got.time.kiss, "DENY");
}
END_TEST

START_TEST(a_time_server_that_is_not_there_refuses)
{
    int fd = bound(SOCK_DGRAM);
    int port = port_of(fd);
    (void)close(fd);
    ask(PROBE_SNTP, "127.0.0.1", port, PATIENCE_MS);
    assert_failed("refused");
}
END_TEST

/* After each number of turns of the loop: before the lookup is answered, while it waits for the
 * answer, … The loop then ends by itself, and the sanitizer sees what is not freed. */
START_TEST(a_cancelled_probe_calls_nobody)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost"};
    static const enum probe_kind kinds[] = {PROBE_TCP, PROBE_SNTP};
    int fd = bound(SOCK_DGRAM); /* a silent time server */
    int stream = bound(SOCK_STREAM);
    for (int i = 0; i < 4; i++) {
        bool tcp = kinds[i / 2] == PROBE_TCP;
        struct probe *probe =
            start(kinds[i / 2], hosts[i % 2], port_of(tcp ? stream : fd), PATIENCE_MS);
        for (int turn = 0; turn < _i && !tcp; turn++) {
            (void)uv_run(&loop, UV_RUN_NOWAIT);
        }
        probe_cancel(probe);
        (void)uv_run(&loop, UV_RUN_DEFAULT);
        ck_assert_int_eq(calls, 0);
    }
    (void)close(fd);
    (void)close(stream);
}
END_TEST

static Suite *probe_suite(void)
{
    Suite *suite = suite_create("probe");
    TCase *rules = tcase_create("rules");
    tcase_set_timeout(rules, 60);
    tcase_add_checked_fixture(rules, begin_test, end_test);
    tcase_add_loop_test(rules, a_port_that_somebody_listens_at_is_healthy, 0, 2);
    tcase_add_test(rules, a_port_that_nobody_listens_at_refuses);
    tcase_add_test(rules, a_host_that_drops_the_call_ends_in_a_timeout);
    tcase_add_loop_test(rules, a_name_that_cannot_be_resolved_is_told, 70, 71);
    tcase_add_loop_test(rules, a_name_that_cannot_be_resolved_is_told, 299, 300);
    tcase_add_test(rules, a_socket_of_this_host_that_listens_is_healthy);
    tcase_add_test(rules, a_socket_that_is_not_there_is_told_by_its_path);
    tcase_add_test(rules, a_path_that_is_too_long_is_not_cut);
    tcase_add_test(rules, an_echo_comes_back_or_the_kernel_forbids_it);
    tcase_add_test(rules, a_time_server_tells_the_time);
    tcase_add_test(rules, an_answer_to_another_request_is_not_heard);
    tcase_add_test(rules, an_answer_from_another_port_is_not_heard);
    tcase_add_test(rules, a_silent_time_server_ends_in_a_timeout);
    tcase_add_test(rules, a_kiss_of_death_is_passed_on);
    tcase_add_test(rules, a_time_server_that_is_not_there_refuses);
    tcase_add_loop_test(rules, a_cancelled_probe_calls_nobody, 0, 4);
    suite_add_tcase(suite, rules);
    return suite;
}

CHECK_MAIN(probe_suite)
