/* Stories of waiting: when to look, when to take over, and when not to. */
#include "tests/unit/check_main.h"
#include "tests/unit/elector/stage.h"

static struct stage *stage_following(void)
{
    struct stage *stage = stage_new();
    stage_they_lead(stage);
    stage_begin(stage, NULL);
    stage_settle(stage);
    ck_assert_int_eq(stage_state(stage), ELECTOR_FOLLOWER);
    return stage;
}

START_TEST(a_missing_record_becomes_a_guard_and_everybody_waits_one_lease)
{
    struct stage *stage = stage_new();
    stage_begin(stage, NULL);
    stage_live(stage, LEASE_MS);
    ck_assert_int_eq(stage->record.state, LEASE_GUARD);
    ck_assert(!stage_leads(stage));
    stage_live(stage, 2);
    ck_assert(stage_leads(stage));
}
END_TEST

START_TEST(a_silent_holder_is_taken_over_after_its_whole_duration_as_seen_here)
{
    struct stage *stage = stage_following();
    stage_live(stage, LEASE_MS);
    ck_assert(!stage_leads(stage));
    stage_live(stage, 2);
    ck_assert(stage_leads(stage));
}
END_TEST

START_TEST(a_renewing_holder_is_never_taken_over)
{
    struct stage *stage = stage_following();
    for (int i = 0; i < 50; i++) {
        stage_live(stage, RENEW_MS);
        stage_they_renew(stage);
    }
    ck_assert(!stage_leads(stage));
    ck_assert_int_eq(stage_state(stage), ELECTOR_FOLLOWER);
}
END_TEST

START_TEST(the_wait_is_the_duration_in_the_record_not_ones_own)
{
    struct stage *stage = stage_following();
    struct elector_options options = stage->options;
    options.lease_ms = 3000;
    options.renew_interval_ms = 800;
    options.stop_margin_ms = 600;
    (void)stage_feed(stage,
                     (struct elector_event){.kind = ELECTOR_RECONFIGURE, .options = &options});
    stage_live(stage, LEASE_MS - 1);
    ck_assert(!stage_leads(stage));
}
END_TEST

START_TEST(the_clock_that_ran_less_counts_the_wait)
{
    struct stage *stage = stage_following();
    stage->now.boot_ms += LEASE_MS + 10; /* we were suspended: the holder may live */
    stage_tick(stage);
    stage_settle(stage);
    ck_assert(!stage_leads(stage));
}
END_TEST

START_TEST(losing_the_link_does_not_shorten_the_wait_nor_begin_it_anew)
{
    struct stage *stage = stage_following();
    stage_live(stage, LEASE_MS / 2);
    stage_wait(stage, 3000);
    stage_answer_as(stage, LEASE_UNKNOWN);
    (void)stage_feed(stage, (struct elector_event){.kind = ELECTOR_STORE_UP});
    stage_live(stage, LEASE_MS / 2 - 3000);
    ck_assert(!stage_leads(stage));
    stage_live(stage, 100);
    ck_assert(stage_leads(stage));
}
END_TEST

START_TEST(a_published_release_is_acted_upon_at_once)
{
    struct stage *stage = stage_following();
    stage->record.state = LEASE_RELEASED;
    (void)stage_feed(stage, (struct elector_event){.kind = ELECTOR_HINT, .released = true});
    ck_assert_int_eq(stage_answer(stage), LEASE_ACQUIRE);
    stage_settle(stage);
    ck_assert(stage_leads(stage));
}
END_TEST

START_TEST(a_hint_heard_during_a_request_is_not_lost_to_its_older_reply)
{
    struct stage *stage = stage_following();
    stage_wait(stage, RENEW_MS + 1000);
    ck_assert(stage->asked);
    struct lease_reply older = stage_apply(stage, &stage->request);
    stage->record.state = LEASE_RELEASED;
    (void)stage_feed(stage, (struct elector_event){.kind = ELECTOR_HINT, .released = true});
    stage_reply(stage, &older);
    ck_assert(stage->asked);
    stage_settle(stage);
    ck_assert(stage_leads(stage));
}
END_TEST

START_TEST(a_release_of_another_reign_of_the_store_is_not_believed)
{
    struct stage *stage = stage_following();
    stage->record.state = LEASE_RELEASED;
    memcpy(stage->reign, "r2", 3); /* a restart from an older copy */
    stage_live(stage, LEASE_MS);
    ck_assert(!stage_leads(stage));
}
END_TEST

START_TEST(an_acquisition_that_was_carried_out_unheard_is_taken_up_again)
{
    struct stage *stage = stage_new();
    struct lease_request open = stage_their_request(LEASE_BOOTSTRAP);
    (void)stage_apply(stage, &open);
    stage_begin(stage, NULL);
    (void)stage_apply(stage, &stage->request);
    stage_answer_as(stage, LEASE_UNKNOWN);
    stage_live(stage, 2500);
    ck_assert(stage_leads(stage));
}
END_TEST

