#include "lib/store/redis/redis_store.h"
#include "lib/store/redis/script.h"
#include "lib/store/redis/sha1.h"
#include "tests/unit/check_main.h"

#include <string.h>

#define I "00112233445566778899aabbccddeeff"

/* An answer with one item after the other; `%` stands for the end of a line. */
#define GOOD                                                                               \
    "*17%$7%renewed%$3%v:1%$16%1700000000000000%$1%h%$2%42%$1%3%$32%" I "%$2%me%$5%15000%" \
    "$16%1700000015000000%$16%1700000000000000%$16%1699999990000000%$4%abcd%$1%0%$2%{}%$1%1%:2%"

static struct resp_value *read_value(const char *pattern)
{
    struct resp_reader *reader = resp_reader_new();
    struct resp_value *value = NULL;
    struct text wire = {0};
    for (const char *at = pattern; *at != '\0'; at++) {
        text_add_bytes(&wire, *at == '%' ? "\r\n" : at, *at == '%' ? 2 : 1);
    }
    resp_feed(reader, wire.bytes, wire.length);
    ck_assert_int_eq(resp_next(reader, &value), RESP_READY);
    resp_reader_free(reader);
    text_free(&wire);
    return value;
}

START_TEST(an_answer_is_read_whole)
{
    struct lease_reply reply;
    struct resp_value *value = read_value(GOOD);
    ck_assert(script_read_answer(value, &reply));
    ck_assert_int_eq(reply.outcome, LEASE_RENEWED);
    ck_assert_str_eq(reply.version, "v:1");
    ck_assert_int_eq(reply.server_us, INT64_C(1700000000000000));
    ck_assert_int_eq(reply.record.state, LEASE_HELD);
    ck_assert_int_eq(reply.record.term, 42);
    ck_assert_int_eq(reply.record.n, 3);
    ck_assert_str_eq(reply.record.instance, I);
    ck_assert_str_eq(reply.record.participant, "me");
    ck_assert_int_eq(reply.record.lease_ms, 15000);
    ck_assert_int_eq(reply.left_ms, 15000);
    ck_assert_int_eq(reply.age_ms, 0);
    ck_assert_str_eq(reply.record.reign, "abcd");
    ck_assert_str_eq(reply.record.meta, "{}");
    ck_assert(reply.fresh);
    ck_assert_int_eq(reply.listeners, 2);
    ck_assert(reply.replicated);
    resp_free(value);
}
END_TEST

/* Each is the good answer with one flaw, or something else altogether. */
static const char *const hostile[] = {
    "+OK%",
    ":1%",
    "$-1%",
    "*-1%",
    "*0%",
    "$7%renewed%",
    "*1%$7%renewed%",
    "*2%*1%:1%*1%:2%",
    "*17%:1%:1%:1%:1%:1%:1%:1%:1%:1%:1%:1%:1%:1%:1%:1%:1%:1%",
    "*17%$-1%$-1%$-1%$-1%$-1%$-1%$-1%$-1%$-1%$-1%$-1%$-1%$-1%$-1%$-1%$-1%$-1%",
    "*17%*0%*0%*0%*0%*0%*0%*0%*0%*0%*0%*0%*0%*0%*0%*0%*0%*0%",
};

START_TEST(what_is_no_answer_is_refused)
{
    struct lease_reply reply;
    struct resp_value *value = read_value(hostile[_i]);
    ck_assert(!script_read_answer(value, &reply));
    resp_free(value);
}
END_TEST

static const struct {
    const char *good, *bad;
} flaws[] = {
    {"$7%renewed%", "$7%renewal%"},
    {"$7%renewed%", "$0%%"},
    {"$7%renewed%", ":7%"},
    {"$1%h%", "$1%x%"},
    {"$1%h%", "$0%%"},
    {"$1%h%", "$2%hh%"},
    {"$2%42%", "$2%-1%"},
    {"$2%42%", "$3%4.2%"},
    {"$2%42%", "$0%%"},
    {"$2%42%", "$3%inf%"},
    {"$2%42%", "$16%9007199254740992%"},
    {"$2%42%", "$20%18446744073709551616%"},
    {"$2%42%", ":42%"},
    {"$32%" I "%", "$33%" I "0%"},
    {"$3%v:1%", "$-1%"},
    {"$4%abcd%", "$65%00000000000000000000000000000000000000000000000000000000000000000%"},
    {"$4%abcd%", "$4%ab\001d%"}, /* 001 becomes a NUL */
    {"$2%{}%", "$-1%"},
    {"$2%{}%", "*0%"},
    {"$1%1%:2%", "$1%2%:2%"},
    {"$1%1%:2%", "$1%1%:-2%"},
    {"$1%1%:2%", "$1%1%$1%2%"},
    {"*17%", "*16%"},
};

