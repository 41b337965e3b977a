"""The judge is judged: made-up histories, good ones and one for each way of being bad."""
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from checker import judge  # noqa: E402
from history import Answer, Exit, Fault, History, load  # noqa: E402
from work import Work, judge_work  # noqa: E402


def says(daemon, at, token, deadline=None, *, leads=None, valid=None, process=None, state=None,
         slow=1.0):
    """An answer at an instant; with a deadline it leads unless told otherwise."""
    valid = deadline is not None if valid is None else valid
    leads = valid if leads is None else leads
    return Answer(daemon, process or daemon + "-1", at - slow, at + slow, at, leads, valid, token,
                  deadline, state or ("leader" if leads else "follower"))


def reign(daemon, first, last, token, lease=3000, step=100, **how):
    return [says(daemon, at, token, at + lease, **how) for at in range(first, last + 1, step)]


def kinds(entries):
    return sorted({v.split(":")[0] for v in judge(entries).violations})


class Good(unittest.TestCase):
    def test_one_leader_for_ever(self):
        entries = reign("a", 1000, 9000, 5) + [says("b", 9000, 5)]
        verdict = judge(entries)
        self.assertEqual(verdict.violations, [])
        self.assertEqual((len(verdict.reigns), verdict.leaderless_ms), (1, 0))

    def test_a_release_passes_the_lease_on_before_the_deadline(self):
        entries = reign("a", 1000, 2000, 5) + [says("a", 2010, 5), says("b", 2000, 5)] \
            + reign("b", 2020, 4000, 6)
        self.assertEqual(kinds(entries), [])

    def test_an_orderly_exit_passes_the_lease_on_before_the_deadline(self):
        entries = reign("a", 1000, 2000, 5) + [Exit("a", 2010, 0)] + reign("b", 2020, 4000, 6)
        self.assertEqual(kinds(entries), [])

    def test_a_drain_holds_the_promise_until_it_is_released(self):
        entries = reign("a", 1000, 2000, 5) + [says("a", 2500, 5, 5500, leads=False)] \
            + [says("a", 2600, None)] + reign("b", 2700, 4000, 6)
        self.assertEqual(kinds(entries), [])

    def test_a_new_reign_of_the_same_daemon_takes_the_promise_of_the_drained_one_back(self):
        entries = reign("a", 1000, 2000, 5) + [says("a", 2500, 5, 5500, leads=False)] \
            + reign("a", 2600, 2800, 6) + [Exit("a", 2810, 0)] + reign("b", 2900, 6000, 7)
        self.assertEqual(kinds(entries), [])

    def test_a_killed_leader_is_followed_after_its_deadline(self):
        entries = reign("a", 1000, 2000, 5) + [Exit("a", 2010, -9)] + reign("b", 5000, 6000, 6)
        self.assertEqual(kinds(entries), [])

    def test_a_resumed_reign_is_one_reign(self):
        entries = reign("a", 1000, 2000, 5) + [Exit("a", 2010, -9), says("a", 2100, None,
                                               process="a-2", state="starting")] \
            + reign("a", 2200, 3000, 5, process="a-2")
        self.assertEqual(kinds(entries), [])
        self.assertEqual(len(judge(entries).reigns), 1)

    def test_an_answer_that_was_long_under_way_claims_its_own_instant_only(self):
        late = Answer("a", "a-1", 1500, 9000, 1501, True, True, 5, 4000, "leader")
        entries = reign("a", 1000, 1400, 5) + reign("b", 4500, 8000, 6) + [late]
        self.assertEqual(kinds(entries), [])

    def test_leaderless_time_is_measured(self):
        entries = reign("a", 1000, 2000, 5) + [Exit("a", 2001, -9), says("b", 2100, 5)] \
            + reign("b", 5000, 6000, 6)
        verdict = judge(entries)
        self.assertEqual(verdict.leaderless_ms, 3000)
        self.assertEqual(verdict.longest_leaderless_ms, 3000)
        self.assertEqual(verdict.span_ms, 5000)

    def test_nothing_seen_is_no_violation(self):
        self.assertEqual(judge([]).violations, [])


