/* Stories of one reign: how it begins, lasts and ends. */
#include "tests/unit/check_main.h"
#include "tests/unit/elector/stage.h"

START_TEST(a_free_record_is_taken_and_read_back_before_leading)
{
    struct stage *stage = stage_new();
    struct lease_request open = stage_their_request(LEASE_BOOTSTRAP);
    (void)stage_apply(stage, &open);
    stage_begin(stage, NULL);
    ck_assert_int_eq(stage_answer(stage), LEASE_ACQUIRE);
    ck_assert(!stage_leads(stage));
    ck_assert_int_eq(stage_answer(stage), LEASE_OBSERVE);
    ck_assert(stage_leads(stage));
    ck_assert_ptr_nonnull(stage_noted(stage, ELECTOR_NOTE_GAINED));
}
END_TEST

START_TEST(a_grant_that_reads_back_as_anothers_does_not_count)
{
    struct stage *stage = stage_new();
    struct lease_request open = stage_their_request(LEASE_BOOTSTRAP);
    (void)stage_apply(stage, &open);
    stage_begin(stage, NULL);
    (void)stage_answer(stage);
    memcpy(stage->record.instance, THEM, sizeof THEM);
    (void)stage_answer(stage);
    ck_assert(!stage_leads(stage));
    ck_assert_ptr_nonnull(stage_noted(stage, ELECTOR_NOTE_VERIFICATION_FAILED));
}
END_TEST

START_TEST(the_deadline_counts_from_sending_not_from_the_answer)
{
    struct stage *stage = stage_new();
    struct lease_request open = stage_their_request(LEASE_BOOTSTRAP);
    (void)stage_apply(stage, &open);
    stage_begin(stage, NULL);
    int64_t sent_ms = stage->now.boot_ms;
    stage_wait(stage, 1500);
    stage_settle(stage);
    struct elector_view view;
    elector_look(&stage->elector, stage->now, &view);
    ck_assert_int_eq(view.deadline_boottime_ms, sent_ms + LEASE_MS - MARGIN_MS);
}
END_TEST

START_TEST(a_grant_answered_after_its_deadline_is_forgotten)
{
    struct stage *stage = stage_new();
    struct lease_request open = stage_their_request(LEASE_BOOTSTRAP);
    (void)stage_apply(stage, &open);
    stage_begin(stage, NULL);
    stage_wait(stage, LEASE_MS);
    (void)stage_answer(stage);
    ck_assert(!stage->elector.reign.held);
}
END_TEST

START_TEST(a_leader_renews_and_keeps_its_term)
{
    struct stage *stage = stage_leading();
    int64_t term = stage->elector.reign.term;
    stage_live(stage, INT64_C(10) * LEASE_MS);
    ck_assert(stage_leads(stage));
    ck_assert_int_eq(stage->elector.reign.term, term);
    ck_assert_ptr_null(stage_noted(stage, ELECTOR_NOTE_LOST));
}
END_TEST

START_TEST(a_leader_with_a_silent_store_stops_leading_a_stop_margin_early_and_drains)
{
    struct stage *stage = stage_leading();
    stage_wait(stage, LEASE_MS - MARGIN_MS - STOP_MARGIN_MS - 1);
    ck_assert(stage_leads(stage));
    stage_wait(stage, 1);
    ck_assert(!stage_leads(stage));
    ck_assert_int_eq(stage_state(stage), ELECTOR_DRAINING);
    ck_assert_int_eq(stage_noted(stage, ELECTOR_NOTE_LOST)->reason, ELECTOR_RENEW_OVERDUE);
    stage_wait(stage, STOP_MARGIN_MS);
    ck_assert(!stage->elector.reign.held);
    ck_assert_ptr_nonnull(stage_noted(stage, ELECTOR_NOTE_DRAIN_ENDED));
}
END_TEST

START_TEST(one_unanswered_renewal_does_not_end_a_reign)
{
    struct stage *stage = stage_leading();
    stage_wait(stage, RENEW_MS);
    stage_answer_as(stage, LEASE_UNKNOWN);
    stage_live(stage, LEASE_MS);
    ck_assert(stage_leads(stage));
}
END_TEST

START_TEST(an_overdue_reign_never_leads_again_under_its_token)
{
    struct stage *stage = stage_leading();
    int64_t term = stage->elector.reign.term;
    stage_wait(stage, LEASE_MS - MARGIN_MS - STOP_MARGIN_MS);
    stage_settle(stage); /* the renewal is granted after all */
    ck_assert(stage->elector.reign.held);
    ck_assert(!stage_leads(stage));
    stage_live(stage, LEASE_MS);
    ck_assert(stage_leads(stage));
    ck_assert_int_gt(stage->elector.reign.term, term);
}
END_TEST

