/* What every store promises its caller: when answers come, what they carry, who is woken. */
#include "tests/conformance/driver.h"
#include "tests/unit/check_main.h"

static struct client client;
static struct test_call call;

static void open_driver(int index)
{
    drivers[index].open(&client);
}

static void close_driver(int index)
{
    drivers[index].close(&client);
}

/* A call that makes the next one, or ends the store, from inside its answer. */

static struct chain {
    struct store_call call;
    int answers;
    int links; /* still to be made */
    bool closes;
    enum lease_outcome last;
} chain, others[8];

static void on_link(struct store_call *link, const struct lease_reply *reply)
{
    struct chain *mine = (struct chain *)link;
    mine->answers++;
    mine->last = reply->outcome;
    if (mine->closes) {
        mine->closes = false;
        store_close(client.store);
    }
    if (mine->links > 0) {
        struct lease_request request = request_of(LEASE_OBSERVE, "billing");
        int before = mine->answers;
        mine->links--;
        store_submit(client.store, link, &request, 5000);
        ck_assert_int_eq(mine->answers, before);
    }
}

START_TEST(a_call_may_be_made_from_inside_an_answer)
{
    struct lease_request request = request_of(LEASE_OBSERVE, "billing");
    open_driver(_i);
    chain = (struct chain){.call = {.answer = on_link}, .links = 20};
    store_submit(client.store, &chain.call, &request, 5000);
    run_until(&client, chain.answers == 21);
    ck_assert_int_eq(chain.last, LEASE_SEEN);
    close_driver(_i);
    ck_assert_int_eq(chain.answers, 21);
}
END_TEST

START_TEST(a_store_may_be_closed_from_inside_an_answer_and_all_others_are_answered)
{
    struct lease_request request = request_of(LEASE_OBSERVE, "billing");
    open_driver(_i);
    chain = (struct chain){.call = {.answer = on_link}, .closes = true};
    store_submit(client.store, &chain.call, &request, 5000);
    for (int i = 0; i < 8; i++) {
        others[i] = (struct chain){.call = {.answer = on_link}};
        store_submit(client.store, &others[i].call, &request, 5000);
    }
    run_until(&client, client.closed);
    ck_assert_int_eq(chain.answers, 1);
    for (int i = 0; i < 8; i++) {
        ck_assert_int_eq(others[i].answers, 1);
    }
    close_driver(_i);
}
END_TEST

START_TEST(a_call_made_while_it_closes_is_answered_too)
{
    struct lease_request request = request_of(LEASE_OBSERVE, "billing");
    open_driver(_i);
    chain = (struct chain){.call = {.answer = on_link}, .links = 1};
    store_submit(client.store, &chain.call, &request, 5000);
    store_close(client.store);
    run_until(&client, client.closed);
    ck_assert_int_eq(chain.answers, 2);
    ck_assert(chain.last == LEASE_FAILED || chain.last == LEASE_UNKNOWN);
    close_driver(_i);
}
END_TEST

START_TEST(the_request_is_copied_at_once)
{
    char election[] = "billing";
    char instance[] = ME;
    char participant[] = "node-1";
    char meta[] = "{}";
    char version[] = "";
    struct lease_request request = {.id = 9,
                                    .verb = LEASE_BOOTSTRAP,
                                    .election = election,
                                    .instance = instance,
                                    .participant = participant,
                                    .meta = meta,
                                    .lease_ms = 15000,
                                    .version = version};
    open_driver(_i);
    call = (struct test_call){.call = {.answer = test_call_answered}};
    store_submit(client.store, &call.call, &request, 5000);
    memset(election, 'x', strlen(election));
    memset(instance, 'x', strlen(instance));
    memset(participant, 'x', strlen(participant));
    run_until(&client, call.answers == 1);
    ck_assert_uint_eq(call.reply.id, 9);
    ck_assert_str_eq(call.reply.record.participant, "node-1");
    ck_assert_str_eq(ask_verb(&client, &call, LEASE_OBSERVE)->record.instance, ME);
    close_driver(_i);
}
END_TEST

