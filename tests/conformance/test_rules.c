/* The rules of leases, one by one, on every store. */
#include "tests/conformance/driver.h"
#include "tests/unit/check_main.h"

static struct client client;
static struct test_call call;

/* A request of ours, or of another instance. */
static struct lease_request request_by(enum lease_verb verb, const char *instance)
{
    struct lease_request request = request_of(verb, "billing");
    request.instance = instance;
    return request;
}

static const struct lease_reply *say(enum lease_verb verb)
{
    struct lease_request request = request_by(verb, ME);
    return ask(&client, &call, &request);
}

static const struct lease_reply *renew_as(const char *instance, int64_t term, int64_t n,
                                          int64_t n_acked, enum lease_verb verb)
{
    struct lease_request request = request_by(verb, instance);
    request.term = term;
    request.n = n;
    request.n_acked = n_acked;
    return ask(&client, &call, &request);
}

/* Takes the lease from nothing; returns the term. */
static int64_t lead(void)
{
    (void)say(LEASE_BOOTSTRAP);
    ck_assert_int_eq(say(LEASE_ACQUIRE)->outcome, LEASE_ACQUIRED);
    return call.reply.record.term;
}

START_TEST(an_empty_store_shows_no_record)
{
    ck_assert_int_eq(say(LEASE_OBSERVE)->record.state, LEASE_ABSENT);
    ck_assert_int_eq(call.reply.outcome, LEASE_SEEN);
    ck_assert(!call.reply.fresh);
}
END_TEST

START_TEST(a_missing_record_becomes_a_guard_unless_the_store_never_loses_data)
{
    enum lease_outcome outcome = say(LEASE_ACQUIRE)->outcome;
    ck_assert_int_eq(outcome, drivers[_i].guards ? LEASE_GUARDED : LEASE_ACQUIRED);
}
END_TEST

START_TEST(a_guard_is_nobodys_until_its_wait_is_over)
{
    if (drivers[_i].guards) {
        char version[LEASE_VERSION_SIZE];
        (void)say(LEASE_ACQUIRE);
        (void)snprintf(version, sizeof version, "%s", call.reply.version);
        struct lease_request request = request_by(LEASE_ACQUIRE, ME);
        request.version = version;
        ck_assert_int_eq(ask(&client, &call, &request)->outcome, LEASE_SEEN);
        request.force = true;
        ck_assert_int_eq(ask(&client, &call, &request)->outcome, LEASE_ACQUIRED);
    }
}
END_TEST

START_TEST(a_held_lease_is_not_given_to_another)
{
    int64_t term = lead();
    struct lease_request request = request_by(LEASE_ACQUIRE, OTHER);
    request.term = term;
    ck_assert_int_eq(ask(&client, &call, &request)->outcome, LEASE_SEEN);
    ck_assert_str_eq(call.reply.record.instance, ME);
    ck_assert_int_eq(call.reply.left_ms > 14000, 1);
}
END_TEST

START_TEST(another_version_is_no_reason_to_take_over)
{
    (void)lead();
    struct lease_request request = request_by(LEASE_ACQUIRE, OTHER);
    request.version = "some:h:other:1:1";
    request.force = true;
    ck_assert_int_eq(ask(&client, &call, &request)->outcome, LEASE_SEEN);
}
END_TEST

START_TEST(a_version_seen_for_the_whole_wait_is_taken_over_with_a_greater_term)
{
    int64_t term = lead();
    char version[LEASE_VERSION_SIZE];
    (void)snprintf(version, sizeof version, "%s", say(LEASE_OBSERVE)->version);
    struct lease_request request = request_by(LEASE_ACQUIRE, OTHER);
    request.version = version;
    ck_assert_int_eq(ask(&client, &call, &request)->outcome, LEASE_SEEN); /* its end is to come */
    request.force = true;
    ck_assert_int_eq(ask(&client, &call, &request)->outcome, LEASE_ACQUIRED);
    ck_assert_int_gt(call.reply.record.term, term);
    ck_assert_int_eq(renew_as(ME, term, 2, 1, LEASE_RENEW)->outcome, LEASE_LOST);
}
END_TEST