START_TEST(one_flaw_spoils_the_answer)
{
    char pattern[1024];
    const char *at = strstr(GOOD, flaws[_i].good);
    ck_assert_ptr_nonnull(at);
    (void)snprintf(pattern, sizeof pattern, "%.*s%s%s", (int)(at - GOOD), GOOD, flaws[_i].bad,
                   at + strlen(flaws[_i].good));
    struct lease_reply reply;
    struct resp_value *value = read_value(pattern);
    for (size_t i = 0; i < value->count; i++) {
        char *nul = memchr(value->items[i]->bytes, 1, value->items[i]->length);
        if (nul != NULL) {
            *nul = '\0';
        }
    }
    ck_assert(!script_read_answer(value, &reply));
    resp_free(value);
}
END_TEST

START_TEST(metadata_beyond_its_maximum_is_refused)
{
    struct text pattern = {0};
    struct lease_reply reply;
    const char *at = strstr(GOOD, "$2%{}%");
    text_add_bytes(&pattern, GOOD, (size_t)(at - GOOD));
    text_addf(&pattern, "$%d%%", REDIS_META_MAX + 1);
    for (int i = 0; i <= REDIS_META_MAX; i++) {
        text_add(&pattern, "x");
    }
    text_add(&pattern, at + strlen("$2%{}"));
    struct resp_value *value = read_value(pattern.bytes);
    ck_assert(!script_read_answer(value, &reply));
    resp_free(value);
    text_free(&pattern);
}
END_TEST

/* Every beginning of an answer, and every answer with one byte changed: no crash, no endless loop.
 */
START_TEST(cut_and_bent_answers_do_no_harm)
{
    char wire[1024];
    size_t length = 0;
    for (const char *at = GOOD; *at != '\0'; at++) {
        if (*at == '%') {
            wire[length++] = '\r';
            wire[length++] = '\n';
        } else {
            wire[length++] = *at;
        }
    }
    for (size_t place = 0; place < length; place++) {
        for (int byte = 0; byte < 256; byte++) {
            char was = wire[place];
            wire[place] = (char)byte;
            struct resp_reader *reader = resp_reader_new();
            struct resp_value *value = NULL;
            struct lease_reply reply;
            resp_feed(reader, wire, length);
            while (resp_next(reader, &value) == RESP_READY) {
                (void)!script_read_answer(value, &reply);
                resp_free(value);
            }
            resp_reader_free(reader);
            wire[place] = was;
        }
    }
}
END_TEST

static const char *const broken[] = {
    "HTTP/1.1 400 Bad Request\r\n\r\n",
    "*4097\r\n",
    "*2147483647\r\n",
    "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
    "$99999999999999999999\r\n",
};

START_TEST(what_is_not_the_protocol_breaks_the_stream_for_good)
{
    struct resp_reader *reader = resp_reader_new();
    struct resp_value *value = NULL;
    resp_feed(reader, broken[_i], strlen(broken[_i]));
    ck_assert_int_eq(resp_next(reader, &value), RESP_BROKEN);
    ck_assert_str_ne(resp_reader_error(reader), "");
    resp_feed(reader, "+OK\r\n", 5);
    ck_assert_int_eq(resp_next(reader, &value), RESP_BROKEN);
    resp_reader_free(reader);
}
END_TEST

START_TEST(a_value_without_end_breaks_the_stream)
{
    static char bytes[65536];
    struct resp_reader *reader = resp_reader_new();
    struct resp_value *value = NULL;
    enum resp_progress progress = RESP_MORE;
    memset(bytes, 'x', sizeof bytes);
    resp_feed(reader, "$536870000\r\n", 12);
    for (int i = 0; i < 20 && progress == RESP_MORE; i++) {
        resp_feed(reader, bytes, sizeof bytes);
        progress = resp_next(reader, &value);
    }
    ck_assert_int_eq(progress, RESP_BROKEN);
    resp_reader_free(reader);
}
END_TEST