START_TEST(elections_have_nothing_to_do_with_each_other)
{
    open_driver(_i);
    (void)acquire_fresh(&client);
    struct lease_request request = request_of(LEASE_OBSERVE, "billin");
    ck_assert_int_eq(ask(&client, &call, &request)->record.state, LEASE_ABSENT);
    request.election = "billing2";
    ck_assert_int_eq(ask(&client, &call, &request)->record.state, LEASE_ABSENT);
    request.election = "Billing";
    ck_assert_int_eq(ask(&client, &call, &request)->record.state, LEASE_ABSENT);
    close_driver(_i);
}
END_TEST

/* The largest and the strangest texts. */

static struct {
    struct store_call call;
    char meta[REDIS_META_MAX + 2];
    struct lease_reply reply;
    int answers;
} large;

static void on_large(struct store_call *unused, const struct lease_reply *reply)
{
    (void)unused;
    large.answers++;
    large.reply = *reply;
    (void)snprintf(large.meta, sizeof large.meta, "%s", reply->record.meta);
}

static void expect_round_trip(const char *participant, const char *meta)
{
    static const enum lease_verb verbs[] = {LEASE_BOOTSTRAP, LEASE_ACQUIRE, LEASE_OBSERVE};
    char election[LEASE_ELECTION_SIZE];
    memset(election, 'e', sizeof election - 1);
    election[sizeof election - 1] = '\0';
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        struct lease_request request = request_of(verbs[i], election);
        request.participant = participant;
        request.meta = meta;
        large.call = (struct store_call){.answer = on_large};
        large.answers = 0;
        store_submit(client.store, &large.call, &request, 5000);
        run_until(&client, large.answers == 1);
        ck_assert_msg(large.reply.outcome != LEASE_FAILED, "%s", large.reply.problem.text);
    }
    ck_assert_int_eq(large.reply.record.state, LEASE_HELD);
    ck_assert_str_eq(large.reply.record.participant, participant);
    ck_assert_str_eq(large.meta, meta);
}

START_TEST(the_longest_texts_come_back_whole)
{
    char participant[LEASE_PARTICIPANT_SIZE];
    static char meta[REDIS_META_MAX + 1];
    memset(participant, 'p', sizeof participant - 1);
    participant[sizeof participant - 1] = '\0';
    memset(meta, 'm', sizeof meta - 1);
    open_driver(_i);
    expect_round_trip(participant, meta);
    close_driver(_i);
}
END_TEST

START_TEST(the_strangest_texts_come_back_as_they_were)
{
    open_driver(_i);
    expect_round_trip("'; DROP TABLE record; --\r\n$-1\r\n", "{\"a\":\"\\u0000 %s %n ?1 ]]\"}\n");
    close_driver(_i);
}
END_TEST

START_TEST(the_greatest_numbers_come_back_exactly)
{
    int64_t highest = LEASE_TERM_MAX - 3;
    open_driver(_i);
    ck_assert_int_eq(ask_verb(&client, &call, LEASE_BOOTSTRAP)->outcome, LEASE_OPENED);
    struct lease_request request = request_of(LEASE_ACQUIRE, "billing");
    request.term = highest;
    ck_assert_int_eq(ask(&client, &call, &request)->record.term, highest + 1);
    request.verb = LEASE_RENEW;
    request.term = highest + 1;
    request.n = LEASE_TERM_MAX - 1;
    request.n_acked = 1;
    ck_assert_int_eq(ask(&client, &call, &request)->outcome, LEASE_RENEWED);
    const struct lease_reply *reply = ask_verb(&client, &call, LEASE_OBSERVE);
    ck_assert_int_eq(reply->record.term, highest + 1);
    ck_assert_int_eq(reply->record.n, LEASE_TERM_MAX - 1);
    close_driver(_i);
}
END_TEST

