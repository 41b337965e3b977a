"""What several daemons say, as it happens: a thread per daemon long-polls /watch."""
import http.client
import queue
import threading
import time

import http_client
from processes import Timeout


class Feed:
    """`latest` maps a daemon's name to its last answer's election object, None when it is gone."""

    def __init__(self, daemons, election="demo"):
        self.election = election
        self.latest = {}
        self.news = queue.Queue()
        self._clients = []
        self._closed = False
        for daemon in daemons:
            self.add(daemon)

    def add(self, daemon):
        client = http_client.Client(daemon.tcp, timeout=60)
        self._clients.append(client)
        threading.Thread(target=self._follow, args=(daemon.name, client), daemon=True).start()

    def _follow(self, name, client):
        path = f"/watch?election={self.election}&timeout=30s"
        since = ""
        try:
            while not self._closed:
                answer = client.get(path + since)
                status = answer.json()
                since = "&since=" + status["cursor"]
                self.news.put((answer.received_ms, name, status["elections"][self.election]))
                if status["shutting_down"]:
                    break
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            pass
        self.news.put((None, name, None))

    def next(self, timeout):
        """(time of receipt, name, election object) of the next answer; the object is None at a
        daemon's end."""
        try:
            at_ms, name, election = self.news.get(timeout=max(timeout, 0.001))
        except queue.Empty:
            raise Timeout(f"nothing happens; last seen: {self.latest}") from None
        self.latest[name] = election
        return at_ms, name, election

    def wait_leader(self, other_than=None, above=0, timeout=20):
        """(time of receipt, name, election object) of a leader with a token above `above`."""
        until = time.monotonic() + timeout
        while True:
            for name, election in self.latest.items():
                if _is_new(name, election, other_than, above):
                    return election["_at_ms"], name, election
            at_ms, name, election = self.next(until - time.monotonic())
            if election is not None:
                election["_at_ms"] = at_ms
                if _is_new(name, election, other_than, above):
                    return at_ms, name, election

    def close(self):
        self._closed = True
        for client in self._clients:
            client.hang_up()


def _is_new(name, election, other_than, above):
    return (election is not None and name != other_than and election["is_leader"]
            and election["fencing_token"] > above)