START_TEST(values_may_arrive_byte_by_byte)
{
    static const char wire[] = "*2\r\n$2\r\nab\r\n:-7\r\n+PONG\r\n";
    struct resp_reader *reader = resp_reader_new();
    struct resp_value *value = NULL;
    int values = 0;
    for (size_t i = 0; i < sizeof wire - 1; i++) {
        resp_feed(reader, wire + i, 1);
        while (resp_next(reader, &value) == RESP_READY) {
            values++;
            if (values == 1) {
                ck_assert_str_eq(resp_text(value->items[0]), "ab");
                ck_assert_int_eq(value->items[1]->integer, -7);
            }
            resp_free(value);
        }
    }
    ck_assert_int_eq(values, 2);
    resp_reader_free(reader);
}
END_TEST

START_TEST(a_request_becomes_a_command)
{
    struct lease_request request = {.verb = LEASE_ACQUIRE,
                                    .instance = I,
                                    .participant = "me",
                                    .meta = "{}",
                                    .lease_ms = 15000,
                                    .term = 41,
                                    .version = "v:1",
                                    .force = true,
                                    .transient = true};
    struct script_context context = {
        .key = "p:e", .channel = "p:e:events", .reign = "ab", .restart_guard = true};
    struct text arguments = {0}, command = {0};
    script_add_arguments(&arguments, &request, &context);
    script_add_by_name(&command, SCRIPT_PLAIN, &arguments);
    const char *tail = "$1\r\n1\r\n$3\r\np:e\r\n$7\r\nacquire\r\n$32\r\n" I
                       "\r\n$2\r\nme\r\n$5\r\n15000\r\n$2\r\n41\r\n$3\r\nv:1\r\n$1\r\n1\r\n"
                       "$1\r\n0\r\n$2\r\n{}\r\n$10\r\np:e:events\r\n$2\r\nab\r\n$1\r\n1\r\n"
                       "$5\r\n60000\r\n";
    ck_assert_str_eq(arguments.bytes, tail);
    ck_assert_int_eq(strncmp(command.bytes, "*17\r\n$7\r\nEVALSHA\r\n$40\r\n", 23), 0);
    ck_assert_str_eq(command.bytes + command.length - strlen(tail), tail);
    text_free(&arguments);
    text_free(&command);
}
END_TEST

static const struct {
    size_t length;
    const char *digest;
} digests[] = {
    {0, "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
    {1, "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"},
    {55, "c1c8bbdc22796e28c0e15163d20899b65621d65a"},
    {56, "c2db330f6083854c99d4b5bfb6e8f29f201be699"},
    {63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5"},
    {64, "0098ba824b5c16427bd7a1122a5a442a25ec644d"},
    {65, "11655326c708d70319be2610e8a57d9a5b959d3b"},
    {1000, "291e9a6c66994949b57ba5e650361e98fc36b1ba"},
};

START_TEST(scripts_are_named_by_their_digest)
{
    char bytes[1000], digest[SHA1_HEX_SIZE];
    memset(bytes, 'a', sizeof bytes);
    sha1_hex(bytes, digests[_i].length, digest);
    ck_assert_str_eq(digest, digests[_i].digest);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof(table)[0])

static Suite *make_suite(void)
{
    Suite *suite = suite_create("redis script");
    TCase *tests = tcase_create("script");
    tcase_add_test(tests, an_answer_is_read_whole);
    tcase_add_loop_test(tests, what_is_no_answer_is_refused, 0, COUNT(hostile));
    tcase_add_loop_test(tests, one_flaw_spoils_the_answer, 0, COUNT(flaws));
    tcase_add_test(tests, metadata_beyond_its_maximum_is_refused);
    tcase_add_test(tests, cut_and_bent_answers_do_no_harm);
    tcase_add_loop_test(tests, what_is_not_the_protocol_breaks_the_stream_for_good, 0,
                        COUNT(broken));
    tcase_add_test(tests, a_value_without_end_breaks_the_stream);
    tcase_add_test(tests, values_may_arrive_byte_by_byte);
    tcase_add_test(tests, a_request_becomes_a_command);
    tcase_add_loop_test(tests, scripts_are_named_by_their_digest, 0, COUNT(digests));
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