/* Publishes "acquired": the holder takes its own lease again. */
static void take_again(const char *election)
{
    struct lease_request request = request_of(LEASE_BOOTSTRAP, election);
    (void)ask(&client, &call, &request);
    request.verb = LEASE_ACQUIRE;
    request.term = call.reply.record.term;
    ck_assert_int_eq(ask(&client, &call, &request)->outcome, LEASE_ACQUIRED);
}

START_TEST(who_unsubscribed_hears_no_more)
{
    open_driver(_i);
    store_subscribe(client.store, "first");
    store_subscribe(client.store, "second");
    store_unsubscribe(client.store, "first");
    store_unsubscribe(client.store, "never subscribed to");
    while (client.hints == 0) { /* a subscription may take a moment to stand */
        take_again("second");
        take_again("first");
    }
    take_again("first");
    ck_assert_str_eq(client.hint_election, "second");
    close_driver(_i);
}
END_TEST

START_TEST(a_store_that_cannot_answer_says_so_in_time_and_comes_back)
{
    if (drivers[_i].silence != NULL) {
        struct lease_request request = request_of(LEASE_ACQUIRE, "billing");
        open_driver(_i);
        drivers[_i].silence(true);
        call = (struct test_call){.call = {.answer = test_call_answered}};
        store_submit(client.store, &call.call, &request, 100);
        run_until(&client, call.answers == 1 && client.downs == 1);
        ck_assert(call.reply.outcome == LEASE_UNKNOWN || call.reply.outcome == LEASE_FAILED);
        ck_assert_str_ne(call.reply.error, "");
        ck_assert_str_ne(call.reply.problem.text, "");
        ck_assert_str_ne(client.down_problem.text, "");
        drivers[_i].silence(false);
        run_until(&client, client.ups == 2);
        ck_assert_int_eq(ask_verb(&client, &call, LEASE_OBSERVE)->outcome, LEASE_SEEN);
        close_driver(_i);
    }
}
END_TEST

START_TEST(its_health_says_what_it_is_and_when_it_last_answered)
{
    struct store_health health;
    open_driver(_i);
    (void)ask_verb(&client, &call, LEASE_OBSERVE);
    store_health(client.store, &health);
    ck_assert_str_eq(health.kind, drivers[_i].name);
    ck_assert(health.connected);
    ck_assert_int_gt(health.last_ok_ms, 0);
    ck_assert_ptr_nonnull(health.mode);
    ck_assert_ptr_nonnull(health.endpoint);
    ck_assert_str_eq(health.circuit, "closed");
    ck_assert_ptr_null(health.last_error);
    close_driver(_i);
}
END_TEST

START_TEST(only_the_file_lends_its_clock)
{
    open_driver(_i);
    ck_assert_int_eq(client.store->class->shared_clock, strcmp(drivers[_i].name, "local") == 0);
    close_driver(_i);
}
END_TEST

static Suite *suite(void)
{
    const TTest *const rules[] = {
        a_call_may_be_made_from_inside_an_answer,
        a_store_may_be_closed_from_inside_an_answer_and_all_others_are_answered,
        a_call_made_while_it_closes_is_answered_too,
        the_request_is_copied_at_once,
        elections_have_nothing_to_do_with_each_other,
        the_longest_texts_come_back_whole,
        the_strangest_texts_come_back_as_they_were,
        the_greatest_numbers_come_back_exactly,
        who_unsubscribed_hears_no_more,
        a_store_that_cannot_answer_says_so_in_time_and_comes_back,
        its_health_says_what_it_is_and_when_it_last_answered,
        only_the_file_lends_its_clock,
    };
    Suite *all = suite_create("calls");
    TCase *tests = tcase_create("stores");
    tcase_set_timeout(tests, 20);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        tcase_add_loop_test(tests, rules[i], first_driver(), end_of_drivers());
    }
    suite_add_tcase(all, tests);
    return all;
}

CHECK_MAIN(suite)
