"""/watch as a stream of events: what a browser's EventSource gets."""
import http.client
import json
import socket
import threading

from harness import Case, main
from processes import eventually


class Stream:
    """Reads events of /watch in the background."""

    def __init__(self, daemon, path="/watch", headers=None):
        self.events, self.comments, self.over = [], 0, threading.Event()
        self.connection = http.client.HTTPConnection(*daemon.tcp, timeout=30)
        self.connection.request("GET", path, headers={"Accept": "text/event-stream",
                                                      **(headers or {})})
        self.answer = self.connection.getresponse()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        event = {}
        try:
            for line in self.answer:
                line = line.decode().rstrip("\n")
                if line == "" and event:
                    self.events.append(event)
                    event = {}
                elif line.startswith(":"):
                    self.comments += 1
                elif line:
                    key, _, value = line.partition(": ")
                    event[key] = value
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            pass
        self.over.set()

    def named(self, name):
        return [e for e in self.events if e.get("event") == name]

    def states(self):
        return [json.loads(e["data"]) for e in self.named("state")]

    def close(self):
        self.connection.close()


class Streams(Case):
    def setUp(self):
        self.server = self.redis()
        self.one = self.leader("one", self.server)

    def test_a_snapshot_then_every_change_and_every_renewal(self):
        stream = Stream(self.one)
        self.assertEqual(stream.answer.status, 200)
        self.assertEqual(stream.answer.headers["Content-Type"], "text/event-stream")
        self.assertEqual(stream.answer.headers["Cache-Control"], "no-store")
        eventually(lambda: stream.named("state"), what="a snapshot")
        self.assertEqual(stream.events[0], {"retry": "1000"})
        first = stream.states()[0]
        self.assertTrue(first["elections"]["demo"]["is_leader"])
        self.assertEqual(stream.named("state")[0]["id"], first["cursor"])
        lease = json.loads(eventually(lambda: stream.named("lease"), what="a renewal")[0]["data"])
        self.assertEqual(set(lease), {"election", "fencing_token", "deadline_boottime_ms",
                                      "remaining_ms"})
        self.assertEqual(lease["fencing_token"], first["elections"]["demo"]["fencing_token"])
        self.one.post("/elections/demo/step-down", {"hold_off": "10ms"})
        eventually(lambda: not stream.states()[-1]["elections"]["demo"]["is_leader"]
                   or len(stream.states()) > 2, what="the loss")
        eventually(lambda: stream.states()[-1]["elections"]["demo"]["is_leader"], what="the gain")
        tokens = [s["elections"]["demo"]["fencing_token"] for s in stream.states()]
        self.assertGreater(tokens[-1], tokens[0])
        stream.close()

    def test_a_browser_that_reconnects_says_what_it_saw(self):
        cursor = self.one.status()["cursor"]
        same = Stream(self.one, headers={"Last-Event-ID": cursor})
        eventually(same.states, what="a snapshot")
        self.assertEqual((same.states()[0]["changed"], same.states()[0]["reset"]), (False, False))
        other = Stream(self.one, headers={"Last-Event-ID": "0123456789abcdef.7"})
        eventually(other.states, what="a snapshot")
        self.assertTrue(other.states()[0]["reset"])
        wrong = self.one.get("/watch", {"Accept": "text/event-stream", "Last-Event-ID": "x"})
        self.assert_problem(wrong, 400, "bad_cursor")
        same.close()
        other.close()

    def test_it_says_good_bye_and_ends(self):
        stream = Stream(self.one)
        eventually(stream.states, what="a snapshot")
        self.one.terminate()
        self.assertTrue(stream.over.wait(10))
        self.assertTrue(stream.named("bye"))
        self.assertTrue(stream.states()[-1]["shutting_down"])
        self.assertFalse(stream.states()[-1]["elections"]["demo"]["is_leader"])

    def test_streams_count_as_watchers_and_vanish_with_their_clients(self):
        two = self.daemon("two", self.server, {"http": {"max_watchers": 2}})
        two.wait_state("follower")
        streams = [Stream(two), Stream(two)]
        eventually(lambda: all(s.states() for s in streams), what="snapshots")
        self.assertEqual(two.metric("leaderd_http_watchers"), 2)
        refused = two.get("/watch", {"Accept": "text/event-stream"})
        self.assert_problem(refused, 429, "too_many_watchers")
        for stream in streams:
            stream.connection.sock and stream.connection.sock.shutdown(socket.SHUT_RDWR)
            stream.answer.close()
            stream.close()
        eventually(lambda: two.metric("leaderd_http_watchers") == 0, what="their end")

    def test_a_timeout_ends_a_stream_and_head_has_no_body(self):
        stream = Stream(self.one, "/watch?timeout=300ms")
        self.assertTrue(stream.over.wait(5))
        self.assertTrue(stream.states())
        self.assertFalse(stream.named("bye"))

    def test_one_that_does_not_read_gets_the_latest_only(self):
        slow = socket.create_connection(self.one.tcp)
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        slow.sendall(b"GET /watch HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
        for _ in range(30):
            self.one.post("/elections/demo/pause", {})
            self.one.post("/elections/demo/resume", {})
        self.one.wait_leader()
        self.assertLess(self.one.metric("process_resident_memory_bytes"), 800e6)
        slow.close()
        eventually(lambda: self.one.metric("leaderd_http_watchers") == 0, what="its end")


if __name__ == "__main__":
    main()