START_TEST(a_process_that_was_frozen_past_its_deadline_wakes_as_no_leader)
{
    struct stage *stage = stage_leading();
    stage->now = moment_plus(stage->now, INT64_C(3) * LEASE_MS);
    ck_assert(!stage_leads(stage)); /* even before it handles any event */
    stage_tick(stage);
    ck_assert_int_eq(stage_noted(stage, ELECTOR_NOTE_LOST)->reason, ELECTOR_EXPIRED);
}
END_TEST

START_TEST(the_clock_that_ran_further_ends_a_lease)
{
    struct stage *stage = stage_leading();
    stage->now.boot_ms += LEASE_MS; /* suspended: the other clock stood still */
    ck_assert(!stage_leads(stage));
    stage->now.boot_ms -= LEASE_MS;
    stage->now.raw_ms += LEASE_MS;
    ck_assert(!stage_leads(stage));
}
END_TEST

START_TEST(a_refused_renewal_ends_the_reign_at_once)
{
    struct stage *stage = stage_leading();
    struct lease_request vacate = stage_their_request(LEASE_VACATE);
    (void)stage_apply(stage, &vacate);
    stage_wait(stage, RENEW_MS);
    (void)stage_answer(stage);
    ck_assert(!stage_leads(stage));
    ck_assert_int_eq(stage_noted(stage, ELECTOR_NOTE_LOST)->reason, ELECTOR_RENEW_REFUSED);
}
END_TEST

START_TEST(a_clone_of_our_identity_makes_us_stop_and_ask_for_another)
{
    struct stage *stage = stage_leading();
    stage->record.n += 5; /* the clone has renewed */
    stage_wait(stage, RENEW_MS);
    (void)stage_answer(stage);
    ck_assert(!stage_leads(stage));
    ck_assert(stage->orders.need_identity);
    ck_assert(!stage->asked);
    (void)stage_feed(
        stage, (struct elector_event){.kind = ELECTOR_IDENTITY, .instance = INSTANCE_OF("c")});
    ck_assert(stage->asked);
    ck_assert_str_eq(stage->request.instance, INSTANCE_OF("c"));
}
END_TEST

START_TEST(a_living_leader_puts_its_record_back_after_data_loss)
{
    struct stage *stage = stage_leading();
    int64_t term = stage->elector.reign.term;
    stage->record = (struct lease_record){.state = LEASE_ABSENT, .meta = ""};
    memcpy(stage->reign, "r2", 3);
    stage_live(stage, LEASE_MS);
    ck_assert(stage_leads(stage));
    ck_assert_int_eq(stage->elector.reign.term, term);
    ck_assert_int_eq(stage->record.state, LEASE_HELD);
    ck_assert_ptr_nonnull(stage_noted(stage, ELECTOR_NOTE_STORE_RESET));
}
END_TEST

START_TEST(a_late_reply_to_an_older_request_is_dropped)
{
    struct stage *stage = stage_leading();
    stage_wait(stage, RENEW_MS);
    struct lease_reply late = stage_apply(stage, &stage->request);
    stage_answer_as(stage, LEASE_UNKNOWN);
    int64_t deadline_ms = stage->elector.reign.deadline.boot_ms;
    stage_wait(stage, 300);
    ck_assert(stage->asked); /* the next try: the late reply must not pass for its answer */
    (void)stage_feed(stage, (struct elector_event){.kind = ELECTOR_REPLY, .reply = &late});
    ck_assert_int_eq(stage->elector.reign.deadline.boot_ms, deadline_ms);
}
END_TEST

START_TEST(stepping_down_without_a_drain_releases_at_once)
{
    struct stage *stage = stage_leading();
    enum elector_verdict verdict =
        stage_feed(stage, (struct elector_event){.kind = ELECTOR_STEP_DOWN,
                                                 .hold_off_ms = INT64_C(2) * LEASE_MS});
    ck_assert_int_eq(verdict, ELECTOR_ACCEPTED);
    ck_assert(!stage_leads(stage));
    ck_assert_int_eq(stage_answer(stage), LEASE_RELEASE);
    ck_assert_int_eq(stage->record.state, LEASE_RELEASED);
    ck_assert_int_eq(stage_state(stage), ELECTOR_HELD_OFF);
}
END_TEST

