"""What Redis can do to a daemon: it keeps answering, says so, and stops leading in time."""
import socket
import threading

from harness import Case, RedisServer, boottime_ms, free_port, main

KEY = "leader-election:demo"


class Faults(Case):
    def setUp(self):
        self.server = self.redis()
        self.one = self.leader("one", self.server)
        self.token = self.one.election()["fencing_token"]

    def assert_ends_by_its_deadline(self):
        """The leader is cut off: still the leader for now, at its deadline at the latest no more."""
        cut = self.one.wait_status(lambda s: not s["store"]["connected"], what="a lost store")
        self.assertIsNotNone(cut["store"]["last_error"])
        election = cut["elections"]["demo"]
        if election["is_leader"]:
            self.assertEqual(election["state"], "leader")
        deadline_ms = election["lease"]["deadline_boottime_ms"]
        after = self.one.wait_election(lambda e: not e["is_leader"])
        self.assertLess(boottime_ms(), deadline_ms)
        # A stop margin before the deadline, so that work has time to stop; it drains until then.
        self.assertLessEqual(after["lease"]["remaining_ms"], after["lease"]["stop_margin_ms"])
        self.assertEqual((after["state"], after["lease"]["valid"]), ("draining", True))
        self.assertIsNotNone(after["last_error"])
        gone = self.one.wait_election(lambda e: not e["lease"]["valid"])
        self.assertLess(boottime_ms(), deadline_ms + 300)
        self.assertEqual(gone["lease"]["remaining_ms"], 0)
        self.assertIsNone(gone["lease"]["deadline_boottime_ms"])

    def test_a_killed_redis_ends_the_reign_and_a_new_one_begins_when_it_is_back(self):
        self.server.kill()
        self.assert_ends_by_its_deadline()
        self.assertEqual(self.one.get("/livez").status, 200)
        self.assertEqual(self.one.get("/leader").status, 503)
        lost = self.one.events("leadership_lost")[-1]
        self.assertEqual(lost["reason"], "renew_overdue")
        self.server.start()
        election = self.one.wait_leader()
        self.assertGreater(election["fencing_token"], self.token)
        self.assertTrue(self.one.status()["store"]["connected"])

    def test_a_store_gone_for_longer_than_a_lease_makes_the_state_unknown(self):
        self.server.kill()
        election = self.one.wait_state("unknown")
        self.assertIsNone(election["leader"])
        self.assertEqual(election["waiting"]["reason"], "store_unreachable")
        self.assertEqual(self.one.get("/readyz").status, 503)
        self.assertEqual(self.one.get("/livez").status, 200)

    def test_a_frozen_redis_ends_the_reign_and_thawed_it_goes_on(self):
        self.server.freeze()
        self.assert_ends_by_its_deadline()
        self.server.thaw()
        self.assertGreater(self.one.wait_leader()["fencing_token"], self.token)

    def test_a_redis_restarted_empty_keeps_the_living_leader_and_its_token(self):
        two = self.follower("two", self.server)
        self.server.kill()
        self.server.start()
        self.one.wait_status(lambda s: s["store"]["connected"])
        self.one.wait_event("store_reset")
        # The waiter must see the record that the leader has put back, under the same token.
        two.wait_election(lambda e: e["leader"] is not None
                          and e["leader"]["participant_id"] == "one"
                          and e["state"] == "follower")
        self.assertEqual(self.server.command("HGET", KEY, "t"), str(self.token))
        for _ in range(20):
            election = self.one.election()
            self.assertTrue(election["is_leader"])
            self.assertEqual(election["fencing_token"], self.token)
        self.assertEqual(self.one.events("leadership_lost"), [])
        self.assertFalse(two.leads())

    def test_flushall_keeps_the_living_leader_and_its_token(self):
        two = self.follower("two", self.server)
        for _ in range(3):
            self.server.command("FLUSHALL")
            count = len(self.one.events("store_reset"))
            self.one.wait_status(lambda s: len(self.one.events("store_reset")) > count
                                 or self.server.command("HGET", KEY, "t") == str(self.token))
        self.assertEqual(self.one.election()["fencing_token"], self.token)
        self.assertTrue(self.one.leads())
        self.assertFalse(two.leads())

    def test_a_value_of_a_foreign_type_is_reported_and_not_overwritten(self):
        for kind in (("SET", KEY, "precious"), ("RPUSH", KEY, "precious")):
            self.server.command("DEL", KEY)
            self.server.command(*kind)
            before = self.server.command("DUMP", KEY)
            election = self.one.wait_election(lambda e: not e["lease"]["valid"])
            self.assertIn("WRONGTYPE", str(election["last_error"]) + str(self.one.events()))
            self.assertEqual(self.server.command("DUMP", KEY), before)
        self.server.command("DEL", KEY)
        self.one.wait_leader()

    def test_a_hash_that_is_no_lease_is_not_overwritten(self):
        self.one.kill()
        self.server.command("DEL", KEY)
        self.server.command("HSET", KEY, "name", "precious")
        two = self.daemon("two", self.server)
        election = two.wait_election(lambda e: KEY in str(e["last_error"]))
        self.assertFalse(election["is_leader"])
        self.assertEqual(self.server.command("HGETALL", KEY), ["name", "precious"])


