"""What operators and workloads ask for: step-down, drain, pause, bootstrap, vacate, observing."""
import threading
import time

import http_client
from harness import LEASE_S, Case, boottime_ms, main
from proxy import Proxy


class StepDown(Case):
    def setUp(self):
        self.server = self.redis()
        self.one = self.leader("one", self.server)
        self.token = self.one.election()["fencing_token"]

    def step_down(self, body=None, query=""):
        return self.one.post("/elections/demo/step-down" + query, body)

    def test_it_releases_before_it_answers_and_another_leads(self):
        two = self.follower("two", self.server)
        answer = self.step_down({"reason": "maintenance"})
        self.assertEqual(answer.status, 200)
        self.assertFalse(answer.json()["is_leader"])
        self.assertEqual(answer.json()["state"], "held_off")
        two.wait_leader()
        self.assertEqual(self.one.events("leadership_lost")[-1]["reason"], "stepped_down")

    def test_a_leader_that_changes_often_is_said_to_be_unstable(self):
        self.assertTrue(self.one.election()["stability"]["is_stable"])
        for _ in range(2):
            self.assertEqual(self.step_down({"hold_off": "0s"}).status, 200)
            self.one.wait_leader()
        stability = self.one.wait_election(lambda e: not e["stability"]["is_stable"])["stability"]
        self.assertEqual(stability["changes_last_10m"], 3)
        self.assertEqual(len(self.one.events("stability_changed")), 1)

    def test_the_hold_off_ends_when_somebody_else_led(self):
        two = self.follower("two", self.server)
        answer = self.step_down({"hold_off": "10m", "reason": "deploy"}).json()
        self.assertEqual(answer["hold_off"]["reason"], "deploy")
        self.assertGreater(answer["hold_off"]["remaining_ms"], 590000)
        self.assertFalse(answer["participating"])
        two.wait_leader()
        self.assertIsNone(self.one.wait_state("follower")["hold_off"])

    def test_alone_it_leads_again_when_the_hold_off_is_over(self):
        began_ms = boottime_ms()
        self.assertEqual(self.step_down({"hold_off": "700ms"}).status, 200)
        self.assertFalse(self.one.leads())
        election = self.one.wait_leader()
        self.assertGreaterEqual(boottime_ms() - began_ms, 700)
        self.assertGreater(election["fencing_token"], self.token)

    def test_a_drain_keeps_the_lease_until_the_workload_says_released(self):
        two = self.follower("two", self.server)
        answer = self.step_down({"drain": "60s"})
        self.assertEqual(answer.status, 202)
        election = answer.json()
        self.assertEqual(election["state"], "draining")
        self.assertFalse(election["is_leader"])
        self.assertTrue(election["lease"]["valid"])
        self.assertGreater(election["drain"]["remaining_ms"], 50000)
        self.assertEqual(self.step_down({"drain": "60s"}).status, 202)
        # It renews while it drains: beyond the first deadline the lease is still its own.
        first = election["lease"]["deadline_boottime_ms"]
        self.one.wait_election(lambda e: e["lease"]["deadline_boottime_ms"] > first + 500)
        self.assertFalse(two.leads())
        self.assertEqual(self.one.post("/elections/demo/released").status, 200)
        two.wait_leader()
        self.assert_problem(self.one.post("/elections/demo/released"), 409, "not_draining")

    def test_released_is_open_to_readers(self):
        self.step_down({"drain": "60s"})
        answer = http_client.request(self.one.tcp, "POST", "/elections/demo/released")
        self.assertEqual(answer.status, 200)

    def test_a_drain_ends_by_itself(self):
        two = self.follower("two", self.server)
        began_ms = boottime_ms()
        answer = self.step_down({"drain": "800ms"}, "?wait=10s")
        self.assertEqual(answer.status, 200)
        self.assertGreaterEqual(boottime_ms() - began_ms, 790)
        two.wait_leader()

    def test_a_wait_that_is_over_answers_draining(self):
        answer = self.step_down({"drain": "30s"}, "?wait=300ms")
        self.assertEqual(answer.status, 202)
        self.one.post("/elections/demo/released")

    def test_the_token_can_be_demanded(self):
        answer = self.step_down({"if_fencing_token": self.token + 1})
        self.assert_problem(answer, 412, "token_mismatch")
        self.assertTrue(self.one.leads())
        self.assertEqual(self.step_down({"if_fencing_token": self.token}).status, 200)

    def test_who_does_not_lead_cannot_step_down(self):
        two = self.follower("two", self.server)
        answer = two.post("/elections/demo/step-down", {"if_fencing_token": 1})
        self.assert_problem(answer, 409, "not_leader")

    def test_bodies_are_checked(self):
        for body, status, code in (('{"hold_of":"1s"}', 400, "bad_body"),
                                   ('{"hold_off":7}', 400, "bad_body"),
                                   ('{"hold_off":"soon"}', 400, "bad_body"),
                                   ("[]", 400, "bad_body"), ("{", 400, "bad_body"),
                                   ('{"a":"' + "x" * 5000 + '"}', 413, "body_too_large")):
            self.assert_problem(self.step_down(body), status, code)
        answer = self.one.post("/elections/demo/step-down", "{}",
                               headers={"Content-Type": "text/plain"})
        self.assert_problem(answer, 415, "unsupported_media_type")
        self.assertTrue(self.one.leads())


