"""/watch: returns at a change, at any number of waiting clients, and forgets who hangs up."""
import select
import socket
import time

import http_client
from harness import Case, boottime_ms, main


class Watch(Case):
    def setUp(self):
        self.server = self.redis()
        self.one = self.leader("one", self.server)

    def wait_watchers(self, count, daemon=None):
        """No event tells of a watcher; the metric is the only witness."""
        until = time.monotonic() + 15
        while (daemon or self.one).metric("leaderd_http_watchers") != count:
            self.assertLess(time.monotonic(), until, f"not {count} watchers")
            time.sleep(0.02)

    def test_without_since_it_answers_at_once_with_the_whole_status(self):
        answer = self.one.get("/watch").json()
        self.assertTrue(answer["changed"])
        self.assertFalse(answer["reset"])
        self.assertEqual(set(self.one.status()) - set(answer), set())

    def test_a_wait_without_a_change_ends_at_its_timeout(self):
        two = self.follower("two", self.server)
        cursor = two.status()["cursor"]
        began_ms = boottime_ms()
        answer = two.get(f"/watch?since={cursor}&timeout=700ms").json()
        self.assertGreaterEqual(boottime_ms() - began_ms, 650)
        self.assertFalse(answer["changed"])
        self.assertEqual(answer["cursor"], cursor)

    def test_a_leader_answers_by_half_of_the_remaining_lease(self):
        status = self.one.status()
        began_ms = boottime_ms()
        answer = self.one.get(f"/watch?since={status['cursor']}&timeout=30s").json()
        self.assertLess(boottime_ms() - began_ms, 2000)
        lease = answer["elections"]["demo"]["lease"]
        self.assertGreater(lease["deadline_boottime_ms"], boottime_ms())

    def test_bad_and_strange_cursors(self):
        self.assert_problem(self.one.get("/watch?since=nonsense"), 400, "bad_cursor")
        self.assert_problem(self.one.get("/watch?since=x.1"), 400, "bad_cursor")
        answer = self.one.get("/watch?since=0123456789abcdef.1").json()
        self.assertTrue(answer["reset"] and answer["changed"])
        instance = self.one.status()["instance_id"]
        self.assertTrue(self.one.get(f"/watch?since={instance}.99999999").json()["reset"])
        self.assert_problem(self.one.get("/watch?timeout=301s"), 400, "bad_parameter")
        self.assert_problem(self.one.get("/watch?timeout=-1s"), 400, "bad_parameter")
        self.assert_problem(self.one.get("/watch?election=nosuch"), 404, "election_not_found")

    def test_every_change_has_its_own_cursor_and_old_ones_return_at_once(self):
        two = self.follower("two", self.server)
        old = two.status()["cursor"]
        self.one.post("/elections/demo/step-down")
        two.wait_leader()
        answer = two.get(f"/watch?since={old}&timeout=20s").json()
        self.assertTrue(answer["changed"])
        self.assertFalse(answer["reset"])
        self.assertNotEqual(answer["cursor"], old)

    def test_a_client_that_hangs_up_is_forgotten(self):
        two = self.follower("two", self.server)
        cursor = two.status()["cursor"]
        links = [watcher(two, cursor) for _ in range(20)]
        self.wait_watchers(20, two)
        for link in links[:15]:
            link.close()
        self.wait_watchers(5, two)
        for link in links[15:]:
            link.close()
        self.wait_watchers(0, two)

    def test_a_thousand_waiting_clients_hear_of_a_change(self):
        two = self.follower("two", self.server)
        cursor = two.status()["cursor"]
        links = [watcher(two, cursor) for _ in range(1000)]
        self.wait_watchers(1000, two)
        self.assertEqual(self.one.post("/elections/demo/step-down").status, 200)
        answers = collect(links, timeout=10)
        self.assertEqual(len(answers), 1000)
        self.assertTrue(all(b'"changed":true' in body for _, body in answers))
        self.wait_watchers(0, two)

    def test_beyond_the_limit_a_watcher_is_turned_away_and_others_are_served(self):
        two = self.daemon("two", self.server, {"http": {"max_watchers": 10}})
        two.wait_state("follower")
        cursor = two.status()["cursor"]
        links = [watcher(two, cursor) for _ in range(10)]
        self.wait_watchers(10, two)
        answer = two.get(f"/watch?since={cursor}&timeout=5s")
        self.assert_problem(answer, 429, "too_many_watchers")
        self.assertIsNotNone(answer.headers["Retry-After"])
        self.assertEqual(two.get("/livez").status, 200)
        self.assertEqual(two.metric("leaderd_http_rejected_total",
                                    'reason="too_many_watchers"'), 1)
        for link in links:
            link.close()

    def test_whoever_knows_of_the_shutdown_waits_for_the_end_of_the_drain(self):
        one = self.leader("one", self.redis(), {"elections": [{"name": "demo", "drain": "1s"}]})
        cursor = one.status()["cursor"]
        one.process.signal(15)
        first = one.get(f"/watch?since={cursor}&timeout=30s").json()
        self.assertTrue(first["shutting_down"])
        self.assertEqual(first["elections"]["demo"]["state"], "draining")
        began = boottime_ms()
        second = one.get(f"/watch?since={first['cursor']}&timeout=30s").json()
        self.assertGreater(boottime_ms() - began, 500)
        self.assertFalse(second["elections"].get("demo", {}).get("lease", {}).get("valid", False))
        self.assertEqual(one.end(), 0)

    def test_shutdown_answers_everybody_at_once(self):
        two = self.follower("two", self.server)
        cursor = two.status()["cursor"]
        links = [watcher(two, cursor) for _ in range(50)]
        self.wait_watchers(50, two)
        self.assertEqual(two.terminate(), 0)
        for _, answer in collect(links, timeout=5):
            self.assertIn(b'"shutting_down":true', answer)
            self.assertIn(b"onnection: close", answer)
            self.assertNotIn(b'"is_leader":true', answer)

    def test_a_watch_names_only_the_elections_asked_for(self):
        two = self.daemon("two", self.server, elections=("demo", "alpha", "beta"))
        two.wait_state("follower")
        answer = two.get("/watch?election=alpha,beta").json()
        self.assertEqual(sorted(answer["elections"]), ["alpha", "beta"])

    def test_kept_connections_poll_again_and_again(self):
        client = http_client.Client(self.one.control)
        cursor = client.get("/status").json()["cursor"]
        for _ in range(5):
            answer = client.get(f"/watch?since={cursor}&timeout=50ms")
            self.assertEqual(answer.status, 200)
        client.close()


def watcher(daemon, cursor):
    """A waiting client; the answer is not read yet."""
    link = socket.create_connection(daemon.tcp, 10)
    link.sendall(f"GET /watch?since={cursor}&timeout=60s HTTP/1.1\r\n"
                 "Host: localhost\r\n\r\n".encode())
    return link


def collect(links, timeout):
    """[(time of the first bytes, all bytes)] of every answer."""
    until = time.monotonic() + timeout
    poll = select.epoll()
    by_number = {link.fileno(): link for link in links}
    seen = {number: [None, b""] for number in by_number}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    missing = len(links)
    while missing and time.monotonic() < until:
        for number, _ in poll.poll(max(0, until - time.monotonic())):
            data = by_number[number].recv(65536)
            seen[number][0] = seen[number][0] or boottime_ms()
            seen[number][1] += data
            if not data or _whole(seen[number][1]):
                poll.unregister(number)
                missing -= 1
    poll.close()
    for link in links:
        link.close()
    return [(at, data) for at, data in seen.values() if at is not None and _whole(data)]


def _whole(answer):
    head, gap, body = answer.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return bool(gap) and len(body) >= int(line.split(b":")[1])
    return False


if __name__ == "__main__":
    main()