START_TEST(looks_are_in_phase_with_the_renewals)
{
    struct stage *stage = stage_following();
    stage_wait(stage, 1000);
    stage_they_renew(stage);
    (void)stage_feed(stage, (struct elector_event){.kind = ELECTOR_HINT});
    stage_settle(stage);
    ck_assert_int_gt(stage->orders.wake_in_ms, RENEW_MS);
    ck_assert_int_le(stage->orders.wake_in_ms, RENEW_MS + RENEW_MS / 10);
}
END_TEST

START_TEST(a_server_clock_stepped_back_holds_up_for_one_more_lease_only)
{
    struct stage *stage = stage_following();
    stage->server_ahead_us -= INT64_C(3600000000);
    stage_live(stage, LEASE_MS + 100);
    ck_assert(!stage_leads(stage));
    stage_live(stage, LEASE_MS + 3000);
    ck_assert(stage_leads(stage));
}
END_TEST

START_TEST(a_hold_off_ends_when_somebody_else_has_led)
{
    struct stage *stage = stage_leading();
    (void)stage_feed(stage,
                     (struct elector_event){.kind = ELECTOR_STEP_DOWN, .hold_off_ms = 3600000});
    stage_settle(stage);
    ck_assert_int_eq(stage_state(stage), ELECTOR_HELD_OFF);
    struct lease_request take = stage_their_request(LEASE_ACQUIRE);
    (void)stage_apply(stage, &take);
    (void)stage_feed(stage, (struct elector_event){.kind = ELECTOR_HINT});
    stage_settle(stage);
    ck_assert_int_eq(stage_state(stage), ELECTOR_FOLLOWER);
}
END_TEST

START_TEST(a_paused_participant_watches_and_does_not_campaign)
{
    struct stage *stage = stage_following();
    (void)stage_feed(stage, (struct elector_event){.kind = ELECTOR_SET_PAUSE, .pause_ms = 60000});
    stage->record.state = LEASE_RELEASED;
    stage_live(stage, 59999);
    ck_assert_int_eq(stage->record.state, LEASE_RELEASED);
    stage_live(stage, 1);
    ck_assert(stage_leads(stage));
}
END_TEST

START_TEST(an_observer_never_campaigns)
{
    struct stage *stage = stage_new();
    stage->options.observer = true;
    stage_begin(stage, NULL);
    stage_live(stage, INT64_C(5) * LEASE_MS);
    ck_assert_int_eq(stage->record.state, LEASE_ABSENT);
    ck_assert_int_eq(stage_state(stage), ELECTOR_OBSERVER);
}
END_TEST

START_TEST(bootstrap_skips_the_guard)
{
    struct stage *stage = stage_new();
    stage_begin(stage, NULL);
    stage_settle(stage);
    ck_assert_int_eq(stage_feed(stage, (struct elector_event){.kind = ELECTOR_BOOTSTRAP}),
                     ELECTOR_ACCEPTED);
    stage_settle(stage);
    ck_assert_int_eq(stage_noted(stage, ELECTOR_NOTE_COMMAND_ENDED)->verdict, ELECTOR_DONE);
    ck_assert(stage_leads(stage));
}
END_TEST

START_TEST(bootstrap_is_refused_while_somebody_leads)
{
    struct stage *stage = stage_following();
    (void)stage_feed(stage, (struct elector_event){.kind = ELECTOR_BOOTSTRAP});
    stage_settle(stage);
    ck_assert_int_eq(stage_noted(stage, ELECTOR_NOTE_COMMAND_ENDED)->verdict, ELECTOR_IS_HELD);
}
END_TEST

START_TEST(vacating_takes_the_lease_and_makes_everybody_wait)
{
    struct stage *stage = stage_following();
    (void)stage_feed(stage, (struct elector_event){.kind = ELECTOR_VACATE});
    stage_settle(stage);
    ck_assert_int_eq(stage->record.state, LEASE_VACATED);
    stage_live(stage, LEASE_MS - 1);
    ck_assert(!stage_leads(stage));
    stage_live(stage, 3);
    ck_assert(stage_leads(stage));
}
END_TEST

START_TEST(a_sick_workload_does_not_campaign_and_its_leader_steps_down)
{
    struct stage *stage = stage_leading();
    (void)stage_feed(stage, (struct elector_event){.kind = ELECTOR_HEALTH});
    stage_live(stage, LEASE_MS);
    ck_assert_int_eq(stage->record.state, LEASE_RELEASED);
    ck_assert_int_eq(stage_noted(stage, ELECTOR_NOTE_LOST)->reason, ELECTOR_UNHEALTHY);
    (void)stage_feed(stage, (struct elector_event){.kind = ELECTOR_HEALTH, .healthy = true});
    stage_settle(stage);
    ck_assert(stage_leads(stage));
}
END_TEST

