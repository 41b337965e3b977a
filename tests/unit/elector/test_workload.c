/* Stories of workloads that make themselves known: what their work holds up, and for how long. */
#include "tests/unit/check_main.h"
#include "tests/unit/elector/stage.h"

static struct elector_view look(const struct stage *stage)
{
    struct elector_view view;
    elector_look(&stage->elector, stage->now, &view);
    return view;
}

/* A workload is told of the lease as it is now. Returns the deadline, as an instant of our clock.
 */
static int64_t tell_workload(struct stage *stage)
{
    int64_t deadline_ms = look(stage).deadline_boottime_ms;
    struct elector_event event = {.kind = ELECTOR_WORKLOAD,
                                  .until =
                                      moment_plus(stage->now, deadline_ms - stage->now.boot_ms)};
    (void)stage_feed(stage, event);
    return deadline_ms;
}

static void end_workload(struct stage *stage)
{
    (void)stage_feed(stage, (struct elector_event){.kind = ELECTOR_WORKLOAD});
}

static void step_down(struct stage *stage, int64_t drain_ms)
{
    (void)stage_feed(stage, (struct elector_event){.kind = ELECTOR_STEP_DOWN,
                                                   .hold_off_ms = 60000,
                                                   .drain_ms = drain_ms});
    stage_settle(stage);
}

START_TEST(a_lease_is_not_released_while_a_workload_is_at_work)
{
    struct stage *stage = stage_leading();
    int64_t deadline_ms = tell_workload(stage);
    stage_live(stage, 1000);
    step_down(stage, 0);
    ck_assert(!stage_leads(stage));
    ck_assert_int_eq(stage_state(stage), ELECTOR_DRAINING);
    stage_live(stage, deadline_ms - stage->now.boot_ms - 1);
    ck_assert_int_eq(stage->record.state, LEASE_HELD);
    stage_live(stage, 1);
    ck_assert_int_eq(stage->record.state, LEASE_RELEASED);
}
END_TEST

START_TEST(work_has_the_stop_margin_even_without_a_drain)
{
    struct stage *stage = stage_leading();
    (void)tell_workload(stage);
    step_down(stage, 0);
    ck_assert_int_eq(look(stage).drain_left_ms, STOP_MARGIN_MS);
    ck_assert_ptr_nonnull(stage_noted(stage, ELECTOR_NOTE_DRAIN_STARTED));
}
END_TEST

START_TEST(the_end_of_the_last_workload_ends_the_drain)
{
    struct stage *stage = stage_leading();
    (void)tell_workload(stage);
    step_down(stage, 10000);
    stage_live(stage, 100);
    ck_assert_int_eq(stage->record.state, LEASE_HELD);
    end_workload(stage);
    stage_settle(stage);
    ck_assert_int_eq(stage->record.state, LEASE_RELEASED);
}
END_TEST

START_TEST(when_all_work_has_ended_before_there_is_nothing_to_drain)
{
    struct stage *stage = stage_leading();
    (void)tell_workload(stage);
    end_workload(stage);
    step_down(stage, 2000);
    ck_assert_int_eq(stage->record.state, LEASE_RELEASED);
}
END_TEST

START_TEST(a_word_of_nobody_leaves_the_drain_alone)
{
    struct stage *stage = stage_leading();
    end_workload(stage);
    step_down(stage, 2000);
    stage_live(stage, 1999);
    ck_assert_int_eq(stage->record.state, LEASE_HELD);
    stage_live(stage, 1);
    ck_assert_int_eq(stage->record.state, LEASE_RELEASED);
}
END_TEST

START_TEST(work_of_an_earlier_reign_says_nothing_of_this_one)
{
    struct stage *stage = stage_leading();
    (void)tell_workload(stage);
    end_workload(stage);
    (void)stage_feed(stage, (struct elector_event){.kind = ELECTOR_STEP_DOWN});
    stage_live(stage, 1000);
    ck_assert(stage_leads(stage));
    step_down(stage, 2000);
    stage_live(stage, 1999);
    ck_assert_int_eq(stage->record.state, LEASE_HELD);
}
END_TEST

START_TEST(somebodys_word_does_not_stand_for_a_known_workload)
{
    struct stage *stage = stage_leading();
    (void)tell_workload(stage);
    step_down(stage, 10000);
    struct elector_event released = {.kind = ELECTOR_DRAINED};
    ck_assert_int_eq(stage_feed(stage, released), ELECTOR_ACCEPTED);
    stage_settle(stage);
    ck_assert_int_eq(stage->record.state, LEASE_HELD);
}
END_TEST

START_TEST(a_second_stop_does_not_cut_a_workload_off)
{
    struct stage *stage = stage_leading();
    (void)tell_workload(stage);
    struct elector_event stop = {
        .kind = ELECTOR_STOP, .reason = ELECTOR_SHUTDOWN, .drain_ms = 20000};
    (void)stage_feed(stage, stop);
    stage_settle(stage);
    stop.drain_ms = 0;
    (void)stage_feed(stage, stop);
    stage_settle(stage);
    ck_assert_int_eq(stage->record.state, LEASE_HELD);
    ck_assert_int_eq(look(stage).drain_left_ms, STOP_MARGIN_MS);
    ck_assert_msg(stage->orders.changed, "a shorter drain is told");
    end_workload(stage);
    stage_settle(stage);
    ck_assert_int_eq(stage->record.state, LEASE_RELEASED);
    ck_assert(stage->orders.stopped);
}
END_TEST