START_TEST(a_draining_leader_keeps_its_lease_until_the_workload_has_stopped)
{
    struct stage *stage = stage_leading();
    (void)stage_feed(
        stage,
        (struct elector_event){.kind = ELECTOR_STEP_DOWN, .hold_off_ms = 60000, .drain_ms = 40000});
    stage_live(stage, 30000);
    ck_assert_int_eq(stage_state(stage), ELECTOR_DRAINING);
    ck_assert_int_eq(stage->record.state, LEASE_HELD);
    enum elector_verdict verdict =
        stage_feed(stage, (struct elector_event){.kind = ELECTOR_DRAINED});
    ck_assert_int_eq(verdict, ELECTOR_DONE);
    ck_assert_int_eq(stage_answer(stage), LEASE_RELEASE);
    ck_assert_int_eq(stage->record.state, LEASE_RELEASED);
}
END_TEST

START_TEST(a_drain_that_is_over_releases)
{
    struct stage *stage = stage_leading();
    (void)stage_feed(stage, (struct elector_event){.kind = ELECTOR_SET_PAUSE, .drain_ms = 1000});
    stage_live(stage, 999);
    ck_assert_int_eq(stage->record.state, LEASE_HELD);
    stage_live(stage, 1);
    ck_assert_int_eq(stage->record.state, LEASE_RELEASED);
    ck_assert_int_eq(stage_state(stage), ELECTOR_PAUSED);
}
END_TEST

START_TEST(an_unanswered_release_is_tried_again)
{
    struct stage *stage = stage_leading();
    (void)stage_feed(stage, (struct elector_event){.kind = ELECTOR_STEP_DOWN, .hold_off_ms = 9000});
    stage_answer_as(stage, LEASE_UNKNOWN);
    stage_live(stage, 300);
    ck_assert_int_eq(stage->record.state, LEASE_RELEASED);
}
END_TEST

START_TEST(stepping_down_is_for_leaders_only)
{
    struct stage *stage = stage_new();
    stage_they_lead(stage);
    stage_begin(stage, NULL);
    stage_settle(stage);
    enum elector_verdict verdict =
        stage_feed(stage, (struct elector_event){.kind = ELECTOR_STEP_DOWN});
    ck_assert_int_eq(verdict, ELECTOR_NOT_LEADER);
}
END_TEST

START_TEST(a_stop_releases_and_then_says_that_it_is_complete)
{
    struct stage *stage = stage_leading();
    (void)stage_feed(stage,
                     (struct elector_event){.kind = ELECTOR_STOP, .reason = ELECTOR_SHUTDOWN});
    ck_assert(!stage->orders.stopped);
    ck_assert_int_eq(stage_answer(stage), LEASE_RELEASE);
    ck_assert(stage->orders.stopped);
    ck_assert_int_eq(stage_state(stage), ELECTOR_STOPPED);
}
END_TEST

START_TEST(a_grant_that_arrives_during_a_stop_is_released)
{
    struct stage *stage = stage_new();
    struct lease_request open = stage_their_request(LEASE_BOOTSTRAP);
    (void)stage_apply(stage, &open);
    stage_begin(stage, NULL);
    (void)stage_feed(stage,
                     (struct elector_event){.kind = ELECTOR_STOP, .reason = ELECTOR_SHUTDOWN});
    ck_assert(!stage->orders.stopped);
    ck_assert_int_eq(stage_answer(stage), LEASE_ACQUIRE);
    ck_assert_int_eq(stage_answer(stage), LEASE_RELEASE);
    ck_assert(stage->orders.stopped);
    ck_assert_ptr_null(stage_noted(stage, ELECTOR_NOTE_GAINED));
}
END_TEST

START_TEST(a_stop_between_grant_and_read_back_gives_the_lease_back_unused)
{
    struct stage *stage = stage_new();
    struct lease_request open = stage_their_request(LEASE_BOOTSTRAP);
    (void)stage_apply(stage, &open);
    stage_begin(stage, NULL);
    (void)stage_answer(stage);
    (void)stage_feed(stage,
                     (struct elector_event){.kind = ELECTOR_STOP, .reason = ELECTOR_SHUTDOWN});
    ck_assert_int_eq(stage_answer(stage), LEASE_OBSERVE);
    ck_assert_int_eq(stage_answer(stage), LEASE_RELEASE);
    ck_assert(stage->orders.stopped);
    ck_assert_ptr_null(stage_noted(stage, ELECTOR_NOTE_GAINED));
}
END_TEST

