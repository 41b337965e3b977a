/* The table of rules, one sentence at a time. */
#include "lib/lease/lease.h"
#include "tests/unit/check_main.h"

#include <stdio.h>
#include <string.h>

#define ME "00112233445566778899aabbccddeeff"
#define OTHER "ffeeddccbbaa99887766554433221100"
#define NOW INT64_C(1700000000000000)
#define SECOND INT64_C(1000000)

static struct lease_record record;
static struct lease_server server;
static struct lease_reply reply;

static void on_an_empty_server(void)
{
    record = (struct lease_record){.state = LEASE_ABSENT, .meta = ""};
    server = (struct lease_server){
        .now_us = NOW, .term_floor_us = NOW, .reign = "first", .restart_guard = true};
}

static struct lease_request request_of(enum lease_verb verb, const char *instance)
{
    return (struct lease_request){.id = 42,
                                  .verb = verb,
                                  .election = "billing",
                                  .instance = instance,
                                  .participant = "node-1",
                                  .meta = "{}",
                                  .lease_ms = 15000,
                                  .version = ""};
}

static enum lease_outcome apply(const struct lease_request *request)
{
    struct lease_record before = record;
    bool written = lease_apply(&record, request, &server, &reply);
    if (!written) {
        ck_assert_mem_eq(&record, &before, sizeof record);
    }
    ck_assert_uint_eq(reply.id, 42);
    ck_assert_int_eq(reply.server_us, server.now_us);
    return reply.outcome;
}

static enum lease_outcome say(enum lease_verb verb, const char *instance)
{
    struct lease_request request = request_of(verb, instance);
    return apply(&request);
}

static enum lease_outcome number(enum lease_verb verb, int64_t term, int64_t n, int64_t n_acked)
{
    struct lease_request request = request_of(verb, ME);
    request.term = term;
    request.n = n;
    request.n_acked = n_acked;
    return apply(&request);
}

static int64_t lead(void)
{
    (void)say(LEASE_BOOTSTRAP, ME);
    ck_assert_int_eq(say(LEASE_ACQUIRE, ME), LEASE_ACQUIRED);
    return record.term;
}

static enum lease_outcome take_over(const char *version, bool force)
{
    struct lease_request request = request_of(LEASE_ACQUIRE, OTHER);
    char seen[LEASE_VERSION_SIZE];
    (void)snprintf(seen, sizeof seen, "%s", version);
    request.version = seen;
    request.force = force;
    return apply(&request);
}

START_TEST(whoever_finds_nothing_writes_a_guard_and_waits)
{
    ck_assert_int_eq(say(LEASE_ACQUIRE, ME), LEASE_GUARDED);
    ck_assert_int_eq(record.state, LEASE_GUARD);
    ck_assert_int_eq(record.n, NOW);
    ck_assert_int_eq(record.end_us, NOW + 15 * SECOND);
    ck_assert_int_eq(reply.left_ms, 15000);
    ck_assert_str_eq(record.meta, "");
    ck_assert_int_eq(say(LEASE_ACQUIRE, ME), LEASE_SEEN);
}
END_TEST

START_TEST(without_the_guard_nothing_counts_as_released)
{
    server.restart_guard = false;
    ck_assert_int_eq(say(LEASE_ACQUIRE, ME), LEASE_ACQUIRED);
    ck_assert(reply.fresh);
}
END_TEST

START_TEST(two_guards_never_look_alike)
{
    char first[LEASE_VERSION_SIZE];
    (void)say(LEASE_ACQUIRE, ME);
    (void)snprintf(first, sizeof first, "%s", reply.version);
    on_an_empty_server();
    server.now_us++;
    (void)say(LEASE_ACQUIRE, ME);
    ck_assert_str_ne(reply.version, first);
}
END_TEST

START_TEST(a_new_reign_of_the_server_is_another_version)
{
    (void)lead();
    char first[LEASE_VERSION_SIZE];
    (void)snprintf(first, sizeof first, "%s", reply.version);
    server.reign = "second";
    ck_assert_int_eq(say(LEASE_OBSERVE, ME), LEASE_SEEN);
    ck_assert_str_ne(reply.version, first);
    ck_assert(!reply.fresh);
    ck_assert_int_eq(take_over(first, true), LEASE_SEEN);
}
END_TEST

START_TEST(an_unknown_reign_makes_nothing_fresh)
{
    server.reign = "";
    ck_assert_int_eq(say(LEASE_BOOTSTRAP, ME), LEASE_OPENED);
    ck_assert(!reply.fresh);
    ck_assert_int_eq(say(LEASE_ACQUIRE, ME), LEASE_SEEN);
}
END_TEST