START_TEST(the_lease_is_renewed_while_a_workload_is_at_work)
{
    struct stage *stage = stage_leading();
    int64_t deadline_ms = tell_workload(stage);
    step_down(stage, 0);
    int64_t n = stage->record.n;
    stage_live(stage, deadline_ms - stage->now.boot_ms - 1);
    ck_assert_int_gt(stage->record.n, n);
}
END_TEST

START_TEST(a_deadline_is_over_when_it_is_by_both_clocks)
{
    struct stage *stage = stage_leading();
    int64_t deadline_ms = tell_workload(stage);
    step_down(stage, 0);
    /* the clock that workloads do not read runs ahead: it says that the deadline is over */
    stage->now.raw_ms += 2000;
    stage_live(stage, deadline_ms - stage->now.boot_ms - 1);
    ck_assert_int_ne(stage->record.state, LEASE_RELEASED);
}
END_TEST

START_TEST(a_successor_waits_for_the_workloads_of_its_predecessor)
{
    struct stage *stage = stage_leading();
    struct elector_memo memo;
    int64_t deadline_ms = tell_workload(stage);
    ck_assert(stage->orders.save);
    elector_memo(&stage->elector, &memo);
    ck_assert(memo.at_work);
    stage->now = moment_plus(stage->now, 500);
    stage_begin(stage, &memo);
    stage_settle(stage);
    ck_assert(stage_leads(stage));
    step_down(stage, 0);
    stage_live(stage, deadline_ms - stage->now.boot_ms - 1);
    ck_assert_int_eq(stage->record.state, LEASE_HELD);
    stage_live(stage, 1);
    ck_assert_int_eq(stage->record.state, LEASE_RELEASED);
}
END_TEST

START_TEST(after_a_crash_the_end_of_work_ends_the_drain_when_the_predecessors_time_is_over)
{
    struct stage *stage = stage_leading();
    struct elector_memo memo;
    int64_t deadline_ms = tell_workload(stage);
    elector_memo(&stage->elector, &memo);
    stage->now = moment_plus(stage->now, 500);
    stage_begin(stage, &memo);
    stage_settle(stage);
    (void)tell_workload(stage);
    step_down(stage, 60000);
    end_workload(stage);
    stage_live(stage, deadline_ms - stage->now.boot_ms - 1);
    ck_assert_int_eq(stage->record.state, LEASE_HELD);
    stage_live(stage, 1);
    ck_assert_int_eq(stage->record.state, LEASE_RELEASED);
}
END_TEST

START_TEST(a_candidate_that_is_gated_waits_for_a_healthy_workload)
{
    struct stage *stage = stage_new();
    struct lease_request open = stage_their_request(LEASE_BOOTSTRAP);
    (void)stage_apply(stage, &open);
    stage->options.gated = true;
    stage_begin(stage, NULL);
    ck_assert_int_eq(stage_answer(stage), LEASE_OBSERVE);
    ck_assert_int_eq(look(stage).waiting, ELECTOR_WAITING_UNHEALTHY);
    (void)stage_feed(stage, (struct elector_event){.kind = ELECTOR_HEALTH, .healthy = true});
    stage_settle(stage);
    ck_assert(stage_leads(stage));
}
END_TEST

START_TEST(a_gate_does_not_end_a_reign_that_is_resumed)
{
    struct stage *stage = stage_leading();
    struct elector_memo memo;
    elector_memo(&stage->elector, &memo);
    stage->options.gated = true;
    stage_begin(stage, &memo);
    stage_settle(stage);
    ck_assert(stage_leads(stage));
    (void)stage_feed(stage, (struct elector_event){.kind = ELECTOR_HEALTH, .drain_ms = 0});
    stage_settle(stage);
    ck_assert(!stage_leads(stage));
    ck_assert_int_eq(stage->record.state, LEASE_RELEASED);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("workload");
    TCase *tests = tcase_create("workload");
    tcase_add_test(tests, a_lease_is_not_released_while_a_workload_is_at_work);
    tcase_add_test(tests, work_has_the_stop_margin_even_without_a_drain);
    tcase_add_test(tests, the_end_of_the_last_workload_ends_the_drain);
    tcase_add_test(tests, when_all_work_has_ended_before_there_is_nothing_to_drain);
    tcase_add_test(tests, a_word_of_nobody_leaves_the_drain_alone);
    tcase_add_test(tests, work_of_an_earlier_reign_says_nothing_of_this_one);
    tcase_add_test(tests, somebodys_word_does_not_stand_for_a_known_workload);
    tcase_add_test(tests, a_second_stop_does_not_cut_a_workload_off);
    tcase_add_test(tests, the_lease_is_renewed_while_a_workload_is_at_work);
    tcase_add_test(tests, a_deadline_is_over_when_it_is_by_both_clocks);
    tcase_add_test(tests, a_successor_waits_for_the_workloads_of_its_predecessor);
    tcase_add_test(tests,
                   after_a_crash_the_end_of_work_ends_the_drain_when_the_predecessors_time_is_over);
    tcase_add_test(tests, a_candidate_that_is_gated_waits_for_a_healthy_workload);
    tcase_add_test(tests, a_gate_does_not_end_a_reign_that_is_resumed);
    suite_add_tcase(suite, tests);
    return suite;
}

CHECK_MAIN(make_suite)