START_TEST(a_double_of_our_name_is_reported_once)
{
    struct stage *stage = stage_following();
    memcpy(stage->record.participant, "us", 3);
    stage_live(stage, 2 * RENEW_MS);
    ck_assert_ptr_null(stage_noted(stage, ELECTOR_NOTE_DUPLICATE)); /* it does not renew */
    stage->record.participant[2] = '\0';
    for (int i = 0; i < 3; i++) {
        struct lease_request renew = stage_their_request(LEASE_RENEW);
        renew.participant = "us";
        renew.term = stage->record.term;
        renew.n = stage->record.n + 1;
        renew.n_acked = stage->record.n;
        (void)stage_apply(stage, &renew);
        stage_live(stage, RENEW_MS + RENEW_MS / 5);
    }
    unsigned reported = 0;
    for (unsigned i = 0; i < stage->note_count; i++) {
        reported += stage->notes[i].kind == ELECTOR_NOTE_DUPLICATE;
    }
    ck_assert_uint_eq(reported, 1);
}
END_TEST

START_TEST(a_store_that_is_silent_for_a_lease_makes_the_state_unknown)
{
    struct stage *stage = stage_following();
    for (int64_t waited = 0; waited <= LEASE_MS; waited += 500) {
        stage_wait(stage, 500);
        if (stage->asked) {
            stage_answer_as(stage, LEASE_UNKNOWN);
        }
    }
    ck_assert_int_eq(stage_state(stage), ELECTOR_UNREACHABLE);
    stage_live(stage, 3000);
    ck_assert_int_ne(stage_state(stage), ELECTOR_UNREACHABLE);
}
END_TEST

START_TEST(with_a_shared_clock_the_end_in_the_record_is_the_end)
{
    struct stage *stage = stage_new();
    stage->server_ahead_us = 0;
    stage->options.shared_clock = true;
    stage_they_lead(stage);
    stage->now = moment_plus(stage->now, LEASE_MS - 1000);
    stage_begin(stage, NULL);
    stage_live(stage, 1000);
    ck_assert(!stage_leads(stage));
    stage_live(stage, 2);
    ck_assert(stage_leads(stage));
}
END_TEST

static Suite *suite(void)
{
    Suite *all = suite_create("waiting");
    TCase *tests = tcase_create("rules");
    tcase_add_test(tests, a_missing_record_becomes_a_guard_and_everybody_waits_one_lease);
    tcase_add_test(tests, a_silent_holder_is_taken_over_after_its_whole_duration_as_seen_here);
    tcase_add_test(tests, a_renewing_holder_is_never_taken_over);
    tcase_add_test(tests, the_wait_is_the_duration_in_the_record_not_ones_own);
    tcase_add_test(tests, the_clock_that_ran_less_counts_the_wait);
    tcase_add_test(tests, losing_the_link_does_not_shorten_the_wait_nor_begin_it_anew);
    tcase_add_test(tests, a_published_release_is_acted_upon_at_once);
    tcase_add_test(tests, a_hint_heard_during_a_request_is_not_lost_to_its_older_reply);
    tcase_add_test(tests, a_release_of_another_reign_of_the_store_is_not_believed);
    tcase_add_test(tests, an_acquisition_that_was_carried_out_unheard_is_taken_up_again);
    tcase_add_test(tests, looks_are_in_phase_with_the_renewals);
    tcase_add_test(tests, a_server_clock_stepped_back_holds_up_for_one_more_lease_only);
    tcase_add_test(tests, a_hold_off_ends_when_somebody_else_has_led);
    tcase_add_test(tests, a_paused_participant_watches_and_does_not_campaign);
    tcase_add_test(tests, an_observer_never_campaigns);
    tcase_add_test(tests, bootstrap_skips_the_guard);
    tcase_add_test(tests, bootstrap_is_refused_while_somebody_leads);
    tcase_add_test(tests, vacating_takes_the_lease_and_makes_everybody_wait);
    tcase_add_test(tests, a_sick_workload_does_not_campaign_and_its_leader_steps_down);
    tcase_add_test(tests, a_double_of_our_name_is_reported_once);
    tcase_add_test(tests, a_store_that_is_silent_for_a_lease_makes_the_state_unknown);
    tcase_add_test(tests, with_a_shared_clock_the_end_in_the_record_is_the_end);
    suite_add_tcase(all, tests);
    return all;
}

CHECK_MAIN(suite)