START_TEST(terms_are_the_greatest_of_all_that_is_known_and_the_time)
{
    static const struct {
        int64_t stored, seen, clock, expected;
    } rows[] = {
        {0, 0, NOW, NOW},
        {NOW, 0, NOW, NOW + 1},
        {NOW + 7, 0, NOW, NOW + 8},
        {5, NOW + 9, NOW, NOW + 10},
        {5, 3, 0, 6},
        {LEASE_TERM_MAX - 2, 0, NOW, LEASE_TERM_MAX - 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        on_an_empty_server();
        (void)say(LEASE_BOOTSTRAP, ME);
        record.term = rows[i].stored;
        server.term_floor_us = rows[i].clock;
        struct lease_request request = request_of(LEASE_ACQUIRE, ME);
        request.term = rows[i].seen;
        ck_assert_int_eq(apply(&request), LEASE_ACQUIRED);
        ck_assert_int_eq(record.term, rows[i].expected);
        ck_assert_int_eq(record.n, 1);
    }
}
END_TEST

START_TEST(a_release_is_believed_in_its_own_reign_only)
{
    int64_t term = lead();
    ck_assert_int_eq(number(LEASE_RELEASE, term, 2, 1), LEASE_GAVE_UP);
    server.reign = "second";
    ck_assert_int_eq(say(LEASE_ACQUIRE, OTHER), LEASE_SEEN);
    server.reign = "first";
    ck_assert_int_eq(say(LEASE_ACQUIRE, OTHER), LEASE_ACQUIRED);
}
END_TEST

START_TEST(a_take_over_needs_the_version_and_the_clock_or_twice_the_wait)
{
    static const struct {
        bool same, past, force;
        enum lease_outcome expected;
    } rows[] = {
        {true, true, false, LEASE_ACQUIRED}, {true, false, true, LEASE_ACQUIRED},
        {true, true, true, LEASE_ACQUIRED},  {true, false, false, LEASE_SEEN},
        {false, true, true, LEASE_SEEN},     {false, false, false, LEASE_SEEN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        on_an_empty_server();
        (void)lead();
        char seen[LEASE_VERSION_SIZE];
        (void)snprintf(seen, sizeof seen, "%s", rows[i].same ? reply.version : "x:h:y:1:1");
        server.now_us += rows[i].past ? 15 * SECOND : 15 * SECOND - 1;
        ck_assert_int_eq(take_over(seen, rows[i].force), rows[i].expected);
    }
}
END_TEST

START_TEST(the_clock_alone_is_never_a_reason)
{
    (void)lead();
    server.now_us += 1000 * SECOND;
    ck_assert_int_eq(take_over("", true), LEASE_SEEN);
    ck_assert_int_eq(reply.left_ms, -985000);
    ck_assert_int_eq(reply.age_ms, 1000000);
}
END_TEST

START_TEST(a_renewal_makes_a_version_that_was_seen_another_one)
{
    int64_t term = lead();
    char seen[LEASE_VERSION_SIZE];
    (void)snprintf(seen, sizeof seen, "%s", reply.version);
    ck_assert_int_eq(number(LEASE_RENEW, term, 2, 1), LEASE_RENEWED);
    ck_assert_int_eq(take_over(seen, true), LEASE_SEEN);
}
END_TEST

START_TEST(the_holder_takes_anew_only_when_it_knows_its_term)
{
    int64_t term = lead();
    struct lease_request request = request_of(LEASE_ACQUIRE, ME);
    request.term = term - 1;
    ck_assert_int_eq(apply(&request), LEASE_SEEN);
    request.term = term;
    ck_assert_int_eq(apply(&request), LEASE_ACQUIRED);
    ck_assert_int_eq(record.term, term + 1);
}
END_TEST

START_TEST(numbers_of_a_holder_must_lie_in_their_window)
{
    static const struct {
        int64_t stored, n, acked;
        enum lease_outcome expected;
    } rows[] = {
        {5, 6, 5, LEASE_RENEWED},  {5, 9, 3, LEASE_RENEWED},  {5, 6, 0, LEASE_RENEWED},
        {5, 5, 4, LEASE_CONFLICT}, {5, 4, 3, LEASE_CONFLICT}, {5, 9, 6, LEASE_CONFLICT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        on_an_empty_server();
        int64_t term = lead();
        record.n = rows[i].stored;
        ck_assert_int_eq(number(LEASE_RENEW, term, rows[i].n, rows[i].acked), rows[i].expected);
        record.n = rows[i].stored;
        enum lease_outcome released = number(LEASE_RELEASE, term, rows[i].n, rows[i].acked);
        ck_assert_int_eq(released == LEASE_CONFLICT, rows[i].expected == LEASE_CONFLICT);
    }
}
END_TEST

START_TEST(a_renewal_counts_from_its_own_duration_and_text)
{
    int64_t term = lead();
    struct lease_request request = request_of(LEASE_RENEW, ME);
    request.term = term;
    request.n = 2;
    request.n_acked = 1;
    request.lease_ms = 60000;
    request.meta = "new";
    server.now_us += SECOND;
    ck_assert_int_eq(apply(&request), LEASE_RENEWED);
    ck_assert_int_eq(record.end_us, NOW + 61 * SECOND);
    ck_assert_int_eq(record.lease_ms, 60000);
    ck_assert_int_eq(record.acquired_us, NOW);
    ck_assert_int_eq(record.written_us, NOW + SECOND);
    ck_assert_ptr_eq(record.meta, request.meta);
}
END_TEST

START_TEST(lost_data_are_put_back_under_the_same_term)
{
    (void)say(LEASE_ACQUIRE, OTHER);
    ck_assert_int_eq(record.state, LEASE_GUARD);
    ck_assert_int_eq(number(LEASE_RENEW, 77, 5, 4), LEASE_REASSERTED);
    ck_assert_int_eq(record.term, 77);
    ck_assert_int_eq(record.unconfirmed, 5);
    ck_assert_int_eq(number(LEASE_RENEW, 77, 6, 4), LEASE_RENEWED);
    ck_assert_int_eq(record.unconfirmed, 5);
    ck_assert_int_eq(number(LEASE_RENEW, 77, 7, 6), LEASE_RENEWED);
    ck_assert_int_eq(record.unconfirmed, 0);
}
END_TEST

START_TEST(an_unconfirmed_lease_is_released_into_a_guard)
{
    ck_assert_int_eq(number(LEASE_RENEW, 77, 5, 4), LEASE_REASSERTED);
    ck_assert_int_eq(number(LEASE_RELEASE, 77, 6, 4), LEASE_GUARDED);
    ck_assert_int_eq(record.state, LEASE_GUARD);
    ck_assert_int_eq(record.unconfirmed, 0);
}
END_TEST

START_TEST(a_claim_replaces_only_what_is_nobodys_or_older_than_a_loss)
{
    static const struct {
        enum lease_state state;
        bool fresh, mine;
        int64_t claimed;
        enum lease_outcome expected;
    } rows[] = {
        {LEASE_HELD, true, false, 101, LEASE_LOST},
        {LEASE_HELD, false, false, 101, LEASE_REASSERTED},
        {LEASE_HELD, false, false, 100, LEASE_LOST},
        {LEASE_HELD, false, true, 100, LEASE_REASSERTED},
        {LEASE_HELD, false, true, 99, LEASE_LOST},
        {LEASE_RELEASED, true, true, 100, LEASE_LOST},
        {LEASE_RELEASED, true, true, 101, LEASE_LOST},
        {LEASE_RELEASED, false, true, 101, LEASE_REASSERTED},
        {LEASE_GUARD, true, false, 1, LEASE_REASSERTED},
        {LEASE_VACATED, true, true, 101, LEASE_LOST},
        {LEASE_VACATED, false, true, 100, LEASE_LOST},
        {LEASE_VACATED, false, true, 101, LEASE_REASSERTED},
        {LEASE_ABSENT, true, false, 1, LEASE_REASSERTED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        on_an_empty_server();
        record.state = rows[i].state;
        record.term = rows[i].state == LEASE_ABSENT ? 0 : 100;
        record.lease_ms = 15000;
        (void)snprintf(record.instance, sizeof record.instance, "%s", rows[i].mine ? ME : OTHER);
        (void)snprintf(record.reign, sizeof record.reign, "%s", rows[i].fresh ? "first" : "old");
        struct lease_record before = record;
        enum lease_outcome outcome = number(LEASE_RENEW, rows[i].claimed, 2, 1);
        ck_assert_msg(outcome == rows[i].expected, "row %zu: %d", i, (int)outcome);
        record = before;
        ck_assert_int_eq(number(LEASE_RELEASE, rows[i].claimed, 2, 1), LEASE_LOST);
    }
}
END_TEST

START_TEST(bootstrap_opens_what_is_nobodys_and_nothing_else)
{
    ck_assert_int_eq(say(LEASE_BOOTSTRAP, ME), LEASE_OPENED);
    ck_assert_int_eq(record.state, LEASE_RELEASED);
    ck_assert_int_eq(say(LEASE_BOOTSTRAP, ME), LEASE_SEEN);
    on_an_empty_server();
    (void)say(LEASE_ACQUIRE, ME);
    ck_assert_int_eq(say(LEASE_BOOTSTRAP, OTHER), LEASE_OPENED);
    (void)lead();
    ck_assert_int_eq(say(LEASE_BOOTSTRAP, OTHER), LEASE_SEEN);
    (void)say(LEASE_VACATE, OTHER);
    ck_assert_int_eq(say(LEASE_BOOTSTRAP, OTHER), LEASE_SEEN);
}
END_TEST

START_TEST(vacate_takes_from_the_holder_and_gives_to_nobody)
{
    ck_assert_int_eq(say(LEASE_VACATE, OTHER), LEASE_SEEN);
    int64_t term = lead();
    ck_assert_int_eq(say(LEASE_VACATE, OTHER), LEASE_EMPTIED);
    ck_assert_int_eq(record.state, LEASE_VACATED);
    ck_assert_int_eq(record.term, term);
    ck_assert_int_eq(number(LEASE_RENEW, term, 2, 1), LEASE_LOST);
    ck_assert_int_eq(say(LEASE_ACQUIRE, OTHER), LEASE_SEEN);
    (void)say(LEASE_OBSERVE, OTHER);
    char seen[LEASE_VERSION_SIZE];
    (void)snprintf(seen, sizeof seen, "%s", reply.version);
    server.now_us += 15 * SECOND;
    ck_assert_int_eq(take_over(seen, false), LEASE_ACQUIRED);
    ck_assert_int_gt(record.term, term);
}
END_TEST

START_TEST(the_margin_is_a_fiftieth_and_at_least_50_ms)
{
    ck_assert_int_eq(lease_margin_ms(0), 50);
    ck_assert_int_eq(lease_margin_ms(2500), 50);
    ck_assert_int_eq(lease_margin_ms(2501), 51);
    ck_assert_int_eq(lease_margin_ms(15000), 300);
}
END_TEST

START_TEST(only_what_others_wait_for_is_announced)
{
    ck_assert_str_eq(lease_announcement(LEASE_GAVE_UP), "released");
    ck_assert_str_eq(lease_announcement(LEASE_OPENED), "released");
    ck_assert_str_eq(lease_announcement(LEASE_ACQUIRED), "acquired");
    ck_assert_str_eq(lease_announcement(LEASE_REASSERTED), "reasserted");
    ck_assert_str_eq(lease_announcement(LEASE_EMPTIED), "vacated");
    ck_assert_ptr_null(lease_announcement(LEASE_RENEWED));
    ck_assert_ptr_null(lease_announcement(LEASE_GUARDED));
    ck_assert_ptr_null(lease_announcement(LEASE_LOST));
}
END_TEST

START_TEST(names_that_are_too_long_are_cut_and_not_overrun)
{
    char name[2000];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    (void)say(LEASE_BOOTSTRAP, ME);
    struct lease_request request = request_of(LEASE_ACQUIRE, name);
    request.participant = name;
    server.reign = name;
    server.restart_guard = false;
    ck_assert_int_eq(apply(&request), LEASE_ACQUIRED);
    ck_assert_uint_eq(strlen(record.instance), LEASE_INSTANCE_SIZE - 1);
    ck_assert_uint_eq(strlen(record.participant), LEASE_PARTICIPANT_SIZE - 1);
    ck_assert_uint_eq(strlen(reply.version), LEASE_VERSION_SIZE - 1);
}
END_TEST

static Suite *suite(void)
{
    const TTest *const rules[] = {
        whoever_finds_nothing_writes_a_guard_and_waits,
        without_the_guard_nothing_counts_as_released,
        two_guards_never_look_alike,
        a_new_reign_of_the_server_is_another_version,
        an_unknown_reign_makes_nothing_fresh,
        terms_are_the_greatest_of_all_that_is_known_and_the_time,
        a_release_is_believed_in_its_own_reign_only,
        a_take_over_needs_the_version_and_the_clock_or_twice_the_wait,
        the_clock_alone_is_never_a_reason,
        a_renewal_makes_a_version_that_was_seen_another_one,
        the_holder_takes_anew_only_when_it_knows_its_term,
        numbers_of_a_holder_must_lie_in_their_window,
        a_renewal_counts_from_its_own_duration_and_text,
        lost_data_are_put_back_under_the_same_term,
        an_unconfirmed_lease_is_released_into_a_guard,
        a_claim_replaces_only_what_is_nobodys_or_older_than_a_loss,
        bootstrap_opens_what_is_nobodys_and_nothing_else,
        vacate_takes_from_the_holder_and_gives_to_nobody,
        the_margin_is_a_fiftieth_and_at_least_50_ms,
        only_what_others_wait_for_is_announced,
        names_that_are_too_long_are_cut_and_not_overrun,
    };
    Suite *all = suite_create("lease rules");
    TCase *tests = tcase_create("rules");
    tcase_add_checked_fixture(tests, on_an_empty_server, NULL);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        tcase_add_test(tests, rules[i]);
    }
    suite_add_tcase(all, tests);
    return all;
}

CHECK_MAIN(suite)