START_TEST(a_grant_that_was_never_replicated_is_not_put_back_over_another)
{
    struct stage *stage = stage_new();
    struct lease_request open = stage_their_request(LEASE_BOOTSTRAP);
    (void)stage_apply(stage, &open);
    stage_begin(stage, NULL);
    struct lease_reply reply = stage_apply(stage, &stage->request);
    reply.replicated = false;
    stage_reply(stage, &reply);
    stage->record.term -= 1000; /* the other lineage: somebody leads there under a smaller token */
    memcpy(stage->record.instance, THEM, sizeof THEM);
    memcpy(stage->reign, "r2", 3);
    ck_assert_int_eq(stage_answer(stage), LEASE_RENEW);
    ck_assert(!stage_leads(stage));
    stage_live(stage, LEASE_MS - 100);
    ck_assert(!stage_leads(stage));
}
END_TEST

START_TEST(a_shorter_lease_never_takes_back_a_deadline_that_was_told)
{
    struct stage *stage = stage_leading();
    struct moment told = stage->elector.reign.deadline;
    struct elector_options options = stage->options;
    options.lease_ms = 3000;
    options.renew_interval_ms = 800;
    options.stop_margin_ms = 600;
    (void)stage_feed(stage,
                     (struct elector_event){.kind = ELECTOR_RECONFIGURE, .options = &options});
    while (moment_left(told, stage->now) > 2940) {
        int64_t promised_ms = stage->request.lease_ms - lease_margin_ms(stage->request.lease_ms);
        ck_assert_int_ge(promised_ms, moment_left(told, stage->now));
        stage_settle(stage);
        ck_assert(moment_left(told, stage->elector.reign.deadline) <= 0);
        do {
            stage_wait(stage, stage->orders.wake_in_ms);
        } while (!stage->asked);
    }
    stage_settle(stage);
    ck_assert_int_eq(stage->record.lease_ms, 3000); /* the longer one has run out */
}
END_TEST

START_TEST(an_unseen_pause_is_taken_off_the_lease)
{
    struct stage *stage = stage_leading();
    int64_t deadline_ms = stage->elector.reign.deadline.boot_ms;
    (void)stage_feed(stage, (struct elector_event){.kind = ELECTOR_CLOCK_SUSPECT, .jump_ms = 2000});
    ck_assert_int_eq(stage->elector.reign.deadline.boot_ms, deadline_ms - 2000);
    ck_assert(stage->asked); /* and looks at once */
    ck_assert(stage_leads(stage));
}
END_TEST

START_TEST(a_pause_longer_than_the_lease_ends_it_and_a_new_token_is_taken_at_once)
{
    struct stage *stage = stage_leading();
    int64_t term = stage->elector.reign.term;
    (void)stage_feed(
        stage, (struct elector_event){.kind = ELECTOR_CLOCK_SUSPECT, .jump_ms = INT64_C(3600000)});
    ck_assert(!stage_leads(stage));
    stage_settle(stage);
    ck_assert(stage_leads(stage));
    ck_assert_int_gt(stage->elector.reign.term, term);
}
END_TEST

START_TEST(a_server_clock_that_ran_ahead_of_ours_shortens_the_lease)
{
    struct stage *stage = stage_leading();
    stage->server_ahead_us += INT64_C(3600000000);
    stage_wait(stage, RENEW_MS);
    (void)stage_answer(stage);
    ck_assert_ptr_nonnull(stage_noted(stage, ELECTOR_NOTE_CLOCK_JUMP));
    ck_assert(!stage_leads(stage));
}
END_TEST

START_TEST(too_few_replicas_do_not_make_a_leader)
{
    struct stage *stage = stage_new();
    struct lease_request open = stage_their_request(LEASE_BOOTSTRAP);
    (void)stage_apply(stage, &open);
    stage_begin(stage, NULL);
    struct lease_reply reply = stage_apply(stage, &stage->request);
    reply.replicated = false;
    stage_reply(stage, &reply);
    ck_assert_int_eq(stage->request.verb, LEASE_RENEW);
    reply = stage_apply(stage, &stage->request);
    reply.replicated = false;
    stage_reply(stage, &reply);
    ck_assert(!stage_leads(stage));
    stage_wait(stage, 300);
    (void)stage_answer(stage);
    ck_assert(stage_leads(stage));
}
END_TEST