class Pause(Case):
    def test_a_paused_leader_gives_up_and_does_not_campaign_until_resumed(self):
        server = self.redis()
        one = self.leader("one", server)
        two = self.follower("two", server)
        answer = one.post("/elections/demo/pause")
        self.assertEqual((answer.status, answer.json()["state"]), (200, "paused"))
        two.wait_leader()
        paused = one.wait_state("paused")
        self.assertFalse(paused["participating"])
        two.kill()
        # Nobody is left but the paused one: the lease runs out and it still does not lead.
        one.wait_election(lambda e: e["leader"] is None, timeout=3 * LEASE_S)
        self.assertEqual(one.election()["state"], "paused")
        self.assertEqual(one.post("/elections/demo/resume").status, 200)
        one.wait_leader()
        self.assertTrue(one.events("paused") and one.events("resumed"))

    def test_a_pause_with_a_time_ends_by_itself(self):
        one = self.leader("one", self.redis())
        began_ms = boottime_ms()
        self.assertEqual(one.post("/elections/demo/pause", {"for": "900ms"}).status, 200)
        one.wait_state("paused")
        one.wait_leader()
        self.assertGreaterEqual(boottime_ms() - began_ms, 890)

    def test_a_pause_drains_first(self):
        one = self.leader("one", self.redis())
        one.post("/elections/demo/pause", {"drain": "30s"})
        self.assertEqual(one.election()["state"], "draining")
        one.post("/elections/demo/released")
        one.wait_state("paused")


class WhileAcquiring(Case):
    """The grant comes after the daemon was told not to lead: it gives the lease back."""

    def setUp(self):
        self.server = self.redis()
        self.one = self.leader("one", self.server)
        # It acquires when the hold-off is over; Redis keeps that request until the pause is.
        self.one.post("/elections/demo/step-down", {"hold_off": "300ms"})
        self.server.command("CLIENT", "PAUSE", "600", "WRITE")
        self.one.wait_election(lambda e: e["hold_off"] is None)

    def record(self):
        return self.server.command("HGET", "leader-election:demo", "s")

    def test_told_to_stop(self):
        self.assertEqual(self.one.terminate(), 0)
        self.assertEqual(self.record(), "r")

    def test_told_to_pause(self):
        self.one.post("/elections/demo/pause")
        self.one.wait_state("paused")
        self.server.command("PING")
        self.one.post("/elections/demo/resume")
        self.one.wait_leader()

    def test_told_to_pause_for_long(self):
        self.one.post("/elections/demo/pause")
        gained = len(self.one.events("leadership_gained"))
        time.sleep(1.2)  # the grant is here by now, and given back
        self.assertEqual(self.one.wait_state("paused")["is_leader"], False)
        self.assertEqual(self.record(), "r")
        self.assertLessEqual(len(self.one.events("leadership_gained")), gained + 1)