START_TEST(a_released_lease_is_free_at_once)
{
    int64_t term = lead();
    ck_assert_int_eq(renew_as(ME, term, 2, 1, LEASE_RELEASE)->outcome, LEASE_GAVE_UP);
    struct lease_request request = request_by(LEASE_ACQUIRE, OTHER);
    ck_assert_int_eq(ask(&client, &call, &request)->outcome, LEASE_ACQUIRED);
    ck_assert_int_gt(call.reply.record.term, term);
}
END_TEST

START_TEST(ones_own_lease_is_taken_again_by_who_knows_its_term)
{
    int64_t term = lead();
    struct lease_request request = request_by(LEASE_ACQUIRE, ME);
    request.term = term - 1;
    ck_assert_int_eq(ask(&client, &call, &request)->outcome, LEASE_SEEN);
    request.term = term;
    ck_assert_int_eq(ask(&client, &call, &request)->outcome, LEASE_ACQUIRED);
    ck_assert_int_gt(call.reply.record.term, term);
}
END_TEST

START_TEST(terms_are_above_the_highest_that_the_taker_has_seen)
{
    int64_t seen = INT64_C(9007199254000000);
    int64_t term = lead();
    ck_assert_int_eq(renew_as(ME, term, 2, 1, LEASE_RELEASE)->outcome, LEASE_GAVE_UP);
    struct lease_request request = request_by(LEASE_ACQUIRE, OTHER);
    request.term = seen;
    ck_assert_int_eq(ask(&client, &call, &request)->outcome, LEASE_ACQUIRED);
    ck_assert_int_eq(call.reply.record.term, seen + 1);
}
END_TEST

START_TEST(renewals_are_numbered_and_a_number_used_twice_is_a_conflict)
{
    int64_t term = lead();
    ck_assert_int_eq(renew_as(ME, term, 2, 1, LEASE_RENEW)->outcome, LEASE_RENEWED);
    ck_assert_int_eq(call.reply.record.n, 2);
    ck_assert_int_eq(renew_as(ME, term, 2, 1, LEASE_RENEW)->outcome, LEASE_CONFLICT);
    ck_assert_int_eq(renew_as(ME, term, 9, 3, LEASE_RENEW)->outcome, LEASE_CONFLICT);
    ck_assert_int_eq(renew_as(ME, term, 9, 2, LEASE_RENEW)->outcome, LEASE_RENEWED);
}
END_TEST

START_TEST(nobody_renews_or_releases_for_another)
{
    int64_t term = lead();
    ck_assert_int_eq(renew_as(OTHER, term, 2, 1, LEASE_RENEW)->outcome, LEASE_LOST);
    ck_assert_int_eq(renew_as(OTHER, term, 2, 1, LEASE_RELEASE)->outcome, LEASE_LOST);
    ck_assert_int_eq(renew_as(ME, term - 1, 2, 1, LEASE_RENEW)->outcome, LEASE_LOST);
    ck_assert_int_eq(say(LEASE_OBSERVE)->record.n, 1);
}
END_TEST

START_TEST(a_vacated_lease_is_lost_and_all_wait)
{
    int64_t term = lead();
    ck_assert_int_eq(say(LEASE_VACATE)->outcome, LEASE_EMPTIED);
    ck_assert_int_eq(call.reply.record.state, LEASE_VACATED);
    ck_assert_int_eq(renew_as(ME, term, 2, 1, LEASE_RENEW)->outcome, LEASE_LOST);
    ck_assert_int_eq(say(LEASE_ACQUIRE)->outcome, LEASE_SEEN);
    ck_assert_int_eq(say(LEASE_BOOTSTRAP)->outcome, LEASE_SEEN);
}
END_TEST

START_TEST(bootstrap_and_vacate_leave_alone_what_is_not_theirs)
{
    (void)lead();
    ck_assert_int_eq(say(LEASE_BOOTSTRAP)->outcome, LEASE_SEEN);
    ck_assert_int_eq(call.reply.record.state, LEASE_HELD);
    (void)renew_as(ME, call.reply.record.term, 2, 1, LEASE_RELEASE);
    ck_assert_int_eq(say(LEASE_VACATE)->outcome, LEASE_SEEN);
    ck_assert_int_eq(call.reply.record.state, LEASE_RELEASED);
}
END_TEST

START_TEST(the_holders_text_comes_back_as_it_was_written)
{
    (void)lead();
    (void)say(LEASE_OBSERVE);
    ck_assert_str_eq(call.meta, "{\"zone\":\"a\"}");
    ck_assert_str_eq(call.reply.record.participant, "node-1");
}
END_TEST

