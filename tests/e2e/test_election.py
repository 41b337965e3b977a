"""Several daemons on one redis-server: one leads, and leadership moves on."""
import socket
import time

from harness import LEASE_S, Case, boottime_ms, main


def leaders(daemons):
    return [d.name for d in daemons if d.leads()]


class ThreeDaemons(Case):
    def setUp(self):
        self.server = self.redis()
        self.one = self.leader("one", self.server)
        self.two = self.follower("two", self.server)
        self.three = self.follower("three", self.server)
        self.all = [self.one, self.two, self.three]
        self.by_name = {d.name: d for d in self.all}

    def test_exactly_one_leads_and_all_agree_who(self):
        self.assertEqual(leaders(self.all), ["one"])
        seen = [d.election() for d in self.all]
        self.assertEqual({e["leader"]["participant_id"] for e in seen}, {"one"})
        self.assertEqual(len({e["fencing_token"] for e in seen}), 1)
        self.assertEqual([e["leader"]["is_self"] for e in seen], [True, False, False])
        self.assertEqual(seen[1]["state"], "follower")
        self.assertEqual(seen[1]["waiting"]["reason"], "holder_alive")
        self.assertIsNone(seen[0]["waiting"])
        self.assertIsNone(seen[1]["lease"]["deadline_boottime_ms"])

    def test_a_terminated_leader_hands_over_at_once(self):
        token = self.one.election()["fencing_token"]
        feed = self.feed(self.two, self.three)
        began_ms = boottime_ms()
        self.assertEqual(self.one.terminate(), 0)
        at_ms, name, election = feed.wait_leader(above=token)
        # Without the hint it would take a retry interval or the rest of the lease.
        self.assertLess(at_ms - began_ms, 450)
        self.assertGreater(election["fencing_token"], token)
        self.assertEqual(election["previous_leader"]["participant_id"], "one")
        self.assertEqual(leaders([self.two, self.three]), [name])

    def test_a_killed_leader_is_followed_when_its_lease_is_over(self):
        election = self.one.election()
        feed = self.feed(self.two, self.three)
        deadline_ms = self.one.election()["lease"]["deadline_boottime_ms"]
        self.one.kill()
        at_ms, name, after = feed.wait_leader(above=election["fencing_token"])
        self.assertGreater(at_ms, deadline_ms)
        self.assertLess(at_ms, deadline_ms + 1500)
        self.assertEqual(leaders([self.two, self.three]), [name])
        self.assertGreater(after["fencing_token"], election["fencing_token"])

    def test_a_follower_that_leaves_changes_nothing(self):
        token = self.one.election()["fencing_token"]
        self.three.kill()
        self.assertEqual(self.two.terminate(), 0)
        election = self.one.election()
        self.assertTrue(election["is_leader"])
        self.assertEqual(election["fencing_token"], token)

    def test_a_leader_stopped_for_three_leases_never_leads_again_under_its_token(self):
        token = self.one.election()["fencing_token"]
        # Questions already in the socket are the first thing that it sees when it goes on.
        parked = []
        for path in ("/elections/demo", "/leader", "/status"):
            link = socket.create_connection(self.one.tcp, 20)
            link.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n".encode())
            parked.append((path, link))
        feed = self.feed(self.two, self.three)
        self.one.freeze()
        for _, link in parked:
            link.sendall(b"Connection: close\r\n\r\n")
        began_ms = boottime_ms()
        _, _, election = feed.wait_leader(above=token)
        # Not an event: the rest of three leases has to pass.

        time.sleep(max(0, 3 * LEASE_S - (boottime_ms() - began_ms) / 1000))
        self.one.thaw()
        for path, link in parked:
            answer = b""
            while chunk := link.recv(65536):
                answer += chunk
            link.close()
            self.assertTrue(answer.startswith(b"HTTP/1.1 "), path)
            self.assertNotIn(b'"is_leader":true', answer, path)
            self.assertIn(b"Leaderd-Is-Leader: false", answer) if path != "/status" else None
        until_ms = boottime_ms() + 1500
        while boottime_ms() < until_ms:
            now = self.one.election()
            self.assertFalse(now["is_leader"] and now["fencing_token"] == token, now)
        self.assertEqual(self.one.wait_state("follower")["fencing_token"],
                         election["fencing_token"])

    def test_tokens_grow_with_every_reign(self):
        tokens = [self.one.election()["fencing_token"]]
        feed = self.feed(self.one, self.two, self.three)
        for _ in range(4):
            _, name, _ = feed.wait_leader(above=tokens[-1] - 1)
            answer = self.by_name[name].post("/elections/demo/step-down",
                                             {"hold_off": "100ms"})
            self.assertEqual(answer.status, 200, answer)
            _, other, election = feed.wait_leader(above=tokens[-1])
            self.assertNotEqual(other, name)
            tokens.append(election["fencing_token"])
        self.assertEqual(tokens, sorted(set(tokens)))


class FirstStart(Case):
    def test_without_a_word_of_an_operator_the_first_leader_waits_one_lease(self):
        server = self.redis()
        began_ms = boottime_ms()
        one = self.daemon("one", server)
        waiting = one.wait_election(lambda e: e["waiting"] is not None
                                    and e["waiting"]["reason"] == "restart_guard")
        self.assertIn("leaderd bootstrap demo", waiting["waiting"]["message"])
        one.wait_leader()
        self.assertGreater(boottime_ms() - began_ms, LEASE_S * 1000)

    def test_a_unix_socket_and_a_database_number_work(self):
        server = self.redis()
        url = f"unix:{server.socket}?db=3"
        one = self.leader("one", url, {"store": {"key_prefix": "other:"}})
        two = self.follower("two", url, {"store": {"key_prefix": "other:"}})
        self.assertEqual([one.leads(), two.leads()], [True, False])
        self.assertEqual(one.election()["key"], "other:demo")
        keys = [line for line in server.command("INFO", "keyspace").splitlines() if "keys=" in line]
        self.assertEqual(len(keys), 1)
        self.assertTrue(keys[0].startswith("db3:"), keys)

    def test_the_record_has_no_ttl(self):
        server = self.redis()
        self.leader("one", server)
        self.assertEqual(server.command("TYPE", "leader-election:demo"), "hash")
        self.assertEqual(server.command("PTTL", "leader-election:demo"), -1)

    def test_two_elections_of_one_daemon_are_independent(self):
        server = self.redis()
        one = self.daemon("one", server, elections=("alpha", "beta"))
        for name in ("alpha", "beta"):
            one.bootstrap(name)
            one.wait_leader(name)
        two = self.daemon("two", server, elections=("alpha", "beta"))
        two.wait_state("follower", "alpha")
        two.wait_state("follower", "beta")
        self.assertEqual(one.post("/elections/beta/step-down").status, 200)
        two.wait_leader("beta")
        self.assertTrue(one.leads("alpha"))
        self.assertFalse(two.leads("alpha"))


if __name__ == "__main__":
    main()
