#include "daemon/http_answer.h"

#include "tests/unit/check_main.h"

#include <string.h>

static struct http_answer answer;

static void set_up(void)
{
    http_answer_init(&answer);
}

static void tear_down(void)
{
    http_answer_free(&answer);
}

static const struct {
    const char *wire, *body;
    int status;
} good[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc", 200},
    {"HTTP/1.1 503 No\r\nX: y\r\ncontent-length:3\r\n\r\nabcNEXT", "abc", 503},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", 200},
    {"HTTP/1.1 204 Empty\r\n\r\n", "", 204},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\nx", "x", 404},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\nA\r\n0123456789\r\n2;a=b\r\nxy\r\n0\r\n"
     "\r\n",
     "0123456789xy", 200},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 99\r\n\r\n1\r\nx\r\n0\r\n",
     "x", 200},
};

/* The pieces in which bytes arrive must not matter. */
START_TEST(an_answer_may_come_in_any_pieces)
{
    const char *wire = good[_i].wire;
    for (size_t piece = 1; piece <= strlen(wire); piece++) {
        http_answer_free(&answer);
        for (size_t at = 0; at < strlen(wire); at += piece) {
            size_t left = strlen(wire) - at;
            (void)http_answer_feed(&answer, wire + at, left < piece ? left : piece);
        }
        ck_assert_int_eq(answer.stage, HTTP_ANSWER_DONE);
        ck_assert_int_eq(answer.status, good[_i].status);
        ck_assert_str_eq(answer.body.length > 0 ? answer.body.bytes : "", good[_i].body);
    }
}
END_TEST

START_TEST(an_unsized_body_ends_with_the_connection)
{
    static const char wire[] = "HTTP/1.0 200 OK\r\n\r\nabc";
    ck_assert_int_eq(http_answer_feed(&answer, wire, sizeof wire - 1), HTTP_ANSWER_BODY);
    ck_assert_int_eq(http_answer_end(&answer), HTTP_ANSWER_DONE);
    ck_assert_str_eq(answer.body.bytes, "abc");
}
END_TEST

START_TEST(an_answer_that_is_cut_short_is_broken)
{
    const char *wire = good[_i].wire;
    size_t whole = strstr(wire, "NEXT") != NULL ? strlen(wire) - 4 : strlen(wire);
    for (size_t length = 0; length < whole; length++) {
        http_answer_free(&answer);
        if (http_answer_feed(&answer, wire, length) != HTTP_ANSWER_DONE) {
            ck_assert_int_eq(http_answer_end(&answer), HTTP_ANSWER_BROKEN);
        }
    }
}
END_TEST

START_TEST(a_head_without_end_is_broken)
{
    static char line[1000];
    memset(line, 'x', sizeof line);
    size_t fed = 0;
    while (http_answer_feed(&answer, line, sizeof line) == HTTP_ANSWER_HEAD) {
        fed += sizeof line;
        ck_assert_uint_le(fed, HTTP_ANSWER_HEAD_MAX + sizeof line);
    }
    ck_assert_int_eq(answer.stage, HTTP_ANSWER_BROKEN);
}
END_TEST

START_TEST(changed_bytes_never_do_harm)
{
    unsigned state = 7;
    for (int round = 0; round < 20000; round++) {
        char wire[200];
        size_t length = strlen(good[_i].wire);
        memcpy(wire, good[_i].wire, length);
        for (int change = 0; change < 4; change++) {
            state = state * 1103515245u + 12345u;
            wire[(state >> 16) % length] = (char)(state >> 8);
        }
        http_answer_free(&answer);
        (void)http_answer_feed(&answer, wire, length / 2);
        (void)http_answer_feed(&answer, wire + length / 2, length - length / 2);
        enum http_answer_stage end = http_answer_end(&answer);
        ck_assert(end == HTTP_ANSWER_DONE || end == HTTP_ANSWER_BROKEN);
    }
}
END_TEST

static Suite *http_answer_suite(void)
{
    Suite *suite = suite_create("http_answer");
    TCase *rules = tcase_create("rules");
    int count = sizeof good / sizeof good[0];
    tcase_add_checked_fixture(rules, set_up, tear_down);
    tcase_add_loop_test(rules, an_answer_may_come_in_any_pieces, 0, count);
    tcase_add_test(rules, an_unsized_body_ends_with_the_connection);
    tcase_add_loop_test(rules, an_answer_that_is_cut_short_is_broken, 0, count);
    tcase_add_test(rules, a_head_without_end_is_broken);
    tcase_add_loop_test(rules, changed_bytes_never_do_harm, 0, count);
    suite_add_tcase(suite, rules);
    return suite;
}

CHECK_MAIN(http_answer_suite)