/* After a restart of the server. */

START_TEST(a_release_of_an_earlier_reign_is_not_believed)
{
    if (drivers[_i].restart != NULL) {
        int64_t term = lead();
        ck_assert_int_eq(renew_as(ME, term, 2, 1, LEASE_RELEASE)->outcome, LEASE_GAVE_UP);
        drivers[_i].restart(&client, true);
        ck_assert_int_eq(say(LEASE_ACQUIRE)->outcome, LEASE_SEEN);
        ck_assert(!call.reply.fresh);
    }
}
END_TEST

START_TEST(a_living_leader_puts_a_lost_record_back_under_its_term)
{
    if (drivers[_i].restart != NULL) {
        int64_t term = lead();
        drivers[_i].restart(&client, false);
        ck_assert_int_eq(renew_as(ME, term, 2, 1, LEASE_RENEW)->outcome, LEASE_REASSERTED);
        ck_assert_int_eq(call.reply.record.term, term);
        ck_assert_int_eq(renew_as(ME, term, 3, 2, LEASE_RENEW)->outcome, LEASE_RENEWED);
        ck_assert_int_eq(renew_as(ME, term, 4, 3, LEASE_RELEASE)->outcome, LEASE_GAVE_UP);
    }
}
END_TEST

START_TEST(a_living_leader_takes_the_place_of_a_guard)
{
    if (drivers[_i].guards) {
        ck_assert_int_eq(say(LEASE_ACQUIRE)->outcome, LEASE_GUARDED);
        ck_assert_int_eq(renew_as(OTHER, 5, 2, 1, LEASE_RENEW)->outcome, LEASE_REASSERTED);
    }
}
END_TEST

START_TEST(a_lease_put_back_gives_no_right_until_its_author_is_known_to_know)
{
    if (drivers[_i].restart != NULL) {
        int64_t term = lead();
        drivers[_i].restart(&client, false);
        ck_assert_int_eq(renew_as(ME, term, 2, 1, LEASE_RENEW)->outcome, LEASE_REASSERTED);
        struct lease_request mine = request_by(LEASE_ACQUIRE, ME);
        mine.term = term;
        ck_assert_int_eq(ask(&client, &call, &mine)->outcome, LEASE_SEEN);
        ck_assert_int_eq(renew_as(ME, term, 3, 1, LEASE_RELEASE)->outcome, LEASE_GUARDED);
        ck_assert_int_eq(call.reply.record.state, LEASE_GUARD);
    }
}
END_TEST

START_TEST(an_older_claim_does_not_replace_a_newer_one)
{
    if (drivers[_i].restart != NULL) {
        int64_t term = lead();
        drivers[_i].restart(&client, true);
        ck_assert_int_eq(renew_as(OTHER, term - 5, 2, 1, LEASE_RENEW)->outcome, LEASE_LOST);
        ck_assert_int_eq(renew_as(OTHER, term + 5, 2, 1, LEASE_RENEW)->outcome, LEASE_REASSERTED);
    }
}
END_TEST

START_TEST(two_losses_in_a_row_do_not_look_like_one)
{
    if (drivers[_i].restart != NULL) {
        char version[LEASE_VERSION_SIZE];
        (void)snprintf(version, sizeof version, "%s", say(LEASE_ACQUIRE)->version);
        drivers[_i].restart(&client, false);
        ck_assert_str_ne(say(LEASE_ACQUIRE)->version, version);
    }
}
END_TEST

/* Of the stores themselves. */

START_TEST(every_call_is_answered_once_and_never_from_inside_submit)
{
    enum { CALLS = 50 };
    static struct test_call calls[CALLS];
    for (int i = 0; i < CALLS; i++) {
        char election[16];
        (void)snprintf(election, sizeof election, "e%d", i);
        struct lease_request request = request_of(LEASE_OBSERVE, election);
        calls[i] = (struct test_call){.call = {.answer = test_call_answered}};
        store_submit(client.store, &calls[i].call, &request, 5000);
        ck_assert_int_eq(calls[i].answers, 0);
    }
    for (int i = 0; i < CALLS; i++) {
        run_until(&client, calls[i].answers > 0);
    }
    for (int i = 0; i < CALLS; i++) {
        ck_assert_int_eq(calls[i].answers, 1);
    }
}
END_TEST

