/* What an SNTP answer is worth. */
#include "lib/diagnostics/sntp_packet.h"
#include "tests/unit/check_main.h"

#include <string.h>

static const uint64_t nonce = UINT64_C(0x0123456789abcdef);
static const int64_t sent_us = INT64_C(1795516642000000);
static const int64_t received_us = INT64_C(1795516642010000);

static void put(uint8_t *at, uint64_t number, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(number >> (8 * (bytes - 1 - i)));
    }
}

static void put_time(uint8_t *at, int64_t wall_us)
{
    put(at, (uint64_t)(wall_us / 1000000) + 2208988800u, 4);
    put(at + 4, ((uint64_t)(wall_us % 1000000) << 32) / 1000000, 4);
}

/* A good answer of a server that is `ahead_us` ahead. */
static void answer(uint8_t packet[SNTP_PACKET_SIZE], int64_t ahead_us)
{
    memset(packet, 0, SNTP_PACKET_SIZE);
    packet[0] = 4 << 3 | 4;
    packet[1] = 2;
    put(packet + 24, nonce, 8);
    put_time(packet + 32, sent_us + 5000 + ahead_us);
    put_time(packet + 40, sent_us + 5000 + ahead_us);
}

static enum sntp_verdict judge(const uint8_t *packet, struct sntp_result *result)
{
    struct problem problem;
    return sntp_read(packet, SNTP_PACKET_SIZE, nonce, sent_us, received_us, result, &problem);
}

START_TEST(the_request_says_nothing_but_the_nonce)
{
    uint8_t packet[SNTP_PACKET_SIZE];
    uint8_t nothing[SNTP_PACKET_SIZE] = {0};
    sntp_request(packet, nonce);
    ck_assert_int_eq(packet[0], 0x23);
    ck_assert_mem_eq(packet + 1, nothing, 39);
    put(nothing, nonce, 8);
    ck_assert_mem_eq(packet + 40, nothing, 8);
}
END_TEST

START_TEST(offset_and_round_trip_are_measured)
{
    uint8_t packet[SNTP_PACKET_SIZE];
    struct sntp_result result;
    answer(packet, -7000000);
    ck_assert_int_eq(judge(packet, &result), SNTP_GOOD);
    ck_assert_int_le(result.offset_us, -6999990);
    ck_assert_int_ge(result.offset_us, -7000010);
    ck_assert_int_ge(result.round_trip_us, 9990);
    ck_assert_int_eq(result.stratum, 2);
}
END_TEST

START_TEST(another_ones_answer_is_none)
{
    uint8_t packet[SNTP_PACKET_SIZE];
    struct sntp_result result;
    struct problem problem;
    answer(packet, 0);
    ck_assert_int_eq(sntp_read(packet, 47, nonce, sent_us, received_us, &result, &problem),
                     SNTP_FOREIGN);
    packet[31] ^= 1;
    ck_assert_int_eq(judge(packet, &result), SNTP_FOREIGN);
}
END_TEST

START_TEST(an_answer_that_contradicts_itself_is_refused)
{
    static const struct {
        size_t at;
        uint8_t value;
    } flaws[] = {
        {0, 4 << 3 | 3},        /* a client's */
        {0, 0xc0 | 4 << 3 | 4}, /* not synchronized */
        {0, 5 << 3 | 4},        /* version 5 */
        {1, 16},                /* stratum */
        {5, 9},                 /* root delay of 9 s */
        {9, 9},                 /* root dispersion */
        {32, 0xff},             /* received after it was sent back */
    };
    for (size_t i = 0; i < sizeof flaws / sizeof flaws[0]; i++) {
        uint8_t packet[SNTP_PACKET_SIZE];
        struct sntp_result result;
        answer(packet, 0);
        packet[flaws[i].at] = flaws[i].value;
        ck_assert_msg(judge(packet, &result) == SNTP_BAD, "flaw %zu", i);
    }
}
END_TEST

START_TEST(a_kiss_of_death_is_understood)
{
    uint8_t packet[SNTP_PACKET_SIZE];
    struct sntp_result result;
    answer(packet, 0);
    packet[1] = 0;
    memcpy(packet + 12, "RATE", 4);
    ck_assert_int_eq(judge(packet, &result), SNTP_KISS);
    ck_assert_str_eq(result.kiss, "RATE");
}
END_TEST

/* For this reason, not because such a time contradicts the others. */
START_TEST(an_answer_without_a_time_is_refused)
{
    for (size_t at = 32; at <= 40; at += 8) {
        uint8_t packet[SNTP_PACKET_SIZE];
        struct sntp_result result;
        struct problem problem = {0};
        answer(packet, 0);
        put(packet + at, 0, 8);
        ck_assert_int_eq(
            sntp_read(packet, sizeof packet, nonce, sent_us, received_us, &result, &problem),
            SNTP_BAD);
        ck_assert_str_eq(problem.text, "the server's answer holds no time");
    }
}
END_TEST