class Bad(unittest.TestCase):
    def test_two_reigns_at_one_instant_overlap(self):
        entries = reign("a", 1000, 3000, 5) + reign("b", 2500, 4000, 6)
        self.assertIn("overlap", kinds(entries))

    def test_a_single_claim_inside_another_reign_overlaps(self):
        entries = reign("a", 1000, 3000, 5) + [says("b", 2050, 6, 5000)]
        self.assertIn("overlap", kinds(entries))

    def test_the_order_of_the_entries_does_not_hide_an_overlap(self):
        entries = reign("b", 2500, 4000, 6) + reign("a", 1000, 3000, 5)
        self.assertIn("overlap", kinds(entries))

    def test_leading_before_a_killed_leaders_deadline_breaks_its_promise(self):
        entries = reign("a", 1000, 2000, 5) + [Exit("a", 2010, -9)] + reign("b", 4900, 6000, 6)
        self.assertEqual(kinds(entries), ["promise"])

    def test_leading_before_a_silent_leaders_deadline_breaks_its_promise(self):
        entries = reign("a", 1000, 2000, 5) + reign("b", 4900, 6000, 6)
        self.assertEqual(kinds(entries), ["promise"])

    def test_leading_while_another_drains_breaks_its_promise(self):
        entries = reign("a", 1000, 2000, 5) \
            + [says("a", 2500, 5, 5500, leads=False), says("a", 3500, 5, 6500, leads=False)] \
            + reign("b", 3000, 4000, 6)
        self.assertEqual(kinds(entries), ["promise"])

    def test_a_smaller_token_later_is_a_regression(self):
        entries = reign("a", 1000, 2000, 5) + [Exit("a", 2001, 0), says("b", 2500, None)] \
            + reign("b", 6000, 7000, 4)
        self.assertEqual(kinds(entries), ["token"])

    def test_one_token_of_two_daemons_is_a_violation(self):
        entries = reign("a", 1000, 2000, 5) + [Exit("a", 2001, 0)] + reign("b", 6000, 7000, 5)
        self.assertEqual(kinds(entries), ["token"])

    def test_a_smaller_token_of_the_same_daemon_is_a_regression(self):
        entries = reign("a", 1000, 2000, 5) + [says("a", 2100, None)] + reign("a", 6000, 7000, 4)
        self.assertEqual(kinds(entries), ["token"])

    def test_a_claim_after_its_own_end_is_a_revival(self):
        entries = reign("a", 1000, 2000, 5) + [says("a", 2100, 5)] + reign("a", 2200, 2500, 5)
        self.assertEqual(kinds(entries), ["revival"])

    def test_a_claim_after_a_drain_began_is_a_revival(self):
        entries = reign("a", 1000, 2000, 5) + [says("a", 2100, 5, 5000, leads=False)] \
            + reign("a", 2200, 2500, 5)
        self.assertEqual(kinds(entries), ["revival"])

    def test_a_claim_at_its_deadline_is_overdue(self):
        self.assertEqual(kinds([says("a", 4000, 5, 4000)]), ["overdue"])

    def test_a_claim_without_a_valid_lease_is_overdue(self):
        self.assertEqual(kinds([says("a", 4000, 5, 9000, leads=True, valid=False)]), ["overdue"])

    def test_an_answer_from_another_time_is_a_lie(self):
        entry = says("a", 4000, 5, 9000)
        entry.at_ms = 3900
        self.assertEqual(kinds([entry]), ["clock"])


class Kept(unittest.TestCase):
    def test_a_history_comes_back_from_its_file_as_it_was(self):
        entries = reign("a", 1000, 1200, 5) + [Exit("a", 2000.5, -9), Fault(2000.5, "kill a")]
        with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
            history = History(file.name)
            for entry in entries:
                history.add(entry)
            history.close()
            self.assertEqual(load(file.name), entries)



class WorkTest(unittest.TestCase):
    def test_work_of_one_host_after_the_other_is_good(self):
        self.assertEqual(judge_work([Work("a", "run", 5, 100, 200, 9), Work("a", "flag", 5, 90, 210, 9),
                                     Work("b", "run", 6, 210.001, 300, 9),
                                     Work("a", "run", 7, 301, 302, 9)]), [])

    def test_two_reigns_of_one_host_may_meet(self):
        self.assertEqual(judge_work([Work("a", "run", 5, 100, 200, 9), Work("a", "flag", 6, 150, 210, 9),
                                     Work("b", "run", 7, 220, 300, 9)]), [])

    def test_work_past_the_next_ones_beginning_is_found(self):
        found = judge_work([Work("a", "run", 5, 100, 205, 9), Work("b", "flag", 6, 205, 300, 9)])
        self.assertEqual(len(found), 1)
        self.assertIn("run at a under 5", found[0])

    def test_a_straggler_is_found_behind_another_reign(self):
        found = judge_work([Work("a", "run", 5, 100, 400, 9), Work("b", "run", 6, 200, 300, 9),
                            Work("c", "run", 7, 350, 360, 9)])
        self.assertEqual(len(found), 2)

    def test_one_token_on_two_hosts_is_found(self):
        self.assertEqual(len(judge_work([Work("a", "run", 5, 100, 200, 9),
                                         Work("b", "run", 5, 300, 400, 9)])), 1)


if __name__ == "__main__":
    unittest.main()