START_TEST(a_crashed_leader_takes_its_own_lease_back_under_the_same_token)
{
    struct stage *stage = stage_leading();
    struct elector_memo memo;
    int64_t term = stage->elector.reign.term;
    elector_memo(&stage->elector, &memo);
    stage->now = moment_plus(stage->now, 4000);
    stage_begin(stage, &memo);
    ck_assert(!stage_leads(stage));
    ck_assert_int_eq(stage_answer(stage), LEASE_RENEW);
    ck_assert(stage_leads(stage));
    ck_assert_int_eq(stage->elector.reign.term, term);
}
END_TEST

START_TEST(a_leader_that_crashed_while_draining_does_not_resume_its_token)
{
    struct stage *stage = stage_leading();
    struct elector_memo memo;
    int64_t term = stage->elector.reign.term;
    (void)stage_feed(stage, (struct elector_event){.kind = ELECTOR_STEP_DOWN, .drain_ms = 5000});
    ck_assert(stage->orders.save);
    elector_memo(&stage->elector, &memo);
    stage->asked = false;
    stage_begin(stage, &memo);
    stage_settle(stage);
    ck_assert(stage_leads(stage)); /* by its old identity: no wait, but another token */
    ck_assert_int_gt(stage->elector.reign.term, term);
}
END_TEST

START_TEST(the_memo_is_written_before_every_request_that_changes_the_record)
{
    struct stage *stage = stage_leading();
    stage_wait(stage, RENEW_MS);
    ck_assert(stage->orders.send);
    ck_assert(stage->orders.save);
    (void)stage_answer(stage);
    ck_assert(stage->orders.save);
}
END_TEST

static Suite *suite(void)
{
    Suite *all = suite_create("reign");
    TCase *tests = tcase_create("rules");
    tcase_add_test(tests, a_free_record_is_taken_and_read_back_before_leading);
    tcase_add_test(tests, a_grant_that_reads_back_as_anothers_does_not_count);
    tcase_add_test(tests, the_deadline_counts_from_sending_not_from_the_answer);
    tcase_add_test(tests, a_grant_answered_after_its_deadline_is_forgotten);
    tcase_add_test(tests, a_leader_renews_and_keeps_its_term);
    tcase_add_test(tests,
                   a_leader_with_a_silent_store_stops_leading_a_stop_margin_early_and_drains);
    tcase_add_test(tests, one_unanswered_renewal_does_not_end_a_reign);
    tcase_add_test(tests, an_overdue_reign_never_leads_again_under_its_token);
    tcase_add_test(tests, a_process_that_was_frozen_past_its_deadline_wakes_as_no_leader);
    tcase_add_test(tests, the_clock_that_ran_further_ends_a_lease);
    tcase_add_test(tests, a_refused_renewal_ends_the_reign_at_once);
    tcase_add_test(tests, a_clone_of_our_identity_makes_us_stop_and_ask_for_another);
    tcase_add_test(tests, a_living_leader_puts_its_record_back_after_data_loss);
    tcase_add_test(tests, a_late_reply_to_an_older_request_is_dropped);
    tcase_add_test(tests, stepping_down_without_a_drain_releases_at_once);
    tcase_add_test(tests, a_draining_leader_keeps_its_lease_until_the_workload_has_stopped);
    tcase_add_test(tests, a_drain_that_is_over_releases);
    tcase_add_test(tests, an_unanswered_release_is_tried_again);
    tcase_add_test(tests, stepping_down_is_for_leaders_only);
    tcase_add_test(tests, a_stop_releases_and_then_says_that_it_is_complete);
    tcase_add_test(tests, a_grant_that_arrives_during_a_stop_is_released);
    tcase_add_test(tests, a_stop_between_grant_and_read_back_gives_the_lease_back_unused);
    tcase_add_test(tests, a_grant_that_was_never_replicated_is_not_put_back_over_another);
    tcase_add_test(tests, a_shorter_lease_never_takes_back_a_deadline_that_was_told);
    tcase_add_test(tests, an_unseen_pause_is_taken_off_the_lease);
    tcase_add_test(tests, a_pause_longer_than_the_lease_ends_it_and_a_new_token_is_taken_at_once);
    tcase_add_test(tests, a_server_clock_that_ran_ahead_of_ours_shortens_the_lease);
    tcase_add_test(tests, too_few_replicas_do_not_make_a_leader);
    tcase_add_test(tests, a_crashed_leader_takes_its_own_lease_back_under_the_same_token);
    tcase_add_test(tests, a_leader_that_crashed_while_draining_does_not_resume_its_token);
    tcase_add_test(tests, the_memo_is_written_before_every_request_that_changes_the_record);
    suite_add_tcase(all, tests);
    return all;
}

CHECK_MAIN(suite)
