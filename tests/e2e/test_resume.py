"""After a crash a daemon takes its own lease back, and never while its predecessor may live."""
import os
import shutil
import time

from harness import LEASE_S, Case, boottime_ms, main


class Resume(Case):
    def setUp(self):
        self.server = self.redis()
        self.one = self.leader("one", self.server)
        self.before = self.one.election()

    def test_killed_and_restarted_it_leads_on_under_the_same_token(self):
        two = self.follower("two", self.server)
        self.one.kill()
        began_ms = boottime_ms()
        self.one.start()
        election = self.one.wait_leader()
        self.assertLess(boottime_ms() - began_ms, 1500)
        self.assertEqual(election["fencing_token"], self.before["fencing_token"])
        self.assertEqual(election["leader"]["instance_id"], self.before["leader"]["instance_id"])
        self.assertFalse(two.leads())
        self.assertEqual(two.events("leadership_gained"), [])

    def test_the_daemons_own_instance_id_is_never_taken_over(self):
        first = self.one.status()["instance_id"]
        self.one.kill()
        self.one.start()
        self.assertNotEqual(self.one.status()["instance_id"], first)

    def test_after_the_deadline_it_needs_a_new_token(self):
        self.one.kill()
        self.server.freeze()
        time.sleep(max(0, self.before["lease"]["deadline_boottime_ms"] + 900 - boottime_ms())
                   / 1000)
        self.server.thaw()
        self.one.start()
        election = self.one.wait_leader()
        self.assertGreater(election["fencing_token"], self.before["fencing_token"])

    def test_after_a_clean_end_it_gets_a_new_token(self):
        self.assertEqual(self.one.terminate(), 0)
        self.one.start()
        election = self.one.wait_leader()
        self.assertGreater(election["fencing_token"], self.before["fencing_token"])

    def test_a_copied_directory_is_not_believed_while_the_predecessor_lives(self):
        copy = self.daemon("one", self.server, start=False)
        shutil.rmtree(copy.state_dir)
        shutil.copytree(self.one.state_dir, copy.state_dir)
        copy.start()
        election = copy.wait_election(lambda e: e["leader"] is not None)
        # The copy has a lock of its own; what saves us is that it renews with a number that the
        # store takes from one of them only. Whoever loses draws a new identity.
        for _ in range(60):
            both = [d.election() for d in (self.one, copy)]
            self.assertLessEqual(sum(e["is_leader"] for e in both), 1, both)
            time.sleep(0.05)
        self.assertIsNotNone(election)

    def test_the_same_directory_is_refused_to_a_second_daemon(self):
        second = self.daemon("two", self.server, {"state_dir": self.one.state_dir})
        election = second.wait_election(lambda e: e["leader"] is not None)
        self.assertFalse(election["is_leader"])
        self.assertTrue(self.one.leads())
        self.assertEqual(self.one.election()["fencing_token"], self.before["fencing_token"])
        # Its identity is its own: it leads under another instance id when the first one leaves.
        self.assertEqual(self.one.terminate(), 0)
        after = second.wait_leader()
        self.assertNotEqual(after["leader"]["instance_id"], self.before["leader"]["instance_id"])

    def test_a_frozen_predecessor_keeps_its_lock(self):
        """A frozen process is not dead: its successor must not continue its reign."""
        self.one.freeze()
        second = self.daemon("one", self.server, {"state_dir": self.one.state_dir})
        election = second.wait_leader()
        self.assertGreater(election["fencing_token"], self.before["fencing_token"])
        self.assertNotEqual(election["leader"]["instance_id"],
                            self.before["leader"]["instance_id"])
        self.one.thaw()
        for _ in range(20):
            now = self.one.election()
            self.assertFalse(now["is_leader"])

    def test_a_damaged_state_file_is_not_believed(self):
        self.one.kill()
        names = [n for n in os.listdir(self.one.state_dir) if n.endswith(".state")]
        self.assertEqual(names, ["demo.state"])
        path = os.path.join(self.one.state_dir, names[0])
        with open(path, "r+b") as file:
            data = bytearray(file.read())
            data[len(data) // 3] ^= 1
            file.seek(0)
            file.write(data)
        self.one.start()
        election = self.one.wait_leader()
        self.assertGreater(election["fencing_token"], self.before["fencing_token"])

    def test_without_a_state_directory_it_waits_like_everybody(self):
        two = self.daemon("two", self.server, {"state_dir": None})
        self.assertEqual(self.one.terminate(), 0)
        token = two.wait_leader()["fencing_token"]
        two.kill()
        killed_ms = boottime_ms()
        two.start()
        self.assertGreater(two.wait_leader()["fencing_token"], token)
        self.assertGreater(boottime_ms() - killed_ms, (LEASE_S - 0.8) * 1000 - 200)


class Duplicates(Case):
    def test_two_processes_with_one_name_never_both_lead_and_both_say_so(self):
        server = self.redis()
        first = self.daemon("twin-a", server, {"participant_id": "twin"})
        first.bootstrap()
        first.wait_leader()
        second = self.daemon("twin-b", server, {"participant_id": "twin"})
        election = second.wait_election(lambda e: e["leader"] is not None)
        self.assertFalse(election["is_leader"])
        self.assertFalse(election["leader"]["is_self"])
        second.wait_event("duplicate_participant")
        # The leader learns of its twin when that one leads.
        self.assertEqual(first.post("/elections/demo/step-down", {"hold_off": "200ms"}).status, 200)
        second.wait_leader()
        self.assertFalse(first.leads())
        first.wait_event("duplicate_participant")
        for _ in range(20):
            self.assertLessEqual(first.leads() + second.leads(), 1)


if __name__ == "__main__":
    main()