class BetweenGrantAndReadBack(Case):
    """Each request takes 200 ms: the acquire is granted then, and read back after 400 ms."""

    def setUp(self):
        self.server = self.redis()
        self.proxy = Proxy("127.0.0.1", self.server.socket, 1)
        self.one = self.leader("one", f"redis://127.0.0.1:{self.proxy.port}/0")
        self.one.post("/elections/demo/step-down", {"hold_off": "300ms"})
        self.proxy.shape((0.1, 0.1))
        self.one.wait_election(lambda e: e["hold_off"] is None)
        time.sleep(0.3)  # no event tells of a grant that is not read back

    def tearDown(self):
        self.proxy.heal()
        super().tearDown()

    def test_told_to_stop(self):
        self.assertEqual(self.one.terminate(), 0)
        self.assertEqual(self.server.command("HGET", "leader-election:demo", "s"), "r")

    def test_told_to_pause(self):
        self.one.post("/elections/demo/pause")
        self.one.wait_state("paused")
        self.one.post("/elections/demo/resume")
        self.one.wait_leader()


class OperatorsWord(Case):
    def test_bootstrap_skips_the_wait_and_refuses_while_somebody_leads(self):
        server = self.redis()
        began_ms = boottime_ms()
        one = self.daemon("one", server)
        one.wait_status(lambda s: s["store"]["connected"])
        answer = one.post("/elections/demo/bootstrap")
        self.assertEqual(answer.status, 200, answer)
        one.wait_leader()
        self.assertLess(boottime_ms() - began_ms, LEASE_S * 1000)
        self.assert_problem(one.post("/elections/demo/bootstrap"), 409, "held")
        two = self.follower("two", server)
        self.assert_problem(two.post("/elections/demo/bootstrap"), 409, "held")

    def test_vacate_takes_the_lease_away_and_all_wait_one_duration(self):
        server = self.redis()
        one = self.leader("one", server)
        two = self.follower("two", server)
        feed = self.feed(one, two)
        token = one.election()["fencing_token"]
        began_ms = boottime_ms()
        self.assertEqual(two.post("/elections/demo/vacate").status, 200)
        one.wait_election(lambda e: not e["is_leader"])
        self.assertEqual(one.events("leadership_lost")[-1]["reason"], "renew_refused")
        at_ms, _, election = feed.wait_leader(above=token)
        self.assertGreaterEqual(at_ms - began_ms, LEASE_S * 1000 - 100)
        self.assertGreater(election["fencing_token"], token)

    def test_commands_on_an_unknown_election_are_404(self):
        one = self.leader("one", self.redis())
        for path in ("step-down", "pause", "resume", "bootstrap", "vacate", "released"):
            self.assert_problem(one.post(f"/elections/nosuch/{path}"), 404, "election_not_found")

    def test_an_observer_sees_and_never_leads(self):
        server = self.redis()
        one = self.leader("one", server)
        watcher = self.daemon("watcher", server,
                              elections=({"name": "demo", "role": "observer"},))
        seen = watcher.wait_election(lambda e: e["leader"] is not None)
        self.assertEqual(seen["state"], "observer")
        self.assertEqual(seen["leader"]["participant_id"], "one")
        self.assertFalse(seen["participating"])
        self.assertEqual(one.terminate(), 0)
        watcher.wait_election(lambda e: e["leader"] is None)
        self.assertEqual(server.command("HGET", "leader-election:demo", "s"), "r")
        two = self.daemon("two", server)
        two.wait_leader()
        watcher.wait_election(lambda e: e["leader"] is not None
                              and e["leader"]["participant_id"] == "two")

    def test_many_commands_at_once_do_no_harm(self):
        one = self.leader("one", self.redis())
        paths = ["pause", "resume", "step-down", "bootstrap", "vacate", "released"] * 5
        statuses = []
        threads = [threading.Thread(target=lambda p=p: statuses.append(
            one.post("/elections/demo/" + p, timeout=30).status)) for p in paths]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(40)
        self.assertEqual(len(statuses), len(paths))
        self.assertLessEqual(set(statuses), {200, 202, 409, 429, 503})
        self.assertEqual(one.post("/elections/demo/resume").status, 200)
        one.wait_leader(timeout=30)


if __name__ == "__main__":
    main()