class NoStore(Case):
    def test_a_daemon_without_a_store_answers_and_leads_when_it_comes(self):
        port = free_port()
        one = self.daemon("one", f"redis://127.0.0.1:{port}/0")
        status = one.wait_status(lambda s: s["store"]["last_error"] is not None)
        self.assertFalse(status["store"]["connected"])
        self.assertIn(str(port), str(status["store"]))
        self.assertEqual(one.get("/readyz").status, 503)
        self.assertEqual(one.get("/livez").status, 200)
        self.assertFalse(status["elections"]["demo"]["is_leader"])
        server = RedisServer(port=port)
        self._servers.append(server)
        one.wait_leader()
        self.assertGreater(one.metric("leaderd_store_connect_failures_total"), 0)

    def test_a_server_that_is_no_redis_is_named(self):
        with _Talker(b"HTTP/1.1 400 Bad Request\r\n\r\n") as talker:
            one = self.daemon("one", f"redis://127.0.0.1:{talker.port}/0")
            status = one.wait_status(lambda s: s["store"]["last_error"] is not None)
            self.assertIn("Redis", str(status["store"]["last_error"]))
            self.assertFalse(status["elections"]["demo"]["is_leader"])

    def test_a_server_that_never_answers_is_left_in_time(self):
        with _Talker(b"") as talker:
            one = self.daemon("one", f"redis://127.0.0.1:{talker.port}/0",
                              {"store": {"connect_timeout": "300ms"}})
            status = one.wait_status(lambda s: s["store"]["last_error"] is not None)
            self.assertFalse(status["store"]["connected"])


class Passwords(Case):
    def setUp(self):
        self.server = self.redis("--requirepass", "right", "--user", "elector", "on",
                                 ">sesame", "~*", "&*", "+@all")

    def command(self, *words):
        return self.server.command(*words)

    def secret(self, daemon, text):
        path = daemon.directory + "/password"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        return path

    def authenticated(self, name, password, username=None):
        one = self.daemon(name, self.server, start=False)
        store = one.settings["store"]
        store["password_file"] = self.secret(one, password)
        if username:
            store["username"] = username
        one.write_config()
        return one.start()

    def test_the_right_password_and_an_acl_user_work(self):
        one = self.authenticated("one", "right")
        one.bootstrap()
        one.wait_leader()
        two = self.authenticated("two", "sesame", "elector")
        two.wait_state("follower")

    def test_a_wrong_password_is_said_and_never_shown(self):
        for name, password, user in (("one", "sw0rdfish", None), ("two", "sw0rdfish", "elector")):
            one = self.authenticated(name, password, user)
            status = one.wait_status(lambda s: s["store"]["last_error"] is not None)
            self.assertRegex(str(status["store"]["last_error"]), "WRONGPASS|password|invalid")
            everything = "\n".join(one.process.lines) + one.get("/status").text() \
                + one.get("/config").text() + one.get("/events").text()
            self.assertNotIn("sw0rdfish", everything)
            self.assertTrue(one.process.alive())

    def test_a_missing_password_is_said(self):
        one = self.daemon("one", self.server)
        status = one.wait_status(lambda s: s["store"]["last_error"] is not None)
        self.assertIn("NOAUTH", str(status["store"]["last_error"]))


class _Talker:
    """A server that says one thing to everybody and reads on."""

    def __init__(self, words):
        self.words = words
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.links = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        try:
            while True:
                link, _ = self.listener.accept()
                self.links.append(link)
                if self.words:
                    link.sendall(self.words)
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for link in self.links:
            link.close()


if __name__ == "__main__":
    main()
