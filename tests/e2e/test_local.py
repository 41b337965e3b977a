"""The embedded store: several daemons of one host elect through a file."""
import os
import random
import signal
import sqlite3
import time

import http_client
from daemon import environment
from harness import Case, binary, boottime_ms, free_port, main, temporary_directory


class LocalStore(Case):
    def setUp(self):
        self.directory = temporary_directory("local")
        self.path = os.path.join(self.directory, "leases.db")
        self.url = "local:" + self.path

    def test_the_first_daemon_leads_at_once_and_the_others_follow(self):
        began_ms = boottime_ms()
        one = self.daemon("one", self.url)
        one.wait_leader()
        self.assertLess(boottime_ms() - began_ms, 3000)  # no restart guard: the file is durable
        two, three = self.follower("two", self.url), self.follower("three", self.url)
        self.assertEqual([d.leads() for d in (one, two, three)], [True, False, False])
        self.assertEqual(one.status()["store"]["kind"], "local")

    def test_with_no_configuration_at_all_it_leads_at_once(self):
        port = free_port()
        program = self.program("leaderd", [binary(), "--listen", f"127.0.0.1:{port}"],
                               env=environment(self.directory), cwd=self.directory)
        program.wait_line("leadership gained")
        answer = http_client.request(("127.0.0.1", port), "GET", "/leader")
        self.assertEqual((answer.status, answer.json()["election"]), (200, "default"))
        program.signal(signal.SIGTERM)
        self.assertEqual(program.wait(), 0)

    def test_a_terminated_leader_hands_over(self):
        one = self.daemon("one", self.url)
        token = one.wait_leader()["fencing_token"]
        two = self.follower("two", self.url)
        feed = self.feed(two)
        began_ms = boottime_ms()
        self.assertEqual(one.terminate(), 0)
        at_ms, _, election = feed.wait_leader(above=token)
        self.assertLess(at_ms - began_ms, 1500)
        self.assertGreater(election["fencing_token"], token)

    def test_a_killed_leader_is_followed_at_the_end_of_its_lease(self):
        one = self.daemon("one", self.url)
        one.wait_leader()
        two = self.follower("two", self.url)
        feed = self.feed(two)
        before = one.election()
        one.kill()
        at_ms, _, election = feed.wait_leader(above=before["fencing_token"])
        self.assertGreater(at_ms, before["lease"]["deadline_boottime_ms"])
        self.assertLess(at_ms, before["lease"]["deadline_boottime_ms"] + 1500)
        self.assertGreater(election["fencing_token"], before["fencing_token"])

    def test_daemons_killed_in_the_middle_of_writes_leave_a_good_file(self):
        """Many elections with short intervals: at any moment somebody writes."""
        noise = random.Random(7)
        names = [f"e{i}" for i in range(40)]
        short = [{"name": n, "lease_duration": "2s", "renew_interval": "100ms",
                  "retry_interval": "100ms", "operation_timeout": "90ms"} for n in names]
        watcher = self.daemon("watcher", self.url, elections=short)
        first = watcher.wait_status(lambda s: all(e["leader"] for e in s["elections"].values()))
        for round_number in range(6):
            victim = self.daemon(f"v{round_number}", self.url, elections=short)
            victim.wait_status(lambda s: all(e["leader"] for e in s["elections"].values()))
            for name in names[round_number * 6:round_number * 6 + 6]:
                watcher.post(f"/elections/{name}/step-down")
            time.sleep(noise.uniform(0.01, 0.2))  # the moment of death is what varies
            victim.kill()
        # As a newcomer would read it.
        with sqlite3.connect(self.path, timeout=10) as file:
            self.assertEqual(file.execute("PRAGMA integrity_check").fetchone()[0], "ok")
        status = watcher.wait_status(
            lambda s: all(e["is_leader"] for e in s["elections"].values()), timeout=30)
        for name, election in status["elections"].items():
            before = first["elections"][name]["fencing_token"]
            self.assertGreaterEqual(election["fencing_token"], before)

    def test_the_file_survives_a_restart_of_all(self):
        one = self.daemon("one", self.url)
        token = one.wait_leader()["fencing_token"]
        self.assertEqual(one.terminate(), 0)
        two = self.daemon("two", self.url)
        self.assertGreater(two.wait_leader()["fencing_token"], token)

    def test_a_frozen_leader_does_not_lead_when_it_wakes(self):
        one = self.daemon("one", self.url)
        token = one.wait_leader()["fencing_token"]
        two = self.follower("two", self.url)
        feed = self.feed(two)
        one.freeze()
        feed.wait_leader(above=token)
        one.thaw()
        for _ in range(50):
            now = one.election()
            self.assertFalse(now["is_leader"] and now["fencing_token"] == token)
        one.wait_state("follower")

    def test_a_store_locked_by_somebody_else_ends_the_reign_and_comes_back(self):
        one = self.daemon("one", self.url)
        token = one.wait_leader()["fencing_token"]
        thief = sqlite3.connect(self.path, isolation_level=None, timeout=10)
        thief.execute("BEGIN EXCLUSIVE")
        one.wait_election(lambda e: not e["is_leader"])
        self.assertEqual(one.get("/livez").status, 200)
        thief.execute("ROLLBACK")
        thief.close()
        one.wait_election(lambda e: e["is_leader"] and e["fencing_token"] > token)


if __name__ == "__main__":
    main()