START_TEST(what_is_under_way_at_the_close_is_answered_before_it_is_over)
{
    struct lease_request request = request_by(LEASE_ACQUIRE, ME);
    call = (struct test_call){.call = {.answer = test_call_answered}};
    store_submit(client.store, &call.call, &request, 5000);
    store_close(client.store);
    ck_assert(!client.closed);
    run_until(&client, client.closed);
    ck_assert_int_eq(call.answers, 1);
    client.closed = true;
}
END_TEST

START_TEST(a_neighbour_sees_the_same_record_and_hears_of_its_release)
{
    static struct client other;
    if (drivers[_i].neighbour != NULL) {
        int64_t term = lead();
        drivers[_i].neighbour(&other, &client);
        store_subscribe(other.store, "billing");
        struct test_call theirs;
        struct lease_request look = request_by(LEASE_OBSERVE, OTHER);
        ck_assert_int_eq(ask(&other, &theirs, &look)->record.term, term);
        int64_t n = 1;
        while (other.hints == 0) { /* the subscription may take a moment to stand */
            n++;
            (void)renew_as(ME, term, n, n - 1, LEASE_RELEASE);
            for (int i = 0; i < 20 && other.hints == 0; i++) {
                (void)uv_run(&other.loop, UV_RUN_NOWAIT);
            }
            (void)say(LEASE_ACQUIRE);
            term = call.reply.record.term;
            n = 1;
        }
        run_until(&other, strcmp(other.hint_what, "acquired") == 0);
        (void)renew_as(ME, term, n + 1, n, LEASE_RELEASE);
        run_until(&other, strcmp(other.hint_what, "released") == 0);
        ck_assert_str_eq(other.hint_election, "billing");
        client_stop(&other);
    }
}
END_TEST

static int driver;

static void open_driver(void)
{
    drivers[driver].open(&client);
}

static void close_driver(void)
{
    drivers[driver].close(&client);
}

static void choose_memory(void)
{
    driver = 0;
    open_driver();
}

static void choose_local(void)
{
    driver = 1;
    open_driver();
}

static void choose_redis(void)
{
    driver = 2;
    open_driver();
}

static void choose_given(void)
{
    driver = GIVEN;
    open_driver();
}

static TCase *make_case(int index, SFun setup)
{
    const TTest *const rules[] = {
        an_empty_store_shows_no_record,
        a_missing_record_becomes_a_guard_unless_the_store_never_loses_data,
        a_guard_is_nobodys_until_its_wait_is_over,
        a_held_lease_is_not_given_to_another,
        another_version_is_no_reason_to_take_over,
        a_version_seen_for_the_whole_wait_is_taken_over_with_a_greater_term,
        a_released_lease_is_free_at_once,
        ones_own_lease_is_taken_again_by_who_knows_its_term,
        terms_are_above_the_highest_that_the_taker_has_seen,
        renewals_are_numbered_and_a_number_used_twice_is_a_conflict,
        nobody_renews_or_releases_for_another,
        a_vacated_lease_is_lost_and_all_wait,
        bootstrap_and_vacate_leave_alone_what_is_not_theirs,
        the_holders_text_comes_back_as_it_was_written,
        a_release_of_an_earlier_reign_is_not_believed,
        a_living_leader_puts_a_lost_record_back_under_its_term,
        a_living_leader_takes_the_place_of_a_guard,
        a_lease_put_back_gives_no_right_until_its_author_is_known_to_know,
        an_older_claim_does_not_replace_a_newer_one,
        two_losses_in_a_row_do_not_look_like_one,
        every_call_is_answered_once_and_never_from_inside_submit,
        what_is_under_way_at_the_close_is_answered_before_it_is_over,
        a_neighbour_sees_the_same_record_and_hears_of_its_release,
    };
    TCase *tests = tcase_create(drivers[index].name);
    tcase_add_checked_fixture(tests, setup, close_driver);
    tcase_set_timeout(tests, 20);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        tcase_add_loop_test(tests, rules[i], index, index + 1);
    }
    return tests;
}

static Suite *suite(void)
{
    Suite *all = suite_create("conformance");
    static const SFun setups[] = {choose_memory, choose_local, choose_redis, choose_given};
    for (int i = first_driver(); i < end_of_drivers(); i++) {
        suite_add_tcase(all, make_case(i, setups[i]));
    }
    return all;
}

CHECK_MAIN(suite)