/* The exchange took 10 ms for us: the server cannot have thought for longer than that. */
START_TEST(a_round_trip_below_zero_is_refused)
{
    uint8_t packet[SNTP_PACKET_SIZE];
    struct sntp_result result;
    answer(packet, 0);
    put_time(packet + 40, sent_us + 5000 + 10900); /* within the steps of a clock */
    ck_assert_int_eq(judge(packet, &result), SNTP_GOOD);
    ck_assert_int_eq(result.round_trip_us, 0);
    put_time(packet + 40, sent_us + 5000 + 12000);
    ck_assert_int_eq(judge(packet, &result), SNTP_BAD);
}
END_TEST

START_TEST(a_round_trip_beyond_the_limit_is_refused)
{
    uint8_t packet[SNTP_PACKET_SIZE];
    struct sntp_result result;
    struct problem problem;
    answer(packet, 0);
    ck_assert_int_eq(
        sntp_read(packet, sizeof packet, nonce, sent_us, sent_us + 4999000, &result, &problem),
        SNTP_GOOD);
    ck_assert_int_eq(
        sntp_read(packet, sizeof packet, nonce, sent_us, sent_us + 5001000, &result, &problem),
        SNTP_BAD);
}
END_TEST

START_TEST(the_edges_of_version_and_stratum_are_good)
{
    static const uint8_t edges[][2] = {{1 << 3 | 4, 1}, {4 << 3 | 4, 15}};
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        uint8_t packet[SNTP_PACKET_SIZE];
        struct sntp_result result;
        answer(packet, 0);
        memcpy(packet, edges[i], 2);
        ck_assert_int_eq(judge(packet, &result), SNTP_GOOD);
        ck_assert_int_eq(result.stratum, edges[i][1]);
    }
}
END_TEST

/* Half the root delay and all of the root dispersion count against 1.5 s, and into the bound. */
START_TEST(the_servers_own_uncertainty_is_bounded)
{
    uint8_t packet[SNTP_PACKET_SIZE];
    struct sntp_result result;
    answer(packet, 0);
    put(packet + 4, 1 << 16, 4);
    put(packet + 8, 0xffff, 4);
    ck_assert_int_eq(judge(packet, &result), SNTP_GOOD);
    ck_assert_int_ge(result.bound_us, 1500000);
    put(packet + 8, 1 << 16, 4);
    ck_assert_int_eq(judge(packet, &result), SNTP_BAD);
}
END_TEST

/* It goes to logs and terminals. */
START_TEST(a_kiss_of_death_holds_letters_only)
{
    uint8_t packet[SNTP_PACKET_SIZE];
    struct sntp_result result;
    answer(packet, 0);
    packet[1] = 0;
    memcpy(packet + 12, "\033R\0\377", 4);
    ck_assert_int_eq(judge(packet, &result), SNTP_KISS);
    ck_assert_str_eq(result.kiss, "?R??");
}
END_TEST

START_TEST(the_era_after_2036_is_understood)
{
    const int64_t then_us =
        INT64_C(2086000000) * 1000000; /* in February 2036 the count began anew */
    uint8_t packet[SNTP_PACKET_SIZE];
    struct sntp_result result;
    struct problem problem;
    answer(packet, 0);
    put_time(packet + 32, then_us + 5000);
    put_time(packet + 40, then_us + 5000);
    ck_assert_int_eq(
        sntp_read(packet, sizeof packet, nonce, then_us, then_us + 10000, &result, &problem),
        SNTP_GOOD);
    ck_assert_int_lt(result.offset_us < 0 ? -result.offset_us : result.offset_us, 10);
}
END_TEST

static Suite *sntp_suite(void)
{
    Suite *suite = suite_create("sntp");
    TCase *rules = tcase_create("rules");
    tcase_add_test(rules, the_request_says_nothing_but_the_nonce);
    tcase_add_test(rules, offset_and_round_trip_are_measured);
    tcase_add_test(rules, another_ones_answer_is_none);
    tcase_add_test(rules, an_answer_that_contradicts_itself_is_refused);
    tcase_add_test(rules, a_kiss_of_death_is_understood);
    tcase_add_test(rules, an_answer_without_a_time_is_refused);
    tcase_add_test(rules, a_round_trip_below_zero_is_refused);
    tcase_add_test(rules, a_round_trip_beyond_the_limit_is_refused);
    tcase_add_test(rules, the_edges_of_version_and_stratum_are_good);
    tcase_add_test(rules, the_servers_own_uncertainty_is_bounded);
    tcase_add_test(rules, a_kiss_of_death_holds_letters_only);
    tcase_add_test(rules, the_era_after_2036_is_understood);
    suite_add_tcase(suite, rules);
    return suite;
}

CHECK_MAIN(sntp_suite)
