/* The store in memory: what it can do besides the rules of all stores. */
#include "lib/store/memory/memory_store.h"
#include "tests/unit/store/redis_harness.h"

static struct client client;
static struct test_call call;

static void open_store(void)
{
    struct store_listener listener = {
        .owner = &client, .up = client_up, .hint = client_hint, .closed = client_closed};
    struct problem problem;
    client_init(&client);
    client.store = memory_store_new(&client.loop, &listener, &problem);
    ck_assert_msg(client.store != NULL, "%s", problem.text);
}

static void close_store(void)
{
    client_stop(&client);
}

static enum lease_outcome observe(int number)
{
    char election[16];
    (void)snprintf(election, sizeof election, "e%d", number);
    struct lease_request request = request_of(LEASE_OBSERVE, election);
    return ask(&client, &call, &request)->outcome;
}

START_TEST(elections_beyond_its_room_fail)
{
    for (int i = 0; i < MEMORY_STORE_ELECTIONS; i++) {
        ck_assert_int_eq(observe(i), LEASE_SEEN);
    }
    ck_assert_int_eq(observe(MEMORY_STORE_ELECTIONS), LEASE_FAILED);
    ck_assert_str_eq(call.reply.error, "full");
    ck_assert_int_eq(observe(0), LEASE_SEEN);
}
END_TEST

START_TEST(it_is_up_in_the_first_turn)
{
    ck_assert_int_eq(client.ups, 0);
    run_until(&client, client.ups == 1);
}
END_TEST

START_TEST(a_release_is_heard_by_who_subscribed)
{
    store_subscribe(client.store, "billing");
    ck_assert_int_eq(ask_verb(&client, &call, LEASE_BOOTSTRAP)->outcome, LEASE_OPENED);
    run_until(&client, client.hints == 1);
    ck_assert_str_eq(client.hint_election, "billing");
    ck_assert_str_eq(client.hint_what, "released");
}
END_TEST

START_TEST(a_restart_loses_what_it_is_told_to)
{
    int64_t term = acquire_fresh(&client);
    memory_store_restart(client.store, true);
    ck_assert_int_eq(ask_verb(&client, &call, LEASE_OBSERVE)->record.term, term);
    ck_assert(!call.reply.fresh);
    memory_store_restart(client.store, false);
    ck_assert_int_eq(ask_verb(&client, &call, LEASE_OBSERVE)->record.state, LEASE_ABSENT);
}
END_TEST

static Suite *suite(void)
{
    Suite *all = suite_create("memory store");
    TCase *tests = tcase_create("store");
    tcase_add_checked_fixture(tests, open_store, close_store);
    tcase_add_test(tests, elections_beyond_its_room_fail);
    tcase_add_test(tests, it_is_up_in_the_first_turn);
    tcase_add_test(tests, a_release_is_heard_by_who_subscribed);
    tcase_add_test(tests, a_restart_loses_what_it_is_told_to);
    suite_add_tcase(all, tests);
    return all;
}

CHECK_MAIN(suite)
